"""The numbers of a process, and how Prometheus reads them."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub import metrics
from hub.metrics import METRICS, Kind, Registry


def families(text):
    """Return name -> family, as Prometheus' own parser reads the text."""
    return {family.name: family for family in text_string_to_metric_families(text)}


@pytest.fixture
def process(monkeypatch):
    """The numbers of a process that has just begun."""
    registry = Registry()
    monkeypatch.setattr(metrics, "PROCESS", registry)
    return registry


def test_prometheus_reads_every_metric_with_its_kind_also_before_anything_was_counted():
    """A dashboard can rely on every name from the first moment."""
    read = families(Registry().text())
    expected = {
        name.removesuffix("_total") if metric.kind is Kind.COUNTER else name: metric.kind.value
        for name, metric in METRICS.items()
    }
    assert expected == {name: family.type for name, family in read.items()}


def test_each_event_counts_once_and_under_what_became_of_it(process):
    """The sum over all results is the number of events."""
    metrics.routed("ind", delivered=3, held=1, refused=2, duplicates=4, acts=5, copies=7)
    metrics.routed("ind", delivered=1)
    read = families(process.text())
    found = {s.labels["result"]: s.value for s in read["seinhuis_events"].samples}
    expected = {"delivered": 4, "held": 1, "refused": 2, "duplicate": 4, "act": 5}
    assert expected == found
    assert [("ind", 7)] == [(s.labels["shard"], s.value) for s in read["seinhuis_copies"].samples]


def test_the_way_of_an_event_is_measured_from_the_time_in_its_entry(process):
    """An entry of 2 ms ago is in the bucket of 2.5 ms; one from the future took no time."""
    metrics.arrived(["1000000-0", "999990-3", "1000500-1"], 1_000.002)
    samples = families(process.text())["seinhuis_event_to_inbox_seconds"].samples
    buckets = {s.labels["le"]: s.value for s in samples if s.name.endswith("_bucket")}
    expected = {"0.001": 1, "0.0025": 2, "0.01": 2, "0.025": 3, "+Inf": 3}
    assert expected == {bound: buckets[bound] for bound in expected}
    (count,) = (s.value for s in samples if s.name.endswith("_count"))
    (total,) = (s.value for s in samples if s.name.endswith("_sum"))
    assert (3, pytest.approx(0.014)) == (count, total)


def test_a_gauge_that_is_shown_anew_forgets_the_series_that_are_gone():
    """A shard that left the role config does not stay for ever at its last value."""
    registry = Registry()
    registry.show(metrics.INTAKE, {("ind",): 5, ("dji",): 1})
    registry.show(metrics.INTAKE, {("dji",): 2})
    samples = families(registry.text())["seinhuis_intake_entries"].samples
    assert [("dji", 2)] == [(s.labels["shard"], s.value) for s in samples]


def test_a_label_with_quotes_backslashes_and_newlines_is_read_back_as_it_was():
    """Nothing in a name can make up another line."""
    registry = Registry()
    name = 'a"b\\c\nseinhuis_alarm{name="x"} 1'
    registry.put(metrics.ALARM, 1, name)
    (sample,) = families(registry.text())["seinhuis_alarm"].samples
    assert {"name": name} == sample.labels


def test_what_was_counted_can_be_asked(process):
    """Counters add up, gauges are replaced, and of a histogram the number is told."""
    metrics.reclaimed("ind", 2)
    metrics.reclaimed("ind", 3)
    metrics.leases(4)
    metrics.leases(1)
    metrics.took(0.2)
    wanted = ((metrics.RECLAIMED, "ind"), (metrics.LEASES,), (metrics.BATCH_SECONDS,))
    assert [5, 1, 1] == [process.value(*each) for each in wanted]
    assert 0 == process.value(metrics.RECLAIMED, "dji")
