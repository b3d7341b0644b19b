"""`seinhuis retention hold`: cases that are kept whatever their terms."""

import re
from typing import Annotated, Any, Final

import typer

from hub.bootstrap import now
from hub.cli import audit_log, output
from hub.cli.defaulting import ListByDefault
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.mailbox import unique_beginnings
from hub.cli.options import AsJson, Data, settings_from
from hub.cli.reasons import Reason, checked
from hub.cli.tables import whole
from hub.errors import NotFound
from hub.ledger import holds, tracing
from hub.ledger.database import reading
from hub.ledger.holds import Hold
from hub.ledger.reading import Log

hold = typer.Typer(cls=ListByDefault, add_completion=False, rich_markup_mode=None)

_NAME: Final = re.compile("[0-9a-f]{1,32}")


@hold.callback()
def group() -> None:
    """Keep a case whatever its terms: legal holds.

    A hold names one message and keeps its whole case: every message about the same person, case or
    report, what answers them and what corrects them, also those that come later; their content and
    whom the log says they are about. Without a subcommand it lists. Works without a hub.
    """


@hold.command()
def place(
    *,
    message: Annotated[
        str, typer.Argument(metavar="MESSAGE", help="A message of the case, or its beginning.")
    ],
    reason: Reason,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Keep the case of a message from now on.

    On record, with the reason and the role of SEINHUIS_OPERATOR. It says how many messages are kept
    by it. What was erased before stays erased.

    Exits with 0, 2 when several messages begin so or the reason cannot be used, 4 when the database
    does not answer, 5 when the log has no such message or there is no ledger.
    """
    why = checked(reason)
    settings = settings_from(data=data)
    with audit_log.opened(settings) as log:
        name = _message(log, message)
        made = holds.place(log.engine, name, why, settings.operator, now())
        with reading(log.engine) as connection:
            case = holds.case_of(connection, [name])
    if as_json:
        output.document({**_document(made), "messages": len(case.messages)})
        return
    count = output.plural(len(case.messages), "message")
    output.line(f"hold {made.id} keeps the case of {name}: {count} by now, and what comes")


@hold.command("list")
def list_(
    *,
    lifted: Annotated[bool, typer.Option("--all", help="Also those that were lifted.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List the holds in force, oldest first.

    Changes nothing. With --json one document a line.

    Exits with 0, also when there is none; 4 when the database does not answer, 5 when there is no
    ledger.
    """
    with audit_log.opened(settings_from(data=data)) as log:
        found = holds.listed(log.engine, lifted=lifted)
    if as_json:
        for each in found:
            output.document(_document(each))
        return
    if not found:
        output.line("no hold is in force: everything goes at its term")
        return
    rows = [
        (str(each.id), each.message, output.moment(each.placed_at), each.placed_by, _state(each))
        for each in found
    ]
    columns = [*whole("hold", "message", "placed"), "by", "state"]
    output.table(columns, rows, [each.reason for each in found])


@hold.command()
def lift(
    *,
    number: Annotated[int, typer.Argument(metavar="HOLD", help="Its number, as the list has it.")],
    reason: Reason,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Let the terms count again for a case.

    On record, with the reason. What is past its term goes at the next run, unless another hold
    keeps it.

    Exits with 0, 2 when the reason cannot be used, 4 when the database does not answer, 5 when no
    such hold is in force or there is no ledger.
    """
    why = checked(reason)
    settings = settings_from(data=data)
    with audit_log.opened(settings) as log:
        found = holds.lift(log.engine, number, why, settings.operator, now())
    if as_json:
        output.document(_document(found))
    else:
        output.line(f"hold {found.id} is lifted: what is past its term goes at the next run")


def _message(log: Log, beginning: str) -> str:
    if not _NAME.fullmatch(beginning):
        raise Stop(
            Exit.NOT_USABLE,
            "MESSAGE is the name of a message, or its beginning: digits and a to f, as"
            " `seinhuis audit show` has it",
        )
    with reading(log.engine) as connection:
        found = tracing.candidates(connection, beginning)
    if len(found) > 1:
        shown = ", ".join(unique_beginnings(found)[:20])
        raise Stop(Exit.NOT_USABLE, f"several messages begin so, type more of it: {shown}")
    if not found:
        raise NotFound(
            "the log has no message that begins so: `seinhuis audit show` lists them; what came a"
            " moment ago is there when it is sealed"
        )
    return found[0]


def _state(found: Hold) -> str:
    if found.lifted_at is None:
        return "in force"
    return f"lifted {output.moment(found.lifted_at)} by {found.lifted_by}"


def _document(found: Hold) -> dict[str, Any]:
    return {
        "hold": found.id,
        "message": found.message,
        "reason": found.reason,
        "placed_at": output.rfc3339(found.placed_at),
        "placed_by": found.placed_by,
        "lifted_at": output.rfc3339(found.lifted_at) if found.lifted_at else None,
        "lifted_by": found.lifted_by,
    }
