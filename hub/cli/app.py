"""The table of commands, and the app that imports a command only when it is called."""

from typing import Annotated, Final

import typer

from hub.cli.exits import epilog
from hub.cli.lazy import Entry, LazyGroup

COMMANDS: Final = {
    "demo": Entry("hub.cli.demo:demo", "See the hub at work: the four signals, then a day."),
    "cluster": Entry(
        "hub.cli.cluster:cluster", "Try a cluster here: three primaries, three replicas."
    ),
    "up": Entry("hub.cli.up:up", "Start the hub here, until Ctrl-C."),
    "status": Entry(
        "hub.cli.status:status",
        "Show what waits in every shard and inbox, who reads, and what is wrong.",
    ),
    "send": Entry("hub.cli.send:send", "Publish events of a file as their own sender."),
    "watch": Entry(
        "hub.cli.watch:watch",
        "Publish the export files that come into a folder: JSON, NDJSON or CSV.",
    ),
    "inbox": Entry("hub.cli.inbox_acts:inbox", "Read the inbox of a party, and act on it."),
    "explain": Entry("hub.cli.explain:explain", "Say who would get an event, and who not and why."),
    "check": Entry("hub.cli.check:check", "Check the role config: every problem, file and line."),
    "simulate": Entry("hub.cli.simulate:simulate", "Publish believable days of traffic."),
    "held": Entry("hub.cli.parked:held", "What waits for a person: list, show, release and more."),
    "dead": Entry("hub.cli.parked:dead", "What was refused: list, show, decide again, discard."),
    "audit": Entry("hub.cli.audit:audit", "Ask the log what the hub did, and prove it."),
    "ledger": Entry("hub.cli.ledger:ledger", "Look after the ledger: status, checks and gaps."),
    "seal": Entry("hub.cli.seal:seal", "Seal the records of a hub here, until Ctrl-C."),
    "keys": Entry("hub.cli.keys:keys", "List the keys of the hub, rotate and retire them."),
    "witness": Entry(
        "hub.cli.witness:witness", "Sign the checkpoints of a log as another organisation."
    ),
    "retention": Entry(
        "hub.cli.retention:retention", "Erase what must go at its term: plan, run, legal holds."
    ),
    "schema": Entry("hub.cli.schema:schema", "Print the JSON Schema of a message type."),
    "asyncapi": Entry("hub.cli.schema:asyncapi", "Print the AsyncAPI description of the hub."),
    "accounts": Entry("hub.cli.accounts:accounts", "Write the accounts for a broker of your own."),
    "doctor": Entry("hub.cli.doctor:doctor", "Check this installation, and the hub that runs."),
}
"""Name -> where it is and its line in the help; a test keeps the line equal to the real one."""


class Commands(LazyGroup):
    """The commands of `seinhuis`."""

    entries = COMMANDS


app = typer.Typer(
    name="seinhuis",
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,  # plain help: Rich takes as long to import as all else together
    pretty_exceptions_enable=False,  # a traceback with locals would show the event
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    epilog=epilog(),
)


def _version(asked: bool) -> None:  # noqa: FBT001 - the shape of a Typer callback
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - only for this option

        typer.echo(f"seinhuis {version('seinhuis')}")
        raise typer.Exit


@app.callback()
def seinhuis(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Bring typed signals of the lokale aanpak to who may have them, and account for every step.

    Start with `seinhuis demo`. To work: `seinhuis up` in one terminal, and in another
    `seinhuis send FILE --wait` and `seinhuis inbox PARTY`.
    """


def main() -> None:
    """Run the command with the arguments of this process, and exit."""
    app()
