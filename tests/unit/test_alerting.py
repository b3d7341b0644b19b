"""What people hear: one line at the beginning, one at the end, and a gauge in between."""

import io
import json

from hub import log, metrics
from hub.supervision.alarm_rules import RULES
from hub.supervision.alarms import bounds
from hub.supervision.alerting import Alerting
from tests.looks import a_look, at_party, in_shard


def heard(*looks):
    """Return the lines of the log over these looks, and the gauges after each."""
    stream = io.StringIO()
    log.configure(json=True, stream=stream)
    alerting = Alerting(bounds(""))
    gauges = []
    for number, look in enumerate(looks):
        alerting.look(a_look(number, **look))
        gauges.append({r.name for r in RULES if metrics.PROCESS.value(metrics.ALARM, r.name)})
    return [json.loads(line) for line in stream.getvalue().splitlines()], gauges


def test_an_alarm_is_told_once_at_its_beginning_and_once_at_its_end():
    lines, gauges = heard(*[in_shard(dead=30)] * 5, *[{}] * 5)

    assert ["alarm.raised", "alarm.cleared"] == [line["event"] for line in lines]
    assert [{"dead-letters"}] * 5 + [set()] * 5 == gauges


def test_the_line_says_where_how_much_and_which_page_to_open():
    (line,), _ = heard(in_shard(dead=30))

    assert {
        "event": "alarm.raised", "level": "warning", "alarm": "dead-letters", "place": "ind",
        "severity": "warning", "value": 30, "bound": 20.0,
        "page": "docs/howto/alarms/dead-letters.md",
    } == {key: value for key, value in line.items() if key != "timestamp"}  # fmt: skip


def test_what_cannot_wait_until_morning_is_an_error_in_the_log():
    (line,), _ = heard({"broker_answers": False, "silent_s": 60.0})

    assert ("broker-silent", "error") == (line["alarm"], line["level"])


def test_no_field_of_a_line_is_dropped_as_undeclared():
    lines, _ = heard(in_shard(dead=30), {}, *[at_party(past_deadline=3)] * 6)

    assert 3 == len(lines)
    assert all("undeclared" not in line for line in lines)


def test_the_gauge_stays_on_while_one_of_several_places_is_in_trouble():
    both = {"shards": (*in_shard(dead=30)["shards"], *in_shard(shard="dji", dead=30)["shards"])}
    one = {"shards": (*in_shard()["shards"], *in_shard(shard="dji", dead=30)["shards"])}

    lines, gauges = heard(both, one, {})

    assert [{"dead-letters"}, {"dead-letters"}, set()] == gauges
    assert 4 == len(lines)


def test_every_alarm_has_its_gauge_from_the_start():
    """A rule that watches a series which is not there yet would never begin."""
    heard({})
    text = metrics.PROCESS.text()

    assert all(f'seinhuis_alarm{{name="{rule.name}"}} 0' in text for rule in RULES)
