"""Records of a real flow, sealed by hand: for what only needs the records and not the ledger."""

import os

from hub.ledger.projections.sealed import Sealed
from hub.proof.leaves import commit
from tests.config_builders import a_book, a_recipient, a_rule, to_gemeente
from tests.harness import Hub

AMSTERDAM = "urn:nld:oin:00000099100000363000:systeem:test"


def a_hub(**options):
    """A hub where an IND signal goes to the gemeente and to the LRO, and nobody else is asked."""
    return Hub(a_book(a_rule(ontvangers=[to_gemeente(), a_recipient("groep:lro")])), **options)


async def sealed_of(hub, *shards, person=b""):
    """Return the records of the shards, in order, as the sealer would seal them."""
    found = []
    for shard in shards or ("ind",):
        for entry in await hub.store.records(shard, count=10_000):
            about = entry.person or person
            salt = os.urandom(16)
            found.append(
                Sealed(
                    position=len(found),
                    shard=shard,
                    seq=entry.seq,
                    record=entry.record,
                    commitment=commit(salt, about),
                    salt=salt,
                    person=about or None,
                )
            )
    return found
