"""What `seinhuis status` shows: what is wrong first, what is empty not at all, in place."""

import asyncio
import json

import pytest

from hub.cli import status_text
from hub.cli.status import Screen, looks
from hub.supervision.alarms import beyond, bounds
from hub.supervision.readings import DiskReading
from tests.looks import TROUBLE, a_look, a_party, a_shard

WELL = a_shard(shard="dji")
BUSY = a_shard(
    shard="ind", intake=1_200, pending=100, oldest_s=3.2, held=2, held_oldest_s=600.0, dead=1,
    unsealed=40, seal_delay_s=0.4,
)  # fmt: skip
MAIL = (
    a_party(party="gm0344"),
    a_party(party="gm0363", entries=9, unfinished=4, fullest=3, oldest_unread_s=7_500.0),
    a_party(party="gm0599", entries=2, unfinished=1, fullest=1, oldest_unread_s=200_000.0,
            past_deadline=1),
)  # fmt: skip


def text(look, *, everything=False, alarms=None):
    found = list(beyond(look, bounds(""))) if alarms is None else alarms
    return list(status_text.lines(look, found, everything=everything))


def found_in(lines, first):
    """Return the cells of the last row that begins so: the alarms above may name it too."""
    return [line.split() for line in lines if line.split()[:1] == [first]][-1]


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_when_all_is_well_it_says_so_and_no_more_than_that():
    lines = text(a_look(shards=(WELL, a_shard(shard="om"))))

    assert "Seinhuis, 2026-11-23 10:00:00: all is well" == lines[0]
    assert "2 other shards: read, and nothing waits" in lines
    assert "workers: hub-1 reads 2" in lines
    assert "1 other party: nothing to do" in lines
    assert "!" not in "".join(lines)


def test_a_shard_shows_all_that_waits_in_it_and_who_reads_it():
    lines = text(a_look(shards=(BUSY, WELL)))

    assert ["ind", "1,200", "100", "3", "s", "2", "1", "40", "0", "s", "hub-1"] == found_in(
        lines, "ind"
    )
    assert [] == [line for line in lines if line.startswith("dji")]
    assert "1 other shard: read, and nothing waits" in lines


def test_a_shard_that_nobody_reads_is_shown_although_it_is_empty():
    lines = text(a_look(shards=(a_shard(reader=""), WELL)))

    assert ["!", "nobody"] == found_in(lines, "ind")[-2:]


def test_the_party_that_needs_help_comes_first_and_one_with_nothing_to_do_not_at_all():
    lines = text(a_look(parties=MAIL))

    assert ["gm0599", "gm0363"] == [line.split()[0] for line in lines if line.startswith("gm0")]
    assert ["gm0599", "2", "1", "55", "h", "!", "1"] == found_in(lines, "gm0599")
    assert ["gm0363", "9", "4", "2", "h", "-"] == found_in(lines, "gm0363")
    assert "1 other party: nothing to do" in lines


def test_with_all_nothing_is_left_out():
    lines = text(a_look(shards=(BUSY, WELL), parties=MAIL), everything=True)

    assert {"ind", "dji", "gm0344", "gm0363", "gm0599"} <= {
        line.split()[0] for line in lines if line
    }
    assert "other" not in "\n".join(lines)


@pytest.mark.parametrize("name", TROUBLE)
def test_every_alarm_stands_in_the_list_with_what_it_means(name):
    lines = text(a_look(**TROUBLE[name]))

    head = "\n".join(lines[: lines.index("what to do: docs/howto/alarms/ALARM.md")])
    assert name in head
    assert lines[0].endswith(": 1 alarm")


def test_an_alarm_at_many_places_is_one_line_with_the_worst_of_them():
    """Sixteen shards without a worker are one trouble, not sixteen."""
    shards = tuple(a_shard(shard=f"s{n}", dead=100 - n) for n in range(16))

    lines = text(a_look(shards=shards))

    assert lines[0].endswith(": 1 alarm")
    told = " ".join(
        " ".join(lines[3 : lines.index("what to do: docs/howto/alarms/ALARM.md")]).split()
    )
    assert "s0 100 entries, s1 99 entries, s2 98 entries, 13 more" in told


def test_while_the_broker_is_silent_it_says_that_the_figures_are_old():
    look = a_look(broker_answers=False, silent_s=75.0, shards=(BUSY,))

    lines = text(look)

    assert "the broker is silent for 75 s; what follows is the last known" in lines
    assert ["ind", "1,200"] == found_in(lines, "ind")[:2]


