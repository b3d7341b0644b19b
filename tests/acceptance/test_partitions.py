"""A sender with partitions: one case in one of them, nothing twice, wherever it was written."""

import contextlib

import pytest

from handlers.partitions import case_in, partition_of
from handlers.rulebook import Rulebook
from hub.errors import NotUsable
from hub.partition_map import settle_partitions
from hub.roles import default_folder, load
from hub.stores.memory import MemoryStore
from schemas.identifiers import message_ref
from tests.builders import a_signal, an_event
from tests.harness import Crash, DyingStore, Hub

COUNT = 4


@pytest.fixture(scope="module")
def config():
    return load(default_folder())


def divided(config, count):
    """Return the example config with so many partitions for the IND."""
    partners = tuple(
        partner.model_copy(update={"partitions": count}) if partner.id == "ind" else partner
        for partner in config.partners
    )
    return Rulebook(config.model_copy(update={"partners": partners}))


@pytest.fixture
def hub(config):
    return Hub(divided(config, COUNT))


def signal(number, case):
    event = a_signal(id=f"event-{number}")
    event["data"]["zaakRef"] = f"zaak-{case}"
    return event


def ref(event):
    return message_ref(event["source"], event["id"])


async def done(hub):
    """Work until nothing is moved any more."""
    await hub.work()
    await hub.work()
    await hub.work()


async def decided_in(hub):
    """Return message -> the shards in which it was decided."""
    found = {}
    for shard in hub.book.shards_of("ind"):
        for record in await hub.records(shard):
            if record["event"] in {"decided", "corrected", "withdrawn"}:
                found.setdefault(record["object"]["id"], []).append(shard)
    return found


def test_the_first_partition_keeps_the_name_and_all_have_the_same_intakes(config):
    book = divided(config, 3)
    assert ("ind", "ind.1", "ind.2") == book.shards_of("ind")
    assert ("dji",) == book.shards_of("dji")
    assert {book.shards()["ind"]} == {book.shards()[shard] for shard in book.shards_of("ind")}


async def test_a_case_is_decided_in_one_partition_in_order_wherever_it_was_written(hub):
    sent = {}
    for number in range(60):
        event = signal(number, case=number % 6)
        sent.setdefault(case_in(event["data"]), []).append(ref(event))
        await hub.submit(event, shard=hub.book.shards_of("ind")[0])
    await done(hub)

    found = await decided_in(hub)
    assert {1} == {len(shards) for shards in found.values()}
    for case, messages in sent.items():
        home = hub.book.home("ind", case)
        assert {home} == {found[message][0] for message in messages}
        records = [record["object"]["id"] for record in await hub.records(home)]
        assert messages == [each for each in records if each in messages]
    assert len({shards[0] for shards in found.values()}) > 1
    await hub.check_books()


async def test_a_repeat_is_a_duplicate_in_whatever_partition_it_comes_in(hub):
    event = signal(1, case=1)
    for shard in hub.book.shards_of("ind"):
        await hub.submit(event, shard=shard)
        await done(hub)

    assert 1 == len(await hub.copies("gm0363"))
    assert {ref(event): [hub.book.home("ind", "zaak-1")]} == await decided_in(hub)
    await hub.check_books()


async def test_a_reused_id_is_a_duplicate_also_when_it_names_another_case(hub):
    """(source, id) is the identity of an event, whatever is in it."""
    first, other = (signal(1, case=case) for case in (1, 2))
    homes = [hub.book.home("ind", each["data"]["zaakRef"]) for each in (first, other)]
    assert homes[0] != homes[1]
    for event in (first, other):
        await hub.submit(event)
        await done(hub)

    assert 1 == len(await hub.copies("gm0363"))


@pytest.mark.parametrize("more", [COUNT + 1, 2 * COUNT])
async def test_with_partitions_added_repeats_stay_duplicates_and_cases_stay_whole(
    hub, config, more
):
    events = [signal(number, case=number) for number in range(30)]
    for event in events:
        await hub.submit(event)
    await done(hub)
    assert 30 == len(await hub.copies("gm0363"))

    grown = Hub(divided(config, more), hub.store)
    homes = {grown.book.home("ind", case_in(event["data"])) for event in events}
    assert homes - hub.book.shards().keys()
    for event in events:
        await grown.submit(event, shard=grown.book.home("ind", case_in(event["data"])))
    fresh = [signal(100 + number, case=number) for number in range(30)]
    for event in fresh:
        await grown.submit(event)
    await done(grown)

    found = await decided_in(grown)
    assert 60 == len(await grown.copies("gm0363"))
    assert [1] * 60 == [len(found[ref(event)]) for event in (*events, *fresh)]
    assert [grown.book.home("ind", case_in(e["data"])) for e in fresh] == [
        found[ref(event)][0] for event in fresh
    ]


def correction_of(event):
    made = an_event("berichten.gerectificeerd", id=f"correction-of-{event['id']}")
    made["source"] = event["source"]
    made["data"]["betreft"] = {"bron": event["source"], "id": event["id"]}
    return made


