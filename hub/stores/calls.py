"""From the types of the ports to the calls of the server-side functions. Pure.

A call is one flat list of keys and one of arguments: few objects, one call, one flush to disk. The
layout is the functions'.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from hub.ports import Act, Copy, Entry, Erasure, Queue, Step
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
    names = [keys.head(shard), keys.audit(shard), keys.sealed(shard)]
    names += (keys.held(shard), keys.dead(shard), keys.unfinished(shard), keys.lease(shard))
    args: list[Any] = [*bounds, keys.HUB_GROUP, token]
    for step in steps:
        queue, corrects, held, dead = step.queue, step.corrects, step.held, step.dead
        if queue is Queue.INTAKE:
            names.append(keys.intake(shard, step.intake))
        else:
            names.append(_QUEUE_KEYS[queue](shard))
        if step.message:
            names.append(keys.seen(shard, step.message))
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
            "1" if step.message else "",
            len(step.copies),
            len(step.notices),
            ("h" if held else "") + ("d" if dead else ""),
            ("w" if corrects.withdraws else "c") if corrects else "",
            ",".join(corrects.received_by) if corrects else "",
            step.sender,
            step.person,
        )
        for copy in (*step.copies, *step.notices):
            names += _copy_keys(shard, copy)
            args += _copy(copy)
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
    return names, args


def act_call(shard: str, act: Act, bounds: Bounds) -> Call:
    """Return the call of `act`."""
    names = [
        keys.head(shard),
        keys.audit(shard),
        keys.sealed(shard),
        keys.seen(shard, act.message),
        keys.delivery(shard, act.party, act.message),
        keys.unfinished(shard),
        keys.copy_key(shard, act.party, act.message),
    ]
    args: list[Any] = [*bounds, act.party, act.name, act.act, act.to_state]
    args += (act.at.isoformat(), act.record, act.refused_record, act.again_record, act.person)
    args += (",".join(act.allowed_from), ",".join(act.no_op_from))
    args += ("1" if act.notice else "", "1" if act.copy else "")
    for copy in (act.notice, act.copy):
        if copy:
            names += _copy_keys(shard, copy)
            args += _copy(copy)
    return names, args


def erase_call(shard: str, erasures: Sequence[Erasure], bounds: Bounds) -> Call:
    """Return the call of `erase`."""
    names = [keys.head(shard), keys.audit(shard), keys.sealed(shard), keys.unfinished(shard)]
    args: list[Any] = [bounds.seen_ms, bounds.room]
    for erasure in erasures:
        party, message, notice = erasure.party, erasure.message, erasure.notice
        names += (
            keys.copy_key(shard, party, message),
            keys.inbox(shard, party),
            keys.delivery(shard, party, message),
        )
        args += (party, message, erasure.entry, erasure.at.isoformat())
        args += (erasure.record, erasure.person, "1" if notice else "")
        if notice:
            names += _copy_keys(shard, notice)
            args += _copy(notice)
    return names, args


def excuse_call(shard: str, handed_out: Sequence[Entry]) -> Call:
    """Return the call of `excuse`."""
    names = [keys.intake(shard, entry.intake) for entry in handed_out]
    args: list[Any] = [keys.HUB_GROUP]
    for entry in handed_out:
        args += (entry.id, entry.deliveries)
    return names, args


def _copy(copy: Copy) -> tuple[Any, ...]:
    return (
        copy.party,
        copy.message,
        copy.type,
        copy.rule,
        copy.sender,
        copy.urgency,
        copy.deadline.isoformat(),
        copy.retain_until,
        copy.content,
        copy.key,
    )


def _copy_keys(shard: str, copy: Copy) -> tuple[str, str]:
    return keys.inbox(shard, copy.party), keys.copy_key(shard, copy.party, copy.message)
