"""A store that seals every copy on its way in: what lies on the broker is unreadable without keys.

Sealed are the copies for recipients, the notices with text, and what waits for a person. Not sealed
are notices of codes only (`Copy.plain`), and an event on its intake, from when its sender wrote it
until it is routed: that is the sender's bytes.
Opened here is only what the hub itself works on (`parked`, `find_delivery`); a recipient opens its
copy with the key that `hand_over` leaves for it.

Durable and atomic as the store beneath it, and with its errors. Also raises `Unavailable` when the
keyring does not answer, always before anything is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from hub.ports import InboxEntry, ParkedEntry, Store
from hub.steps import Act, ActResult, Copy, Erasure, Parked, Queue, Step, StepResult
from hub.vault import envelope
from hub.vault.envelope import CannotOpen
from hub.vault.interface import HUB, Keyring

KEEP_MS: Final = 120_000
"""How long the answer to an opening waits for its reader."""


class SealedStore:
    """Implements `hub.ports.Store` on another one."""

    def __init__(self, beneath: Store, keyring: Keyring) -> None:
        self.beneath: Final = beneath  #: as it is on the broker: sealed
        self._keyring = keyring
        # What brings no content in and takes none out is the store's own. An inbox gives its
        # copies as they are: the reader opens them.
        self.prepare = beneath.prepare
        self.submit = beneath.submit
        self.take = beneath.take
        self.reclaim = beneath.reclaim
        self.excuse = beneath.excuse
        self.known = beneath.known
        self.inbox = beneath.inbox
        self.states = beneath.states
        self.progress = beneath.progress
        self.records = beneath.records
        self.note = beneath.note
        self.lease = beneath.lease
        self.release = beneath.release
        self.workers = beneath.workers
        self.copy_key = beneath.copy_key
        self.move = beneath.move
        self.replace_key = beneath.replace_key
        self.answer = beneath.answer
        self.depths = beneath.depths
        self.close = beneath.close

    async def route(self, shard: str, steps: Sequence[Step], token: str = "") -> list[StepResult]:
        """Seal what the steps bring, unless `sealed_steps` did so before; then apply them."""
        if not all(map(_is_sealed, steps)):
            steps = await self.sealed_steps(shard, steps)
        return await self.beneath.route(shard, steps, token)

    async def sealed_steps(self, shard: str, steps: Sequence[Step]) -> list[Step]:
        """Return the steps with all that they bring sealed, with one call of the keyring.

        So that who routes can have it done before its turn at the broker. What is sealed already
        stays as it is.
        """
        loose = [step for step in steps if not _is_sealed(step)]
        copies, waiting = await self._sealed(
            shard,
            [copy for step in loose for copy in (*step.copies, *step.notices)],
            [each for step in loose for each in (step.held, step.dead) if each is not None],
        )
        return [step if _is_sealed(step) else _sealed_step(step, copies, waiting) for step in steps]

    async def act(self, shard: str, act: Act) -> ActResult:
        """Seal the copy that is passed on, and the notice, then apply the act."""
        given = [copy for copy in (act.copy, act.notice) if copy is not None]
        copies, _ = await self._sealed(shard, given)
        copy = next(copies) if act.copy is not None else None
        notice = next(copies) if act.notice is not None else None
        return await self.beneath.act(shard, replace(act, copy=copy, notice=notice))

    async def erase(self, shard: str, erasures: Sequence[Erasure]) -> list[bool]:
        """Seal the notices, then erase."""
        notices, _ = await self._sealed(shard, [e.notice for e in erasures if e.notice is not None])
        sealed = [
            replace(erasure, notice=next(notices)) if erasure.notice is not None else erasure
            for erasure in erasures
        ]
        return await self.beneath.erase(shard, sealed)

    async def find_delivery(self, shard: str, party: str, message: str) -> InboxEntry | None:
        """Return the newest copy, opened: to pass it on. None also when its key was erased.

        A notice is not passed on, and comes as it is.

        Raises:
            CannotOpen: its key is wrapped under a key that the keyring does not have.

        """
        entry = await self.beneath.find_delivery(shard, party, message)
        if entry is None or entry.notice or not envelope.is_sealed(entry.content):
            return entry
        wrapped = await self.beneath.copy_key(shard, party, message)
        if wrapped is None:
            return None
        (key,) = await self._keyring.unwrap([(party, wrapped)])
        content = envelope.open_sealed(entry.content, key, (shard, party, message))
        return replace(entry, content=content)

    async def parked(
        self, shard: str, queue: Queue, after: str = "-", count: int = 100
    ) -> list[ParkedEntry]:
        """Return what waits, opened: then its `key` is empty.

        One that does not open comes as it is, sealed and with its key, and hides no other.
        """
        page = await self.beneath.parked(shard, queue, after, count)
        sealed = [entry for entry in page if entry.parked.key]
        if not sealed:
            return page
        try:
            keys = await self._keyring.unwrap([(HUB, entry.parked.key) for entry in sealed])
            opened = {e.id: _opened(e, key) for e, key in zip(sealed, keys, strict=True)}
        except CannotOpen:
            opened = {entry.id: await self._opened_alone(entry) for entry in sealed}
        return [opened.get(entry.id, entry) for entry in page]

    async def hand_over(
        self, shard: str, party: str, message: str, act: str, public_key: bytes
    ) -> bool:
        """Leave the key of a copy for who opened it, for two minutes; see `Store`.

        The act must be on record before. True as well for a copy that was never sealed: its reader
        has it already.

        Raises:
            CannotOpen: the copy's key does not open, or `public_key` is none that can be answered
                to (ask `envelope.is_public_key` first).

        """
        wrapped = await self.beneath.copy_key(shard, party, message)
        if wrapped is None:
            entry = await self.beneath.find_delivery(shard, party, message)
            return entry is not None and not envelope.is_sealed(entry.content)
        (key,) = await self._keyring.unwrap([(party, wrapped)])
        value = envelope.answer(key, public_key, (shard, party, message))
        await self.beneath.answer(shard, party, act, value, KEEP_MS)
        return True

    async def _sealed(
        self, shard: str, copies: Sequence[Copy], waiting: Sequence[Parked] = ()
    ) -> tuple[Iterator[Copy], Iterator[Parked]]:
        """Seal them all with one call of the keyring, and return them in the same order.

        A plain copy comes back as it is.
        """
        places = [(shard, copy.party, copy.message) for copy in copies if not copy.plain]
        places += [(shard, HUB, parked.message) for parked in waiting]
        if not places:
            return iter(copies), iter(())
        drawn = envelope.random_keys(len(places))
        wrapped = await self._keyring.wrap(
            [(place[1], key) for place, (key, _) in zip(places, drawn, strict=True)]
        )
        keys = zip(places, drawn, wrapped, strict=True)
        sealed = []
        for copy in copies:
            if not copy.plain:
                place, (key, nonce), wrapped_key = next(keys)
                content = envelope.seal(copy.content, key, nonce, place)
                copy = _sealed_copy(copy, content, wrapped_key)  # noqa: PLW2901 - the same, sealed
            sealed.append(copy)
        parked = [
            replace(each, event=envelope.seal(each.event, key, nonce, place), key=wrapped_key)
            for each, (place, (key, nonce), wrapped_key) in zip(waiting, keys, strict=True)
        ]
        return iter(sealed), iter(parked)

    async def _opened_alone(self, entry: ParkedEntry) -> ParkedEntry:
        try:
            (key,) = await self._keyring.unwrap([(HUB, entry.parked.key)])
            return _opened(entry, key)
        except CannotOpen:
            return entry


def _is_sealed(step: Step) -> bool:
    """Whether nothing of the step is left to seal."""
    for copy in step.copies:
        if not (copy.key or copy.plain):
            return False
    for copy in step.notices:
        if not (copy.key or copy.plain):
            return False
    held, dead = step.held, step.dead
    return (held is None or bool(held.key)) and (dead is None or bool(dead.key))


def _sealed_step(step: Step, copies: Iterator[Copy], waiting: Iterator[Parked]) -> Step:
    """Return the step with the next of these in the place of its own; fast, as `_sealed_copy`."""
    return Step(
        queue=step.queue,
        entry=step.entry,
        record=step.record,
        intake=step.intake,
        message=step.message,
        sender=step.sender,
        duplicate_record=step.duplicate_record,
        copies=tuple([next(copies) for _ in step.copies]),
        notices=tuple([next(copies) for _ in step.notices]) if step.notices else (),
        held=next(waiting) if step.held is not None else None,
        dead=next(waiting) if step.dead is not None else None,
        corrects=step.corrects,
        person=step.person,
    )


def _sealed_copy(copy: Copy, content: bytes, key: bytes) -> Copy:
    """As `dataclasses.replace`, in a third of the time: every copy comes along here."""
    return Copy(
        copy.party,
        copy.message,
        copy.type,
        copy.rule,
        copy.urgency,
        copy.deadline,
        copy.retain_until,
        copy.sender,
        content,
        key,
    )


def _opened(entry: ParkedEntry, key: bytes) -> ParkedEntry:
    parked = entry.parked
    event = envelope.open_sealed(parked.event, key, (entry.shard, HUB, parked.message))
    return replace(entry, parked=replace(parked, event=event, key=b""))
