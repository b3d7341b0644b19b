"""When people are called, and when they are told that it is over."""

from itertools import chain

import pytest

from hub.errors import NotUsable
from hub.supervision.alarm_rules import DISK_LEAST, RULES, Severity
from hub.supervision.alarms import Alarms, beyond, bounds
from hub.supervision.readings import DiskReading
from tests.looks import TROUBLE, a_look, a_party, a_shard, at_party, in_shard

BY_NAME = {rule.name: rule for rule in RULES}

AT_THE_BOUND = {
    "intake-lag": in_shard(intake=500, pending=100, oldest_s=60.0),
    "entries-pending": in_shard(intake=5, pending=5, oldest_s=60.0),
    "held-waiting": in_shard(held=1, held_oldest_s=14_400.0),
    "dead-letters": in_shard(dead=20),
    "inbox-full": at_party(unfinished=800, fullest=800),
    "unread-past-deadline": at_party(unfinished=5, past_deadline=0),
    "seal-delay": in_shard(unsealed=1, seal_delay_s=30.0),
    "not-sealing": in_shard(unsealed=500),
    "broker-silent": {"broker_answers": False, "silent_s": 10.0},
    "broker-memory": {"broker_memory": 800},
    "replica-missing": {"replicas_short": ()},
    "disk-space": {"disks": (DiskReading("ledger", DISK_LEAST, 20 * DISK_LEAST),)},
    "erasure-failed": {"erasure_failed": False},
    "no-reader": in_shard(reader="hub-2"),
    "clock-skew": {"clock_skew_s": 2.0},
}


def judged(alarms, *looks):
    """Return (name, place, began) of every change, look after look."""
    return [
        [(c.rule.name, c.place, c.began) for c in alarms.judge(a_look(number, **look))]
        for number, look in enumerate(looks)
    ]


def test_there_is_an_alarm_for_everything_that_the_design_names():
    assert list(TROUBLE) == [rule.name for rule in RULES]
    assert list(AT_THE_BOUND) == list(TROUBLE)


def test_when_all_is_well_nobody_is_called():
    assert judged(Alarms(bounds("")), *[{}] * 50) == [[]] * 50
    assert list(beyond(a_look(), bounds(""))) == []


@pytest.mark.parametrize("name", TROUBLE)
def test_an_alarm_begins_once_after_its_looks_and_ends_once_after_as_many(name):
    """A minute of the same trouble is one call, and the end of it one more line."""
    looks = BY_NAME[name].looks
    alarms = Alarms(bounds(""))

    told = judged(alarms, *[TROUBLE[name]] * 20, *[{}] * 20)

    place = next(iter(BY_NAME[name].measure(a_look(**TROUBLE[name]))))
    assert {looks - 1: [(name, place, True)], 20 + looks - 1: [(name, place, False)]} == {
        number: changes for number, changes in enumerate(told) if changes
    }
    assert [] == alarms.on()


@pytest.mark.parametrize("name", TROUBLE)
def test_at_its_bound_an_alarm_does_not_begin(name):
    assert judged(Alarms(bounds("")), *[AT_THE_BOUND[name]] * 20) == [[]] * 20


@pytest.mark.parametrize("name", TROUBLE)
def test_one_look_names_just_the_alarm_of_that_trouble(name):
    """What `seinhuis status` says, which looks once."""
    found = list(beyond(a_look(**TROUBLE[name]), bounds("")))

    assert [name] == [each.rule.name for each in found]


def test_a_value_that_swings_around_the_bound_calls_nobody_twice():
    high, low = in_shard(dead=21), in_shard(dead=20)
    alarms = Alarms(bounds(""))

    told = judged(alarms, *[high, low] * 20)

    assert [("dead-letters", "ind", True)] == list(chain(*told))
    assert [("dead-letters", "ind")] == alarms.on()


def test_one_good_look_in_between_does_not_end_an_alarm_that_needs_three():
    slow = in_shard(unsealed=1, seal_delay_s=31.0)
    alarms = Alarms(bounds(""))

    told = judged(alarms, slow, slow, slow, {}, {}, slow, {}, {}, slow)

    assert [("seal-delay", "ind", True)] == list(chain(*told))


def test_each_shard_has_an_alarm_of_its_own():
    """Who is at work on one sender is told of the next one too."""
    ind = a_shard(shard="ind", dead=30)
    dji = a_shard(shard="dji", dead=30)
    well = a_shard(shard="ind")

    told = judged(Alarms(bounds("")), {"shards": (ind,)}, {"shards": (ind, dji)},
                  {"shards": (well, dji)})  # fmt: skip

    assert [
        [("dead-letters", "ind", True)],
        [("dead-letters", "dji", True)],
        [("dead-letters", "ind", False)],
    ] == told


def test_while_the_broker_is_silent_what_is_only_remembered_changes_nothing():
    """The last known figures neither begin nor end an alarm: nobody knows how it is now."""
    silent = {"broker_answers": False, "silent_s": 20.0}
    alarms = Alarms(bounds(""))

    told = judged(alarms, in_shard(dead=30), *[silent] * 10,
                  *[{**silent, **in_shard(reader="")}] * 10)  # fmt: skip

    assert [("dead-letters", "ind", True), ("broker-silent", "", True)] == list(chain(*told))


