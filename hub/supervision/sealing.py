"""What a sealer in a process of its own says of itself, at `/metrics` and `/health`."""

from collections.abc import Callable

from hub import metrics
from hub.ledger.sealer import SealerStatus
from hub.metrics import PROCESS
from hub.supervision.gauges import resident
from hub.supervision.health import sealer_alive, sealer_ready
from hub.supervision.http import Answers


def sealer_answers(status: Callable[[], SealerStatus]) -> Answers:
    """Return the answers of a sealer; `status` may be asked from any thread."""

    def text() -> str:
        now = status()
        PROCESS.put(metrics.SEALER_ACTIVE, int(now.active))
        if now.active:  # else another one knows
            PROCESS.put(metrics.SEAL_DELAY, now.oldest_unsealed_s)
        PROCESS.put(metrics.SEAL_STALLED, now.stalled_s)
        PROCESS.put(metrics.LEDGER_RECORDS, now.size)
        PROCESS.put(metrics.PROCESS_MEMORY, resident())
        return PROCESS.text()

    return Answers(live=sealer_alive, ready=lambda: sealer_ready(status()), metrics=text)
