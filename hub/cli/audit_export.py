"""`seinhuis audit export`: records in a folder or a file, on record before and after."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.bootstrap import now
from hub.cli import audit_filters, audit_log, output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.config import Settings
from hub.errors import NotFound
from hub.ledger import asking, exporting
from hub.ledger.export_files import CsvWriter, LinesWriter, ParquetWriter, Writer
from hub.ledger.filters import Filters
from hub.ledger.projections import decision_log, ldv
from hub.ledger.reading import Log, tokens_asked
from hub.proof.showing import progress_bar
from schemas.records import RecordEvent


class Format(StrEnum):
    """The form of an export of the records themselves."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class Projection(StrEnum):
    """The standard whose lines are made of the records."""

    LDV = "ldv"
    DECISIONS = "decisions"


@audit_filters.filtered
def export(
    *,
    filters: Filters,
    place: Annotated[
        Path, typer.Argument(metavar="FOLDER|FILE", help="Where it comes; it may not be there yet.")
    ],
    form: Annotated[
        Format, typer.Option("--format", help="jsonl: a folder to verify; else one file.")
    ] = Format.JSONL,
    projection: Annotated[
        Projection | None,
        typer.Option("--as", help="One file in the form of a standard, a JSON line each."),
    ] = None,
    with_persons: Annotated[
        bool, typer.Option("--with-persons", help="With pseudonyms and salts; that is on record.")
    ] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Write records to a folder or a file.

    `jsonl` makes a folder with the records, the tree and all checkpoints, which `seinhuis-verify`
    checks: without filters the whole log, with filters a part of it. `csv` and `parquet` make one
    file with a row for each record, the record itself and its commitment included. `--as ldv` is
    the Logboek Dataverwerkingen, `--as decisions` the Authorization Decision Log.

    It holds what `audit show` may show, and no pseudonyms unless you say --with-persons; `--as ldv`
    must name whom a line is about and asks for it. Whoever exports is on record: before, and when
    it is done, with the count, the positions and the SHA-256 of what was written.

    It is for you only (0600, 0700), overwrites nothing, and has its name only once it is whole.

    Exits with 0; 2 when an option cannot be used or the place is taken, 4 when the database does
    not answer, 5 when there is no ledger, 130 when stopped with Ctrl-C.
    """
    _fitting(projection, with_persons=with_persons)
    settings = settings_from(data=data, config=config, broker=broker)
    with audit_log.opened(settings) as log:
        with log.look() as connection:
            audit_filters.check(connection, filters, settings)
        asked = {"format": (projection or form).value, **filters.said()}
        if with_persons:
            asked["persons"] = "yes"
        with exporting.unfinished(place) as work:
            _on_record(log, filters, asked, "begun")
            job = _Job(log, settings, filters, with_persons=with_persons, as_json=as_json)
            done, made = job.run(work, form, projection, asked)
            said = {"records": str(done.records), "sha256": done.sha256}
            if done.first is not None:
                said["positions"] = f"{done.first}-{done.last}"
            _on_record(log, filters, {**asked, **said}, "done")
            exporting.put(made, place)
        behind = audit_log.not_sealed_yet(settings, log)
    _tell(place, done, as_json=as_json)
    if filters == Filters() and done.records < done.size:
        output.note(
            f"! {done.size - done.records:,} records are not in the ledger any more: somebody"
            f" removed them. Keep it as it is, and look: {output.command('audit', 'verify')}"
        )
    if behind:
        output.note(behind)


def _fitting(projection: Projection | None, *, with_persons: bool) -> None:
    if projection is Projection.LDV and not with_persons:
        raise Stop(
            Exit.NOT_USABLE,
            "a Logboek Dataverwerkingen names whom each line is about, by pseudonym: say"
            " --with-persons too, or choose another form",
        )
    if projection is Projection.DECISIONS and with_persons:
        raise Stop(
            Exit.NOT_USABLE, "a decision log is about organisations only: leave --with-persons out"
        )


class _Job:
    """One export, from the beginning to what stands ready under another name."""

    def __init__(
        self,
        log: Log,
        settings: Settings,
        filters: Filters,
        *,
        with_persons: bool,
        as_json: bool,
    ) -> None:
        self._log = log
        self._settings = settings
        self._filters = filters
        self._persons = with_persons
        self._as_json = as_json

    def run(
        self,
        work: Path,
        form: Format,
        projection: Projection | None,
        asked: Mapping[str, str],
    ) -> tuple[exporting.Exported, Path]:
        """Make it in `work`; return what it is, and the folder or file that is to be put."""
        if projection is None and form is Format.JSONL:
            return self._folder(work, asked)
        return self._file(work / "export", form, projection)

    def _folder(self, work: Path, asked: Mapping[str, str]) -> tuple[exporting.Exported, Path]:
        made = work / "export"
        made.mkdir()
        folder = exporting.Folder(made, self._log.engine, self._settings.log_folder)
        count, size = exporting.Count(), folder.checkpoint.size
        with progress_bar(wanted=not self._as_json) as bar:
            found = exporting.matching(
                self._log.engine,
                self._filters,
                size,
                persons=self._persons,
                progress=bar or _silent,
            )
            folder.write(found, count, persons=self._persons)
        everything = self._filters == Filters()
        digest = folder.finish(count, asked, output.rfc3339(now()), everything=everything)
        return exporting.Exported(count.records, count.first, count.last, size, digest), made

    def _file(
        self, made: Path, form: Format, projection: Projection | None
    ) -> tuple[exporting.Exported, Path]:
        with self._log.look() as connection:
            size = asking.size(connection)
        if not size:
            raise NotFound("nothing is sealed yet: there is nothing to export")
        count = exporting.Count()
        with (
            progress_bar(wanted=not self._as_json) as bar,
            self._writer(made, form, projection) as to,
        ):
            made.chmod(0o600)
            for sealed in exporting.matching(
                self._log.engine,
                self._filters,
                size,
                persons=self._persons,
                progress=bar or _silent,
            ):
                to.write(sealed)
                count.take(sealed.position)
        digest = exporting.sha256(made)
        return exporting.Exported(count.records, count.first, count.last, size, digest), made

    def _writer(self, made: Path, form: Format, projection: Projection | None) -> Writer:
        origin = self._settings.log_origin
        if projection is Projection.LDV:
            return LinesWriter(made, lambda sealed: ldv.lines(sealed, origin))
        if projection is Projection.DECISIONS:
            return LinesWriter(made, lambda sealed: decision_log.decisions(sealed, origin))
        kind = CsvWriter if form is Format.CSV else ParquetWriter
        return kind(made, persons=self._persons)


def _on_record(log: Log, filters: Filters, asked: Mapping[str, str], result: str) -> None:
    tokens = [filters.person] if filters.person else []
    log.on_record(
        "audit export",
        asked,
        person=tokens_asked(tokens),
        event=RecordEvent.LOG_EXPORTED,
        result=result,
    )


def _tell(place: Path, done: exporting.Exported, *, as_json: bool) -> None:
    if as_json:
        said: dict[str, Any] = {
            "place": str(place),
            "records": done.records,
            "first": done.first,
            "last": done.last,
            "of": done.size,
            "sha256": done.sha256,
        }
        output.document(said)
        return
    output.line(f"{done.records:,} of {output.plural(done.size, 'record')} in {place}")
    what = f" of {place}/{exporting.SUMS}" if place.is_dir() else ""
    output.line(f"SHA-256{what}: {done.sha256}")
    if place.is_dir():
        output.line(f"Check it: seinhuis-verify {place} --key KEY")


def _silent(done: int, total: int) -> None:
    """Show no progress."""
