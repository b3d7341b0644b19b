"""What a hub says of itself, on a real broker: gauges, traces, health, and nothing personal."""

import asyncio
import contextlib
import json
import signal
import subprocess
import urllib.error
import urllib.request

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from hub import bootstrap, metrics, pulse, tracing
from hub.config import settings
from hub.pipeline import Pipeline
from hub.stores import keys, library
from hub.stores.connection import connect
from hub.stores.looking import Looking
from hub.supervision.gauges import Gauges
from hub.supervision.readings import ShardReading
from hub.supervision.rounds import Supervision
from tests.acceptance.test_pipeline import an_act
from tests.builders import BSNS, NAMES, a_safety_report, a_signal, as_bytes
from tests.integration.hub_process import SEINHUIS, environment

pytestmark = pytest.mark.broker

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACED = a_signal(id="geheim-kenmerk-1", traceparent=f"00-{TRACE}-{PARENT}-01")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """A process that has just begun."""
    registry = metrics.Registry()
    for module in ("hub.metrics", "hub.supervision.gauges", "hub.supervision.health"):
        monkeypatch.setattr(f"{module}.PROCESS", registry)
    pulse.forget()
    yield registry
    tracing.stop()
    pulse.forget()


@pytest.fixture
async def hub(tmp_path):
    """A hub that is ready, on an embedded broker of its own; nothing reads its intakes."""
    async with bootstrap.start(settings({}, data=tmp_path / "data")) as running:
        yield running


@pytest.fixture
def spans():
    """Every span of this test, in memory."""
    exporter = InMemorySpanExporter()
    tracing.trace_with(SimpleSpanProcessor(exporter), worker="first", version="0")
    return exporter


async def send(hub, event, shard="ind", intake=""):
    """Publish an event on an intake."""
    raw = event if isinstance(event, bytes) else as_bytes(event)
    return await hub.store.submit(shard, raw, intake)


async def work(hub):
    """Take everything on the intakes through, as a worker does."""
    pipeline = Pipeline(hub.store, hub.book, bootstrap.now, hub.pseudonyms())
    for shard, intakes in hub.book.shards().items():
        while entries := await hub.store.take(shard, intakes, "first", 100, 0):
            await pipeline.run(shard, entries)


def of(readings, shard):
    """Return the reading of a shard."""
    return next(each for each in readings.shards if each.shard == shard)


async def test_a_look_counts_what_waits_where_and_for_how_long(hub):
    """Intake, pending, dead, unsealed, the reader, and the inbox of the recipient."""
    gauges = Gauges(hub)
    for number in range(3):
        await send(hub, a_signal(id=f"i-{number}"))
    await hub.store.take("ind", [""], "first", 2, 0)
    await hub.store.lease("ind", "first", "1.1", 60_000)
    before = await gauges.look(None)
    assert (3, 2, "first") == (of(before, "ind").intake, of(before, "ind").pending, "first")
    assert 0 < of(before, "ind").oldest_s < 60
    assert ShardReading("dji") == of(before, "dji")

    await hub.store.reclaim("ind", [""], "first", 0, 100)
    pipeline = Pipeline(hub.store, hub.book, bootstrap.now, hub.pseudonyms())
    while entries := await hub.store.reclaim("ind", [""], "first", 0, 100):
        await pipeline.run("ind", entries)
    await send(hub, b"no event")
    await work(hub)
    after = await gauges.look(None)
    ind = of(after, "ind")
    assert (0, 0, 0.0, 1) == (ind.intake, ind.pending, ind.oldest_s, ind.dead)
    assert ind.unsealed >= 4
    assert 0 < ind.seal_delay_s < 60
    (amsterdam,) = (each for each in after.parties if each.party == "gm0363")
    assert (3, 3, 3) == (amsterdam.entries, amsterdam.unfinished, amsterdam.fullest)
    assert 0 < amsterdam.oldest_unread_s < 60


async def test_a_copy_that_was_opened_is_not_unread_and_one_that_was_acknowledged_is_finished(hub):
    """By the acts of the recipient, as they come in."""
    gauges, event = Gauges(hub), a_signal()
    await send(hub, event)
    await work(hub)
    for act, expected in (("ingezien", (0.0, 1)), ("ontvangst-bevestigd", (0.0, 0))):
        await send(hub, an_act(act, event, act_id=act), "gemeente", "gm0363")
        await work(hub)
        readings = await gauges.look(None)
        (found,) = (each for each in readings.parties if each.party == "gm0363")
        assert expected == (found.oldest_unread_s, found.unfinished)


