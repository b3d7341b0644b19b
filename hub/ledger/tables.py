"""The tables of the ledger. Four hold the truth, the others are made from it and can be rebuilt.

Truth: `records`, `tiles`, `checkpoints`, `configs`; `notes` until they are sealed; `legal_holds`.
Bookkeeping of the sealer: `positions`, `lease`. Read model: `acts`, `verdicts`, `subjects`.

Moments are whole microseconds since 1970, UTC: one type that every database compares the same way.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata: Final = MetaData()


def _index_of_some(name: str, column: str) -> Index:
    """Index only the rows that have a value; most have none."""
    given = text(f"{column} IS NOT NULL")
    return Index(name, column, sqlite_where=given, postgresql_where=given)


records: Final = Table(
    "records",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),  #: leaf of the tree
    Column("shard", String(64), nullable=False),
    Column("seq", BigInteger, nullable=False),  #: from 1, without a gap in its shard
    Column("record", LargeBinary, nullable=False),  #: the bytes that are hashed; never made anew
    Column("commitment", LargeBinary, nullable=False),  #: HMAC-SHA256 of `person` under `salt`
    Column("salt", LargeBinary),  #: null once erased: then nobody can test a guess
    Column("person", LargeBinary),  #: keyed pseudonyms, JSON; null: about nobody, or erased
    UniqueConstraint("shard", "seq", name="records_shard_seq"),
)

tiles: Final = Table(
    "tiles",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("hashes", LargeBinary, nullable=False),  #: up to 256 hashes of 32 bytes
)

checkpoints: Final = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),  #: how many records
    Column("at", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),  #: C2SP signed note, as published
    Column("timestamp", LargeBinary),  #: RFC 3161 token over the note, when asked for
)

configs: Final = Table(
    "configs",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("first_at", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),  #: the role config: JSON, zlib
)

notes: Final = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("record", LargeBinary, nullable=False),
    Column("person", LargeBinary),
)
"""Records of who reads or keeps the ledger, until the sealer takes them into shard `ledger`."""

legal_holds: Final = Table(
    "legal_holds",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("message", String(32), nullable=False),  #: any message of the case
    Column("reason", Text, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("placed_by", String(64), nullable=False),
    Column("lifted_at", BigInteger),
    Column("lifted_by", String(64)),
)

positions: Final = Table(
    "positions",
    metadata,
    Column("shard", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),  #: the last that is sealed
    Column("entry", String(48), nullable=False),  #: its id in the audit stream
    #: the broker's own number is `seq` minus this; above 0 once the broker was set back
    Column("shift", BigInteger, nullable=False),
)

lease: Final = Table(
    "lease",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(128), nullable=False),
    Column("token", BigInteger, nullable=False),  #: goes up with every new holder: the fence
    Column("until", BigInteger, nullable=False),
)

acts: Final = Table(
    "acts",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("event", String(32), nullable=False),
    Column("shard", String(64), nullable=False),
    Column("object_kind", String(32), nullable=False),
    Column("object", String(256), nullable=False),
    Column("message", String(32)),  #: which message it is about, also for an act on a delivery
    Column("about", String(32)),  #: the original of a correction, the message of an act
    Column("result", String(64), nullable=False),
    Column("type", String(96)),
    Column("sender", String(64)),
    Column("party", String(64)),  #: the recipient that acted, or to whom it was passed on
    Column("actor_kind", String(32), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("reason", Text),
    Column("config", String(64)),
    Column("trace_id", String(32)),
    Column("processing_activity", String(96)),
    Index("acts_at", "at"),
    Index("acts_message", "message"),
    _index_of_some("acts_about", "about"),
    Index("acts_event", "event", "at"),
    Index("acts_sender", "sender", "at"),
    Index("acts_party", "party", "at"),
    _index_of_some("acts_trace", "trace_id"),
)

verdicts: Final = Table(
    "verdicts",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),  #: its place in the record
    Column("party", String(64)),
    Column("rule", String(96), nullable=False),
    Column("role", String(96), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(64)),
    Column("legal_basis", String(96)),
    Column("purpose", String(96)),
    Index("verdicts_party", "party", "position"),
    Index("verdicts_basis", "legal_basis"),
)

subjects: Final = Table(
    "subjects",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),  #: bsn, ref, case, report, id, cause
    Column("token", String(32), nullable=False),
    Index("subjects_token", "token"),
)
"""What the pseudonyms of a record are, so that they can be asked for. Erased with them."""