def test_a_shard_that_is_gone_from_the_config_takes_its_alarm_with_it():
    told = judged(Alarms(bounds("")), in_shard(dead=30), {"shards": ()})

    assert [("dead-letters", "ind", False)] == told[1]


def test_the_end_says_how_long_it_was_on():
    alarms = Alarms(bounds(""))
    for number in range(10):
        alarms.judge(a_look(number, **in_shard(dead=30)))

    (change,) = alarms.judge(a_look(10))

    assert 50.0 == change.for_s
    assert 10.0 == change.bound


def test_a_clock_that_is_set_back_makes_no_negative_time():
    alarms = Alarms(bounds(""))
    alarms.judge(a_look(5, **in_shard(dead=30)))

    (change,) = alarms.judge(a_look(0))

    assert 0.0 == change.for_s


def test_most_of_a_backlog_pending_is_another_alarm_than_a_backlog_that_nobody_takes():
    """The two need different hands: a worker that is stuck, or one that is missing or too slow."""
    stuck = list(beyond(a_look(**in_shard(intake=10, pending=6, oldest_s=100.0)), bounds("")))
    slow = list(beyond(a_look(**in_shard(intake=10, pending=4, oldest_s=100.0)), bounds("")))

    assert ["entries-pending"] == [each.rule.name for each in stuck]
    assert ["intake-lag"] == [each.rule.name for each in slow]


def test_the_disk_of_the_broker_needs_room_to_write_its_file_anew():
    disks = (DiskReading("data", 3 * DISK_LEAST, 9 * DISK_LEAST),)

    small = list(beyond(a_look(disks=disks, broker_aof=DISK_LEAST), bounds("")))
    large = list(beyond(a_look(disks=disks, broker_aof=4 * DISK_LEAST), bounds("")))

    assert [] == small
    assert [("disk-space", "data")] == [(each.rule.name, each.place) for each in large]


def test_a_full_disk_is_an_alarm_and_no_division_by_zero():
    disks = (DiskReading("data", 0, DISK_LEAST),)

    assert ["disk-space"] == [b.rule.name for b in beyond(a_look(disks=disks), bounds(""))]


def test_without_limits_there_is_no_share_of_them():
    """A broker without maxmemory is not out of memory, and no bound is not reached."""
    none = {"broker_memory_limit": 0, "inbox_limit": 0, "unsealed_limit": 0,
            "seal_delay_limit_s": 0.0, "broker_memory": 10**12,
            "parties": (a_party(fullest=10**6),), **in_shard(unsealed=10**6)}  # fmt: skip

    assert [] == list(beyond(a_look(**none), bounds("")))


def test_sealing_is_critical_at_half_of_either_bound():
    by_time = in_shard(unsealed=1, seal_delay_s=451.0)

    found = {each.rule.name: each for each in beyond(a_look(**by_time), bounds(""))}

    assert {"seal-delay", "not-sealing"} == set(found)
    assert Severity.CRITICAL is found["not-sealing"].rule.severity


def test_records_of_the_hub_itself_are_sealed_too_and_nobody_need_read_its_shard():
    own = a_shard(shard="hub", reader="", unsealed=1, seal_delay_s=31.0)

    assert [("seal-delay", "hub")] == [
        (each.rule.name, each.place) for each in beyond(a_look(own=own), bounds(""))
    ]


def test_the_worst_place_is_named_first():
    shards = (a_shard(shard="dji", dead=30), a_shard(shard="ind", dead=99))

    assert ["ind", "dji"] == [each.place for each in beyond(a_look(shards=shards), bounds(""))]


def test_an_operator_can_set_a_bound_and_turn_an_alarm_off():
    changed = bounds(" dead-letters=100, no-reader=off,")

    assert [] == list(beyond(a_look(**in_shard(dead=100, reader="")), changed))
    (found,) = beyond(a_look(**in_shard(dead=101, reader="")), changed)
    assert (101, 100.0) == (found.value, found.begins)
    assert bounds("").keys() == changed.keys()


def test_the_end_moves_with_the_bound_that_an_operator_sets():
    alarms = Alarms(bounds("dead-letters=100"))

    told = judged(alarms, in_shard(dead=101), in_shard(dead=51), in_shard(dead=50))

    assert [[("dead-letters", "ind", True)], [], [("dead-letters", "ind", False)]] == told


@pytest.mark.parametrize(
    "wrong", ["dead-letter=1", "dead-letters", "dead-letters=many", "dead-letters=-1",
              "dead-letters=nan"],
)  # fmt: skip
def test_a_bound_that_cannot_be_is_refused_with_the_way_out(wrong):
    with pytest.raises(NotUsable, match=r"SEINHUIS_ALARMS.*(there are|at least 0, or off)"):
        bounds(wrong)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_an_alarm_ends_at_or_below_where_it_begins_and_needs_a_look(rule):
    assert 0.0 <= rule.ends < 1.0
    assert rule.looks >= 1
    assert rule.over(rule.begins) <= rule.begins
