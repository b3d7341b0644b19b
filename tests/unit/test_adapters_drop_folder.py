"""A drop folder on a real disk: what is left alone, what moves, what a kill at any point leaves."""

import asyncio
import contextlib
import json
import os
from pathlib import Path

import pytest
import structlog

from hub.adapters.drop_folder import DropFolder, Totals
from hub.adapters.mapping_file import load_mapping
from hub.adapters.taking import MAX_PROBLEMS
from hub.errors import HubError, Unavailable
from schemas.identifiers import message_ref
from tests.builders import BSNS, NAMES, PREFIX, a_signal, as_bytes

INDIGO = load_mapping(Path("examples/drop-folder/indigo-signalen.yaml"))
HEADER, *ROWS = (
    Path("examples/drop-folder/indigo-week-47.csv").read_text(encoding="utf-8").split("\nIND-")
)


class Killed(BaseException):
    """The process dies here."""


class Intake:
    """Takes events as a broker would, and dies or fails where it is told."""

    def __init__(self):
        self.events, self.fail_at, self.error = [], None, Killed

    async def publish(self, raw):
        if self.fail_at is not None and len(self.events) == self.fail_at:
            self.fail_at = None
            raise self.error
        self.events.append(json.loads(raw))

    @property
    def in_effect(self):
        """What the hub delivers: each (source, id) once."""
        return {message_ref(event["source"], event["id"]): event for event in self.events}


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def intake():
    return Intake()


@pytest.fixture
def clock():
    return Clock()


@contextlib.contextmanager
def opened(folder, intake, clock):
    """A watcher that has the folder."""
    drop = DropFolder(folder, intake.publish, mapping=INDIGO, prefix=PREFIX, clock=clock)
    with drop.locked():
        yield drop


@pytest.fixture
def drop(folder, intake, clock):
    with opened(folder, intake, clock) as drop:
        yield drop


def rows(*numbers):
    """A CSV export with these rows of the example."""
    return "\n".join([HEADER, *(f"IND-{ROWS[number]}" for number in numbers)])


def events(*ids):
    """An NDJSON export of CloudEvents."""
    return b"".join(as_bytes(a_signal(id=each)) + b"\n" for each in ids)


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


async def take_all(drop, clock):
    """Look twice, with enough time between, and take what is ready."""
    totals = Totals()
    drop.look()
    clock.now += 2
    ready, _ = drop.look()
    for path in ready:
        await drop.take(path, totals)
    return totals


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def tree(folder):
    return {part: names(folder / part) for part in ("done", "refused")}


async def test_a_file_with_right_rows_is_published_and_moves_to_done(drop, folder, intake, clock):
    """Every kind of export in its own way."""
    put(folder, "week.csv", rows(0, 1, 2, 3))
    put(folder, "los.ndjson", events("a", "b"))
    put(folder, "lijst.json", b"[" + as_bytes(a_signal(id="c")) + b"]")

    totals = await take_all(drop, clock)

    assert totals == Totals(files=3, events=6, skipped=1)
    assert tree(folder) == {"done": ["lijst.json", "los.ndjson", "week.csv"], "refused": []}
    assert len(intake.in_effect) == 6


async def test_good_rows_are_published_and_the_others_are_told(drop, folder, intake, clock):
    """The file of problems says where, what and what to do; and never what stood there."""
    bad = rows(0, 1).replace("17-11-2026;Op", "onbekend;Op").replace(";PGA;363", ";PGA;x363")
    put(folder, "week.csv", bad + "\n" + rows(3).partition("\n")[2])

    totals = await take_all(drop, clock)

    assert (totals.events, totals.refused) == (1, 2)
    assert tree(folder) == {"done": [], "refused": ["week.csv", "week.csv.problems.json"]}
    text = (folder / "refused" / "week.csv.problems.json").read_text(encoding="utf-8")
    report = json.loads(text)
    assert [(p["regelnummer"], p["plaats"]) for p in report["problemen"]] == [
        (2, "column Gemeentecode"),
        (4, "column Peildatum"),
    ]
    assert (report["rijen"], report["gepubliceerd"], report["geweigerd"]) == (3, 1, 2)
    assert not [word for word in (*NAMES, *BSNS, "onbekend", "x363") if word in text]


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("where", ["publishing", "moving", "reporting"])
async def test_killed_at_any_point_nothing_is_lost_and_nothing_comes_twice(
    folder, intake, clock, monkeypatch, at, where
):
    """The next run begins the file again with the same events."""
    put(folder, "week.csv", rows(0, 1, 3) + "\nte;kort\n")
    if where == "publishing":
        intake.fail_at = min(at, 2)
    else:
        step = ("rename", "replace")[where == "reporting"]
        original, calls = getattr(Path, step), []

        def dying(path, target):
            calls.append(path)
            if len(calls) == 1 and at % 2:
                original(path, target)
            if len(calls) == 1:
                raise Killed
            return original(path, target)

        monkeypatch.setattr(Path, step, dying)
    with opened(folder, intake, clock) as drop, pytest.raises(Killed):
        await take_all(drop, clock)
    with opened(folder, intake, clock) as drop:
        await take_all(drop, clock)

    assert sorted(event["id"] for event in intake.in_effect.values()) == [
        "indigo-IND-2026-005101/1",
        "indigo-IND-2026-005102/1",
        "indigo-IND-2026-005104/2",
    ]
    assert len({json.dumps(event, sort_keys=True) for event in intake.events}) == 3
    assert names(folder) == ["done", "refused"]
    left = {path.name for path in (folder / "refused").iterdir()}
    assert left == {"week.csv", "week.csv.problems.json"}


