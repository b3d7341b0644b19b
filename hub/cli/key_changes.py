"""What `seinhuis keys` does, and puts on record: first what cannot be undone, then the key."""

from typing import Final

from sqlalchemy import Connection, LargeBinary, func, literal, select

from hub import recording
from hub.bootstrap import Hub, attach, now, start
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.running import run
from hub.config import Settings
from hub.data_folder import running
from hub.errors import NotFound, NotUsable
from hub.keyring_identity import adopt, settle, stranger
from hub.ledger.database import reading, writing
from hub.ledger.process import ledger, published_keys
from hub.ledger.reading import Log, open_log
from hub.ledger.store import LEDGER_SHARD, add_note, newest_checkpoint
from hub.ledger.tables import records
from hub.proof.notes import split_note
from hub.rewrapping import count_under
from hub.rewrapping import rewrap as wrapped_anew
from hub.vault.interface import LOG, PSEUDONYM, KeyInfo
from hub.vault.keyring import FileKeyring
from schemas.records import RecordEvent

ADOPTED: Final = "adopted"


def rotate(settings: Settings, owner: str) -> str:
    """Make a key for `owner` and put it on record; return its id.

    Raises:
        NotFound: there is no ledger; nothing was done.
        Unavailable, NotUsable: the ledger or the keyring does not answer. If the key was made by
            then, the hub puts it on record.

    """
    with open_log(settings, now) as log:
        ring = FileKeyring(settings.keys, now)
        made = run(ring.rotate(owner))
        _note(log, settings, RecordEvent.KEY_CREATED, made, "ok", None)
        ring.recorded([made])
    return made


async def rewrap(settings: Settings, party: str) -> int:
    """Wrap the keys of the copies of `party` anew and return how many were.

    Raises:
        NotUsable: the keyring is not that of this broker.
        BrokerMissing: no hub runs.
        CannotOpen: a key does not open; those before it are done.

    """
    async with attach(settings) as hub:
        _refuse_stranger(hub)
        return await wrapped_anew(hub.server, hub.keyring, hub.book.shards(), party)


async def refuse_to_retire(settings: Settings, key_id: str) -> None:
    """Look whether anything would be lost with this key. Changes nothing that matters.

    Raises:
        Stop: so much would be; with the way out.
        NotFound, NotUsable: there is no such key, or it is in force.

    """
    known = FileKeyring(settings.keys, now).names()
    info = next((each for each in known if each.id == key_id), None)
    if info is None:
        raise NotFound("no such key in the keyring; see: seinhuis keys list")
    if info.in_force:
        raise NotUsable(f"{key_id} is in force: first run seinhuis keys rotate {info.owner}")
    if info.owner == LOG:
        _refuse_unfollowed(settings)
        return
    async with attach(settings) as hub:
        _refuse_stranger(hub)
        if info.owner == PSEUDONYM:
            await settle(hub.documents, hub.keyring, settings.keys)  # known by the newest from now
            _refuse_unfindable(settings, key_id)
        else:
            await _refuse_unreadable(hub, info)


def retire(settings: Settings, key_id: str, reason: str) -> None:
    """Put on record that this key goes, and remove it. After `refuse_to_retire`.

    Raises:
        NotFound: there is no ledger, or the key went meanwhile.
        Unavailable, NotUsable: it is not on record and nothing was done, or the keyring does not
            answer; then do it again.

    """
    with open_log(settings, now) as log:
        _note(log, settings, RecordEvent.KEY_RETIRED, key_id, "ok", reason)
        run(FileKeyring(settings.keys, now).retire(key_id))


