"""One look at a hub: what the alarms, the gauges and `seinhuis status` are made of. No content.

`gauges.Gauges.look` makes it, every five seconds. Ages are in seconds, by the broker's own clock;
0.0 also stands for "there is none". Names are shards, parties and workers of the role config.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ShardReading:
    """One shard: what waits in it, and who reads it."""

    shard: str
    intake: int = 0  #: entries on its intakes, pending ones included
    pending: int = 0  #: handed out to a reader and not finished
    oldest_s: float = 0.0  #: the oldest entry on its intakes
    held: int = 0
    held_oldest_s: float = 0.0
    dead: int = 0
    unsealed: int = 0  #: records that wait to be sealed
    seal_delay_s: float = 0.0  #: how long some wait without any having been sealed
    reader: str = ""  #: the worker that holds its lease; empty: nobody


@dataclass(frozen=True, slots=True)
class PartyReading:
    """The inboxes of one party, over all shards.

    The last two are found by walking on a little at every look: right after a start, or with long
    backlogs, they may be too low for some looks, never too high.
    """

    party: str
    entries: int = 0  #: copies and notices, finished ones included until they are erased
    unfinished: int = 0  #: copies not acknowledged, taken up or refused
    fullest: int = 0  #: the most of these in one inbox: the bound is for each
    oldest_unread_s: float = 0.0  #: the oldest copy that nobody opened
    past_deadline: int = 0  #: unread copies past their deadline


@dataclass(frozen=True, slots=True)
class DiskReading:
    """The disk of one folder; bytes."""

    of: str  #: data or ledger
    free: int
    size: int


@dataclass(frozen=True, slots=True)
class Readings:
    """All that was found at one look."""

    at: datetime  #: aware, UTC; the clock of this machine
    broker_answers: bool = (
        True  #: False: shards, parties and the broker's figures are the last known
    )
    silent_s: float = 0.0  #: how long the broker has not answered; 0.0: it does
    shards: tuple[ShardReading, ...] = ()  #: by name; without the hub's own
    own: ShardReading | None = None  #: the hub's own shard: records only, and nobody reads it
    parties: tuple[PartyReading, ...] = ()  #: those with an inbox, by name
    inbox_limit: int = 0  #: unfinished copies in one inbox beyond which further ones are held
    unsealed_limit: int = 0  #: unsealed records of a shard beyond which nothing new is handled
    seal_delay_limit_s: float = 0.0  #: the same for `seal_delay_s`
    broker_memory: int = 0  #: bytes
    broker_memory_limit: int = 0  #: bytes; 0: none was set
    broker_aof: int = 0  #: bytes of the append-only file; 0: unknown
    replicas_short: tuple[str, ...] = ()  #: addresses of primaries with too few replicas
    disks: tuple[DiskReading, ...] = ()  #: of the folders on this machine
    clock_skew_s: float = 0.0  #: the clock of this machine minus the broker's
    erasure_failed: bool = False  #: the last round of erasing in this process failed

    @property
    def unsealed(self) -> int:
        """Records of all shards that wait to be sealed."""
        return sum(each.unsealed for each in self._sealed)

    @property
    def seal_delay_s(self) -> float:
        """The longest seal delay of all shards."""
        return max((each.seal_delay_s for each in self._sealed), default=0.0)

    @property
    def _sealed(self) -> tuple[ShardReading, ...]:
        return self.shards if self.own is None else (*self.shards, self.own)