@pytest.mark.parametrize(
    "name",
    ["week.csv.part", "week.TMP", "week.csv.filepart", ".week.csv", "~$week.csv", "week.csv~"],
)
async def test_a_file_that_is_named_as_unfinished_is_left_alone(drop, folder, intake, clock, name):
    """However old it is."""
    put(folder, name, rows(0))

    assert await take_all(drop, clock) == Totals()
    assert (folder / name).exists()
    assert not intake.events


@pytest.mark.parametrize("lock", ["week.csv.lock", ".~lock.week.csv#", "~$week.csv"])
async def test_a_file_with_a_lock_beside_it_waits_until_the_lock_is_gone(drop, folder, clock, lock):
    """Somebody has it open."""
    put(folder, "week.csv", rows(0))
    put(folder, lock, b"")

    assert await take_all(drop, clock) == Totals()
    (folder / lock).unlink()
    assert (await take_all(drop, clock)).files == 1


async def test_a_file_that_still_grows_waits(drop, folder, clock):
    """Its own time says nothing: a copy may set an old one before it is whole."""
    path = put(folder, "week.csv", rows(0))
    os.utime(path, (1, 1))
    drop.look()
    clock.now += 1.5

    assert drop.look() == ([], True)
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + rows(1).partition("\n")[2])
    os.utime(path, (1, 1))
    clock.now += 0.5
    assert drop.look() == ([], True)
    clock.now += 2
    assert drop.look() == ([path], False)


async def test_a_file_that_grows_while_it_is_read_stays_until_it_is_whole(drop, folder, intake):
    """What was read of it is published; the whole comes later, and the hub knows the first part."""
    path = put(folder, "los.ndjson", events("a", "b"))
    publish = intake.publish

    async def growing(raw):
        await publish(raw)
        if len(intake.events) == 2:
            with path.open("ab") as file:
                file.write(events("c"))

    drop._publish = growing
    totals = Totals()
    await drop.take(path, totals)
    assert (totals.files, path.exists()) == (0, True)

    await drop.take(path, totals)
    assert totals.files == 1
    assert sorted(event["id"] for event in intake.in_effect.values()) == ["a", "b", "c"]


async def test_a_name_that_is_taken_in_done_is_never_overwritten(drop, folder, clock):
    """The same name comes every week."""
    for id_ in ("a", "b", "c"):
        put(folder, "export.ndjson", events(id_))
        await take_all(drop, clock)

    assert tree(folder)["done"] == ["export-2.ndjson", "export-3.ndjson", "export.ndjson"]
    found = [(folder / "done" / name).read_bytes() for name in tree(folder)["done"]]
    assert found == [events("b"), events("c"), events("a")]


async def test_a_mended_file_that_is_refused_again_has_the_new_problems_beside_it(
    drop, folder, clock
):
    """Taken out of refused/ to be mended, its old problems stay there; they are replaced."""
    put(folder, "week.csv", rows(0) + "\nte;kort\n")
    await take_all(drop, clock)
    (folder / "refused" / "week.csv").unlink()
    put(folder, "week.csv", "\n" + rows(0) + "\nte;kort\n")
    put(folder, "week.csv.problems.json", b"{}")  # moved back together with the file
    await take_all(drop, clock)

    assert tree(folder)["refused"] == ["week.csv", "week.csv.problems.json"]
    problems = (folder / "refused" / "week.csv.problems.json").read_text(encoding="utf-8")
    assert json.loads(problems)["problemen"][0]["regelnummer"] == 1


async def test_two_rows_with_one_id_that_say_different_things_are_told(drop, folder, clock):
    """The hub would take the second for a repetition, and it would be lost."""
    put(
        folder,
        "week.csv",
        rows(0, 0) + "\n" + rows(0).partition("\n")[2].replace("Hoog", "Normaal"),
    )

    totals = await take_all(drop, clock)

    assert (totals.events, totals.refused) == (2, 1)
    report = json.loads((folder / "refused" / "week.csv.problems.json").read_bytes())
    assert "id" in report["problemen"][0]["plaats"]


