"""Terms: a message is known as long as a copy of it is kept, and so is whom the log is about."""

from collections.abc import Iterator

from handlers.checks.finding import Finding
from schemas.roles import RoleConfig


def term_findings(config: RoleConfig) -> Iterator[Finding]:
    """Yield a term that ends before, or begins after, what it is meant for.

    A duplicate check that forgets a message before its last copy is erased: what is forgotten
    cannot be corrected, withdrawn or acted upon. The last day of a copy counts, so the check must
    remember one day more. A log that forgets whom it is about while a copy may still be there. And
    terms after receipt, or warnings, that no copy lives long enough for.
    """
    settings = config.settings
    kept = [(settings.retention_days, "the settings keep a copy")]
    for partner in config.partners:
        kept += [
            (rule.retention_days, f"rule `{rule.id}` keeps a copy")
            for rule in partner.rules
            if rule.retention_days is not None
        ]
    longest, who = max(kept, key=lambda one: one[0])
    if settings.duplicate_days <= longest:
        text = f"{who} {longest} days, and a message is forgotten before the last of them"
        yield Finding(("settings", "duplicate_days"), text, f"write {longest + 1} or more")
    if settings.log_person_days < longest:
        text = f"{who} {longest} days, and the log forgets whom it is about before that"
        yield Finding(("settings", "log_person_days"), text, f"write {longest} or more")
    if settings.erase_after_days > longest:
        text = f"no copy is kept longer than {longest} days, so this term never comes"
        yield Finding(("settings", "erase_after_days"), text, f"write {longest} or less")
    shortest, who = min(kept, key=lambda one: one[0])
    if settings.warn_before_days > shortest:
        text = f"{who} {shortest} days: it would be warned of from before it came"
        yield Finding(("settings", "warn_before_days"), text, f"write {shortest} or less")
