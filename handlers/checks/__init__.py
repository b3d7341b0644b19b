"""What the files of the role config say together: every mistake that one file alone cannot show.

Pure: a config in, findings out. `hub.roles` gives each finding its file and line.
"""

from collections.abc import Collection

from handlers.checks.cells import cell_findings, table_findings
from handlers.checks.finding import Finding, Path
from handlers.checks.groups import field_group_findings, group_findings
from handlers.checks.known import Known
from handlers.checks.overlap import overlap_findings
from handlers.checks.parties import party_findings
from handlers.checks.places import place_findings
from handlers.checks.rules import passing_on_findings, rule_findings
from handlers.checks.terms import term_findings
from schemas.roles import RoleConfig

__all__ = ["Finding", "Path", "check"]


def check(config: RoleConfig, unread: Collection[str] = ()) -> list[Finding]:
    """Return everything that is wrong with `config`, by path; empty: it can be used.

    The Rulebook and `decide` rely on a config without findings: every name in it exists, and
    every field and value that a rule speaks of can occur in the messages it is about.

    `unread`: parts of the config, by attribute, that could not be read or not all of it. Then only
    what needs nothing of these is looked at: what each partner's own rules say.
    """
    known = Known(config, unread)
    findings: list[Finding] = []
    if not unread:
        findings += party_findings(config, known)
        findings += place_findings(config, known)
        findings += group_findings(config, known)
        findings += table_findings(config)
        findings += term_findings(config)
    if "settings" not in unread:
        findings += field_group_findings(config)
    findings += cell_findings(config, known)
    for index, partner in enumerate(config.partners):
        path = ("partners", index)
        findings += rule_findings(partner, path, known)
        findings += passing_on_findings(partner, path, known)
        if "legal_bases" not in unread:
            findings += overlap_findings(partner, path, known)
    return sorted(findings, key=lambda finding: tuple(map(str, finding.path)))
