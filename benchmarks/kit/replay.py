"""The broker's own limit: the calls of a run of the hub, sent again by a client that only sends.

A run of the hub is recorded between it and its broker: every FCALL as it was packed. A fresh broker
then gets the same functions and the same intakes, under the same ids, and the calls again,
pipelined: what the broker does is the same work, byte by byte, and nobody decides anything.
"""

import asyncio
import contextlib
import threading
import time
from typing import NamedTuple

import hiredis

from hub.stores import keys
from kit.broker import a_broker, fill
from kit.hub import leases, settle, workers
from kit.rounds import NotDone, check, records_of_the_hub

_WINDOW = 4
"""Calls under way in one shard: enough that the broker never waits for the client."""


READER = "bench-1"
"""As the worker that was recorded is called: an entry is only done by who read it."""


class Recording(NamedTuple):
    """What a run of the hub asked its broker to do."""

    functions: bytes
    calls: dict[str, list[tuple[bytes, int]]]  #: shard -> packed calls and their events, in order
    leases: dict
    first_id: int


def record(events):
    """Run the hub on the events, and return what it sent."""
    shards = sorted({event.shard for event in events})
    first_id = int(time.time() * 1_000) - 10_000_000
    with a_broker() as broker:
        listener = _Listener(broker.path, broker.folder / "ear")
        progress = records_of_the_hub(broker.client, shards)
        try:
            with workers(broker, 1, seal=False, url=f"unix://{listener.path}") as started:
                settle(broker, started, (), progress, 1)
                fill(broker.client, events, first_id=first_id)
                deadline = time.monotonic() + 300
                while progress() < len(events):
                    if started[0].poll() is not None or time.monotonic() > deadline:
                        raise NotDone("the hub did not finish the run that was to be recorded")
                    time.sleep(0.05)
                held = leases(broker.client)
        finally:
            listener.close()
        calls = {shard: [] for shard in shards}
        entries = {b"%d-0" % (first_id + number) for number in range(len(events))}
        for command in listener.calls:
            shard = command[3].partition(b"{")[2].partition(b"}")[0].decode()
            if shard in calls and b"_route_" in command[1]:
                count = sum(word in entries for word in command)
                calls[shard].append((hiredis.pack_command(tuple(command)), count))
        return Recording(broker.client.function_dump(), calls, held, first_id)


def replay(broker, recording, events, expected, *, reads=False):
    """Send the recorded calls to a fresh broker; return the figures, as of a contender.

    With `reads` each call comes after the XREADGROUP of its entries, as in the hub; without, the
    entries were read before the clock starts.
    """
    client = broker.client
    client.function_restore(recording.functions)
    if recording.leases:
        client.mset(recording.leases)
    for shard in recording.calls:
        client.xgroup_create(keys.intake(shard), keys.HUB_GROUP, "0", mkstream=True)
    fill(client, events, first_id=recording.first_id)
    if not reads:
        for shard in recording.calls:
            _read(client, shard, len(events))
    streams = {
        shard: [(_reading(shard, count) if reads else b"") + call for call, count in calls]
        for shard, calls in recording.calls.items()
    }
    before, own = broker.cpu_seconds(), time.process_time()
    begun = time.perf_counter()
    steps = asyncio.run(_send(broker.path, streams, 2 if reads else 1))
    seconds = time.perf_counter() - begun
    own, spent = time.process_time() - own, broker.cpu_seconds() - before
    if steps != len(events):
        raise NotDone(f"{len(events)} events were recorded, and {steps} came back")
    check(client, events, expected)
    return {
        "rate": round(steps / seconds, 1),
        "worker_us": round(own / steps * 1e6, 1),
        "broker_us": round(spent / steps * 1e6, 1),
        "events_a_call": round(steps / sum(map(len, recording.calls.values())), 1),
    }


def _reading(shard, count):
    words = ("XREADGROUP", "GROUP", keys.HUB_GROUP, READER, "COUNT", count)
    return hiredis.pack_command((*words, "STREAMS", keys.intake(shard), ">"))


def _read(client, shard, count):
    while client.xreadgroup(
        keys.HUB_GROUP, READER, {keys.intake(shard): ">"}, count=min(count, 1_000)
    ):
        pass


async def _send(path, streams, replies):
    done = await asyncio.gather(*(_send_one(path, calls, replies) for calls in streams.values()))
    return sum(done)


async def _send_one(path, calls, replies):
    """Send the calls of one shard, a few ahead; return how many steps were done or duplicates."""
    reader, writer = await asyncio.open_unix_connection(path)
    parser, steps, sent, answered = hiredis.Reader(), 0, 0, 0
    try:
        while answered < len(calls) * replies:
            while sent < len(calls) and sent - answered // replies < _WINDOW:
                writer.write(calls[sent])
                sent += 1
            parser.feed(await reader.read(1 << 20))
            while (reply := parser.gets()) is not False:
                if isinstance(reply, Exception):
                    raise NotDone(f"the broker refused a recorded call: {reply}")
                answered += 1
                if answered % replies == 0:
                    wrong = set(reply) - {b"done", b"duplicate"}
                    if wrong:
                        raise NotDone(f"a recorded step came out otherwise: {min(wrong)!r}")
                    steps += len(reply)
        return steps
    finally:
        writer.close()


class _Listener:
    """Stands between the hub and its broker and keeps every FCALL that passes."""

    def __init__(self, broker, path):
        self.path, self._broker, self.calls = str(path), broker, []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def close(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self):
        self._loop.run_until_complete(self._serve())

    async def _serve(self):
        self._stop = asyncio.Event()
        server = await asyncio.start_unix_server(self._connected, self.path, limit=1 << 22)
        self._ready.set()
        await self._stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader, writer):
        up, down = await asyncio.open_unix_connection(self._broker, limit=1 << 22)
        parser = hiredis.Reader()

        def heard(data):
            parser.feed(data)
            while (command := parser.gets()) is not False:
                if command and command[0].upper() == b"FCALL":
                    self.calls.append(command)

        with contextlib.suppress(asyncio.CancelledError):  # at the end of the recording
            await asyncio.gather(_pump(reader, down, heard), _pump(up, writer))


async def _pump(source, sink, heard=None):
    try:
        while data := await source.read(1 << 18):
            if heard:
                heard(data)
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass  # one of the two ended: so does the other
    finally:
        sink.close()
