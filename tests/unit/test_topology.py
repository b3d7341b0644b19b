"""Which node has which key, and what of a command says so: without a cluster."""

import pytest
from redis.crc import key_slot

from hub.stores import keys
from hub.stores.topology import SLOTS, Topology, by_slot, keys_of, reads_streams, slot_of, wait_ms

A, B, C = ("10.0.0.1", 7001), ("10.0.0.2", 7002), ("10.0.0.3", 7003)


def a_reply(*ranges):
    """Make a reply of CLUSTER SLOTS of (first, last, nodes)."""
    return [
        [first, last, *([host.encode(), port, b"id"] for host, port in nodes)]
        for first, last, nodes in ranges
    ]


def test_every_key_of_a_shard_is_in_one_slot():
    """Else a function could not write them in one step."""
    of_ind = (keys.intake("ind"), keys.audit("ind"), keys.inbox("ind", "gm0363"), keys.lease("ind"))
    assert {key_slot(b"{ind}")} == {slot_of(key) for key in of_ind}
    assert slot_of(keys.intake("politie.1")) != slot_of(keys.intake("politie.2"))


def test_who_has_a_slot_is_what_the_cluster_said_last():
    """Also after one slot moved, and after a node that nobody knew took one."""
    topology = Topology()
    assert topology.owner(5) is None
    assert topology.read(a_reply((0, 99, (A, C)), (100, SLOTS - 1, (B,))), A)
    assert (A, A, B) == (topology.owner(0), topology.owner(99), topology.owner(100))
    assert ((A, B), (C,)) == (topology.primaries, topology.replicas)
    topology.moved(99, C)
    assert (A, C) == (topology.owner(98), topology.owner(99))
    assert ((A, B, C), ()) == (topology.primaries, topology.replicas)


def test_an_answer_with_missing_slots_changes_nothing():
    """A node that was cut off knows half of it; another is asked."""
    topology = Topology()
    assert topology.read(a_reply((0, SLOTS - 1, (A,))), A)
    assert not topology.read(a_reply((0, 99, (B,))), B)
    assert A == topology.owner(0)


def test_a_node_that_does_not_know_its_address_is_where_it_was_asked():
    """That is so in a cluster of one, and behind a network that translates."""
    topology = Topology()
    assert topology.read([[0, SLOTS - 1, [b"", 7001, b"id"]]], ("broker.example", 9))
    assert ("broker.example", 7001) == topology.owner(0)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("PING",), ()),
        (("CLUSTER", "SLOTS"), ()),
        (("FUNCTION LIST", "LIBRARYNAME", "x"), ()),
        (("WAIT", 1, 100), ()),
        (("GET", "k"), ("k",)),
        (("XADD", b"k", "*", "event", b"STREAMS"), (b"k",)),
        (("XGROUP CREATE", "k", "g", "0"), ("k",)),
        (("XGROUP", "CREATE", "k", "g", "0"), ("k",)),
        (("XINFO STREAM", "k"), ("k",)),
        (("FCALL", "f", 2, "k", "l", "a"), ("k",)),
        (("FCALL", "f", 0), ()),
        (("XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "k", "l", ">", ">"), ("k", "l")),
        (("XREADGROUP", b"GROUP", b"streams", "STREAMS", b"STREAMS", "k", ">"), ("k",)),
        (("XREAD", "STREAMS", "k", "$"), ("k",)),
    ],
)
def test_the_key_of_a_command_is_found_in_every_shape(command, expected):
    """As redis-py makes it, and as we do; also when a group or a consumer has an odd name."""
    assert expected == tuple(keys_of(command))


def test_a_read_of_several_slots_is_divided_and_does_not_wait():
    """A part that waits would hold up what another has; one slot may wait."""
    head = ("XREADGROUP", "GROUP", "g", "c", "COUNT", 10, "BLOCK", 500, "STREAMS")
    ind, dji, also = keys.inbox("ind", "a"), keys.inbox("dji", "a"), keys.inbox("ind", "b")
    command = (*head, ind, dji, also, ">", "5-0", "7-0")
    quiet = ("XREADGROUP", "GROUP", "g", "c", "COUNT", 10, "STREAMS")
    assert reads_streams(command)
    assert 500 == wait_ms(command)
    assert [(*quiet, ind, also, ">", "7-0"), (*quiet, dji, "5-0")] == by_slot(command)

    one = (*head, ind, also, ">", ">")
    assert [one] == by_slot(one)
    assert wait_ms((*quiet, ind, ">")) is None
