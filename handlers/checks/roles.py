"""Roles: who `aan`, `uit`, `naar` and `leden` may name, and whether a copy can arrive there."""

from collections.abc import Collection

from handlers.checks.finding import Finding, Path, hint
from handlers.checks.known import DOMAIN_ROLES, Known


def role_findings(
    role: str, at: Path, known: Known, *, also: Collection[str] = (), receives: bool = True
) -> list[Finding]:
    """Return what is wrong with one role.

    `also`: which of `aanvrager` and `keuze` may stand here. `receives`: a copy goes there, so a
    party must have an inbox, and so must every member of a group that has none of its own.
    """
    if role in DOMAIN_ROLES or role in also:
        return []
    kind, _, name = role.partition(":")
    if kind == "partij":
        return _party(name, at, known, receives=receives)
    if kind == "groep":
        if name in known.groups:
            return []
        return [
            Finding(at, f"`{name}` is not in groepen.yaml", _elsewhere(name, known, known.groups))
        ]
    return [
        Finding(at, f"`{role}` cannot stand here", "name a party, a group, `gemeente` or `zvh`")
    ]


def _party(name: str, at: Path, known: Known, *, receives: bool) -> list[Finding]:
    if name not in known.parties:
        if name in DOMAIN_ROLES:
            return [Finding(at, f"`partij:{name}` is not one party", f"write `{name}`")]
        way_out = _elsewhere(name, known, known.parties)
        return [Finding(at, f"there is no party `{name}`", way_out)]
    if receives and not known.parties[name]:
        way_out = "give it `postbus: ja`, or name who receives for it"
        return [Finding(at, f"`{name}` has no inbox, so nothing can be sent there", way_out)]
    return []


def _elsewhere(name: str, known: Known, names: Collection[str]) -> str:
    if name in list(known.parties):
        return f"write `partij:{name}`"
    if name in list(known.groups):
        return f"write `groep:{name}`"
    return hint(name, names)
