"""Looks at a hub for tests of the alarms: all is well, unless a test says otherwise."""

from datetime import UTC, datetime, timedelta

from hub.supervision.alarm_rules import DISK_LEAST
from hub.supervision.readings import DiskReading, PartyReading, Readings, ShardReading

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def a_shard(**changes):
    """A shard in which all is well."""
    return ShardReading(**{"shard": "ind", "reader": "hub-1", **changes})


def a_party(**changes):
    return PartyReading(**{"party": "gm0363", **changes})


def a_look(number=0, **changes):
    """A look at a hub in which all is well; the `number`-th, five seconds apart."""
    usual = {
        "at": START + timedelta(seconds=5 * number),
        "shards": (a_shard(),),
        "parties": (a_party(),),
        "inbox_limit": 1_000,
        "unsealed_limit": 1_000,
        "seal_delay_limit_s": 900.0,
        "broker_memory": 10,
        "broker_memory_limit": 1_000,
        "disks": (DiskReading("data", 10 * DISK_LEAST, 20 * DISK_LEAST),),
    }
    return Readings(**{**usual, **changes})


def in_shard(**changes):
    return {"shards": (a_shard(**changes),)}


def at_party(**changes):
    return {"parties": (a_party(**changes),)}


TROUBLE = {
    "intake-lag": in_shard(intake=500, pending=100, oldest_s=61.0),
    "entries-pending": in_shard(intake=5, pending=5, oldest_s=61.0),
    "held-waiting": in_shard(held=1, held_oldest_s=14_401.0),
    "dead-letters": in_shard(dead=21),
    "inbox-full": at_party(unfinished=801, fullest=801),
    "unread-past-deadline": at_party(unfinished=1, past_deadline=1),
    "seal-delay": in_shard(unsealed=1, seal_delay_s=31.0),
    "not-sealing": in_shard(unsealed=501),
    "broker-silent": {"broker_answers": False, "silent_s": 11.0},
    "broker-memory": {"broker_memory": 801},
    "replica-missing": {"replicas_short": ("10.0.0.1:7001",)},
    "disk-space": {"disks": (DiskReading("ledger", DISK_LEAST - 1, 20 * DISK_LEAST),)},
    "erasure-failed": {"erasure_failed": True},
    "no-reader": in_shard(reader=""),
    "clock-skew": {"clock_skew_s": -2.1},
}
"""Alarm -> what a look finds when it should begin, just beyond its bound."""
