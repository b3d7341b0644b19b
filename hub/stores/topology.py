"""Which node of a cluster has which slot, and which key a command is about. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from redis.crc import key_slot

from hub.broker_url import Host

SLOTS: Final = 16_384
_KEYLESS: Final = (
    "ACL ASKING AUTH BGREWRITEAOF CLIENT CLUSTER COMMAND CONFIG DBSIZE ECHO FLUSHALL FUNCTION HELLO"
    " INFO LASTSAVE PING ROLE SAVE SCAN SELECT SHUTDOWN TIME WAIT"
)
_WITHOUT_KEY: Final = frozenset(_KEYLESS.split())
_COUNTED: Final = frozenset({"FCALL", "FCALL_RO", "EVAL", "EVALSHA"})
_UNDER_A_WORD: Final = frozenset({"XGROUP", "XINFO", "OBJECT", "MEMORY"})
_STREAMS: Final = frozenset({"XREAD", "XREADGROUP"})


class Topology:
    """What the cluster said last. Wrong after a failover, until somebody says so."""

    def __init__(self) -> None:
        self.primaries: tuple[Host, ...] = ()
        self.replicas: tuple[Host, ...] = ()
        self._owner: list[Host | None] = [None] * SLOTS

    def read(self, reply: Sequence[Any], asked: Host) -> bool:
        """Take over a reply of CLUSTER SLOTS; False, and nothing is taken over: slots are missing.

        `asked`: who replied; a node that does not know its own address leaves it out.
        """
        owner: list[Host | None] = [None] * SLOTS
        primaries: dict[Host, None] = {}
        replicas: dict[Host, None] = {}
        for first, last, primary, *others in reply:
            host = _host(primary, asked)
            primaries[host] = None
            owner[int(first) : int(last) + 1] = [host] * (int(last) - int(first) + 1)
            replicas.update(dict.fromkeys(_host(other, asked) for other in others))
        if None in owner:
            return False
        self.primaries, self.replicas, self._owner = tuple(primaries), tuple(replicas), owner
        return True

    def owner(self, slot: int) -> Host | None:
        """Return who has this slot; None: nothing is known yet."""
        return self._owner[slot]

    def moved(self, slot: int, host: Host) -> None:
        """Note that this slot is elsewhere now."""
        self._owner[slot] = host
        if host not in self.primaries:
            self.primaries += (host,)
            self.replicas = tuple(other for other in self.replicas if other != host)


def _host(node: Sequence[Any], asked: Host) -> Host:
    name = node[0].decode() if isinstance(node[0], bytes) else node[0]
    return (name or asked[0], int(node[1]))


def slot_of(key: Any) -> int:
    """Return the slot of a key.

    >>> slot_of("hub:{ind}:in") == slot_of(b"hub:{ind}:audit")
    True
    """
    return int(key_slot(key if isinstance(key, bytes) else str(key).encode()))


def keys_of(command: Sequence[Any]) -> Sequence[Any]:
    """Return the first key of a command, or all streams of one that reads several; none: no key.

    >>> keys_of(("FCALL", "f", 2, "hub:{ind}:head", "hub:{ind}:audit", "x"))
    ('hub:{ind}:head',)
    """
    words = [*str(_text(command[0])).upper().split(), *command[1:]]  # "XGROUP CREATE" is two
    name = words[0]
    if name in _WITHOUT_KEY:
        return ()
    if name in _COUNTED:
        return (words[3],) if int(words[2]) else ()
    if name in _UNDER_A_WORD:
        return (words[2],)
    if name in _STREAMS:
        streams = words[_streams_at(words) :]
        return tuple(streams[: len(streams) // 2])
    return (words[1],)


def reads_streams(command: Sequence[Any]) -> bool:
    """Say whether it reads streams, and so may be about several keys."""
    return _text(command[0]) in _STREAMS


def by_slot(command: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Divide a read of several streams in one for each slot, without waiting.

    One command when they are all in one slot: that one may wait.
    """
    streams = keys_of(command)
    if len({slot_of(stream) for stream in streams}) < 2:
        return [tuple(command)]
    start = _streams_at(command)
    places = dict(zip(streams, command[start + len(streams) :], strict=True))
    found: dict[int, list[Any]] = {}
    for stream in streams:
        found.setdefault(slot_of(stream), []).append(stream)
    before = list(command[:start])
    if wait_ms(command) is not None:
        at = _block_at(before)
        before[at : at + 2] = []
    return [(*before, *some, *(places[each] for each in some)) for some in found.values()]


def wait_ms(command: Sequence[Any]) -> int | None:
    """Return how long a read of streams may wait; None: it does not."""
    at = _block_at(command[: _streams_at(command)])
    return None if at < 0 else int(command[at + 1])


def _streams_at(command: Sequence[Any]) -> int:
    return _find(command, "STREAMS") + 1


def _block_at(command: Sequence[Any]) -> int:
    return _find(command, "BLOCK")


def _find(command: Iterable[Any], word: str) -> int:
    # From the fourth word: a group or a consumer may be called so.
    for at, each in enumerate(command):
        if (at > 3 or at == 1) and str(_text(each)).upper() == word:
            return at
    return -1


def _text(word: Any) -> Any:
    return word.decode("ascii", "replace") if isinstance(word, bytes) else word
