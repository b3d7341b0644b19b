"""What a batch becomes before it is written: leaves, tree, read model. No transaction is open yet.

So the database is locked only for the few statements of `hub.ledger.store.write`.
"""

import os
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from hub.errors import LedgerBroken
from hub.ledger.intake import Sealable
from hub.ledger.read_model import projected
from hub.ledger.store import Growth, Head, read_tile
from hub.ledger.tables import records
from hub.proof.errors import ProofError
from hub.proof.leaves import SALT_BYTES, commit, leaf_hash
from hub.proof.tiles import Edge, Tile
from hub.proof.tree import Frontier, frontier_of


class Tree:
    """The right edge of the tree, in memory. After an error it is loaded anew, never mended."""

    def __init__(self, edge: Edge, frontier: Frontier) -> None:
        self._edge = edge
        self._frontier = frontier

    @classmethod
    def load(cls, connection: Connection, head: Head | None) -> "Tree":
        """Read the edge of the tree at `head` (None: no record yet), and check its root.

        Raises:
            LedgerBroken: tiles, records and the newest checkpoint do not agree.

        """
        size = head.size if head else 0
        last = connection.scalar(select(func.max(records.c.position)))
        if (-1 if last is None else last) + 1 != size:
            raise LedgerBroken(
                f"the ledger has records up to position {last} and a checkpoint of {size}: somebody"
                " changed the database. Keep it as it is, and put its last backup in place"
            )

        def read(tile: Tile) -> bytes:
            return read_tile(connection, tile)

        try:
            tree = cls(Edge(size, read), frontier_of(read, size))
        except ProofError as error:
            raise LedgerBroken(f"the tree of the ledger is not whole: {error}") from None
        if head and tree._frontier.root() != head.root:
            raise LedgerBroken(
                f"the tree of the ledger does not give the root of its checkpoint of {size}:"
                " somebody changed the database. Keep it as it is, and put its last backup in place"
            )
        return tree

    def grown(self, batch: Sequence[Sealable]) -> Growth:
        """Append the batch to the tree and return all that is to be written. No going back."""
        start = self._frontier.size
        salts = os.urandom(SALT_BYTES * len(batch))
        rows, made = [], []
        for number, each in enumerate(batch):
            salt = salts[number * SALT_BYTES : (number + 1) * SALT_BYTES]
            commitment = commit(salt, each.person)
            leaf = leaf_hash(each.shard, each.seq, commitment, each.record)
            self._edge.push(leaf)
            self._frontier.push(leaf)
            position = start + number
            rows.append({
                "position": position,
                "shard": each.shard,
                "seq": each.seq,
                "record": each.record,
                "commitment": commitment,
                "salt": salt,
                "person": each.person or None,
            })  # fmt: skip
            made.append(projected(position, each.shard, each.record, each.person))
        root = self._frontier.root()
        return Growth(self._frontier.size, root, rows, made, self._edge.take_changed())
