"""The options by which records are chosen, for every command of `seinhuis audit` that has them."""

import functools
import inspect
from collections.abc import Callable
from datetime import time
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from handlers.rulebook import Rulebook
from hub.bootstrap import rulebook
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.moments import moment_of
from hub.config import Settings
from hub.errors import ConfigError
from hub.ledger.filters import Filters, problems


def options(
    *,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="From this day on, or RFC 3339 moment."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="Up to and with this day, or moment."),
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--sender", metavar="PARTY", help="Of messages of this sender.")
    ] = None,
    recipient: Annotated[
        str | None,
        typer.Option("--recipient", metavar="PARTY", help="It got a copy, or acted on one."),
    ] = None,
    message: Annotated[
        str | None,
        typer.Option("--message", metavar="NAME", help="About this message; its beginning."),
    ] = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Messages of this type.")
    ] = None,
    event: Annotated[
        str | None,
        typer.Option("--event", metavar="WORD", help="What happened: decided, opened, …"),
    ] = None,
    result: Annotated[
        str | None, typer.Option("--result", metavar="WORD", help="With this result: held, ok, …")
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", metavar="NAME", help="Done by: a party, hub, a role.")
    ] = None,
    legal_basis: Annotated[
        str | None,
        typer.Option("--legal-basis", metavar="ID", help="A verdict rests on this basis."),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="SHARD", help="In this shard; `hub`, `ledger`: its own."),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option("--person", metavar="TOKEN", help="A pseudonym: 32 digits, never a BSN."),
    ] = None,
    digest: Annotated[
        str | None,
        typer.Option("--digest", metavar="DIGEST", help="Under this role config; its beginning."),
    ] = None,
) -> Filters:
    """Return the filters that these options mean."""
    return Filters(
        since=moment_of(since, "--since", time()) if since is not None else None,
        until=moment_of(until, "--until", time.max) if until is not None else None,
        sender=sender,
        recipient=recipient,
        message=message,
        type=type_,
        event=event,
        result=result,
        actor=actor,
        legal_basis=legal_basis,
        shard=shard,
        person=person,
        config=digest,
    )


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `options`; it gets what they mean as `filters`."""
    theirs = inspect.signature(options, eval_str=True).parameters
    own = inspect.signature(command, eval_str=True)

    @functools.wraps(command)
    def with_filters(**given: Any) -> None:
        filters = options(**{name: given.pop(name) for name in theirs})
        command(filters=filters, **given)

    rest = [parameter for name, parameter in own.parameters.items() if name != "filters"]
    both = [*theirs.values(), *rest]
    with_filters.__signature__ = own.replace(parameters=both)  # type: ignore[attr-defined]  # what Typer reads
    with_filters.__annotations__ = {each.name: each.annotation for each in both}
    return with_filters


def check(connection: Connection, filters: Filters, settings: Settings) -> None:
    """Refuse filters that can match nothing, all at once.

    Raises:
        Stop: with each option, why, and the nearest name.

    """

    def book() -> Rulebook | None:
        try:
            return rulebook(settings)
        except ConfigError:
            return None  # the log can be asked without it

    if found := problems(connection, filters, book):
        raise Stop(Exit.NOT_USABLE, "nothing can match this:", found)
