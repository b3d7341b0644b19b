"""`seinhuis audit report person`: the answer to a request for access (AVG art. 15)."""

import dataclasses
import json
import re
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hub.bootstrap import now
from hub.cli import audit_log, output, person_text
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.report_names import Names, book_of, deliver
from hub.config import Settings
from hub.errors import NotFound
from hub.ledger.reading import tokens_asked
from hub.ledger.reports import finding
from hub.ledger.reports.person import PersonReport, report_of
from hub.ledger.reports.policy import LedgerPolicy
from hub.pseudonyms import Pseudonyms, subject
from hub.vault.interface import PSEUDONYM
from hub.vault.keyring import FileKeyring
from schemas.identifiers import is_bsn

_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_REF: Final = re.compile(r"([0-9]{20})[ :]+(\S{1,64})")


class By(StrEnum):
    """How the person was named; the word goes on record, what was typed does not."""

    BSN = "bsn"
    REF = "ref"
    TOKEN = "token"  # noqa: S105 - a word, not a secret


_FOUND_BY: Final = {
    By.BSN: "burgerservicenummer",
    By.REF: "het kenmerk van een verzender",
    By.TOKEN: "pseudoniem",
}


def person(
    *,
    bsn: Annotated[
        bool, typer.Option("--bsn", help="By BSN: typed unseen, or a line on stdin.")
    ] = False,
    ref: Annotated[
        bool, typer.Option("--ref", help="By `OIN betrokkeneRef` of a sender: typed, or on stdin.")
    ] = False,
    token: Annotated[
        list[str] | None,
        typer.Option("--token", metavar="TOKEN", help="By pseudonym, 32 digits; more than once."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="To a file, for you only (0600).")
    ] = None,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Say who received what about one person, and why.

    For the contact point, to answer a request under AVG art. 15: by recipient, then by time, from
    whom it came, on which legal basis, for which purpose, which fields, what the recipient did with
    it, and what was corrected or erased. Then the messages that nobody received, who asked this
    before, and of how many records nobody can say any more whom they are about.

    A BSN is never an argument, because arguments stand in the history of a shell: it is asked for,
    and not shown; or it is read from stdin. So with --ref. Events that have only the sender's own
    reference for the same person are found too, one step far, and are marked.

    The question is on record first; the person only as a pseudonym, in the part that is erased
    with all else about them. Needs the pseudonym keys of the keyring, but not with --token.

    Exits with 0, also when there is nothing; 2 when it is not clear who is meant, 4 when the
    database does not answer, 5 when there is no ledger or no keyring.
    """
    if [bsn, ref, bool(token)].count(True) != 1:
        raise Stop(Exit.NOT_USABLE, "say how the person is named: --bsn, --ref or --token TOKEN")
    settings = settings_from(data=data, config=config, broker=broker)
    with audit_log.opened(settings) as log:
        by = By.BSN if bsn else By.REF if ref else By.TOKEN
        tokens = _checked(token or []) if by is By.TOKEN else _tokens(settings, by)
        log.on_record("audit report person", {"by": by.value}, person=tokens_asked(tokens))
        with log.look() as connection:
            found = finding.find(connection, tokens)
            unknown = finding.unknown(connection)
            report = report_of(found, LedgerPolicy(connection))
        at = now()
        if as_json:
            said = _document(report, unknown, tokens, at)
            deliver(json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n", out)
        else:
            names = Names.of(book_of(settings))
            text = person_text.lines(report, unknown, names, at, _FOUND_BY[by])
            deliver("\n".join(text) + "\n", out)
        behind = audit_log.not_sealed_yet(settings, log)
    if behind:
        output.note(behind)


def _checked(tokens: list[str]) -> list[str]:
    if not all(_TOKEN.fullmatch(each) for each in tokens):
        raise Stop(
            Exit.NOT_USABLE,
            "--token is not a pseudonym: 32 digits and a to f, as this report shows with --json",
        )
    return tokens


def _tokens(settings: Settings, by: By) -> list[str]:
    """Ask for the person, and return the pseudonyms under every key.

    Raises:
        Stop: what was typed cannot be one; it is not repeated.
        NotFound: this machine has no pseudonym keys.

    """
    keyring = FileKeyring(settings.keys, now)
    if not any(key.owner == PSEUDONYM for key in keyring.names()):
        raise NotFound(
            "the keyring here has no pseudonym keys, without which nobody can be found: run this"
            " where the keyring is (SEINHUIS_KEYS), or give a pseudonym with --token"
        )
    pseudonyms = Pseudonyms(keyring.pseudonym_keys())
    if by is By.BSN:
        typed = _typed("BSN")
        if not is_bsn(typed):
            raise Stop(Exit.NOT_USABLE, "that is not a BSN: nine digits that pass the eleven-test")
        return pseudonyms.tokens("bsn", typed)
    match = _REF.fullmatch(_typed("OIN of the sender, a space, betrokkeneRef"))
    if match is None:
        raise Stop(
            Exit.NOT_USABLE,
            "that is not an OIN of 20 digits, a space, and the betrokkeneRef of that sender",
        )
    return pseudonyms.tokens("ref", subject(match[1], match[2]))


def _typed(what: str) -> str:
    """Read a line that is not shown on a terminal; without a terminal, of stdin."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()


def _document(
    report: PersonReport, unknown: finding.Unknown, tokens: list[str], at: datetime
) -> dict[str, Any]:
    said = dataclasses.asdict(report)
    readings = [{"at": each, "role": role} for each, role in report.readings]
    whole = {
        "made": at,
        "tokens": tokens,
        **said,
        "readings": readings,
        "unknown": dataclasses.asdict(unknown),
    }
    return {name: _plain(value) for name, value in whole.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return output.rfc3339(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
