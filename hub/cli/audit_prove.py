"""`seinhuis audit prove`: receipts that a partner checks without this hub."""

import json
import re
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy import ColumnElement

from hub.cli import audit_log, audit_words, output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.mailbox import unique_beginnings
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.tables import whole
from hub.errors import NotFound
from hub.ledger import exporting, proving, tracing
from hub.ledger.documents import document
from hub.ledger.proving import Proven
from hub.ledger.reading import Log

_PLACE: Final = re.compile(r"([a-z][a-z0-9.-]*)/([1-9][0-9]{0,17})")
_NAME: Final = re.compile(r"[0-9a-f]{1,32}")
_PATIENCE_S: Final = 1.0  # what the hub did a moment ago is sealed within a second
_LOOK_S: Final = 0.1


def prove(
    *,
    message: Annotated[
        str | None,
        typer.Argument(metavar="[MESSAGE]", help="Every record about it; a beginning is enough."),
    ] = None,
    record: Annotated[
        str | None,
        typer.Option("--record", metavar="SHARD/SEQ", help="This record only, as `show` names it."),
    ] = None,
    position: Annotated[
        int | None, typer.Option("--position", min=0, help="This record only, by its leaf.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Of MESSAGE a folder with a file each; of one record a file."),
    ] = None,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Make a receipt that anybody can check without this hub.

    A receipt is a record, the proof that it is in the log, and the signed head of the log. It holds
    no person and no content. Each is checked before it is given to you. A partner checks it with
    `seinhuis-verify FILE --key KEY`, offline; the key comes by another way than the receipt.

    With MESSAGE one for every record about it: what was decided, what each recipient did, its
    corrections. Without --out a list; --out FOLDER writes the receipts, and --json prints them, one
    a line. That you asked is on record first.

    Exits with 0; 2 when it is not clear what you mean or the place is taken, 4 when the database
    does not answer, 5 when there is no such record (yet) or no ledger; 1 when it cannot be proven.
    """
    if [message, record, position].count(None) != 2:
        raise Stop(Exit.NOT_USABLE, "say one of these: MESSAGE, --record SHARD/SEQ or --position N")
    settings = settings_from(data=data, config=config, broker=broker)
    with audit_log.opened(settings) as log:
        where, name = _wanted(log, message, record, position)
        about = name if message is not None else None
        log.on_record("audit prove", {"of": name}, about=about)
        keys = proving.published_keys(settings.log_folder)
        with log.look() as connection:
            found = list(proving.receipts(connection, where, keys))
        if not found:
            hint = audit_log.not_sealed_yet(settings, log)
            raise NotFound("the log has no such record" + (f"; {hint}" if hint else ""))
        if out is not None:
            _write(out, found, single=message is None)
        _tell(found, out, about, as_json=as_json)
        behind = audit_log.not_sealed_yet(settings, log)
    if behind and not as_json:
        output.note(behind)


def _wanted(
    log: Log, message: str | None, record: str | None, position: int | None
) -> tuple[ColumnElement[bool], str]:
    """Return which records are meant, and that as it goes on record."""
    if position is not None:
        return proving.at_position(position), f"position-{position}"
    if record is not None:
        place = _PLACE.fullmatch(record)
        if place is None:
            raise Stop(
                Exit.NOT_USABLE,
                "--record is not a shard and a number: write it as `audit show` does, ind/12",
            )
        return proving.at_place(place[1], int(place[2])), record
    name = _message(log, message or "")
    return proving.about(name), name


def _message(log: Log, beginning: str) -> str:
    """Return the message that begins so; waits a second for what is only just on record.

    Raises:
        NotFound, Stop: there is none, or there are several.

    """
    if not _NAME.fullmatch(beginning):
        raise Stop(
            Exit.NOT_USABLE,
            "MESSAGE is not the beginning of a message: digits and a to f, as `audit show` has it",
        )
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with log.look() as connection:
            found = tracing.candidates(connection, beginning)
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(unique_beginnings(found))
            raise Stop(Exit.NOT_USABLE, f"several messages begin so, type more of it: {shown}")
        if time.monotonic() > deadline:
            raise NotFound(
                "the log has no record about a message that begins so; what the hub did just now is"
                " sealed within a second, and shown after that"
            )
        time.sleep(_LOOK_S)


def _write(out: Path, found: Sequence[Proven], *, single: bool) -> None:
    with exporting.unfinished(out) as work:
        made = work / "receipts"
        if single:
            made.write_text(found[0].receipt, encoding="utf-8")
            made.chmod(0o600)
        else:
            made.mkdir(mode=0o700)
            for proven in found:
                file = made / f"receipt-{proven.line.position:012d}.json"
                file.write_text(proven.receipt, encoding="utf-8")
                file.chmod(0o600)
        exporting.put(made, out)


def _tell(found: Sequence[Proven], out: Path | None, about: str | None, *, as_json: bool) -> None:
    """Show what was proven; `about`: the message; None: one record was asked for."""
    single = about is None
    if as_json:
        for proven in found:
            output.document(json.loads(proven.receipt))
        return
    if single and out is None:
        output.line(found[0].receipt.rstrip())
        return
    rows = [_row(proven, about or "") for proven in found]
    output.table([*whole("time", "record", "position"), "what"], rows)
    signed = "signed" if found[0].signed else "not checked: no key of the log is published here"
    count = output.plural(len(found), "record is", "records are")
    output.line(f"{count} in the log of {found[0].size:,}; checked (signature: {signed})")
    if out is None:
        output.line("Write the receipts: add --out FOLDER")
    else:
        output.line(f"In {out}. A partner checks it: seinhuis-verify {out} --key KEY")


def _row(proven: Proven, about: str) -> tuple[str, ...]:
    line = proven.line
    record = document(line.record)  # empty: no record; that it was sealed can be proven
    at = output.second(datetime.fromisoformat(record["time"])) if record else "?"
    return (
        at,
        f"{line.shard}/{line.seq}",
        str(line.position),
        audit_words.described(record, about=about),
    )
