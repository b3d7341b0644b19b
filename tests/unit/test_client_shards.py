"""The client names the shards by hand, because it must work without the role config."""

from handlers.rulebook import Rulebook
from hub.client import SHARDS
from hub.roles import default_folder, load


def test_the_client_reads_every_shard_of_the_role_config_and_no_other():
    """An inbox is the union of its shards: one that is missing here is mail that nobody sees."""
    config = load(default_folder())

    assert sorted(partner.id for partner in config.partners) == list(SHARDS)
    assert set(Rulebook(config).shards()) == set(SHARDS)