async def test_files_are_taken_oldest_first(drop, folder, intake, clock):
    """So that a correction comes after what it corrects."""
    for name, when in (("b.ndjson", 1), ("a.ndjson", 2)):
        path = put(folder, name, events(name))
        os.utime(path, (when, when))
    await take_all(drop, clock)

    assert [event["id"] for event in intake.events] == ["b.ndjson", "a.ndjson"]


async def test_a_file_of_which_nothing_can_be_read_is_refused_whole(drop, folder, intake, clock):
    """One problem, no events."""
    put(folder, "week.csv", rows(0, 1).encode("utf-16"))
    put(folder, "plaatje.png", b"\x89PNG")

    assert (await take_all(drop, clock)).refused == 2
    assert len(tree(folder)["refused"]) == 4
    assert not intake.events


async def test_the_problems_of_one_file_have_an_end(drop, folder, clock):
    """A million wrong rows must not make a file as large; the rest is counted."""
    put(folder, "los.ndjson", b"x\n" * (MAX_PROBLEMS + 5))
    await take_all(drop, clock)

    report = json.loads((folder / "refused" / "los.ndjson.problems.json").read_bytes())
    assert len(report["problemen"]) == MAX_PROBLEMS
    assert (report["geweigerd"], report["nietGenoemd"]) == (MAX_PROBLEMS + 5, 5)


async def test_a_link_is_not_followed(drop, folder, tmp_path_factory, clock):
    """Who may write into the folder must not make us publish a file from elsewhere."""
    elsewhere = put(tmp_path_factory.mktemp("elders"), "geheim.ndjson", events("a"))
    (folder / "week.ndjson").symlink_to(elsewhere)

    assert await take_all(drop, clock) == Totals()


async def test_a_file_that_cannot_be_moved_does_not_stop_the_others(
    drop, folder, clock, monkeypatch
):
    """It stays, is counted, and is tried again only when it changes."""
    put(folder, "a.ndjson", events("a"))
    put(folder, "b.ndjson", events("b"))
    original = Path.rename

    def rename(path, target):
        if path.name == "a.ndjson":
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    assert (await take_all(drop, clock)).files == 1
    assert (await drop.run(0.01, once=True)).stuck == 1


async def test_one_folder_has_one_watcher(drop, folder, intake):
    """Two would publish the same file at once, and move it under each other."""
    other = DropFolder(folder, intake.publish, mapping=None, prefix=PREFIX)

    with pytest.raises(HubError, match="another watch"), other.locked():
        pytest.fail("both have it")


async def test_a_folder_that_is_not_there_is_said_so(tmp_path, intake):
    """And not made: it is more likely a mistake in its name."""
    drop = DropFolder(tmp_path / "weg", intake.publish, mapping=None, prefix=PREFIX)

    with pytest.raises(HubError, match="cannot be used"), drop.locked():
        pytest.fail("it was made")


async def test_without_a_broker_a_single_run_ends_and_leaves_the_file(folder, intake):
    """The command then says that no hub runs."""
    put(folder, "los.ndjson", events("a", "b"))
    intake.fail_at, intake.error = 1, Unavailable
    drop = DropFolder(folder, intake.publish, mapping=None, prefix=PREFIX, settle_s=0.01)

    with drop.locked(), pytest.raises(Unavailable):
        await drop.run(0.01, once=True)
    assert (folder / "los.ndjson").exists()


async def test_a_broker_that_is_away_for_a_moment_costs_nothing(folder, intake):
    """The watch waits, and begins the file again."""
    put(folder, "los.ndjson", events("a", "b"))
    intake.fail_at, intake.error = 1, Unavailable
    drop = DropFolder(folder, intake.publish, mapping=None, prefix=PREFIX, settle_s=0.01)

    with drop.locked():
        watching = asyncio.create_task(drop.run(0.01, once=False))
        while not tree(folder)["done"]:
            await asyncio.wait([watching], timeout=0.01)
            assert not watching.done()
        watching.cancel()
        await asyncio.wait([watching])
    assert [event["id"] for event in intake.events] == ["a", "a", "b"]


async def test_the_log_has_counts_and_never_the_name_of_a_file(drop, folder, clock):
    """A file may be named after a person."""
    put(folder, f"{NAMES[0]}.ndjson", events("a"))
    put(folder, f"{NAMES[1]} {BSNS[0]}.csv", "x")
    with structlog.testing.capture_logs() as logs:
        await take_all(drop, clock)

    assert {line["event"] for line in logs} == {"file.taken", "file.refused"}
    assert not [word for word in (*NAMES, *BSNS) if word in repr(logs)]
