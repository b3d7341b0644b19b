"""The store on Valkey 8+, Redis 7.0+ or Redis 8: one server-side function for each step.

The key map is `hub.stores.keys`; what happens as a whole is in functions.lua. Trust: who may write
to the server can hide or invent messages, and the access list (`hub.access`) says who that is.
"""

from collections.abc import Mapping, Sequence
from itertools import islice, takewhile
from typing import Any, Final

from redis.asyncio import Redis

from hub.errors import NotSealed
from hub.ports import InboxEntry, ParkedEntry, RecordEntry
from hub.steps import Act, ActOutcome, ActResult, Entry, Known, Queue, Step, StepResult
from hub.stores import keys, library, packing
from hub.stores.calls import Bounds, act_call, excuse_call, route_call
from hub.stores.connection import translated
from hub.stores.content import ContentOnServer, wrong_type
from hub.stores.leases import LeasesOnServer

_LONGEST_WAIT_MS: Final = 20_000  # below the time that a client waits for an answer
_SUSPECT_DELIVERIES: Final = 2  # handed out as often as this and not finished: alone from now on
_PENDING: Final = 1_000  # looked at in one go, so that suspects in front do not hide the others
_PAGE: Final = 500


class ValkeyStore(ContentOnServer, LeasesOnServer):
    """The store of `hub.ports.Store` on a server; the contract stands there.

    `duplicate_ms`: how long a message is known: as a duplicate, and to its corrections and acts.
    Longer than a sender repeats itself, and longer than copies are kept. `inbox_cap`: how many
    copies a party may have unfinished before steps to it are blocked; notices are left out of an
    inbox that holds twice as many entries. `unsealed_max`: how many records of a shard may wait to
    be sealed, give or take a batch; `unsealed_ms`: how long the sealer may stand still while some
    wait. From then on nothing new is accepted. `replicas`: how many servers beside the primary must
    have what is written; see `OnServer`.
    """

    def __init__(
        self,
        client: Redis,
        duplicate_ms: int,
        inbox_cap: int,
        *,
        unsealed_max: int = 100_000,
        unsealed_ms: int = 900_000,
        replicas: int = 0,
    ) -> None:
        bounds = Bounds(duplicate_ms, inbox_cap, unsealed_max, unsealed_ms)
        super().__init__(client, bounds, replicas)

    async def prepare(self, shards: Mapping[str, Sequence[str]]) -> None:
        """Load the functions of this version, and make what a shard begins with where it is not.

        That is the group of each intake, at its very beginning, and that nothing is sealed yet.
        """
        await self.load_functions()
        groups = [
            ("XGROUP", "CREATE", keys.intake(shard, intake), keys.HUB_GROUP, "0", "MKSTREAM")
            for shard, intakes in shards.items()
            for intake in intakes
        ]
        for reply in await self._pipelined(groups, may_fail=True):
            if isinstance(reply, Exception) and not str(reply).startswith("BUSYGROUP"):
                raise translated(reply)
        seconds, micros = await self._call("TIME")
        now = int(seconds) * 1_000 + int(micros) // 1_000
        await self._pipelined(
            ("HSETNX", keys.sealed(shard), name, value)
            for shard in shards
            for name, value in (("seq", 0), ("at", now))
        )

    async def submit(self, shard: str, event: bytes, intake: str = "") -> str:
        """Append the event to the intake."""
        entry = await self._call("XADD", keys.intake(shard, intake), "*", "event", event)
        return str(entry, "ascii")

    async def move(self, shard: str, entries: Sequence[Entry], to: str) -> None:
        """Append each to its intake in `to`, and then remove it here."""
        for entry in entries:
            await self.submit(to, entry.event, entry.intake)
        await self._pipelined(
            (word, keys.intake(shard, entry.intake), *group, entry.id)
            for entry in entries
            # In this order: who dies halfway leaves no event behind that nobody would look for.
            for word, group in (("XDEL", ()), ("XACK", (keys.HUB_GROUP,)))
        )

    async def take(
        self, shard: str, intakes: Sequence[str], consumer: str, count: int, wait_ms: int
    ) -> list[Entry]:
        """Read new entries of all intakes in one call; `wait_ms` counts up to 20,000, 0 is not."""
        by_key = {keys.intake(shard, intake).encode(): intake for intake in intakes}
        wait = ("BLOCK", min(wait_ms, _LONGEST_WAIT_MS)) if wait_ms > 0 else ()
        reply = await self._call(
            *("XREADGROUP", "GROUP", keys.HUB_GROUP, consumer, "COUNT", count, *wait),
            *("STREAMS", *by_key, *([">"] * len(by_key))),
        )
        if isinstance(reply, dict):  # RESP3
            streams = [(key, parts[0]) for key, parts in reply.items()]
        else:
            streams = reply or []
        return [entry for key, found in streams for entry in packing.entries(by_key[key], found)]

    async def reclaim(
        self,
        shard: str,
        intakes: Sequence[str],
        consumer: str,
        idle_ms: int,
        count: int,
        after: Entry | None = None,
    ) -> list[Entry]:
        """Look at what is idle in every intake, and take over what comes first."""
        while True:
            wanted = await self._idle(shard, intakes, idle_ms, count, after)
            taken = await self._claimed(shard, consumer, idle_ms, wanted)
            if taken or not wanted:
                return taken
            # Others were faster, or it is not there any more: what comes after it may be.
            intake, place, times = wanted[-1]
            after = Entry(place.decode(), intake, b"", times)

    async def _idle(
        self, shard: str, intakes: Sequence[str], idle_ms: int, count: int, after: Entry | None
    ) -> list[tuple[str, bytes, int]]:
        """Return intake, entry id and hand-outs so far of what is idle, in order; a suspect alone.

        Ids are of one intake: those of two may be the same, and then the intakes are in order.
        """

        def start(intake: str) -> str:
            if after is None:
                return "-"
            return f"({after.id}" if intake <= after.intake else after.id

        pending = await self._piped(
            lambda pipe: [
                pipe.xpending_range(
                    keys.intake(shard, intake),
                    keys.HUB_GROUP,
                    start(intake),
                    "+",
                    _PENDING,
                    idle=idle_ms,
                )
                for intake in intakes
            ]
        )
        found = [
            (intake, item["message_id"], int(item["times_delivered"]))
            for intake, items in zip(intakes, pending, strict=True)
            for item in items
        ]
        found.sort(key=lambda item: (packing.order(item[1]), item[0]))
        innocent = takewhile(lambda item: item[2] < _SUSPECT_DELIVERIES, found)
        return list(islice(innocent, count)) or found[:1]

    async def _claimed(
        self, shard: str, consumer: str, idle_ms: int, wanted: Sequence[tuple[str, bytes, int]]
    ) -> list[Entry]:
        deliveries = {(intake, place): times + 1 for intake, place, times in wanted}
        claims: dict[str, list[bytes]] = {}
        for intake, place, _ in wanted:
            claims.setdefault(intake, []).append(place)
        claimed = await self._pipelined(
            ("XCLAIM", keys.intake(shard, intake), keys.HUB_GROUP, consumer, idle_ms, *places)
            for intake, places in claims.items()
        )
        taken = [
            Entry(place.decode(), intake, packing.event_bytes(fields), deliveries[intake, place])
            for intake, reply in zip(claims, claimed, strict=True)
            for place, fields in reply
        ]
        return sorted(taken, key=lambda each: (packing.order(each.id.encode()), each.intake))

    async def route(self, shard: str, steps: Sequence[Step], token: str = "") -> list[StepResult]:
        """Apply the steps in one call of the function `route`."""
        if not steps:
            return []
        names, args = route_call(shard, steps, self._bounds, token)
        reply = await self._call("FCALL", library.ROUTE, len(names), *names, *args)
        return [packing.step_result(word) for word in reply]

    async def excuse(self, shard: str, entries: Sequence[Entry]) -> None:
        """Take the hand-out off their number, also on a server that is full."""
        if entries:
            names, args = excuse_call(shard, entries)
            await self._call("FCALL", library.EXCUSE, len(names), *names, *args)

    async def known(self, shard: str, messages: Sequence[str]) -> list[Known | None]:
        """Read the duplicate checks of the messages."""
        if not messages:
            return []
        values = await self._call("MGET", *(keys.seen(shard, message) for message in messages))
        return [packing.known(value) for value in values]

    async def act(self, shard: str, act: Act) -> ActResult:
        """Apply the act in one call of the function `act`.

        NotSealed: too much is not sealed yet. BrokerError: a key has the wrong type. Nothing was
        done.
        """
        names, args = act_call(shard, act, self._bounds)
        outcome, detail = await self._call("FCALL", library.ACT, len(names), *names, *args)
        if outcome == b"unsealed":
            raise NotSealed(shard)
        if outcome == b"blocked":
            raise wrong_type(detail)
        return ActResult(ActOutcome(outcome.decode()), detail.decode())

    async def inbox(
        self, shard: str, party: str, after: str = "-", count: int = 100
    ) -> list[InboxEntry]:
        """Read on in an inbox."""
        reply = await self._range(keys.inbox(shard, party), after, count)
        return [packing.inbox_entry(shard, party, place, fields) for place, fields in reply]

    async def find_delivery(self, shard: str, party: str, message: str) -> InboxEntry | None:
        """Look where the duplicate check says it is; else search the inbox from its end.

        What is not where it was put was erased.
        """
        key = keys.inbox(shard, party)
        places = packing.places(await self._call("GET", keys.seen(shard, message)))
        if known := places.get(party):
            found = await self._call("XRANGE", key, known, known)
            return packing.inbox_entry(shard, party, *found[0]) if found else None
        wanted, before = message.encode(), "+"
        while True:
            page = await self._call("XREVRANGE", key, before, "-", "COUNT", _PAGE)
            for place, fields in page:
                if fields.get(b"message") == wanted:
                    return packing.inbox_entry(shard, party, place, fields)
            if len(page) < _PAGE:
                return None
            before = f"({page[-1][0].decode()}"

    async def states(self, shard: str, party: str, messages: Sequence[str]) -> list[str]:
        """Read the state of each delivery."""
        replies = await self._pipelined(
            [("HGET", keys.delivery(shard, party, message), "state") for message in messages]
        )
        return [state.decode() if state else "delivered" for state in replies]

    async def parked(
        self, shard: str, queue: Queue, after: str = "-", count: int = 100
    ) -> list[ParkedEntry]:
        """Read on in the held or the dead stream."""
        key = keys.held(shard) if queue is Queue.HELD else keys.dead(shard)
        reply = await self._range(key, after, count)
        return [packing.parked_entry(shard, place, fields) for place, fields in reply]

    async def records(self, shard: str, after: str = "-", count: int = 100) -> list[RecordEntry]:
        """Read on in the records."""
        reply = await self._range(keys.audit(shard), after, count)
        return [packing.record_entry(shard, place, fields) for place, fields in reply]

    async def note(self, shard: str, record: bytes, person: bytes = b"") -> int:
        """Append one record."""
        names = (keys.head(shard), keys.audit(shard), keys.sealed(shard))
        reply = await self._call("FCALL", library.NOTE, len(names), *names, record, person)
        if not isinstance(reply, int):
            raise wrong_type(reply)
        return reply

    async def depths(self, shard: str, intakes: Sequence[str]) -> Mapping[str, int]:
        """Count: one round trip."""
        streams = [keys.intake(shard, intake) for intake in intakes]
        replies = await self._pipelined(
            [
                *(("XLEN", stream) for stream in streams),
                *(("XPENDING", stream, keys.HUB_GROUP) for stream in streams),
                ("XLEN", keys.held(shard)),
                ("XLEN", keys.dead(shard)),
                ("HGET", keys.head(shard), "seq"),
            ]
        )
        half = len(streams)
        return {
            "intake": sum(replies[:half]),
            "pending": sum(summary["pending"] for summary in replies[half : 2 * half]),
            "held": replies[-3],
            "dead": replies[-2],
            "records": int(replies[-1] or 0),
        }

    async def _range(self, key: str, after: str, count: int) -> Any:
        start = after if after == "-" else f"({after}"
        return await self._call("XRANGE", key, start, "+", "COUNT", count)