async def test_a_correction_takes_effect_where_its_original_is(hub):
    event = signal(1, case=1)
    home = hub.book.home("ind", "zaak-1")
    away = next(shard for shard in hub.book.shards_of("ind") if shard != home)
    await hub.submit(event)
    await done(hub)
    await hub.submit(correction_of(event), shard=away)
    await done(hub)

    assert 2 == len(await hub.copies("gm0363"))
    assert [home] == (await decided_in(hub))[ref(correction_of(event))]
    await hub.check_books()


async def test_a_correction_that_came_first_finds_its_original_in_another_partition(hub):
    event = signal(1, case=1)
    home = hub.book.home("ind", "zaak-1")
    away = next(shard for shard in hub.book.shards_of("ind") if shard != home)
    await hub.submit(correction_of(event), shard=away)
    await done(hub)
    assert [] == await hub.copies("gm0363")
    await hub.submit(event)
    await done(hub)

    assert 1 == await hub.late().apply(away)
    await done(hub)

    assert 2 == len(await hub.copies("gm0363"))
    assert 0 == await hub.late().apply(away)
    await hub.check_books()


async def test_an_act_by_source_and_id_finds_the_partition_of_its_message(hub):
    case = next(n for n in range(99) if hub.book.home("ind", f"zaak-{n}") != "ind")
    event = signal(1, case)
    await hub.submit(event)
    await done(hub)
    act = an_event("berichten.ontvangst-bevestigd", id="act-1")
    act["source"] = f"urn:nld:oin:{hub.book.parties['gm0363'].oin}:systeem:zaken"
    act["data"] = {"betreft": {"bron": event["source"], "id": event["id"]}}
    await hub.submit(act, shard="gemeente", intake="gm0363")
    await done(hub)

    (state,) = await hub.store.states(hub.book.home("ind", f"zaak-{case}"), "gm0363", [ref(event)])
    assert "acknowledged" == state


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 10))
async def test_a_process_that_dies_while_it_moves_loses_and_doubles_nothing(hub, at, after):
    home = hub.book.home("ind", "zaak-1")
    away = next(shard for shard in hub.book.shards_of("ind") if shard != home)
    events = [signal(number, case=1) for number in range(3)]
    for event in events:
        await hub.submit(event, shard=away)
    dying = DyingStore(hub.store, at, after=after)
    with contextlib.suppress(Crash):
        await hub.work(hub.pipeline_on(dying))
    await done(hub)

    assert 3 == len(await hub.copies("gm0363"))
    found = await decided_in(hub)
    assert [[home]] * 3 == [found[ref(event)] for event in events]
    await hub.check_books()


class Documents:
    """What the broker says of the partitions, in memory."""

    def __init__(self):
        self.found = {}

    async def partitions(self):
        return dict(self.found)

    async def put_partitions(self, partitions):
        self.found = dict(partitions)


async def test_the_map_changes_when_nobody_else_lives_and_only_ever_grows(config):
    documents, store = Documents(), MemoryStore()
    await settle_partitions(documents, store, divided(config, 4), "first", 0.0)
    assert {"ind": 4} == documents.found

    await store.workers("second", 60_000)
    await settle_partitions(documents, store, divided(config, 4), "first", 0.0)  # alike: no matter
    with pytest.raises(NotUsable, match="second"):
        await settle_partitions(documents, store, divided(config, 8), "first", 0.0)
    assert {"ind": 4} == documents.found

    await store.workers("second", 0)
    await settle_partitions(documents, store, divided(config, 8), "first", 0.0)
    assert {"ind": 8} == documents.found
    for fewer in (1, 7):
        with pytest.raises(NotUsable, match="fewer"):
            await settle_partitions(documents, store, divided(config, fewer), "first", 0.0)
    assert {"ind": 8} == documents.found


async def test_who_starts_under_the_old_map_is_seen_before_it_reads(config):
    """It counts as living from before its look at the map."""
    documents, store = Documents(), MemoryStore()
    await settle_partitions(documents, store, divided(config, 2), "new", 0.0)
    await store.workers("new", 0)
    await settle_partitions(documents, store, divided(config, 2), "old", 0.0, term_ms=60_000)
    with pytest.raises(NotUsable, match="old"):
        await settle_partitions(documents, store, divided(config, 4), "new", 0.0, term_ms=60_000)
    assert {"ind": 2} == documents.found
    assert ["old"] == await store.workers("another", 0)  # who was refused does not count as living


async def test_who_is_ending_is_waited_for(config):
    documents, store = Documents(), MemoryStore()
    await store.workers("second", 100)
    told = []
    await settle_partitions(documents, store, divided(config, 2), "first", 60.0, told.append)

    assert [["second"]] == told
    assert {"ind": 2} == documents.found


def test_the_same_partition_is_found_from_the_config_and_by_a_client(config):
    book = divided(config, COUNT)
    for number in range(50):
        home = book.home("ind", f"zaak-{number}")
        assert home == book.shards_of("ind")[partition_of(f"zaak-{number}", COUNT)]
