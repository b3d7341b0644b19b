"""The load: events of four senders, about 1 KB each, for two recipients, some of them sent twice.

The same number always gives the same events, so that every contender does the same work. Each event
is about a person of its own who does not exist, in one of the gemeenten that have a house.
"""

import json
import random
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

REPO = Path(__file__).parent.parent.parent
EXAMPLES = REPO / "tests" / "examples"

SENDERS = {
    "dji": ("signalen.detentiesignaal-gemeld", "omschrijving"),
    "kmar": ("signalen.krijgsmachtsignaal-gemeld", "omschrijving"),
    "politie": ("wegingen.inbreng-geleverd", "inbreng"),
    "rvdk": ("terugkeerplannen.bijdrage-geleverd", "bijdrage"),
}
"""Shard -> its message, and the text in it that is made longer. Sorted, two for each of two
workers."""

TWICE = 100
"""One event in so many is sent a second time: the duplicate check has something to find."""

_SENTENCE = " Wat hier staat is verzonnen en alleen zo lang dat het bericht een kilobyte groot is."


class Event(NamedTuple):
    """An event as it is put on the intake of its sender."""

    shard: str
    raw: bytes
    gemeente: str  #: CBS code
    again: bool = False  #: the same event was sent before


@cache
def book():
    """Return the rulebook of the role config that comes with the hub."""
    from handlers.rulebook import Rulebook
    from hub.roles import default_folder, load

    return Rulebook(load(default_folder()))


def event(shard, number, code, size=1_024):
    """Return the bytes of event `number` of this sender: compact JSON, at least `size` bytes."""
    name, text = SENDERS[shard]
    value = _template(name)
    data = value["data"]
    value["id"] = f"bench-{shard}-{number}"
    data["gemeentecode"] = code
    data["betrokkeneRef"] = f"btr-{number:08x}"
    if "betrokkene" in data:
        bsns = _bsns()
        data["betrokkene"]["bsn"] = bsns[number % len(bsns)]
    room = size - len(_packed(value))
    if room > 0:
        data[text] += (_SENTENCE * (room // len(_SENTENCE) + 1))[:room].rstrip()
    return _packed(value)


def events(count, seed=1):
    """Return `count` events, the senders in turn, each in a gemeente by chance."""
    dice = random.Random(seed)
    shards, codes = list(SENDERS), gemeenten()
    made = []
    for number in range(count):
        shard = shards[number % len(shards)]
        earlier = number - 8 * len(shards)
        if number % TWICE == TWICE - 1 and earlier >= 0:
            made.append(made[earlier]._replace(shard=made[earlier].shard, again=True))
        else:
            code = dice.choice(codes)
            made.append(Event(shard, event(shard, number, code), code))
    return made


def expected(found):
    """Return (shard, party) -> copies, as the hub itself decides; each event is counted once."""
    return Counter(
        (each.shard, party)
        for each in found
        if not each.again
        for party in recipients(each.shard, each.gemeente)
    )


@cache
def gemeenten():
    """Return the codes with which all four senders have exactly two recipients today; sorted."""
    return [
        row.code
        for row in book().config.gemeente_register
        if all(len(recipients(shard, row.code)) == 2 for shard in SENDERS)
    ]


@cache
def decided(shard, code):
    """Return the decision of the hub about an event of this sender in this gemeente."""
    from handlers.routing import decide
    from schemas.reading import parse

    return decide(parse(event(shard, 0, code), book().prefix), book(), datetime.now(UTC))


def recipients(shard, code):
    """Return the parties that get a copy."""
    return tuple(forward.party for forward in decided(shard, code).forwards)


def _template(name):
    return json.loads(_text(name))


@cache
def _text(name):
    return (EXAMPLES / f"{name}.json").read_text(encoding="utf-8")


@cache
def _bsns():
    from schemas.identifiers import is_bsn

    return [text for text in map(str, range(999_990_000, 999_999_999)) if is_bsn(text)]


def _packed(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
