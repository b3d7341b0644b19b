"""`seinhuis audit report processing`: the register of processing activities (AVG art. 30)."""

import dataclasses
import json
import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hub.bootstrap import now, rulebook
from hub.cli import audit_log, output, register_text
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.moments import moment_of
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.report_names import deliver
from hub.config import Settings
from hub.ledger.reports import versions
from hub.ledger.reports.processing import MEASURES, Register, register_of
from schemas.problems import nearest
from schemas.roles import RoleConfig

_COMMAND: Final = "audit report processing"
_DIGEST: Final = re.compile(r"[0-9a-f]{4,64}")


def processing(
    *,
    activity: Annotated[
        str | None, typer.Option("--activity", metavar="ID", help="This one only, with its rules.")
    ] = None,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="DIGEST", help="Of this role config; its beginning."),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="DATE", help="As it was at the end of this day.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Which versions, since when, and what changed.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="To a file, for you only (0600).")
    ] = None,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Make the register of processing activities (AVG art. 30).

    From the role config: for each purpose the legal bases, who provides to whom, the categories of
    persons and of data, the terms, the security measures and the rules. The digest of the config is
    the version of the register. Without --version or --at it is that of the role config here, which
    needs no ledger; with them that of the ledger, which keeps every config that was in force.

    Exits with 0; 2 when an option or the role config cannot be used, 4 when the database does not
    answer, 5 when there is no such version or no ledger.
    """
    if [version, at, history or None].count(None) < 2:
        raise Stop(Exit.NOT_USABLE, "say one of these: --version, --at or --history")
    if version is not None and not _DIGEST.fullmatch(version):
        raise Stop(
            Exit.NOT_USABLE, "--version is not the beginning of a digest: 4 to 64 hex digits"
        )
    settings = settings_from(data=data, config=config, broker=broker)
    if history:
        _history(settings, out, as_json=as_json)
        return
    chosen = _chosen(settings, version, at)
    register = _only(register_of(chosen), activity)
    if as_json:
        deliver(_json(_document(register)), out)
        return
    text = register_text.lines(register, now(), whole=activity is not None)
    deliver("\n".join(text) + "\n", out)


def _chosen(settings: Settings, version: str | None, at: str | None) -> RoleConfig:
    """Return the role config that is meant; one of the ledger is read on record."""
    if version is None and at is None:
        return rulebook(settings).config
    with audit_log.opened(settings) as log:
        asked = (
            {"version": version} if version is not None else {"at": _moment(at or "").isoformat()}
        )
        log.on_record(
            "audit report processing", {name: text for name, text in asked.items() if text}
        )
        with log.look() as connection:
            digest = version or versions.digest_at(connection, _moment(at or ""))
            return versions.config_of(connection, digest)


def _moment(text: str) -> datetime:
    return moment_of(text, "--at", time.max)


def _only(register: Register, activity: str | None) -> Register:
    if activity is None:
        return register
    known = {one.id: one for one in register.activities}
    if activity not in known:
        hint = nearest(activity, known)
        shown = f"perhaps: {hint}" if hint else f"there are: {', '.join(known)}"
        raise Stop(Exit.NOT_USABLE, f"--activity is not one of the register; {shown}")
    return dataclasses.replace(register, activities=(known[activity],))


def _history(settings: Settings, out: Path | None, *, as_json: bool) -> None:
    with audit_log.opened(settings) as log:
        log.on_record(_COMMAND, {"history": "yes"})
        with log.look() as connection:
            found = versions.history(connection)
    if as_json:
        deliver("".join(_json(dataclasses.asdict(one)) for one in found), out)
        return
    deliver("\n".join(register_text.history(found)) + "\n", out)


def _document(register: Register) -> dict[str, Any]:
    activities = [dataclasses.asdict(one) for one in register.activities]
    return {
        "version": register.digest,
        "activities": activities,
        "field_groups": register.field_groups,
        "measures": MEASURES,
    }


def _json(value: Any) -> str:
    def plain(other: object) -> str:
        if isinstance(other, datetime):
            return output.rfc3339(other)
        if isinstance(other, date):
            return other.isoformat()
        raise TypeError(type(other).__name__)

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=plain) + "\n"
