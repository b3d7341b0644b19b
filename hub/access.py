"""Who may do what on the broker: the access list, as data.

A partner writes its own intake and reads its own inboxes and the answers to its own openings,
nothing else: so the name of an intake stream proves the sender. Only the hub calls functions. Only
the sealer shortens the records, and it reads no message.

What an access list cannot say: XADD takes MAXLEN and an id, so a partner can drop or block its own
unread intake. It harms nobody else. The hub's own user could shorten the audit stream in this way;
that this shows is the work of the sealed checkpoints, not of the access list.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handlers.partitions import partner_of
from hub.stores import keys

HUB_USER: Final = "hub"
"""The user of the workers and of the commands of the operator."""

SEALER_USER: Final = "sealer"
"""The user of who seals the records in the ledger; see `sealer_user`."""

_RESERVED: Final = frozenset({HUB_USER, SEALER_USER, "default"})
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,48}")
SINCE_7_2: Final = "+client|setinfo"
"""What clients say about themselves; Redis 7.0 does not know the word and clients do without."""

_ELSEWHERE: Final = ("+cluster|slots", "+asking", "+wait")
"""Which node of a cluster has what, and whether the replicas have it; on one server harmless."""

_HELLO: Final = ("+ping", "+hello", "+client|setname", SINCE_7_2, "+client|id", *_ELSEWHERE)
_READ_STREAM: Final = (
    *("+xrange", "+xrevrange", "+xread", "+xreadgroup", "+xlen", "+xpending"),
    *("+xinfo|stream", "+xinfo|groups", "+xinfo|consumers"),
    *("+xack", "+xclaim", "+xautoclaim", "+xgroup|create", "+xgroup|createconsumer"),
)


_SET: Final = (
    "~hub:{*}:seen:* ~hub:{*}:opened:* ~hub:{*}:lease ~hub:{hub}:config ~hub:{hub}:config:*"
    " ~hub:{hub}:partitions"
)
_REMOVE: Final = "~hub:{*}:in ~hub:{*}:in:* ~hub:{*}:inbox:* ~hub:{*}:held ~hub:{*}:dead"


@dataclass(frozen=True, slots=True)
class AclUser:
    """One user: its name, and its rules in the notation of the broker's access list."""

    name: str
    rules: tuple[str, ...]

    def line(self, password: str) -> str:
        """Return the line of the ACL file; it holds the SHA-256 of the password only."""
        digest = hashlib.sha256(password.encode()).hexdigest()
        return f"user {self.name} on #{digest} resetchannels -@all {' '.join(self.rules)}"


def hub_user() -> AclUser:
    """Return the user of the hub: all that its functions do, on its own keys, and no more.

    Of a copy it can remove the entry and the key (erasure), of a record nothing; and it cannot say
    that something is sealed, only that nothing is yet.
    """
    return AclUser(
        HUB_USER,
        (
            "~hub:*",
            *_HELLO,
            *_READ_STREAM,
            "+info +time +type +exists +xadd +get +mget +hget +hmget",
            "+fcall +fcall_ro +function|load +function|list",
            # In the order of how often the functions need them.
            "(~hub:{*}:key:* -@all +hset +hsetnx +hdel)",
            f"({_SET} -@all +set)",
            "(~hub:{*}:head ~hub:{*}:open ~hub:{*}:delivery:* -@all +hset)",
            f"({_REMOVE} -@all +xdel)",
            "(~hub:{*}:open -@all +hincrby)",
            "(~hub:{*}:delivery:* -@all +pexpire)",
            "(~hub:{*}:lease -@all +del)",
            "(~hub:{*}:sealed -@all +hsetnx)",
            "(~hub:{hub}:workers -@all +hset +hdel +hgetall)",
        ),
    )


def sealer_user() -> AclUser:
    """Return the user of the sealer: it reads the records, says what is sealed, then trims them.

    It sees no intake, no inbox and no key of a copy. It reads and empties the broker's list of
    refusals in one step, to make records of them, and has the append-only file rewritten, so that
    erased bytes leave the disk.
    """
    return AclUser(
        SEALER_USER,
        (
            *_HELLO,
            "+info +time +bgrewriteaof +acl|log +multi +exec",
            "(~hub:{*}:audit -@all +xrange +xrevrange +xlen +xinfo|stream +xtrim +type +exists)",
            "(~hub:{*}:sealed -@all +hset +hget +hmget +hgetall +type +exists)",
            "(%R~hub:{*}:head -@all +hget +hmget +type +exists)",
            "(%R~hub:{hub}:config %R~hub:{hub}:config:* -@all +get +exists)",
        ),
    )


def users(shards: Mapping[str, Sequence[str]], parties: Iterable[str]) -> list[AclUser]:
    """Return the hub's user, the sealer's, and one for each party, in order of name.

    `shards`: shard -> its intakes: `("",)` for a shard of one sender, which is the name of the
    shard up to its first dot; or the parties of a shared shard. `parties`: who has an inbox.
    """
    writes: dict[str, list[str]] = {}
    for shard, intakes in shards.items():
        for intake in intakes:
            sender = intake or partner_of(shard)
            writes.setdefault(sender, []).append(keys.intake(shard, intake))
    names = sorted({*parties, *writes})
    users_of_hub = [hub_user(), sealer_user()]
    return [*users_of_hub, *(_party(name, writes.get(name, ()), shards) for name in names)]


def _party(name: str, intakes: Iterable[str], shards: Iterable[str]) -> AclUser:
    if name in _RESERVED or not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be a user of the broker: a party is a small letter and then 1 to 48"
            f" small letters, digits or hyphens, and not one of {sorted(_RESERVED)}"
        )
    # Each inbox by name, not `hub:{*}:inbox:…`: else XGROUP CREATE … MKSTREAM could make any
    # number of keys.
    reads = [f"~{keys.inbox(shard, name)}" for shard in shards]
    answers = [f"%R~{keys.opened(shard, name, '*')}" for shard in shards]
    return AclUser(
        name,
        (
            *_HELLO,
            *(f"(%W~{intake} -@all +xadd)" for intake in intakes),
            f"({' '.join([*reads, '-@all', *_READ_STREAM])})",
            f"({' '.join([*answers, '-@all', '+get', '+exists'])})",
            f"(%R~{keys.partitions()} -@all +get)",
        ),
    )
