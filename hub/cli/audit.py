"""`seinhuis audit`: the log of what the hub did, for an auditor, a privacy officer, a partner."""

from typing import Final

import typer

from hub.cli.lazy import Entry, LazyGroup

COMMANDS: Final = {
    "show": Entry("hub.cli.audit_show:show", "Show records: filter them, or follow what comes."),
    "trace": Entry(
        "hub.cli.audit_trace:trace", "Tell the whole life of one message, and of its case."
    ),
    "verify": Entry(
        "hub.cli.audit_verify:verify", "Check the whole log: records, tree, signatures."
    ),
    "prove": Entry(
        "hub.cli.audit_prove:prove", "Make a receipt that anybody can check without this hub."
    ),
    "export": Entry("hub.cli.audit_export:export", "Write records to a folder or a file."),
    "report": Entry(
        "hub.cli.audit_report:report", "Answer a person, a register, a partner: the reports."
    ),
    "stats": Entry("hub.cli.audit_stats:stats", "Count messages, with a chart in the terminal."),
}
"""Name -> where it is and its line in the help; a test keeps the line equal to the real one."""


class AuditCommands(LazyGroup):
    """The commands of `seinhuis audit`."""

    entries = COMMANDS


audit = typer.Typer(cls=AuditCommands, add_completion=False, rich_markup_mode=None)


@audit.callback()
def group() -> None:
    """Ask the log what the hub did, and prove it.

    Reads the ledger, also when no hub runs. Every question is itself on record: it is written to
    the log before the first line is shown, and when it cannot be written nothing is shown. Records
    hold no content of a message and no person; a person is found by a pseudonym, which `report
    person` makes.
    """
