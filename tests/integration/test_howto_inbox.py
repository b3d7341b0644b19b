"""docs/howto/read-an-inbox.md, run from top to bottom against a real hub."""

import dataclasses
import json
import os
import re
from pathlib import Path

import pytest
import redis

from handlers.deliveries import TRANSITIONS, State
from schemas.identifiers import message_ref
from tests.builders import a_signal, as_bytes
from tests.integration.howto import blocks_of, run_python, run_shell
from tests.integration.hub_process import SEINHUIS, environment, hub_process, redis_cli, until

PAGE = Path("docs/howto/read-an-inbox.md").absolute()
INBOX = "hub:{ind}:inbox:gm0363"
NOTICES = "hub:{gemeente}:inbox:gm0363"


@pytest.fixture(scope="module")
def after(tmp_path_factory):
    """Run every block in order, each with something new in the inbox; return what each did."""
    redis_cli()
    with (
        hub_process(tmp_path_factory.mktemp("hub") / "data") as hub,
        pytest.MonkeyPatch.context() as patch,
    ):
        folder = tmp_path_factory.mktemp("page")
        shell = {
            **environment(),
            "PATH": f"{SEINHUIS.parent}{os.pathsep}{os.environ['PATH']}",
            "SEINHUIS_DATA": str(hub.data),
            "SEINHUIS_URL": hub.url,
            "SEINHUIS_PASSWORD": hub.passwords["gm0363"],
        }
        patch.setenv("SEINHUIS_URL", hub.url)
        patch.setenv("SEINHUIS_PASSWORD", hub.passwords["gm0363"])
        names, printed = {"__name__": "page"}, []
        for number, block in enumerate(blocks_of(PAGE)):
            deliver(hub, number)
            if block.language == "python":
                run_python(block, PAGE, names)
            elif block.language == "sh":
                printed.append(run_shell(block, folder, shell))
            else:
                pytest.fail(f"line {block.line}: who runs a block of {block.language}?")
        yield hub, names, printed, folder


def deliver(hub, number):
    """Publish a signal about Amsterdam, and as Amsterdam nonsense; wait for the copy and notice."""
    with hub.login("ind") as ind:
        ind.xadd("hub:{ind}:in", {"event": as_bytes(a_signal(id=f"ind-{number}"))})
    with hub.login("gm0363") as gemeente:
        gemeente.xadd("hub:{gemeente}:in:gm0363", {"event": "geen event"})
        until(lambda: gemeente.xlen(INBOX) == gemeente.xlen(NOTICES) == number + 1)


def ref(number):
    """Return the hub's own name of the signal that came before a block."""
    return message_ref(a_signal()["source"], f"ind-{number}")


@pytest.mark.broker
def test_each_copy_that_was_read_is_on_record_as_opened(after):
    """By our client and without it, in the name of the gemeente."""
    with after[0].login("hub") as hub:
        entries = hub.xrange("hub:{ind}:audit")
    found = [json.loads(fields[b"record"]) for _, fields in entries]
    opened = {each["about"] for each in found if each["event"] == "opened"}
    assert set(after[1]["stored"]) == opened
    assert {"gm0363"} == {each["actor"]["id"] for each in found if each["event"] == "opened"}


@pytest.mark.broker
def test_the_terminal_lists_what_lies_in_the_inbox(after):
    """The signal of before that block, by its sender."""
    assert "ind" in after[2][0]
    assert "signaal" in after[2][0].lower()


@pytest.mark.broker
def test_every_copy_is_read_once_by_one_of_the_ways(after):
    """The client takes the first two, redis-cli one, and redis-py the rest; nothing waits.

    What redis-cli read is still sealed; what the two others stored, they opened.
    """
    hub, names, printed, folder = after

    read = (folder / "entry.txt").read_bytes().splitlines()
    by_hand = read[read.index(b"message") + 1].decode()
    assert (by_hand, printed[-1].strip()) == (ref(2), "1")
    stored = {message: event["id"] for message, event in names["stored"].items()}
    numbers = set(range(len(blocks_of(PAGE)))) - {2}
    assert {ref(number): f"ind-{number}" for number in numbers} == stored
    with hub.login("gm0363") as gemeente:
        for inbox in (INBOX, NOTICES):
            (group,) = gemeente.xinfo_groups(inbox)
            assert (group["pending"], group["lag"]) == (0, 0)


@pytest.mark.broker
def test_without_the_group_of_the_page_reading_fails_as_it_says(after):
    """And with it, on a stream where nothing came yet, it does not; another account, no client."""
    hub, folder = after[0], after[3]
    make = next(block for block in blocks_of(PAGE) if "XGROUP CREATE" in block.text)
    stream = {"hub:{ind}:inbox:gm0344": ">"}
    shell = {
        **environment(),
        "SEINHUIS_URL": hub.url,
        "SEINHUIS_PASSWORD": hub.passwords["gm0344"],
    }

    with hub.login("gm0344") as gemeente:
        with pytest.raises(redis.ResponseError, match="NOGROUP"):
            gemeente.xreadgroup("reader", "me", stream)
        block = dataclasses.replace(make, text=make.text.replace("gm0363", "gm0344"))
        assert run_shell(block, folder, shell).strip() == "OK"
        assert not gemeente.xreadgroup("reader", "me", stream)
        assert "BUSYGROUP" in run_shell(block, folder, shell)


@pytest.mark.broker
def test_a_notice_is_told_by_its_field(after):
    """The stream of the own shard holds nothing else here; that of a sender, none."""
    with after[0].login("gm0363") as gemeente:
        assert all(b"notice" in fields for _, fields in gemeente.xrange(NOTICES))
        assert not any(b"notice" in fields for _, fields in gemeente.xrange(INBOX))


ACTS = {
    "open": "berichten.ingezien",
    "acknowledge": "berichten.ontvangst-bevestigd",
    "take_up": "berichten.opgepakt",
    "pass_on": "berichten.doorgezonden",
    "refuse": "berichten.geweigerd",
    "feed_back": "berichten.terugkoppeling-gegeven",
}


def test_the_table_of_acts_is_that_of_the_states():
    """Where an act leads, and when it is refused: by the state machine itself."""
    rows = re.findall(
        r"^\| `(\w+)\(.*?\)` \| .*? \| ([\w -]+) \| ([\w, -]+) \| (?:yes|no) \|$",
        PAGE.read_text(encoding="utf-8"),
        re.MULTILINE,
    )

    assert [name for name, _, _ in rows] == list(ACTS)
    for name, afterwards, never in rows:
        transition = TRANSITIONS[ACTS[name]]
        fine = {*transition.allowed_from, *transition.no_op_from}
        assert afterwards == (transition.to.value if transition.to else "as it was")
        assert set(never.split(", ")) == {state.value for state in State if state not in fine}
