"""`seinhuis retention` at a hub that runs: the plan, the question, the erasure, the holds."""

import contextlib
import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from schemas.identifiers import message_ref
from tests.builders import ABSENT, a_signal
from tests.erasing import BSN, NAME, REF, SEINHUIS, World, about

pytestmark = [pytest.mark.broker, pytest.mark.slow]

TODAY = datetime.now(UTC)
CAME = TODAY - timedelta(days=20)
LAST = (TODAY - timedelta(days=10)).date().isoformat()
MINE = a_signal(
    id="sami-cli-0001",
    time=CAME.isoformat(timespec="seconds"),
    **{**about(BSN, NAME, REF, "sami"), "data.bewarenTot": LAST, "data.peildatum": ABSENT},
)
MESSAGE = message_ref(MINE["source"], MINE["id"])


@pytest.fixture
async def world(tmp_path):
    """A hub with a copy whose last day is over, for a gemeente and others."""
    async with contextlib.AsyncExitStack() as stack:
        world = World(tmp_path)
        await world.start(stack)
        world.hub.now = CAME
        await world.hub.send(MINE)
        await world.seal()
        yield world


def seinhuis(world, *words):
    """Run the command, and return it; nobody can answer a question."""
    return subprocess.run(
        [SEINHUIS, "retention", *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**world.environment, "COLUMNS": "80"},
        check=False,
        timeout=60,
    )


def unread(world):
    """Return how many copies the plan would erase unread, and how many a hold keeps."""
    plan = json.loads(seinhuis(world, "plan", "--json").stdout)
    return tuple(
        sum(each["count"] for each in plan[which] if each["what"] == "unread")
        for which in ("due", "kept")
    )


async def test_a_run_shows_the_plan_and_erases_nothing_that_was_not_confirmed(world):
    """Where nobody can answer, --yes is needed."""
    copies, _ = unread(world)
    assert copies >= 2

    done = seinhuis(world, "run")

    assert 2 == done.returncode
    assert "--yes" in done.stderr
    assert "copy: not finished" in done.stdout
    assert (copies, 0) == unread(world)


async def test_a_run_erases_what_is_due_and_says_what_it_did(world):
    copies, _ = unread(world)

    done = seinhuis(world, "run", "--yes", "--json")

    assert 0 == done.returncode, done.stderr
    report = json.loads(done.stdout)
    assert copies == sum(each["count"] for each in report["erased"])
    assert ([], []) == (report["failures"], report["left"])
    assert await world.content("gm0363", MINE) is None
    assert (0, 0) == unread(world)
    assert BSN not in done.stdout + done.stderr


async def test_a_plan_of_another_day_lists_every_copy_on_a_line(world):
    done = seinhuis(world, "plan", "--at", "2030-01-01", "--list", "--json")

    plan, *dues = map(json.loads, done.stdout.splitlines())
    assert sum(each["count"] for each in plan["due"]) == len(dues)
    assert {MESSAGE} == {due["message"] for due in dues}
    assert "2030-01-01" in plan["at"]


async def test_a_hold_keeps_and_lets_go(world):
    """By the beginning of the message; and without a hub that runs, for it is the ledger's."""
    copies, _ = unread(world)

    placed = seinhuis(world, "hold", "place", MESSAGE[:8], "--reason", "zaak-12", "--json")
    assert 0 == placed.returncode, placed.stderr
    assert (MESSAGE, 1) == tuple(json.loads(placed.stdout)[k] for k in ("message", "messages"))
    assert (0, copies) == unread(world)
    assert "zaak-12" in seinhuis(world, "hold").stdout

    assert 0 == seinhuis(world, "run", "--yes").returncode
    assert BSN.encode() in await world.content("gm0363", MINE)

    assert 0 == seinhuis(world, "hold", "lift", "1", "--reason", "klaar").returncode
    assert (copies, 0) == unread(world)
    assert 5 == seinhuis(world, "hold", "lift", "1", "--reason", "klaar").returncode


@pytest.mark.parametrize("reason", ["", "999990342", "x" * 201], ids=["none", "bsn", "long"])
async def test_a_reason_that_cannot_stay_on_record_is_refused_and_not_repeated(world, reason):
    done = seinhuis(world, "hold", "place", MESSAGE, "--reason", reason)

    assert 2 == done.returncode
    assert "--reason" in done.stderr
    assert BSN not in done.stderr


def test_without_a_hub_there_is_nothing_to_erase_and_it_says_how_to_start_one(tmp_path):
    for words in (["plan"], ["run", "--yes"]):
        done = subprocess.run(
            [SEINHUIS, "retention", *words, "--data", tmp_path / "none"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

        assert 4 == done.returncode
        assert "up" in done.stderr
