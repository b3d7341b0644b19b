"""The lane of a shard: what it plans ahead, writes together, and keeps in order."""

import asyncio

import pytest

from hub import pipeline as pipeline_module
from hub.lane import WAITING, Lane
from hub.stores.memory import MemoryStore
from tests.acceptance.test_pipeline import a_correction, a_signal
from tests.config_builders import a_book, a_recipient, a_rule, to_gemeente
from tests.harness import Hub


class Gate(MemoryStore):
    """A store whose `route` waits until it is opened, and keeps what it was given."""

    def __init__(self):
        super().__init__()
        self.open = asyncio.Event()
        self.calls = []

    async def route(self, shard, steps, token=""):
        self.calls.append((token, [step.entry for step in steps]))
        await self.open.wait()
        return await super().route(shard, steps, token)


@pytest.fixture
def hub():
    """A hub where an IND signal goes to the gemeente and to the LRO, on a store with a gate."""
    return Hub(a_book(a_rule(ontvangers=[to_gemeente(), a_recipient("groep:lro")])), Gate())


@pytest.fixture
def lane(hub):
    """The lane of the IND."""
    return Lane(hub.pipeline, "ind", pytest.fail)


async def taken(hub, *events):
    """Return these events as one batch that was handed out."""
    for event in events:
        await hub.submit(event)
    return await hub.store.take("ind", [""], "worker", 1_000, 0)


async def test_while_a_batch_is_committed_the_next_are_planned_and_no_more(hub, lane):
    """`put` comes back while the broker is busy, until as many wait as may."""
    batches = [await taken(hub, a_signal(f"a-{n}")) for n in range(WAITING + 2)]
    await lane.put(batches[0])
    await asyncio.sleep(0)  # the committer takes it

    for batch in batches[1 : WAITING + 1]:
        await lane.put(batch)
    last = asyncio.create_task(lane.put(batches[-1]))
    for _ in range(20):
        await asyncio.sleep(0)

    assert 1 == len(hub.store.calls)
    assert not last.done()
    hub.store.open.set()
    await last
    await lane.close()
    assert 2 * (WAITING + 2) == await hub.check_books()


async def test_what_waits_together_is_written_together_and_in_order(hub, lane):
    """The second and the third batch go in one call, after the first, under the same lease."""
    batches = [await taken(hub, a_signal(f"a-{n}")) for n in range(3)]
    await lane.put(batches[0])
    await asyncio.sleep(0)
    await lane.put(batches[1])
    await lane.put(batches[2])
    hub.store.open.set()
    await lane.close()

    first, second, third = [batch[0].id for batch in batches]
    assert [("", [first]), ("", [second, third])] == hub.store.calls


async def test_a_call_never_has_more_steps_than_may_be_written_together(hub, lane, monkeypatch):
    """A large batch is divided: the broker serves nobody else while a call lasts."""
    monkeypatch.setattr(pipeline_module, "TOGETHER", 2)
    batch = await taken(hub, *(a_signal(f"a-{n}") for n in range(5)))
    hub.store.open.set()

    await lane.put(batch)
    await lane.close()

    assert [2, 2, 1] == [len(entries) for _, entries in hub.store.calls]
    assert 10 == await hub.check_books()


async def test_a_call_never_has_more_copies_than_may_be_written_together(hub, lane, monkeypatch):
    """Two recipients each: two events fit in five copies, and one event goes whole in any case."""
    monkeypatch.setattr(pipeline_module, "COPIES_TOGETHER", 5)
    batch = await taken(hub, *(a_signal(f"a-{n}") for n in range(5)))
    hub.store.open.set()
    await lane.put(batch)
    await lane.close()
    assert [2, 2, 1] == [len(entries) for _, entries in hub.store.calls]

    monkeypatch.setattr(pipeline_module, "COPIES_TOGETHER", 1)
    await lane.put(await taken(hub, a_signal("b-1"), a_signal("b-2")))
    await lane.close()
    assert [1, 1] == [len(entries) for _, entries in hub.store.calls[3:]]
    assert 14 == await hub.check_books()


async def test_a_correction_waits_for_its_original_in_the_batch_before_it(hub, lane):
    """Both were planned before either was written, and the correction finds who received it."""
    signal = a_signal("a-1")
    original = await taken(hub, signal)
    correction = await taken(hub, a_correction(signal))
    await lane.put(original)
    await lane.put(correction)
    hub.store.open.set()
    await lane.close()

    assert ["decided", "corrected"] == [r["event"] for r in await hub.records("ind")]
    assert 4 == await hub.check_books()
