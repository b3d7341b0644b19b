"""The key map: one slot for each shard, no key that can mean two things, and all of it written."""

import re

import pytest

from hub.stores import keys

MESSAGE = "3b5878002f6245a16681e26dc015c7e7"
KEYS = {
    "intake": keys.intake("ind"),
    "intake of a party": keys.intake("ind", "gm0363"),
    "seen": keys.seen("ind", MESSAGE),
    "inbox": keys.inbox("ind", "gm0363"),
    "delivery": keys.delivery("ind", "gm0363", MESSAGE),
    "audit": keys.audit("ind"),
    "held": keys.held("ind"),
    "dead": keys.dead("ind"),
    "head": keys.head("ind"),
    "open": keys.unfinished("ind"),
    "sealed": keys.sealed("ind"),
    "key": keys.copy_keys("ind", MESSAGE),
    "opened": keys.opened("ind", "gm0363", MESSAGE),
}
OF_THE_HUB = {"config": keys.config_in_force(), "a config": keys.config_document("<digest>")}


def hash_tag(key: str) -> str:
    """Return the part of a key that decides its slot, as the cluster specification says."""
    found = re.search(r"\{([^}]+)\}", key)
    return found[1] if found else key


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_every_key_of_a_shard_is_in_the_slot_of_the_shard(key):
    """One function call may write them all, also on a cluster."""
    assert hash_tag(key) == "ind"
    assert key.startswith("hub:{ind}:")


def test_no_two_keys_are_the_same():
    everything = [*KEYS.values(), *OF_THE_HUB.values()]
    assert len(set(everything)) == len(everything)


@pytest.mark.parametrize("key", OF_THE_HUB.values(), ids=OF_THE_HUB)
def test_what_is_of_the_hub_as_a_whole_is_in_a_slot_of_its_own(key):
    """No partner is called `hub`: the access list refuses it."""
    assert hash_tag(key) == "hub"


@pytest.mark.parametrize("key", [*KEYS.values(), *OF_THE_HUB.values()])
def test_every_key_is_described_in_the_key_map(key):
    """A key that nobody described is a key that nobody dares to remove."""
    written = key.replace("ind", "shard").replace("gm0363", "<party>").replace(MESSAGE, "<message>")
    assert re.search(
        rf"^hub:.*{re.escape(written.removeprefix('hub:'))}", keys.__doc__, re.MULTILINE
    )


def test_the_intake_of_a_shared_shard_names_its_party():
    """The name of the stream, guarded by the access list, proves the sender."""
    assert keys.intake("gemeente", "gm0363") != keys.intake("gemeente", "gm0014")
    assert keys.intake("gemeente", "") == keys.intake("gemeente")
