"""After its terms a person is in no byte that the hub keeps; the others are, and the proofs hold.

Everything that can become of an event, on a real broker, with the ledger on SQLite and on a real
PostgreSQL; then the terms pass, retention runs, and every file is searched.
"""

import asyncio
import contextlib

import pytest
from sqlalchemy import NullPool, create_engine, text

from hub.ledger import holds
from hub.retention import ledger_files
from hub.retention.due import What
from schemas.identifiers import message_ref
from tests.erasing import BSN, HOUSE, NAME, OTHER_BSN, REF, World
from tests.ledger_fixtures import postgresql as needs_postgresql  # noqa: F401 - a fixture
from tests.ledger_fixtures import postgresql_address, postgresql_binaries, running_postgresql

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture
async def sqlite_world(tmp_path):
    """A hub with its ledger in a file."""
    async with contextlib.AsyncExitStack() as stack:
        world = World(tmp_path)
        await world.start(stack)
        yield world


@pytest.fixture
async def postgresql_world(tmp_path, needs_postgresql):  # noqa: F811
    """A hub with its ledger on a PostgreSQL of its own, set up as docs/howto/retention.md says."""
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(running_postgresql(postgresql_binaries()))
        admin = create_engine(
            postgresql_address(folder, "postgres"),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
        )
        with admin.connect() as connection:
            for statement in (
                "CREATE DATABASE log",
                "ALTER SYSTEM SET wal_recycle = off",
                "SELECT pg_reload_conf()",
            ):
                connection.execute(text(statement))
        world = World(tmp_path, postgresql_address(folder, "log"), [tmp_path / "pg"])
        (tmp_path / "pg").symlink_to(f"{folder}/data")
        await world.start(stack)
        yield world


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request):
    """Each test runs on both."""
    return request.getfixturevalue(f"{request.param}_world")


async def swept(world):
    """Wait until the broker removed the files that its rewrite left behind, as it does."""
    folder = world.data / "appendonlydir"
    async with asyncio.timeout(20):
        while len(list(folder.glob("*.aof"))) > 2:  # one base, one that grows
            await asyncio.sleep(0.02)


async def test_after_its_terms_a_person_is_in_no_byte_that_is_kept(world):
    """Content, pseudonyms, ids: gone from every file. What happened is told, and proven, still."""
    await world.live()
    await world.live_on()
    before = world.export("export-before")
    assert world.verified(before)
    everywhere = {word for _, word in world.found(world.words())}
    assert {BSN.encode(), NAME.encode(), REF.encode()} < everywhere  # so the search can find
    assert {token.encode() for token in world.tokens} | set(world.sealed) <= everywhere
    report = await world.job.run(whole=True)

    assert [] == report.failures
    assert [] == report.left
    done = {what: due for what, (due, _) in report.totals().items()}
    assert min(done[each] for each in What if each not in {What.TERM, What.SOON}) >= 1
    await world.seal()
    await swept(world)
    after = world.export("export-after")

    assert [] == world.found(world.words(), after)
    assert world.verified(after, "--seen", before)
    assert {"decided", "opened", "acknowledged", "forwarded", "fed-back", "erased"} <= set(
        world.told(world.main)
    )
    assert {"retention-passed", "corrected"} <= set(world.told(world.wrong))
    others = world.token_words(world.others_tokens)
    assert others[0] in {word for _, word in world.found(others, after)}
    assert OTHER_BSN.encode() in await world.content("gm0363", world.other)
    assert await world.content("gm0363", world.main) is None
    assert await world.content(HOUSE, world.main) is None


async def test_under_a_legal_hold_all_of_the_case_is_still_there(world):
    """Content, what is held and what is refused, and every pseudonym; also what came with it."""
    await world.live()
    await world.live_on()
    holds.place(
        world.job._engine,
        message_ref(world.main["source"], world.main["id"]),
        "test-hold",
        "operator",
        world.hub.clock(),
    )
    report = await world.job.run(whole=True)

    assert [] == report.failures
    assert report.kept.total() >= 6
    assert BSN.encode() in await world.content("gm0363", world.main)
    assert await world.content("lro", world.wrong) is not None
    assert 1 == len(await world.hub.parked("held"))
    assert [True] == [bool(e.parked.message) for e, _ in await world.hub.parked("dead")]
    assert world.tokens <= world.found_by()

    (hold,) = holds.listed(world.job._engine)
    holds.lift(world.job._engine, hold.id, "over", "operator", world.hub.clock())
    await world.job.run(whole=True)
    await world.seal()
    await swept(world)
    assert [] == world.found(world.words())


SKIPPED = {
    "content": lambda world, patch: patch.setattr(world.job, "_content", lambda *_: _nothing()),
    "the files of the broker": lambda world, patch: patch.setattr(
        world.job._files, "rewrite", _nothing
    ),
    "the files of the ledger": lambda _, patch: patch.setattr(
        ledger_files, "compact", lambda *_, **__: []
    ),
    "the persons of the log": lambda world, patch: patch.setattr(
        world.job, "_persons", lambda *_: _nothing()
    ),
}


async def _nothing():
    return True


@pytest.mark.parametrize(
    ("world", "step"),
    [
        ("sqlite", "content"),
        ("sqlite", "the files of the broker"),
        ("sqlite", "the files of the ledger"),
        ("postgresql", "the files of the ledger"),
        ("sqlite", "the persons of the log"),
    ],
    indirect=["world"],
)
async def test_the_search_finds_what_a_step_that_is_skipped_leaves_behind(world, monkeypatch, step):
    """The test of the tests above: without any one step, something is found."""
    await world.live()
    await world.live_on()
    SKIPPED[step](world, monkeypatch)

    await world.job.run(whole=True)
    await world.seal()

    assert world.found(world.words())
