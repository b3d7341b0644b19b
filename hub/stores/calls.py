"""From the types of the ports to the calls of the server-side functions. Pure.

A call is one flat list of keys and one of arguments: few objects, one call, one flush to disk. The
layout is the functions'.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hub.steps import Act, Copy, Entry, Erasure, Queue, Step
from hub.stores import keys

_QUEUE_KEYS: Final = {Queue.HELD: keys.held, Queue.DEAD: keys.dead}

Call = tuple[list[str], list[Any]]
"""The keys and the arguments."""


class Bounds(NamedTuple):
    """How long and how much; see `ValkeyStore`. In the order in which the functions read them."""

    seen_ms: int
    room: int
    unsealed_max: int
    unsealed_ms: int


def route_call(shard: str, steps: Sequence[Step], bounds: Bounds, token: str = "") -> Call:
    """Return the call of `route` for a batch of one shard; `token`: of the lease, or empty."""
    names: list[str] = []  # of the steps
    args: list[Any] = []
    messages: dict[str, int] = {}  # each with its number, from 1 on
    parties: dict[str, int] = {}
    for step in steps:
        queue, corrects, held, dead = step.queue, step.corrects, step.held, step.dead
        message = step.message
        if queue is Queue.INTAKE:
            names.append(keys.intake(shard, step.intake))
        else:
            names.append(_QUEUE_KEYS[queue](shard))
        if corrects:
            names.append(keys.seen(shard, corrects.message))
            names += (
                keys.delivery(shard, party, corrects.message) for party in corrects.received_by
            )
        args += (
            queue.value,
            step.entry,
            step.record,
            step.duplicate_record,
            messages.setdefault(message, len(messages) + 1) if message else 0,
            len(step.copies),
            len(step.notices),
            ("h" if held else "") + ("d" if dead else ""),
            ("w" if corrects.withdraws else "c") if corrects else "",
            ",".join(corrects.received_by) if corrects else "",
            step.sender,
            step.person,
        )
        for copy in step.copies:
            args.append(parties.setdefault(copy.party, len(parties) + 1))
            args += _copy(copy)
        for notice in step.notices:
            names.append(keys.copy_keys(shard, notice.message))
            args.append(parties.setdefault(notice.party, len(parties) + 1))
            args += _copy(notice)
        for parked in (held, dead):
            if parked:
                args += (
                    parked.event,
                    parked.reasons,
                    parked.message,
                    parked.type,
                    parked.sender,
                    parked.key,
                )
    first = [keys.head(shard), keys.audit(shard), keys.sealed(shard), keys.held(shard)]
    first += (keys.dead(shard), keys.unfinished(shard), keys.lease(shard))
    first += [keys.seen(shard, message) for message in messages]
    first += [keys.copy_keys(shard, message) for message in messages]
    first += [keys.inbox(shard, party) for party in parties]
    head = [*bounds, keys.HUB_GROUP, token, len(messages), len(parties), *parties]
    return first + names, head + args


def act_call(shard: str, act: Act, bounds: Bounds) -> Call:
    """Return the call of `act`."""
    names = [
        keys.head(shard),
        keys.audit(shard),
        keys.sealed(shard),
        keys.seen(shard, act.message),
        keys.delivery(shard, act.party, act.message),
        keys.unfinished(shard),
        keys.copy_keys(shard, act.message),
    ]
    args: list[Any] = [*bounds, act.party, act.name, act.act, act.to_state]
    args += (act.at.isoformat(), act.record, act.refused_record, act.again_record, act.person)
    args += (",".join(act.allowed_from), ",".join(act.no_op_from))
    args += ("1" if act.notice else "", "1" if act.copy else "")
    for copy in (act.notice, act.copy):
        if copy:
            names += _places(shard, copy)
            args += (copy.party, *_copy(copy))
    return names, args


def erase_call(shard: str, erasures: Sequence[Erasure], bounds: Bounds) -> Call:
    """Return the call of `erase`."""
    names = [keys.head(shard), keys.audit(shard), keys.sealed(shard), keys.unfinished(shard)]
    args: list[Any] = [bounds.seen_ms, bounds.room]
    for erasure in erasures:
        party, message, notice = erasure.party, erasure.message, erasure.notice
        names += (
            keys.copy_keys(shard, message),
            keys.inbox(shard, party),
            keys.delivery(shard, party, message),
        )
        args += (party, message, erasure.entry, erasure.at.isoformat())
        args += (erasure.record, erasure.person, "1" if notice else "")
        if notice:
            names += _places(shard, notice)
            args += (notice.party, *_copy(notice))
    return names, args


def excuse_call(shard: str, handed_out: Sequence[Entry]) -> Call:
    """Return the call of `excuse`."""
    names = [keys.intake(shard, entry.intake) for entry in handed_out]
    args: list[Any] = [keys.HUB_GROUP]
    for entry in handed_out:
        args += (entry.id, entry.deliveries)
    return names, args


def _copy(copy: Copy) -> tuple[Any, ...]:
    """Return what stands in the inbox, and the key; before it comes the party."""
    return (
        copy.message,
        copy.type,
        _about(copy.rule, copy.sender, copy.urgency, copy.deadline, copy.retain_until),
        copy.content,
        copy.key,
    )


@lru_cache(maxsize=4096)  # of the copies of a batch mostly the same
def _about(rule: str, sender: str, urgency: str, deadline: datetime, retain_until: str) -> str:
    return f"{rule} {sender} {urgency} {deadline.isoformat(timespec='seconds')} {retain_until}"


def _places(shard: str, copy: Copy) -> tuple[str, str]:
    return keys.inbox(shard, copy.party), keys.copy_keys(shard, copy.message)
