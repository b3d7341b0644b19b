"""docs/howto/emit-events.md, run from top to bottom against a real hub."""

import json
from pathlib import Path

import pytest

from hub.client_sync import SyncClient
from schemas.identifiers import message_ref
from schemas.reading import parse
from tests.integration.howto import blocks_of, run_python, run_shell
from tests.integration.hub_process import environment, hub_process, redis_cli, until

pytestmark = pytest.mark.broker

PAGE = Path("docs/howto/emit-events.md").absolute()


@pytest.fixture(scope="module")
def after(tmp_path_factory):
    """Run every block in order; return the hub, the names of Python and what the shell printed."""
    redis_cli()
    with (
        hub_process(tmp_path_factory.mktemp("hub") / "data") as hub,
        pytest.MonkeyPatch.context() as patch,
    ):
        folder = tmp_path_factory.mktemp("page")
        patch.chdir(folder)
        patch.setenv("SEINHUIS_URL", hub.url)
        patch.setenv("SEINHUIS_PASSWORD", hub.passwords["ind"])
        shell = {
            **environment(),
            "SEINHUIS_URL": hub.url,
            "SEINHUIS_PASSWORD": hub.passwords["ind"],
            "REDISCLI_AUTH": hub.passwords["ind"],
            "GEMEENTE_PASSWORD": hub.passwords["gm0363"],
        }
        names, printed = {"__name__": "page"}, []
        for block in blocks_of(PAGE):
            if block.file:
                (folder / block.file).write_text(block.text, encoding="utf-8")
            elif block.language == "python":
                run_python(block, PAGE, names)
            elif block.language == "sh":
                if "gm0363" in block.text:  # it acts on what it has seen
                    until(lambda: ref("ind-2026-004300") in inbox(hub, "gm0363"))
                printed.append(run_shell(block, folder, shell))
            else:
                pytest.fail(f"line {block.line}: who runs a block of {block.language}?")
        yield hub, names, printed


def ref(event_id):
    """Return the hub's own name of an event of the page."""
    return message_ref("urn:nld:oin:00000099000000006000:systeem:indigo", event_id)


def inbox(hub, party):
    """Return what lies in the inbox: message -> entry."""
    with hub.login(party) as client:
        entries = client.xrange(f"hub:{{ind}}:inbox:{party}")
    return {fields[b"message"].decode(): fields for _, fields in entries}


def test_every_way_of_emitting_reaches_the_gemeente(after):
    """redis-cli and redis-py with one id, our client with and without asyncio with two others."""
    hub, names, printed = after

    expected = {ref(f"ind-2026-00430{n}") for n in range(6)}  # the signals, correction, withdrawal
    until(lambda: expected <= set(inbox(hub, "gm0363")))
    assert printed[0].strip().replace("-", "").isdigit()
    assert names["receipt"].id == "ind-2026-004302"


def test_the_problems_of_a_wrong_event_are_those_on_the_page(after):
    """Both of them, and nothing was sent."""
    assert after[1]["places"] == ["data.gemeentecode", "data.urgentie"]


def test_the_correction_and_the_withdrawal_reach_who_had_the_original(after):
    """Also the LRO, which opens the correction to see what takes its place."""
    hub, correction = after[0], ref("ind-2026-004304")

    until(lambda: {correction, ref("ind-2026-004305")} <= set(inbox(hub, "lro")))
    source = "urn:nld:oin:00000099000000006000:systeem:lro-postbus"
    who = {"party": "lro", "shard": "ind", "source": source, "password": hub.passwords["lro"]}
    with SyncClient.connect(hub.url, **who) as client:
        (copy,) = [each for each in client.inbox(follow=False) if each.message == correction]
        assert "ind-2026-004303" == copy.open()["data"]["vervangenDoor"]


def test_the_act_of_the_gemeente_comes_back_as_a_notice(after):
    """In the inbox that the page names."""
    hub = after[0]

    def notices():
        found = inbox(hub, "ind").values()
        return [each for each in found if each[b"type"] == b"berichten.ontvangst-bevestigd"]

    (notice,) = until(notices)
    data = json.loads(notice[b"copy"])["data"]
    assert "gm0363" == data["door"]
    assert {"shard": "ind", "bericht": ref("ind-2026-004300")} == data["betreft"]


@pytest.mark.parametrize("block", [b for b in blocks_of(PAGE) if b.file], ids=lambda b: b.file)
def test_the_events_on_the_page_are_events(block):
    """Whoever copies one begins with something right."""
    assert parse(block.text.encode())
