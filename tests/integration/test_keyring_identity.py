"""A hub with another keyring than its broker's refuses; it does not make new keys in its place."""

import shutil

import pytest

from hub.access import hub_user, sealer_user
from hub.bootstrap import attach, start
from hub.cli.key_changes import adopt_for_broker
from hub.config import settings
from hub.errors import NotUsable
from hub.keyring_identity import adopt, fingerprints
from hub.vault.keyring import FileKeyring

pytestmark = pytest.mark.broker


@pytest.fixture
def given(tmp_path):
    """Settings on a data folder of its own."""
    return settings({}, data=tmp_path / "data")


async def test_the_first_keyring_of_a_broker_is_the_one_that_it_keeps(given):
    """Also after a restart, and after a rotation whose old key is retired later."""
    async with start(given) as hub:
        assert hub.keyring.names()
    ring = FileKeyring(given.keys)
    await ring.rotate("pseudonym")
    async with start(given):
        pass
    await ring.retire("pseudonym.1")
    async with start(given) as hub:
        assert fingerprints(ring)[0] == await hub.documents.keyring_mark()


async def test_nothing_starts_on_a_broker_that_lost_its_data(given):
    """What it had accepted is gone, and what it knew of duplicates: a person must look."""
    async with start(given):
        pass
    shutil.rmtree(given.data / "appendonlydir")

    with pytest.raises(NotUsable, match="the broker is empty"):
        async with start(given):
            pytest.fail("it started")

    await adopt_for_broker(given, "begun anew on purpose")
    async with start(given) as hub:
        assert fingerprints(hub.keyring)[0] == await hub.documents.keyring_mark()


@pytest.mark.parametrize("how", ["empty", "another"])
async def test_with_another_keyring_nothing_starts_and_no_key_is_made(given, how):
    """The refusal names the folder and the way out."""
    async with start(given):
        pass
    shutil.rmtree(given.keys)
    if how == "another":
        FileKeyring(given.keys).pseudonym_keys()
    before = [key.id for key in FileKeyring(given.keys).names()]

    with pytest.raises(NotUsable, match="keys adopt") as refused:
        async with start(given):
            pytest.fail("it started")

    assert str(given.keys) in str(refused.value)
    assert before == [key.id for key in FileKeyring(given.keys).names()]


async def test_who_joins_a_hub_with_another_keyring_seals_nothing(given, tmp_path):
    """The desk of an operator would; publishing and reading may go on."""
    async with start(given):
        elsewhere = settings({"SEINHUIS_KEYS": str(tmp_path / "other")}, data=given.data)
        async with attach(elsewhere) as hub:
            await (await hub.client("ind")).close()
            with pytest.raises(NotUsable, match="belongs to this broker"):
                hub.desk()
            assert [] == hub.keyring.names()
        async with attach(given) as hub:
            assert hub.desk() is not None


async def test_a_keyring_that_was_adopted_is_the_one_of_the_broker(given):
    async with start(given):
        pass
    shutil.rmtree(given.keys)

    async with start(given, any_keyring=True) as hub:
        await adopt(hub.documents, hub.keyring)

    async with start(given) as hub:
        assert fingerprints(hub.keyring)[0] == await hub.documents.keyring_mark()


def test_only_the_hub_may_write_the_mark():
    """It is among the keys that the hub may set; the sealer reads the role config only."""
    sets = next(rule for rule in hub_user().rules if rule.endswith("+set)"))

    assert "~hub:{hub}:config:*" in sets
    assert not any("+set)" in rule for rule in sealer_user().rules)