async def adopt_for_broker(settings: Settings, reason: str) -> list[str]:
    """Make this keyring that of the broker; return its pseudonym key, or nothing if it was already.

    Starts the embedded broker when no hub runs, because a hub refuses to start.
    """
    runs = settings.broker is not None or running(settings.data) is not None
    context = attach(settings) if runs else start(settings, any_keyring=True)
    async with context as hub:
        if not await stranger(hub.documents, hub.keyring, settings.keys):
            return []
        key_id = hub.keyring.pseudonym_keys()[0][0]
        record = recording.plain(
            recording.HUB_SHARD,
            now(),
            RecordEvent.KEY_CREATED,
            ("key", key_id),
            ADOPTED,
            actor=("operator", settings.operator),
            reason=reason,
        )
        await hub.server.note(recording.HUB_SHARD, record)
        await adopt(hub.documents, hub.keyring)
        return [key_id]


def adopt_for_log(settings: Settings, reason: str) -> list[str]:
    """Go on signing the published log with this keyring; return its key, or nothing."""
    ring = FileKeyring(settings.keys, now)
    lost = [key.public for key in published_keys(settings)]
    has_one = any(info.owner == LOG for info in ring.names())
    if not lost or (has_one and not set(lost).isdisjoint(ring.log_keys(settings.log_origin))):
        return []
    engine = ledger(settings)
    try:
        made = ring.signer(settings.log_origin).id
        _note(
            Log(engine, settings.operator, now),
            settings,
            RecordEvent.KEY_CREATED,
            made,
            ADOPTED,
            reason,
        )
        ring.keep_log_keys(lost)
    finally:
        engine.dispose()
    return [made]


def _note(
    log: Log, settings: Settings, event: RecordEvent, key_id: str, result: str, reason: str | None
) -> None:
    record = recording.plain(
        LEDGER_SHARD,
        now(),
        event,
        ("key", key_id),
        result,
        actor=("operator", settings.operator),
        reason=reason,
    )
    with writing(log.engine) as connection:
        add_note(connection, record)


def _refuse_stranger(hub: Hub) -> None:
    if hub.stranger:
        raise NotUsable(hub.stranger)


def _refuse_unfollowed(settings: Settings) -> None:
    """Refuse while who knows only the old key cannot have seen the new one vouched for."""
    newest = FileKeyring(settings.keys, now).signer(settings.log_origin)
    with open_log(settings, now) as log, reading(log.engine) as connection:
        head = newest_checkpoint(connection)
    signed = head is not None and newest.key_id in {
        key_id for _, key_id, _ in split_note(head.note)[1]
    }
    if not signed:
        raise Stop(
            Exit.NOT_USABLE,
            f"no checkpoint is signed by {newest.id} yet: let the hub seal with both keys first,"
            " and give who verifies the new line (seinhuis keys public)",
        )


def _refuse_unfindable(settings: Settings, key_id: str) -> None:
    """Refuse while records hold pseudonyms that only this key makes again."""
    with open_log(settings, now) as log, reading(log.engine) as connection:
        count = _made_with(connection, key_id)
    if count:
        raise Stop(
            Exit.NOT_USABLE,
            f"the persons of {count:,} records are found with {key_id} only: without it nobody can"
            " answer them (AVG art. 15). It can go when those records were erased at their term",
        )


def _made_with(connection: Connection, key_id: str) -> int:
    """Count the records whose pseudonyms were made with this key: a walk over all of them."""
    wanted = literal(f'"key":"{key_id}"'.encode(), LargeBinary)
    if connection.dialect.name == "postgresql":
        found = func.position(wanted.op("IN")(records.c.person)) > 0
    else:
        found = func.instr(records.c.person, wanted) > 0
    query = select(func.count()).select_from(records).where(records.c.person.is_not(None), found)
    return int(connection.scalar(query) or 0)


async def _refuse_unreadable(hub: Hub, info: KeyInfo) -> None:
    count = await count_under(hub.server, hub.book.shards(), info.id)
    if not count:
        return
    way_out = (
        "deal with them first: seinhuis held, seinhuis dead"
        if info.use == "held"
        else f"first run seinhuis keys rewrap {info.owner}"
    )
    raise Stop(
        Exit.NOT_USABLE,
        f"{count:,} of what is on the broker can only be opened with {info.id}: {way_out}",
    )