async def test_a_broker_that_ended_is_a_reading_and_the_last_known_figures_stay(hub):
    """A look never raises: who watches must not fall with what it watches."""
    gauges = Gauges(hub)
    await send(hub, a_signal())
    assert (await gauges.look()).broker_answers
    hub.broker.stop()
    silent = await gauges.look()
    assert not silent.broker_answers
    assert silent.silent_s > 0
    assert 1 == of(silent, "ind").intake
    later = await gauges.look()
    assert later.silent_s > silent.silent_s


async def test_a_round_shows_gauges_and_readiness_says_what_is_missing(hub, fresh):
    """The same readings, for Prometheus and for whoever must restart or route around it."""
    supervision = Supervision(hub)
    answers = supervision.answers()
    assert ["start"] == [about for about, _ in answers.ready().problems]
    await send(hub, a_signal())
    await supervision.round()
    assert 1 == fresh.value(metrics.INTAKE, "ind")
    assert 1 == fresh.value(metrics.BROKER_UP)
    assert ["leases"] == [about for about, _ in answers.ready().problems]
    pulse.beat(pulse.LEASES)
    assert answers.ready().good
    hub.broker.stop()
    await supervision.round()
    assert 0 == fresh.value(metrics.BROKER_UP)
    assert ["broker"] == [about for about, _ in answers.ready().problems]
    assert answers.live().good


async def test_one_event_is_one_trace_from_publish_to_inbox(hub, spans, fresh):
    """The sender's own: in the spans, in the record and in the copy of the recipient."""
    client = await hub.client("ind")
    try:
        receipt = await client.publish(TRACED)
    finally:
        await client.close()
    await work(hub)

    found = spans.get_finished_spans()
    assert {int(TRACE, 16)} == {span.context.trace_id for span in found}
    (whole,) = (span for span in found if span.name == "event")
    assert int(PARENT, 16) == whole.parent.span_id
    assert ("ind", receipt.entry) == (
        whole.attributes["seinhuis.shard"],
        whole.attributes["seinhuis.entry"],
    )
    inner = [span for span in found if span is not whole]
    assert {whole.context.span_id} == {span.parent.span_id for span in inner}
    assert {"intake", "decide", "commit", "deliver"} == {span.name for span in inner}
    for span in inner:
        assert whole.start_time <= span.start_time <= span.end_time <= whole.end_time

    record = next(
        json.loads(each.record)
        for each in await hub.store.records("ind")
        if receipt.message.encode() in each.record
    )
    assert TRACE == record["trace_id"]
    delivered = {s.attributes["seinhuis.party"] for s in inner if s.name == "deliver"}
    assert "gm0363" in delivered
    for party in delivered:
        copy = await hub.store.find_delivery("ind", party, receipt.message)
        assert TRACED["traceparent"] == json.loads(copy.content)["traceparent"]


async def test_an_event_without_a_trace_begins_one_and_each_its_own(hub, spans):
    """Two events have nothing to do with each other."""
    await send(hub, a_signal(id="a"))
    await send(hub, a_signal(id="b"))
    await work(hub)
    whole = [span for span in spans.get_finished_spans() if span.name == "event"]
    assert 2 == len({span.context.trace_id for span in whole})
    assert [None, None] == [span.parent for span in whole]


async def test_without_being_asked_for_nothing_is_traced(hub, spans):
    """And the rest goes on as before."""
    tracing.stop()
    await send(hub, a_signal())
    await work(hub)
    assert () == spans.get_finished_spans()


