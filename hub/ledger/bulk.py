"""Insert many rows at once, quickly on both databases.

SQLite takes them one by one within the process. PostgreSQL gets one JSON text for all rows of a
table: one round trip, where its driver would make one for each row.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, LargeBinary, Table, text

Row = Mapping[str, Any]
"""Column -> value, a value for every column of the table."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert all rows; none of the texts may hold a NUL, which PostgreSQL has no room for."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        take = itemgetter(*table.columns.keys())
        connection.exec_driver_sql(_places(table), [take(row) for row in rows])
        return
    binary = [c.name for c in table.columns if isinstance(c.type, LargeBinary)]
    told = [{**row, **{n: _hex(row[n]) for n in binary}} for row in rows]
    connection.execute(_statement(table), {"rows": json.dumps(told)})


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


@cache
def _places(table: Table) -> str:
    """Return the statement with a place for each column.

    Rows go past SQLAlchemy: it costs something for each value and has nothing to convert here.
    """
    names = table.columns.keys()
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608  (ours)


@cache
def _statement(table: Table) -> Any:
    wanted, columns = [], []
    for column in table.columns:
        kind, value = "text", column.name
        if isinstance(column.type, BigInteger):
            kind = "bigint"
        elif isinstance(column.type, Integer):
            kind = "integer"
        elif isinstance(column.type, LargeBinary):
            value = f"decode({column.name}, 'hex')"
        columns.append(f"{column.name} {kind}")
        wanted.append(value)
    names = ", ".join(column.name for column in table.columns)
    return text(
        f"INSERT INTO {table.name} ({names}) SELECT {', '.join(wanted)}"  # noqa: S608  (our own names)
        f" FROM json_to_recordset(CAST(:rows AS json)) AS given({', '.join(columns)})"
    )
