"""`seinhuis retention`: what must go at its term, what a hold keeps, and doing it now."""

from datetime import datetime, time
from typing import Annotated, Final

import typer

from hub import log
from hub.bootstrap import Hub, attach, now
from hub.cli import holds, output, retention_text
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.moments import moment_of
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.reasons import Yes, confirm
from hub.cli.running import run as run_to_end
from hub.config import Settings
from hub.retention import job
from hub.retention.plan import Plan, Report

retention = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
retention.add_typer(holds.hold, name="hold")

_NOON: Final = time(12)


@retention.callback()
def group() -> None:
    """Erase what must go at its term: plan, run, legal holds.

    A hub that is up does this by itself once a day. Content goes some days after its recipient
    finished it, and at the end of its term at the latest; whom old records of the log are about is
    erased at the term of the log. The terms stand in the role config. Nothing goes silently.
    """


@retention.command("plan")
def plan_(
    *,
    at: Annotated[
        str, typer.Option("--at", metavar="DAY", help="As if it were that day or moment.")
    ] = "",
    each: Annotated[bool, typer.Option("--list", help="Also every single copy and entry.")] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Say what a run would erase, and what a hold keeps.

    Changes nothing. Counts first, by reason, sender and recipient; then what nobody has finished
    and is near its last day, and what is stuck on an intake. Needs a hub that runs. With --json one
    document, and with --list one more a line for each copy or entry; no content, no person.

    Exits with 0, 2 when the day is none, 4 when no hub runs or the ledger does not answer.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    moment = moment_of(at, "--at", _NOON) if at else None
    run_to_end(_plan(settings, moment, each=each, as_json=as_json))


@retention.command("run")
def run_(
    *,
    yes: Yes = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Erase now what is due today.

    Shows the plan and asks first; --yes does not ask, and is needed where nobody can answer. Each
    erasure is on record. What nobody finished is an alarm in the log of the hub and a notice to its
    sender before it goes. Then the files of broker and ledger are written anew, so that the bytes
    leave the disk: sealing waits for that.

    A step that fails does not stop the others, and the next run does it again; it is safe to stop
    this at any moment. Needs a hub that runs. With --json one document: what was done.

    Exits with 0, 1 when a step failed, 2 when it was not confirmed, 4 when no hub runs or a step
    failed because something did not answer.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    log.configure(json=settings.log_json, level="warning")
    report = run_to_end(_run(settings, yes=yes, as_json=as_json))
    if as_json:
        output.document(report.document())
    else:
        retention_text.print_report(report)
    if report.failures:
        passing = all(failure.passing for failure in report.failures)
        raise Stop(
            Exit.NO_HUB if passing else Exit.UNEXPECTED,
            f"{output.plural(len(report.failures), 'step')} failed; what could be done is done, and"
            " the next run does the rest: "
            + "; ".join(f"{failure.step}: {failure.reason}" for failure in report.failures),
        )


async def _plan(settings: Settings, at: datetime | None, *, each: bool, as_json: bool) -> None:
    async with attach(settings) as hub:
        work = _job(hub)
        try:
            with retention_text.progress(wanted=not as_json) as progress:
                plan = await work.plan(at, progress)
            _show(plan, as_json=as_json)
            if each:
                async for due in work.due(plan.at):
                    if as_json:
                        output.document(retention_text.due_document(due))
                    else:
                        output.line(retention_text.due_line(due))
        finally:
            work.close()


async def _run(settings: Settings, *, yes: bool, as_json: bool) -> Report:
    async with attach(settings) as hub:
        work = _job(hub)
        try:
            if not yes:
                with retention_text.progress(wanted=not as_json) as progress:
                    plan = await work.plan(progress=progress)
                if not as_json:
                    _show(plan, as_json=False)
                confirm("Erasing cannot be undone.", yes=False)
            with retention_text.progress(wanted=not as_json) as progress:
                return await work.run(progress=progress, whole=True)
        finally:
            work.close()


def _job(hub: Hub) -> job.Retention:
    return job.retention(hub.settings, hub.store, hub.book, now, hub.address, hub.sealer_address())


def _show(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        output.document(plan.document())
    else:
        retention_text.print_plan(plan)
