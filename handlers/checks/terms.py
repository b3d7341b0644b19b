"""Terms: a message is known for as long as a copy of it may be kept."""

from collections.abc import Iterator

from handlers.checks.finding import Finding
from schemas.roles import RoleConfig


def term_findings(config: RoleConfig) -> Iterator[Finding]:
    """Yield a duplicate check that forgets a message before its last copy is erased.

    What is forgotten cannot be corrected, withdrawn or acted upon. The last day of a copy counts,
    so the check must remember one day more.
    """
    kept = [(config.settings.retention_days, "the settings keep a copy")]
    for partner in config.partners:
        kept += [
            (rule.retention_days, f"rule `{rule.id}` keeps a copy")
            for rule in partner.rules
            if rule.retention_days is not None
        ]
    longest, who = max(kept, key=lambda one: one[0])
    if config.settings.duplicate_days <= longest:
        text = f"{who} {longest} days, and a message is forgotten before the last of them"
        yield Finding(("settings", "duplicate_days"), text, f"write {longest + 1} or more")
