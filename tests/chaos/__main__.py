"""`make chaos`: break everything on purpose, and count. Exits with 1 unless all was well.

Stopped by a signal it ends what it started, leaves the world to look at, and exits as a shell says
it: 130 for Ctrl-C, 143 for SIGTERM.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.chaos import report
from tests.chaos.embedded import Embedded
from tests.chaos.faults import Fault, every
from tests.chaos.running import Lap, Struck, lap
from tests.chaos.world import World

_LONG_S = 10.0
_FAULT_S = 11.0  # one takes, on the average and with the default of --hold


class Stopped(BaseException):
    """Somebody asks the run to end; `number`: by which signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main() -> int:
    """Run, and end as asked."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    asked = _asked()
    work = Path(tempfile.mkdtemp(prefix="seinhuis-chaos-"))
    try:
        return _run(asked, work)
    except Stopped as stopped:
        name = signal.Signals(stopped.number).name
        _say(f"chaos: stopped by {name}; nothing was accounted for. The world is in {work}")
        return 128 + stopped.number


def _stop(number: int, _frame: object) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # what was started is being ended
    raise Stopped(number)


def _run(asked: argparse.Namespace, work: Path) -> int:
    """Run laps until the time is over; the last one is finished."""
    known = every()
    faults = [known[name] for name in asked.only or known]
    takes = max(1, round(len(faults) * _FAULT_S / 60))
    _say(f"chaos: {len(faults)} faults a lap, some {takes} min; seed {asked.seed}; in {work}")
    laps: list[Lap] = []
    end = time.monotonic() + 60 * asked.minutes
    number = 0
    while all(done.sound for done in laps) and (not laps or time.monotonic() < end):
        number += 1
        chance = random.Random(f"{asked.seed}-{number}")
        chance.shuffle(faults)
        laps += [*_lap(work / str(number), faults, chance, asked)]
    said = report.document(laps, seed=asked.seed, command=_command())
    report.write(said, asked.json, page=asked.page)
    _say(report.table(said))
    if report.is_sound(said):
        shutil.rmtree(work)
        return 0
    _say("\n".join(["", "NOT SOUND", said["details"], *said["complaints"], f"look in {work}"]))
    return 1


def _lap(
    folder: Path, faults: Sequence[Fault], chance: random.Random, asked: argparse.Namespace
) -> Iterator[Lap]:
    """Go once through all faults: those of processes apart, then those of a hub with all inside."""
    for kind in (World, Embedded):
        struck = [each for each in faults if each.embedded is (kind is Embedded)]
        if not struck:
            continue
        place = folder.with_name(f"{folder.name}-{kind.__name__.lower()}")
        world = kind(place, asked.seed, rate=asked.rate, inbox_cap=asked.inbox_cap)
        done = lap(world, struck, chance, asked.hold, _tell)
        _say(f"{place.name}: {done.books.sent:,} events, {'' if done.sound else 'NOT '}sound")
        if done.sound:
            shutil.rmtree(place)
        yield done


def _command() -> str:
    given = [word for word in sys.argv[1:] if word != "--page"]
    return f'make chaos ARGS="{" ".join(given)}"'


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _tell(struck: Struck) -> None:
    _say(f"  {struck.fault}: {struck.lasted_s:.1f} s, again after {struck.recovery_s:.1f} s")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument(
        "--minutes",
        type=float,
        default=5.0,
        help="no new lap after so long; one of all faults takes some 6 minutes and is finished."
        ' One fault: ARGS="--minutes 1 --only worker-killed"',
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", action="append", choices=[*every()], help="strike this one; may be given again"
    )
    parser.add_argument("--hold", type=float, default=_LONG_S, help="how long a fault lasts (s)")
    parser.add_argument("--rate", type=float, default=60.0, help="events a second")
    parser.add_argument("--inbox-cap", type=int, default=2_000, dest="inbox_cap")
    parser.add_argument("--json", type=Path, help="where the report goes as JSON")
    parser.add_argument("--page", action="store_true", help="put it into docs/reliability.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
