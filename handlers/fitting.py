"""Which party may be given what was held: an operator chooses, within what the rule leaves open."""

from handlers.rulebook import Party, PreparedRecipient, Rulebook
from schemas.decisions import Hold, HoldReason


def fits(book: Rulebook, recipient: PreparedRecipient, hold: Hold, party: Party) -> bool:
    """Whether `party` may get what was held for this recipient of the rule.

    A role that names a kind of place (gemeente, zvh) leaves the operator any of that kind: which
    one is just what could not be decided. A full inbox leaves only its own party.
    """
    if hold.reason is HoldReason.INBOX_FULL:
        return party.id == hold.party
    if recipient.members:
        return party.id == hold.party or _is(book, hold.detail, party)
    if recipient.recipient.only:
        return any(_is(book, role, party) for role in recipient.recipient.only)
    return _is(book, recipient.role, party)


def _is(book: Rulebook, role: str, party: Party) -> bool:
    if role in {"gemeente", "zvh"}:
        return party.partner == role
    kind, _, name = role.partition(":")
    if kind != "groep" or party.id == name:
        return party.id == name
    group = book.groups.get(name)
    return (
        group is not None
        and not group.has_inbox
        and any(_is(book, member.to, party) for member in (*group.members, *group.invited))
    )
