"""What a copy says is in no file of the hub, once the intake left the append-only file."""

import pytest

from hub.client_sync import SyncClient
from schemas.identifiers import message_ref
from tests.builders import a_signal, as_bytes
from tests.integration.hub_process import hub_process, until

pytestmark = pytest.mark.broker

GEMEENTE = "urn:nld:oin:00000099100000363000:systeem:zaaksysteem"
SAID = (b"Sami Voorbeeldin", b"999990342", b"toonde hij op zijn telefoon", b"Z-2026-GEHEIM")
"""A name, a BSN, words of the signal, and what the recipient wrote in its notice."""


def files_with(folder, word):
    """Return the files under a folder in which these bytes stand."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in found if word in path.read_bytes()]


def rewrite(broker):
    """Have the broker write its append-only file anew, and wait for the end of it."""
    before = broker.info("persistence")["aof_rewrites"]
    broker.bgrewriteaof()

    def done():
        now = broker.info("persistence")
        under_way = now["aof_rewrite_in_progress"] or now["aof_rewrite_scheduled"]
        return now["aof_rewrites"] > before and not under_way

    until(done)


@pytest.fixture
def hub(tmp_path):
    with hub_process(tmp_path / "data") as running:
        yield running


def test_no_file_of_the_broker_says_what_a_copy_or_a_notice_says(hub):
    """Delivered, held and told: before the rewrite the intake says it; afterwards nothing does."""
    event, unplaced = (
        a_signal(id="plain-1"),
        a_signal(id="plain-2", **{"data.gemeentecode": "0000"}),
    )
    ref = message_ref(event["source"], event["id"])
    with hub.login("ind") as ind:
        for each in (event, unplaced):
            ind.xadd("hub:{ind}:in", {"event": as_bytes(each)})
        with hub.login("hub") as operator:
            until(lambda: operator.xlen("hub:{ind}:held"))
        connection = {"party": "gm0363", "source": GEMEENTE, "password": hub.passwords["gm0363"]}
        with SyncClient.connect(hub.url, **connection) as client:
            copies = until(lambda: [d for d in client.inbox(follow=False) if d.message == ref])
            copies[0].take_up("Z-2026-GEHEIM")
        until(lambda: b"berichten.opgepakt" in str(ind.xrange("hub:{ind}:inbox:ind")).encode())
    assert all(files_with(hub.data, word) for word in SAID)  # so the search can find them

    with hub.login("sealer") as broker:
        rewrite(broker)

    assert [] == [word for word in SAID if files_with(hub.data, word)]
    assert files_with(hub.data, ref.encode())  # and the copies are there
