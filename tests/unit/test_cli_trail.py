"""The numbers of the records: every one is looked at, and one that is missing is named."""

import json
from types import SimpleNamespace

import pytest

from hub.cli.trail import Trail, newest
from hub.ports import RecordEntry


class Store:
    """Records that a test may take away or put in twice; it is told the last number."""

    def __init__(self, given_out, **shards):
        self.given_out = given_out
        self.shards = shards

    async def records(self, shard, after, count):
        begin = int(after.partition("-")[0]) if after != "-" else -1
        found = [
            RecordEntry(shard, f"{place}-0", seq, json.dumps({"seq": seq}).encode())
            for place, seq in enumerate(self.shards[shard], 1)
            if place > begin
        ]
        return found[:count]

    async def depths(self, *_):
        return {"records": self.given_out}


async def gaps(given_out, *numbers, since_ms=None):
    trail = Trail(SimpleNamespace(store=Store(given_out, ind=numbers)), ["ind"], since_ms)
    async for _ in trail.read():
        pass
    assert trail.count <= len(numbers)
    return trail


async def test_numbers_without_a_gap_are_said_to_be_so():
    trail = await gaps(3, 1, 2, 3)

    assert trail.gaps == []
    assert trail.verdict() == "3 records, numbered without a gap"


@pytest.mark.parametrize(
    ("given_out", "numbers", "missing"),
    [
        (5, (1, 2, 5), ["ind/3 to ind/4"]),
        (3, (2, 3), ["ind/1"]),
        (4, (1, 2), ["ind/3 to ind/4"]),
        (2, (), ["ind/1 to ind/2"]),
        (3, (1, 2, 2, 3), ["ind/2 stands where ind/3 should"]),
    ],
    ids=["in the middle", "at the start", "at the end", "all", "twice"],
)
async def test_what_is_missing_is_named(given_out, numbers, missing):
    assert (await gaps(given_out, *numbers)).gaps == missing


async def test_a_later_start_does_not_count_what_is_before():
    trail = await gaps(4, 1, 2, 3, 4, since_ms=3)

    assert (trail.gaps, trail.count) == ([], 2)


async def test_what_comes_later_is_looked_at_once_and_a_gap_is_told_once():
    store = Store(2, ind=[1, 2])
    trail = Trail(SimpleNamespace(store=store), ["ind"])
    first = [line.seq async for line in trail.read()]
    store.shards["ind"], store.given_out = [1, 2, 4], 4
    second = [line.seq async for line in trail.read()]
    third = [line.seq async for line in trail.read()]

    assert (first, second, third) == ([1, 2], [4], [])
    assert trail.gaps == ["ind/3"]


async def test_the_newest_of_all_shards_come_in_the_order_of_time():
    hub = SimpleNamespace(store=Store(3, ind=[1, 2, 3], om=[1, 2, 3]))
    found = await newest(Trail(hub, ["om", "ind"]), 3, lambda line: line.seq != 2)

    assert [line.place for line in found] == ["om/1", "ind/3", "om/3"]