async def test_no_personal_data_and_no_id_of_a_sender_is_in_metrics_health_or_traces(
    hub, spans, fresh
):
    """Not even of an event that was refused, or whose type is a name."""
    supervision = Supervision(hub)
    strange = a_signal(id="geheim-kenmerk-2", type=f"nl.{NAMES[0].replace(' ', '-')}")
    for event in (TRACED, strange, a_signal(id="geheim-kenmerk-3", source="urn:nld:oin:1:x")):
        await send(hub, event)
    await send(hub, a_safety_report(id="geheim-kenmerk-4"), "liv")
    await send(hub, NAMES[0].encode())
    await work(hub)
    await supervision.round()
    answers = supervision.answers()
    said = [
        fresh.text(),
        json.dumps([answers.live().document(), answers.ready().document()]),
        *(span.to_json() for span in spans.get_finished_spans()),
    ]
    assert len(said) > 8
    personal = [*BSNS, *NAMES, *(part for name in NAMES for part in name.split())]
    wanted = [*personal, "geheim-kenmerk", "bsn", TRACED["source"]]
    for text in said:
        assert [] == [each for each in wanted if each.lower() in text.lower()]


@pytest.fixture(params=["embedded", "redis7"])
async def looking(request):
    """A look at a broker of either kind, as the hub's own user, with functions loaded."""
    address = request.getfixturevalue("broker" if request.param == "embedded" else "redis7")
    admin = request.getfixturevalue(
        "broker_admin" if request.param == "embedded" else "redis7_admin"
    )
    client = await connect(address.url, address.user, address.password)
    other = await connect(admin.url, admin.user, admin.password)
    async with contextlib.aclosing(client), contextlib.aclosing(other):
        yield Looking(client), other


async def test_every_kind_of_broker_says_how_it_is_and_whether_the_functions_are_there(looking):
    """With the rights of the hub, which are few."""
    look, admin = looking
    empty = await look.server()
    assert not empty.functions
    assert empty.memory > 0
    assert empty.aof >= 0
    await admin.execute_command("FUNCTION", "LOAD", library.CODE)
    assert (await look.server()).functions


async def test_a_primary_with_too_few_replicas_is_named(looking):
    """It answers all that only reads, so nothing else tells why its writes are refused."""
    look, admin = looking
    assert (await look.server()).short == ()
    asked = Looking(look._redis, replicas=1)
    assert len((await asked.server()).short) == 1
    await admin.config_set("min-replicas-to-write", 1)
    try:
        (where,) = (await look.server()).short
    finally:
        await admin.config_set("min-replicas-to-write", 0)
    assert where, "its address, or that of its socket"


async def test_what_is_missing_or_of_a_wrong_type_counts_as_nothing(looking):
    """A look at a broken shard still tells of the others."""
    look, admin = looking
    await admin.set(keys.intake("ind"), "x")
    await admin.set(keys.head("ind"), "x")
    await admin.xadd(keys.held("ind"), {"event": "x"})
    found = await look.shard("ind", [""], ["gm0363"])
    assert (0, 0, 0, 1) == (found.intake, found.pending, found.unsealed, found.held)
    assert found.held_oldest_ms is not None
    assert {} == found.unfinished


async def address_of(log):
    """Return where a process says that it answers, once it does."""
    while True:
        lines = log.read_text().splitlines() if log.exists() else []
        for line in lines:
            said = json.loads(line)
            if said.get("event") == "metrics.serving":
                return said["address"]
        await asyncio.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "figure"), [("up", "seinhuis_reader_leases"), ("seal", "seinhuis_ledger_records")]
)
async def test_a_process_becomes_ready_and_shows_its_figures(tmp_path, word, figure):
    """Both kinds of process, as an operator starts them: a hub, and a sealer beside another."""
    data, log = tmp_path / "data", tmp_path / "log.txt"
    asked = {"SEINHUIS_LOG": "json", "SEINHUIS_METRICS": "127.0.0.1:0"}
    async with contextlib.AsyncExitStack() as stack:
        if word == "seal":
            await stack.enter_async_context(bootstrap.start(settings({}, data=data)))
        with log.open("wb") as output:
            process = subprocess.Popen(
                [SEINHUIS, word, "--data", data],
                stdout=subprocess.DEVNULL,
                stderr=output,
                env={**environment(), **asked},
            )
        try:
            address = await address_of(log)
            while b"ok" not in await asyncio.to_thread(said_by, address, "/health/ready"):
                await asyncio.sleep(0.05)
            text = (await asyncio.to_thread(said_by, address, "/metrics")).decode()
        finally:
            process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(process.wait, 60)
    assert 0 == code
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert 1 == len(families[figure].samples)
    (build,) = families["seinhuis_build_info"].samples
    assert {"version", "config"} == set(build.labels)


def said_by(address, path):
    """Return the answer of a process; empty when it is an error."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        return b""
