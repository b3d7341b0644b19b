"""What can grow: for each dimension the sizes, and a rulebook and events of that size.

The configs are made from the one that comes with the hub, by copying its rows; nothing of them is
real beyond that.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from kit import load
from kit.load import EXAMPLES, Event

SHARD, CODE = "dji", "0599"
MESSAGE = load.SENDERS[SHARD][0]
SHARED_CODE = "0363"
BATCH = 100


@dataclass
class Case:
    """What is taken through: the first `count` events of one intake, with `behind` after them."""

    book: Any
    events: list[Event]
    shard: str = SHARD
    intake: str = ""
    behind: Iterable[list[Event]] = field(default_factory=tuple)
    count: int = 0  #: 0: all of `events`

    def __post_init__(self):
        self.count = self.count or len(self.events)


@dataclass(frozen=True)
class Dimension:
    """The sizes of a full run, the largest of a quick one, and what makes a case."""

    sizes: tuple[float, ...]
    quick: float
    case: Callable[[float, int], Case]


def rules(size, count):
    """So many rules, all but one of other messages."""
    config = load.book().config
    wanted = _rule(config)
    spare = [rule for partner in config.partners for rule in partner.rules if rule.id != wanted.id]
    by_partner = {partner.id: [] for partner in config.partners}
    owners = list(by_partner)
    by_partner[SHARD].append(wanted)
    for number in range(int(size) - 1):
        copied = spare[number % len(spare)]
        made = {"id": f"bench-{number}", "message": f"{copied.message}-{number}"}
        by_partner[owners[number % len(owners)]].append(copied.model_copy(update=made))
    partners = tuple(
        partner.model_copy(update={"rules": tuple(by_partner[partner.id])})
        for partner in config.partners
    )
    return Case(_book(config, partners=partners), _own(count))


def same_message(size, count):
    """So many rules for this very message; one forwards, the others are about another phase."""
    config = load.book().config
    wanted = _rule(config)
    others = tuple(
        wanted.model_copy(update={"id": f"bench-{number}", "phases": ()})
        for number in range(int(size) - 1)
    )
    return Case(_with_rules(config, (wanted, *others)), _own(count))


def parties(size, count):
    """So many gemeenten in the register, of which one is in the event."""
    return Case(_with_gemeenten(int(size), CODE), _own(count))


def parties_shared(size, count):
    """The same, and the event is one of a gemeente: its shard has an intake for each of them."""
    book = _with_gemeenten(int(size), SHARED_CODE)
    template = (EXAMPLES / "casussen.casus-aangemeld.json").read_text(encoding="utf-8")
    value = json.loads(template)
    made = []
    for number in range(count):
        value["id"] = f"bench-{number}"
        made.append(Event("gemeente", json.dumps(value, ensure_ascii=False).encode(), SHARED_CODE))
    return Case(book, made, "gemeente", f"gm{SHARED_CODE}")


def backlog(size, count):
    """So many events on the intake, of which the first are taken through."""
    size, count = int(size), min(int(size), count)
    behind = (
        _own(min(10_000, size - begin), begin) for begin in range(count, size, 10_000)
    )  # made when they are wanted: a million of them do not have to be held
    return Case(load.book(), _own(count), behind=behind)


def recipients(size, count):
    """One rule with so many recipients."""
    config = load.book().config
    wanted = _rule(config)
    to = wanted.recipients[0]
    codes = load.gemeenten()
    listed = tuple(
        to.model_copy(update={"to": f"partij:gm{code}", "basis": (), "conditions": ()})
        for code in codes[: int(size)]
    )
    rule = wanted.model_copy(update={"recipients": listed})
    # Fewer events when each is more work; but a batch to get warm and two to measure.
    return Case(
        _with_rules(config, (rule,)), _own(max(3 * BATCH, count // max(1, int(size) // 10)))
    )


def size(kibibytes, count):
    """Events of so many KiB, for two recipients: text up to 4,000 characters, then extensions.

    Context attributes of 500 characters each are the only way to the 64 KiB that an event may have;
    they travel along in every copy.
    """
    value = json.loads((EXAMPLES / "wegingen.inbreng-geleverd.json").read_text("utf-8"))
    for name in ("causationid", "betrouwbaarheid", "herkomst", "peildatum", "zaakRef"):
        value.pop(name, None)
        value["data"].pop(name, None)
    del value["datacontenttype"]
    value["data"]["inbreng"] = "Geen."
    value["id"] = "b-0000"
    wanted = round(kibibytes * 1_024)
    value["data"]["inbreng"] += "x" * min(3_900, max(0, wanted - _length(value)))
    for part in range(200):
        room = wanted - _length(value)
        if room < 20:
            break
        value[f"deel{part:03d}"] = "x" * min(500, room - 14)
    made = []
    for number in range(count):
        value["id"] = f"b-{number:04d}"
        raw = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        made.append(Event("politie", raw, "0363"))
    return Case(load.book(), made, "politie")


def _length(value):
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _own(count, begin=0):
    return [Event(SHARD, load.event(SHARD, begin + number, CODE), CODE) for number in range(count)]


def _rule(config):
    partner = next(partner for partner in config.partners if partner.id == SHARD)
    return next(rule for rule in partner.rules if rule.message == MESSAGE)


def _with_rules(config, rules_of_it):
    partners = tuple(
        partner.model_copy(update={"rules": rules_of_it}) if partner.id == SHARD else partner
        for partner in config.partners
    )
    return _book(config, partners=partners)


def _with_gemeenten(count, code):
    config = load.book().config
    wanted = next(row for row in config.gemeente_register if row.code == code)
    others = [row for row in config.gemeente_register if row.code != code][: count - 1]
    further = tuple(
        wanted.model_copy(
            update={"code": f"{90_000 + n}", "name": f"B{n}", "oin": f"000000999{n:011d}"}
        )
        for n in range(count - 1 - len(others))
    )
    return _book(config, gemeente_register=(wanted, *others, *further))


def _book(config, **changed):
    from handlers.rulebook import Rulebook

    return Rulebook(config.model_copy(update=changed))


DIMENSIONS = {
    "rules": Dimension((20, 100, 500, 1_000, 5_000), 100, rules),
    "same-message": Dimension((1, 5, 20, 100), 5, same_message),
    "parties": Dimension((20, 100, 500, 1_000, 5_000), 100, parties),
    "parties-shared": Dimension((20, 100, 500, 1_000, 5_000), 100, parties_shared),
    "backlog": Dimension((1_000, 10_000, 100_000, 1_000_000), 1_000, backlog),
    "recipients": Dimension((1, 2, 10, 50, 100, 372), 10, recipients),
    "size": Dimension((0.5, 1, 4, 16, 63), 4, size),
    "ledger": Dimension((10_000, 100_000, 1_000_000), 10_000, lambda *_: None),
}
"""In the order of the page. `ledger` is measured elsewhere (`kit.ledgers`)."""
