"""The sealer: takes every record from the audit streams into the ledger, exactly once, for ever.

One is active; others wait for its lease. It runs in a process of its own: a child of `seinhuis up`,
or `seinhuis seal`. What does not answer is tried again for ever, loudly: nothing is skipped.
"""

import threading
import time
from dataclasses import dataclass, replace
from typing import Final

from hub import log, pulse
from hub.errors import HubError, LedgerError
from hub.ledger import lease, store
from hub.ledger.database import reading, writing
from hub.ledger.intake import Fault, Position
from hub.ledger.lease import LeaseLost
from hub.ledger.sealing import BATCH, LogKeys, Parts, Sealing

__all__ = ["LogKeys", "Parts", "Sealer", "SealerStatus"]

_PAUSE_S: Final = 0.2  # after a round that was not full: five checkpoints a second are enough
_FULL: Final = BATCH // 2
_WAITING_S: Final = 1.0  # between two looks at another's lease
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_REPORT_EVERY_S: Final = 10.0
_LAST_ROUNDS: Final = 200  # at a stop: 100,000 records; the rest is sealed at the next start


@dataclass(frozen=True, slots=True)
class SealerStatus:
    """How it is with the sealer, as far as this process knows."""

    active: bool = False  #: this one has the lease
    holder: str = ""  #: who has it, or had it last
    size: int = 0  #: records in the ledger
    unsealed: int = 0  #: records on the broker that are not sealed yet
    oldest_unsealed_s: float = 0.0  #: how long the oldest of them has waited
    stalled_s: float = 0.0  #: how long nothing could be sealed; 0: all is well
    problem: str = ""  #: why, in words for the operator
    faults: tuple[Fault, ...] = ()  #: shards that wait for a person


class Sealer:
    """Seals, in one thread; `status` may be asked from any."""

    def __init__(self, parts: Parts) -> None:
        """Connect nowhere yet. The ledger must have been migrated."""
        self._parts = parts
        self._sealing: Sealing | None = None
        self._positions: dict[str, Position] = {}
        self._status = SealerStatus()
        self._oldest_ms: int | None = None
        self._failing_since: float | None = None
        self._reported_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Seal until `stop` is set; then seal what is there, trim, and let another take over.

        Raises:
            LedgerError: sealing must not go on before a person has looked; the message says why.

        """
        pause = _FIRST_PAUSE_S
        try:
            while not stop.is_set():
                pulse.beat(pulse.SEALER)
                try:
                    done = self.round()
                except LedgerError as error:
                    log.get().error("ledger.refused", reason=str(error))
                    raise
                except LeaseLost:
                    log.get().warning("ledger.lease_lost")
                    stop.wait(self._parts.term_s)
                except Exception as error:  # noqa: BLE001  (whatever it is: sealing must go on)
                    self._stalled(error)
                    stop.wait(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE_S)
                else:
                    pause = _FIRST_PAUSE_S
                    self._recovered()
                    if self._sealing is None:
                        stop.wait(_WAITING_S)
                    elif done < _FULL:
                        stop.wait(_PAUSE_S)
        finally:
            self.close()

    def round(self) -> int:
        """Get the lease if need be, and do one round; return how many records it sealed.

        0: nothing was waiting, or another sealer is active. Raises what `Sealing` raises; then the
        next round begins with a look at everything.
        """
        try:
            if self._sealing is None:
                self._sealing = self._begun()
            if self._sealing is None:
                return 0
            done = self._sealing.round()
        except BaseException:
            self._sealing = None
            raise
        self._look(self._sealing)
        return done

    def status(self) -> SealerStatus:
        """Return how it is now; from any thread, without waiting."""
        status, failing, oldest = self._status, self._failing_since, self._oldest_ms
        age = 0.0
        if oldest is not None:
            age = max(0.0, self._parts.clock().timestamp() - oldest / 1_000)
        stalled = 0.0 if failing is None else time.monotonic() - failing
        return replace(status, oldest_unsealed_s=age, stalled_s=stalled)

    def close(self) -> None:
        """Seal what is there, trim what is sealed, and give the lease back; never raises."""
        sealing, self._sealing = self._sealing, None
        if sealing is None:
            return
        try:
            for _ in range(_LAST_ROUNDS):
                if not sealing.round():
                    break
            sealing.trim_all()
            with writing(self._parts.engine) as connection:
                lease.release(connection, self._parts.holder, sealing.token)
        except Exception as error:  # noqa: BLE001  (the next start does all of it)
            log.get().warning("ledger.left", error=type(error).__name__)

    def _begun(self) -> Sealing | None:
        """Take the lease and look at everything; None: another sealer is active."""
        parts = self._parts
        with reading(parts.engine) as connection:
            free = lease.is_free_for(connection, parts.holder)
            if not free:
                self._status = SealerStatus(holder=lease.holder_of(connection))
        if not free:
            return None
        with writing(parts.engine) as connection:
            token = lease.take(connection, parts.holder, parts.term_s)
        if token is None:
            return None
        sealing = Sealing(parts, token)
        size = sealing.head.size if sealing.head else 0
        log.get().info("ledger.sealing", holder=parts.holder, size=size)
        return sealing

    def _look(self, sealing: Sealing) -> None:
        """Keep what `status` says."""
        self._positions = sealing.sealed
        oldest = sealing.intake.oldest()
        self._oldest_ms = int(oldest.partition("-")[0]) if oldest else None
        self._status = SealerStatus(
            active=True,
            holder=self._parts.holder,
            size=sealing.head.size if sealing.head else 0,
            unsealed=sealing.intake.unsealed(sealing.sealed),
            faults=tuple(sealing.intake.faults.values()),
        )

    def _stalled(self, error: Exception) -> None:
        """Say that nothing is sealed: at once, and every ten seconds."""
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since, self._reported_at = now, 0.0
        problem = str(error) if isinstance(error, HubError) else type(error).__name__
        if self._reported_at and now - self._reported_at < _REPORT_EVERY_S:
            return
        self._reported_at = now
        self._count()
        self._status = replace(self._status, active=False, problem=problem)
        log.get().error(
            "ledger.stalled",
            error=type(error).__name__,
            reason=problem,
            for_s=round(now - self._failing_since, 1),
            unsealed=self._status.unsealed,
        )

    def _count(self) -> None:
        """Count what waits on the broker, if it answers; else the last count stands."""
        sealed = {s: at for s, at in self._positions.items() if s != store.LEDGER_SHARD}
        try:
            found = self._parts.source.read({s: at.entry for s, at in sealed.items()}, 1).shards
        except Exception:  # noqa: BLE001  (it may be the broker that is away)
            return
        firsts = [int(e.id.partition("-")[0]) for each in found.values() for e in each.entries]
        self._oldest_ms = min(firsts, default=None)
        unsealed = sum(max(0, each.head - sealed[s].broker_seq) for s, each in found.items())
        self._status = replace(self._status, unsealed=unsealed)

    def _recovered(self) -> None:
        if self._failing_since is not None:
            log.get().info("ledger.resumed", for_s=round(time.monotonic() - self._failing_since, 1))
            self._failing_since = None