@pytest.mark.parametrize("everything", [False, True])
def test_no_line_is_wider_than_eighty_columns(everything):
    """With names as long as they come."""
    shards = tuple(
        a_shard(shard=f"gemeente{n}", intake=12_345_678, pending=12_345, oldest_s=10**6, dead=99,
                unsealed=100_000, seal_delay_s=10**6, reader=f"signal-box-{n}.example.internal")
        for n in range(20)
    )  # fmt: skip
    parties = tuple(
        a_party(party="zvh-noord-en-oost-gelderland", entries=10**6, unfinished=10**5,
                fullest=10**5, oldest_unread_s=10**6, past_deadline=10**4)
        for _ in range(3)
    )  # fmt: skip
    disks = tuple(DiskReading(of, 10**12, 10**13) for of in ("data", "ledger"))
    look = a_look(shards=shards, parties=parties, disks=disks, broker_aof=10**10,
                  broker_memory=10**10, broker_memory_limit=10**11)  # fmt: skip

    assert [] == [line for line in text(look, everything=everything) if len(line) > 80]


def test_the_document_has_every_figure_and_no_more_than_was_asked():
    look = a_look(shards=(BUSY, WELL), parties=MAIL, broker_aof=77)
    alarms = list(beyond(look, bounds("")))

    short = status_text.document(look, alarms, everything=False)
    whole = status_text.document(look, alarms, everything=True)

    assert json.loads(json.dumps(short)) == short
    assert not short["well"]
    assert [("unread-past-deadline", "gm0599")] == [
        (each["alarm"], each["place"]) for each in short["alarms"]
    ]
    assert "docs/howto/alarms/unread-past-deadline.md" == short["alarms"][0]["page"]
    assert {
        "shard": "ind", "intake": 1_200, "pending": 100, "oldest_s": 3.2, "held": 2,
        "held_oldest_s": 600.0, "dead": 1, "unsealed": 40, "seal_delay_s": 0.4, "reader": "hub-1",
    } == short["shards"][0]  # fmt: skip
    assert (1, 2) == (len(short["shards"]), len(whole["shards"]))
    assert (2, 3) == (len(short["parties"]), len(whole["parties"]))
    assert 77 == short["broker"]["aof"]


async def test_a_look_that_hangs_is_shown_as_a_silent_broker_with_the_last_figures():
    """A broker that is frozen refuses nothing; whoever looks must not see figures that look new."""
    answered = asyncio.Event()

    async def look(inboxes):
        if inboxes is not None:  # the second one
            await answered.wait()
        return a_look(shards=(BUSY,))

    seen = []
    async for readings in looks(look, pause=0.0, patience=0.01):
        seen.append(readings)
        if len(seen) == 3:
            answered.set()
        if len(seen) > 3 and readings.broker_answers:
            break

    assert [True, False, False] == [each.broker_answers for each in seen[:3]]
    assert 0.0 < seen[1].silent_s < seen[2].silent_s
    assert {BUSY} == {each.shards[0] for each in seen}


async def test_looking_once_is_one_look_at_every_inbox():
    asked = []

    async def look(inboxes):
        asked.append(inboxes)
        return a_look()

    assert [a_look()] == [each async for each in looks(look, pause=None)]
    assert [None] == asked


def test_a_second_drawing_goes_back_over_the_first(capsys):
    """In place: as many lines up as were drawn, and what stood there is wiped out."""
    screen = Screen(lambda: 24)
    screen.draw(["one", "two", "three"])
    screen.draw(["four"])
    screen.draw(["five"])

    assert "\x1b[Jone\ntwo\nthree\n\x1b[3F\x1b[Jfour\n\x1b[1F\x1b[Jfive\n" == (
        capsys.readouterr().out
    )


def test_what_does_not_fit_the_terminal_is_counted_instead(capsys):
    """More lines than the terminal has would scroll, and could not be drawn over."""
    screen = Screen(lambda: 5)
    screen.draw([f"line {n}" for n in range(10)])

    assert ["line 0", "line 1", "line 2", "… 7 more lines: --once shows all"] == (
        capsys.readouterr().out.removeprefix("\x1b[J").splitlines()
    )


def test_exactly_what_fits_is_shown_whole(capsys):
    Screen(lambda: 5).draw(list("abcd"))

    assert "\x1b[Ja\nb\nc\nd\n" == capsys.readouterr().out
