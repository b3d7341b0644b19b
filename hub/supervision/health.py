"""Whether a process is alive, and whether it does its work now: with the reasons when not.

Alive: it goes round; if not, only a restart helps. Ready: what it needs is there too; a restart
would change nothing. Reasons are in words of our own: counts, names of shards, never content.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub import metrics, pulse
from hub.ledger.sealer import SealerStatus
from hub.metrics import PROCESS
from hub.supervision.readings import Readings

_LOOP_S: Final = 15.0  # a long batch holds the loop for a fraction of a second
_READER_S: Final = 120.0  # it takes up what is pending without a sign
_LEASES_S: Final = 30.0
_LOOK_S: Final = 45.0  # a look waits 30 s for a broker that is silent
_SEALER_S: Final = 120.0  # a long transaction, or a database that hangs until its time is up


@dataclass(frozen=True, slots=True)
class Health:
    """The answer to one question; healthy without problems."""

    problems: tuple[tuple[str, str], ...] = ()  #: what it is about, and what is the matter

    @property
    def good(self) -> bool:
        """Whether there is nothing the matter."""
        return not self.problems

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        reasons = [{"about": about, "reason": reason} for about, reason in self.problems]
        return {"status": "ok" if self.good else "failing", "reasons": reasons}


def hub_alive(readings: Readings | None) -> Health:
    """Say whether the event loop turns and the reader goes round. Only what began is judged.

    A reader without shards, or without a broker, stands still and is well.
    """
    limits = [(pulse.LOOP, _LOOP_S)]
    if readings is not None and readings.broker_answers and PROCESS.value(metrics.LEASES):
        limits.append((pulse.READER, _READER_S))
    return _round(*limits)


def sealer_alive() -> Health:
    """Say whether the sealer goes round."""
    return _round((pulse.SEALER, _SEALER_S))


def hub_ready(readings: Readings | None, *, functions: bool = True) -> Health:
    """Say whether events are handled now. `functions`: those of this version are on the broker."""
    found = list(hub_alive(readings).problems)
    look = pulse.age(pulse.LOOK)
    if readings is None or look is None:
        return Health((*found, ("start", "it is starting: nothing was looked at yet")))
    if look > _LOOK_S:
        found.append(("look", f"the last look at the broker was {look:.0f} s ago"))
    if not readings.broker_answers:
        found.append(("broker", f"it has not answered for {readings.silent_s:.0f} s"))
    elif not functions:
        found.append(
            ("functions", "the broker lacks the functions of this version: it was emptied")
        )
    leases = pulse.age(pulse.LEASES)
    if leases is None:
        found.append(("leases", "it has not asked for shards to read yet"))
    elif leases > _LEASES_S:
        found.append(("leases", f"it could not ask for shards to read for {leases:.0f} s"))
    found += _sealing(readings)
    return Health(tuple(found))


def sealer_ready(status: SealerStatus) -> Health:
    """Say whether records are sealed, or this sealer stands by for the one that does."""
    found = list(sealer_alive().problems)
    if status.stalled_s > 0:
        found.append(("sealing", f"nothing could be sealed for {status.stalled_s:.0f} s"))
    elif not (status.active or status.holder):
        found.append(("sealing", "it has not begun"))
    if status.faults:
        found.append(("sealing", f"{len(status.faults)} shards wait for a person: ledger state"))
    return Health(tuple(found))


def _sealing(readings: Readings) -> Sequence[tuple[str, str]]:
    full = [
        each.shard
        for each in readings.shards
        if each.unsealed >= readings.unsealed_limit > 0
        or each.seal_delay_s >= readings.seal_delay_limit_s > 0
    ]
    why = "too much is not sealed, so nothing new is handled for: "
    return [("sealing", why + ", ".join(full))] if full else []


def _round(*limits: tuple[str, float]) -> Health:
    ages = [(name, pulse.age(name), limit) for name, limit in limits]
    return Health(
        tuple(
            (name, f"it made no round for {age:.0f} s")
            for name, age, limit in ages
            if age is not None and age > limit
        )
    )
