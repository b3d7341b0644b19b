"""Notices of the hub, as events of their own: what became of what you sent.

A notice lies in the sender's inbox, in the sender's shard, written in the same atomic step as what
it tells. One that holds references and codes only is not sealed, so that a sender learns of a
refusal without an act of its own; one with text of a recipient is sealed as any copy is.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final

from handlers.rulebook import Rulebook
from hub.steps import Copy
from schemas.catalogue import event_models
from schemas.envelope import Envelope
from schemas.identifiers import message_ref
from schemas.messages.berichten import ActPart, MessageLink, Opened, ProblemPart, Refused
from schemas.messages.huishouding import RetentionPassed
from schemas.problems import Problem
from schemas.vocabulary import Urgency

RULE: Final = "hub-bericht"
_KEEP_DAYS: Final = 90
_MAX_PROBLEMS: Final = 200
_CLEAR: Final = frozenset(
    {"about", "entry", "by", "at", "code", "problems", "level", "to", "party", "retain_until"}
)
"""Fields that hold references and codes of the hub's own; every other is text, and is sealed."""
_OF_THE_HUB: Final = frozenset({"entry", "problems"})
"""Of these only in what the hub says itself: a recipient can write any text in `problemen`."""


def refusal(
    book: Rulebook,
    party: str,
    at: datetime,
    entry: str,
    problems: Iterable[Problem],
    about: MessageLink | None,
    code: str = "ongeldig",
) -> Copy:
    """Return the notice that the event of stream entry `entry` was refused, with every reason."""
    parts = tuple(
        ProblemPart(place=p.place[:300], rule=p.rule[:1_000], way_out=p.way_out[:1_000])
        for p in list(problems)[:_MAX_PROBLEMS]
    )
    data = Refused(about=about, entry=entry, by=None, at=at, code=code, problems=parts)
    return _notice(book, party, at, "berichten.geweigerd", refusal_id(party, entry), data)


def refusal_id(party: str, entry: str) -> str:
    """Return the id of the notice that entry `entry` of this party's intake was refused.

    With the party in it: two intakes of one shard may give the same entry id.
    """
    return f"{party}-{entry}-geweigerd"


def of_act(
    book: Rulebook, party: str, by: str, at: datetime, act: Envelope, about: MessageLink
) -> Copy:
    """Return the notice to `party` that `by` did this with its copy of the message `about`."""
    name = act.type.removeprefix(f"{book.prefix}.")
    update: dict[str, Any] = {"by": by, "at": at, "about": about}
    if isinstance(act.data, Opened):
        update["public_key"] = None  # made for the reader and the hub, and of no use to the sender
    if isinstance(act.data, Refused):
        update["entry"] = None  # only the hub says which entry it refused
    data: ActPart = act.data.model_copy(update=update)
    ref = message_ref(act.source, act.id)
    clear = _CLEAR - _OF_THE_HUB
    return _notice(book, party, at, name, ref, data, causation=act.correlationid, clear=clear)


def retention_passed(
    book: Rulebook, party: str, at: datetime, shard: str, message: str, by: str, retain_until: date
) -> Copy:
    """Return the notice to `party` that `by` did not finish its copy of `message` in time.

    By shard and message ref: the hub does not open a copy to say that nobody did.
    """
    data = RetentionPassed(
        about=MessageLink(shard=shard, ref=message), party=by, retain_until=retain_until
    )
    name = f"{by}-{message}-verstreken"
    return _notice(book, party, at, "gegevens.bewaartermijn-verstreken", name, data)


def message_of_act(book: Rulebook, act: str) -> str:
    """Return the message ref of the notice that `of_act` made of the act with this message ref."""
    return message_ref(_source(book), act)


def _source(book: Rulebook) -> str:
    return f"urn:nld:oin:{book.config.settings.hub_oin}:systeem:seinhuis"


def _notice(
    book: Rulebook,
    party: str,
    at: datetime,
    name: str,
    event_id: str,
    data: Any,
    causation: str | None = None,
    clear: frozenset[str] = _CLEAR,
) -> Copy:
    plain = all(name in clear for name, value in data if value not in (None, ()))
    source = _source(book)
    full = f"{book.prefix}.{name}"
    event = event_models(book.prefix)[full].model_construct(
        specversion="1.0",
        id=event_id,
        source=source,
        type=full,
        time=at,
        datacontenttype="application/json",
        correlationid=None if plain else causation,  # names a case: not for everybody to read
        data=data,
    )
    return Copy(
        party=party,
        message=message_ref(source, event_id),
        type=name,
        rule=RULE,
        urgency=Urgency.NORMAL.value,
        deadline=at + timedelta(minutes=book.config.settings.terms.normal),
        retain_until=(at + timedelta(days=_KEEP_DAYS)).date().isoformat(),
        sender="hub",
        content=event.__pydantic_serializer__.to_json(event, by_alias=True, exclude_none=True),
        plain=plain,
    )
