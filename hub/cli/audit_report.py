"""`seinhuis audit report`: the answers that the law lets somebody ask for."""

from typing import Final

import typer

from hub.cli.lazy import Entry, LazyGroup

COMMANDS: Final = {
    "person": Entry(
        "hub.cli.audit_report_person:person", "Say who received what about one person, and why."
    ),
    "processing": Entry(
        "hub.cli.audit_report_processing:processing",
        "Make the register of processing activities (AVG art. 30).",
    ),
    "partner": Entry(
        "hub.cli.audit_report_partner:partner", "Say what one party sent and received in a period."
    ),
}
"""Name -> where it is and its line in the help; a test keeps the line equal to the real one."""


class ReportCommands(LazyGroup):
    """The commands of `seinhuis audit report`."""

    entries = COMMANDS


report = typer.Typer(cls=ReportCommands, add_completion=False, rich_markup_mode=None)


@report.callback()
def group() -> None:
    """Answer a person, a register, a partner: the reports.

    For the contact point of a person's rights, the privacy officer (FG) and a partner. Reads the
    ledger, also when no hub runs. Each is on record before it is shown.
    """
