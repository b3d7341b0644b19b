"""The first version: records, tree, checkpoints, the sealer's bookkeeping, and the read model."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table. It is all in one transaction, on SQLite too."""
    _truth()
    _bookkeeping()
    _read_model()


def _truth() -> None:
    op.create_table(
        "records",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("shard", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("person", sa.LargeBinary),
        sa.UniqueConstraint("shard", "seq", name="records_shard_seq"),
    )
    op.create_table(
        "tiles",
        sa.Column("level", sa.Integer, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("timestamp", sa.LargeBinary),
    )
    op.create_table(
        "configs",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("message", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("placed_at", sa.BigInteger, nullable=False),
        sa.Column("placed_by", sa.String(64), nullable=False),
        sa.Column("lifted_at", sa.BigInteger),
        sa.Column("lifted_by", sa.String(64)),
    )


def _bookkeeping() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.LargeBinary),
    )
    op.create_table(
        "positions",
        sa.Column("shard", sa.String(64), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("entry", sa.String(48), nullable=False),
        sa.Column("shift", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("holder", sa.String(128), nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def _read_model() -> None:
    op.create_table(
        "acts",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("shard", sa.String(64), nullable=False),
        sa.Column("object_kind", sa.String(32), nullable=False),
        sa.Column("object", sa.String(256), nullable=False),
        sa.Column("message", sa.String(32)),
        sa.Column("about", sa.String(32)),
        sa.Column("result", sa.String(64), nullable=False),
        sa.Column("type", sa.String(96)),
        sa.Column("sender", sa.String(64)),
        sa.Column("party", sa.String(64)),
        sa.Column("actor_kind", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("config", sa.String(64)),
        sa.Column("trace_id", sa.String(32)),
        sa.Column("processing_activity", sa.String(96)),
    )
    for name, columns in (
        ("acts_at", ["at"]),
        ("acts_message", ["message"]),
        ("acts_event", ["event", "at"]),
        ("acts_sender", ["sender", "at"]),
        ("acts_party", ["party", "at"]),
    ):
        op.create_index(name, "acts", columns)
    for name, column in (("acts_about", "about"), ("acts_trace", "trace_id")):
        given = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "acts", [column], sqlite_where=given, postgresql_where=given)
    op.create_table(
        "verdicts",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("party", sa.String(64)),
        sa.Column("rule", sa.String(96), nullable=False),
        sa.Column("role", sa.String(96), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64)),
        sa.Column("legal_basis", sa.String(96)),
        sa.Column("purpose", sa.String(96)),
    )
    op.create_index("verdicts_party", "verdicts", ["party", "position"])
    op.create_index("verdicts_basis", "verdicts", ["legal_basis"])
    op.create_table(
        "subjects",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("token", sa.String(32), nullable=False),
    )
    op.create_index("subjects_token", "subjects", ["token"])
