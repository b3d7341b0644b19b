"""On which ground a copy was delivered, once its record left the broker: from the ledger."""

import json
from types import SimpleNamespace

from sqlalchemy import select

from hub.cli.grounds import how
from hub.config import settings
from hub.ledger.database import reading
from hub.ledger.tables import notes
from schemas.identifiers import message_ref
from tests.audit_ledger import SealedHub, the_signal


def asked_of(store, folder):
    """Return the hub as a command sees it: its records are sealed, and gone from the broker."""

    async def none(*_):
        return []

    emptied = SimpleNamespace(records=none)
    return SimpleNamespace(
        store=emptied if store is None else store, settings=settings({}, data=folder)
    )


async def copy_in(made, party):
    event = the_signal("a-1")
    await made.hub.send(event)
    return await made.hub.store.find_delivery("ind", party, message_ref(event["source"], "a-1"))


async def test_the_ground_of_a_copy_is_found_in_the_ledger_and_that_is_on_record(tmp_path):
    """The same verdict as on the broker; the record of reading is there before the answer."""
    made = SealedHub(tmp_path / "data")
    entry = await copy_in(made, "lro")
    fresh = await how(asked_of(made.hub.store, made.data), entry)
    await made.seal()

    found = await how(asked_of(None, made.data), entry)

    names = ("rule", "role", "party", "outcome", "legal_basis", "purpose")
    assert [getattr(fresh, name) for name in names] == [getattr(found, name) for name in names]
    assert found.legal_basis
    with reading(made.engine) as connection:
        (note,) = connection.execute(select(notes.c.record)).scalars()
    record = json.loads(note)
    assert ("log-read", entry.message) == (record["event"], record["about"])
    made.close()


async def test_without_a_ledger_the_ground_is_left_out(tmp_path):
    """A copy can be read without; no empty ledger is made by asking."""
    made = SealedHub(tmp_path / "data")
    entry = await copy_in(made, "lro")
    made.close()

    assert await how(asked_of(None, tmp_path / "elsewhere"), entry) is None
    assert not (tmp_path / "elsewhere").exists()
