"""Once through all records, in order: form, place, gapless numbers, and the leaf of each."""

import re
from collections.abc import Callable
from typing import Final

from hub.proof.bundle import Bundle
from hub.proof.comparing import Comparison, Place
from hub.proof.errors import Malformed
from hub.proof.lines import Line, read_json
from hub.proof.report import Fault, Limit, Report
from hub.proof.tiles import WIDTH

Progress = Callable[[int, int], None]
"""Is told how many records were done, and of how many; often, so it must be quick."""

LEDGER: Final = "ledger"
"""The shard in which the ledger writes about itself."""

_ABOUT_GAPS: Final = (b"gap-accepted", b"gap-found", b"shard-set-back")
_SPAN: Final = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")


class Walk:
    """One pass over the records of a bundle. Use once."""

    def __init__(self, bundle: Bundle, comparison: Comparison, report: Report) -> None:
        self._bundle = bundle
        self._comparison = comparison
        self._report = report
        self._row: list[bytes | None] = []
        self._places: list[Place | None] = []
        self._next = 0  #: the position that comes
        self._missing: list[tuple[int, int]] = []
        self._astray: set[int] = set()  #: positions that came too late
        self._present = 0
        self._beyond: list[Line] = []
        self._seqs: dict[str, int] = {}
        self._gaps: list[tuple[str, int, int, int]] = []
        self._declared: set[tuple[str, int, int]] = set()
        self._given_again: dict[str, int] = {}  #: numbers, by the set-back that is not accepted yet
        self._shifts: dict[str, int] = {}  #: seq minus the number in records about gaps

    def run(self, progress: Progress | None = None) -> None:
        """Read all lines, compare, and report. OSError: a file cannot be read."""
        size = self._comparison.size
        for source, text in self._bundle.lines():
            try:
                line = Line.parse(text)
            except Malformed as error:
                self._report.fault(Fault.FORM, f"{source}: {error}")
                continue
            self._take(line, source)
            if progress and not line.position % 1024:
                progress(min(line.position, size), size)
        self._skip_to(size)
        self._close_row()
        self._comparison.close()
        if progress:
            progress(size, size)
        self._tell_order()
        self._tell_missing()

    def _take(self, line: Line, source: str) -> None:
        position = line.position
        if position >= self._comparison.size:
            self._beyond.append(line) if len(self._beyond) < 2 else None
            self._report.count("records beyond the last checkpoint")
            return
        if position < self._next:
            self._misplaced(line, source)
            return
        if position > self._next:
            self._skip_to(position)
        if line.salt is not None:
            self._check_person(line)
        self._row.append(line.leaf_hash())
        self._places.append((position, line.shard, line.seq))
        self._next += 1
        self._present += 1
        if len(self._row) == WIDTH:
            self._close_row()
        self._number(line)

    def _number(self, line: Line) -> None:
        """Follow the numbers of a shard: from 1, none left out, none twice."""
        shard, seq = line.shard, line.seq
        last = self._seqs.get(shard, 0)
        if seq > last + 1:
            self._gaps.append((shard, last + 1, seq - 1, line.position))
        elif seq <= last:
            self._report.fault(
                Fault.SEQ,
                f"Record at {line}: shard {shard} was at seq {last} already",
                position=line.position,
                shard=shard,
                seq=seq,
            )
        self._seqs[shard] = max(last, seq)
        if shard == LEDGER and any(word in line.record for word in _ABOUT_GAPS):
            self._declare(line.record)

    def _declare(self, record: bytes) -> None:
        """Note a gap that a person accepted: object (kind shard) and result `<first>-<last>`.

        Its numbers are those of the broker. Each time that a set-back was accepted the broker gave
        numbers out again and the log counted on, so from then on it is that many ahead.
        """
        try:
            value = read_json(record.decode())
            event, shard = value["event"], value["object"]["id"]
            span = _SPAN.fullmatch(value["result"])
            if span is None or value["object"]["kind"] != "shard":
                return
            first, last = int(span[1]), int(span[2])
            if event == "shard-set-back":
                self._given_again[shard] = last - first + 1
            elif event == "gap-found":
                self._given_again.pop(shard, None)
            elif event == "gap-accepted" and shard in self._given_again:
                self._shifts[shard] = self._shifts.get(shard, 0) + self._given_again.pop(shard)
            elif event == "gap-accepted":
                shift = self._shifts.get(shard, 0)
                self._declared.add((shard, first + shift, last + shift))
        except (ValueError, KeyError, TypeError):
            return  # not such a record; its leaf is checked as that of any other

    def _check_person(self, line: Line) -> None:
        if line.is_about_whom_it_says():
            self._report.count("persons under a commitment")
            return
        self._report.fault(
            Fault.PERSON,
            f"Record at {line}: its commitment is to another person",
            position=line.position,
            shard=line.shard,
            seq=line.seq,
        )

    def _misplaced(self, line: Line, source: str) -> None:
        at = line.position % WIDTH
        if line.position // WIDTH == self._next // WIDTH and self._row[at] is None:
            self._row[at] = line.leaf_hash()  # it is there after all, so only its place is wrong
            self._places[at] = (line.position, line.shard, line.seq)
            self._astray.add(line.position)
        what = f"{source}: the record at {line} stands after position {self._next - 1}"
        self._report.fault(
            Fault.ORDER, what, position=line.position, shard=line.shard, seq=line.seq
        )

    def _skip_to(self, position: int) -> None:
        """Go on without records: the published tree stands in for them."""
        if position <= self._next:
            return
        self._missing.append((self._next, position - 1))
        while self._next < position:
            if self._comparison.is_blind:  # nothing can be said any more: do not count to a lie
                self._next = position
                self._row = [None] * (position % WIDTH)
                self._places = [None] * (position % WIDTH)
                return
            some = min(position - self._next, WIDTH - len(self._row))
            self._row.extend([None] * some)
            self._places.extend([None] * some)
            self._next += some
            if len(self._row) == WIDTH:
                self._close_row()

    def _close_row(self) -> None:
        if self._row:
            self._comparison.take((self._next - 1) // WIDTH, self._row, self._places)
        self._row, self._places = [], []

    def _tell_order(self) -> None:
        self._report.count("records", self._present)
        self._report.count("shards", len(self._seqs))
        if self._beyond:
            self._report.fault(
                Fault.BEYOND,
                f"Records from {self._beyond[0]} on: the last checkpoint is of "
                f"{self._comparison.size} records",
                position=self._beyond[0].position,
            )
        if not self._bundle.is_whole:
            return
        for shard, first, last, position in self._gaps:
            where = f"Shard {shard}, seq {first} to {last}, before position {position}"
            if (shard, first, last) in self._declared:
                self._report.limit(
                    Limit.DECLARED_GAP,
                    f"{where}: never sealed; a person accepted this gap, on record in the log",
                    shard=shard,
                    seq=first,
                )
            else:
                self._report.fault(
                    Fault.GAP, f"{where}: not there", position=position, shard=shard, seq=first
                )

    def _tell_missing(self) -> None:
        size = self._comparison.size
        if not self._bundle.record_files:
            self._report.limit(
                Limit.NO_RECORDS,
                "There are no records here, only the tree and its checkpoints: those were checked",
            )
        elif not self._bundle.is_whole:
            self._report.limit(
                Limit.PARTIAL,
                f"This export has {self._present} of the {size} records, and says so. Each was "
                "checked; that no other belongs with them cannot be seen from it. Ask for the "
                "whole log if that matters.",
            )
        else:
            for first, last in self._missing:
                if last - first < WIDTH and self._astray.issuperset(range(first, last + 1)):
                    continue
                many = f"{last - first + 1} records, positions {first} to {last}"
                what = many if last > first else f"1 record, position {first}"
                self._report.fault(
                    Fault.TAIL if last == size - 1 else Fault.MISSING,
                    f"{what}: not there",
                    position=first,
                )
