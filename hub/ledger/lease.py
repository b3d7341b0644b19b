"""One active sealer: a lease with a fence. Who lost it finds out before it writes anything.

The term only says how soon another may take over. What keeps two from writing is the token: each
transaction of a sealer first updates the row that holds its token, or writes nothing.
"""

import time
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from hub.ledger.tables import lease

TERM_S: Final = 10.0
_NAME: Final = "sealer"


class LeaseLost(Exception):  # noqa: N818  (it names what happened)
    """Another sealer took over; nothing of this transaction may be kept."""


def take(connection: Connection, holder: str, term_s: float = TERM_S) -> int | None:
    """Take the lease and return its token; None: another holder has it and its term is not over.

    A holder that asks again, after a restart under the same name, gets it at once, with a new
    token: whatever still runs under the old one is fenced off.
    """
    now = _now(connection)
    row = _row(connection)
    if row is None:
        if not _made(connection, holder, now, term_s):
            return None
        return 1
    if row.holder != holder and row.until > now:
        return None
    token = int(row.token) + 1
    connection.execute(
        update(lease)
        .where(lease.c.name == _NAME)
        .values(holder=holder, token=token, until=now + int(term_s * 1e6))
    )
    return token


def is_free_for(connection: Connection, holder: str) -> bool:
    """Say whether `take` would succeed now; reads only."""
    row = connection.execute(select(lease).where(lease.c.name == _NAME)).first()
    return row is None or row.holder == holder or bool(row.until <= _now(connection))


def renew(connection: Connection, holder: str, token: int, term_s: float = TERM_S) -> None:
    """Renew the lease: the first statement of every transaction of a sealer.

    Raises:
        LeaseLost: it is another's.

    """
    until = _now(connection) + int(term_s * 1e6)
    if _set_until(connection, holder, token, until) != 1:
        raise LeaseLost


def release(connection: Connection, holder: str, token: int) -> None:
    """Let another take over at once; nothing happens when it is another's already."""
    _set_until(connection, holder, token, 0)


def holder_of(connection: Connection) -> str:
    """Return who has the lease, or had it last; empty: nobody yet."""
    return connection.scalar(select(lease.c.holder).where(lease.c.name == _NAME)) or ""


def _set_until(connection: Connection, holder: str, token: int, until: int) -> int:
    ours = (lease.c.name == _NAME) & (lease.c.holder == holder) & (lease.c.token == token)
    return connection.execute(update(lease).where(ours).values(until=until)).rowcount


def _row(connection: Connection) -> Any:
    query = select(lease).where(lease.c.name == _NAME).with_for_update()  # SQLite: locked anyway
    return connection.execute(query).first()


def _made(connection: Connection, holder: str, now: int, term_s: float) -> bool:
    """Make the row; False: another was quicker."""
    values = {"name": _NAME, "holder": holder, "token": 1, "until": now + int(term_s * 1e6)}
    if connection.dialect.name == "postgresql":
        statement = postgresql_insert(lease).on_conflict_do_nothing().values(values)
        return connection.execute(statement).rowcount == 1
    connection.execute(insert(lease).values(values))
    return True


def _now(connection: Connection) -> int:
    """Return microseconds since 1970: of the database server where there is one for all."""
    if connection.dialect.name == "postgresql":
        moment = func.extract("epoch", func.clock_timestamp()) * 1_000_000
        return int(connection.execute(select(moment)).scalar_one())
    return time.time_ns() // 1_000
