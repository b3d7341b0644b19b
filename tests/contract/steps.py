"""What a store is given in the contract suite: copies, steps and acts, valid by default."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hub.ports import Progress, Store
from hub.steps import Act, Copy, Entry, Erasure, Parked, Queue, Step

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def message(name: str) -> str:
    """Return a message_ref for a name that a test can read."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def a_copy(party: str = "gm0363", name: str = "m1", **changes: Any) -> Copy:
    copy = Copy(
        party=party,
        message=message(name),
        type="signalen.signaal-gemeld",
        rule="ind-signaal",
        urgency="normaal",
        deadline=AT,
        retain_until="2031-11-23",
        sender="ind",
        content=f'{{"for":"{party}","message":"{name}"}}'.encode(),
    )
    return replace(copy, **changes)


def parked(name: str = "m1", reasons: bytes = b'[{"reason":"gemeente-unknown"}]') -> Parked:
    return Parked(
        event=f'{{"event":"{name}"}}'.encode(),
        reasons=reasons,
        message=message(name),
        type="signalen.signaal-gemeld",
        sender="ind",
    )


def a_step(
    entry: str, name: str = "m1", to: Sequence[str] = ("gm0363", "lro"), **changes: Any
) -> Step:
    """Return the step of an intake entry that goes to the parties `to`."""
    step = Step(
        queue=Queue.INTAKE,
        entry=entry,
        message=message(name),
        sender="ind",
        record=f"decided {name}".encode(),
        duplicate_record=f"duplicate {name}".encode(),
        copies=tuple(a_copy(party, name) for party in to),
    )
    return replace(step, **changes)


def an_act(name: str = "m1", party: str = "gm0363", ref: str = "act1", **changes: Any) -> Act:
    act = Act(
        message=message(name),
        party=party,
        name="berichten.ingezien",
        act=message(ref),
        allowed_from=("delivered",),
        no_op_from=(),
        to_state="opened",
        at=AT,
        record=f"act {ref}".encode(),
        refused_record=f"refused {ref}".encode(),
        notice=a_copy("ind", f"notice {ref}", type="berichten.ingezien"),
    )
    return replace(act, **changes)


def an_erasure(entry: str, name: str = "m1", party: str = "gm0363", **changes: Any) -> Erasure:
    """Return the erasure of the copy in this entry of the inbox of `party`."""
    erasure = Erasure(
        party=party, message=message(name), entry=entry, at=AT, record=f"erased {name}".encode()
    )
    return replace(erasure, **changes)


async def taken(store: Store, *events: bytes, shard: str = "ind", intake: str = "") -> list[Entry]:
    """Submit the events and take them, as a worker does."""
    for event in events:
        await store.submit(shard, event, intake)
    return await store.take(shard, [intake], "w1", len(events), 1_000)


async def delivered(
    store: Store, name: str = "m1", to: Sequence[str] = ("gm0363", "lro"), **changes: Any
) -> None:
    """Bring a message to the parties `to`."""
    (entry,) = await taken(store, b"{}")
    (result,) = await store.route("ind", [a_step(entry.id, name, to, **changes)])
    assert result.outcome == "done"


async def sealed_copy(store: Store, name: str = "m1", party: str = "gm0363") -> str:
    """Bring a message with a key to one party; return its entry in the inbox."""
    await delivered(store, name, copies=(a_copy(party, name, key=f"key of {name}".encode()),))
    return (await store.inbox("ind", party, count=10_000))[-1].id


async def progress(store: Store, name: str = "m1", party: str = "gm0363") -> Progress:
    (found,) = await store.progress("ind", party, [message(name)])
    return found


async def received_by(store: Store, name: str = "m1", shard: str = "ind") -> tuple[str, ...]:
    """Return who received a message that is known."""
    (known,) = await store.known(shard, [message(name)])
    assert known is not None
    return known.received_by


async def records(store: Store, shard: str = "ind") -> list[bytes]:
    return [entry.record for entry in await store.records(shard, count=10_000)]


async def inbox(store: Store, party: str, shard: str = "ind") -> list[str]:
    """Return the messages in an inbox, notices left out."""
    entries = await store.inbox(shard, party, count=10_000)
    return [entry.message for entry in entries if not entry.notice]
