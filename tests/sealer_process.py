"""A sealer in a process of its own, to be killed: python -m tests.sealer_process JSON."""

import json
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from hub.ledger.database import open_ledger
from hub.ledger.publish import Publisher
from hub.ledger.sealer import LogKeys, Parts, Sealer
from hub.ledger.valkey_source import ValkeySource
from tests.ledger import SIGNER

SHARDS = ("ind", "rvdk")


def parts(url, broker, user, password, folder, holder, term_s=10.0):
    """Return what a sealer of this test works with."""
    engine = open_ledger(url)
    keys = (str(SIGNER.verifier),)
    return Parts(
        engine=engine,
        source=ValkeySource(broker, user, password),
        publisher=Publisher(Path(folder), engine, lambda: keys),
        keys=lambda: LogKeys(SIGNER, keys),
        clock=lambda: datetime.now(UTC),
        shards=SHARDS,
        holder=holder,
        term_s=term_s,
    )


if __name__ == "__main__":
    Sealer(parts(**json.loads(sys.argv[1]))).run(threading.Event())
