"""`seinhuis audit verify`: the stand-alone verifier, on the live ledger and what is beside it."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from hub.bootstrap import HUB_SHARD, rulebook
from hub.cli import audit_log, output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.config import Settings
from hub.data_folder import BrokerAddress, running
from hub.errors import HubError
from hub.ledger import asking, beside
from hub.ledger.live import LiveLog, ReadModel, misplaced
from hub.ledger.reading import Log
from hub.ledger.store import LEDGER_SHARD
from hub.ledger.valkey_source import ValkeySource
from hub.proof.bundle import CHECKPOINT, CHECKPOINTS, Bundle
from hub.proof.errors import ProofError
from hub.proof.notes import LOG, VerifierKey
from hub.proof.report import Outcome, Report
from hub.proof.showing import progress_bar, text, wrapped
from hub.proof.verifying import Evidence
from hub.proof.verifying import verify as check
from hub.vault.interface import LOG as LOG_KEYS
from hub.vault.keyring import FileKeyring

_OWN_KEYS: Final = (
    "the keys were taken from this hub's own keyring: an auditor gives --key, got in another way"
)
_PUBLISHED_KEYS: Final = (
    "! the keys were taken from the published folder itself: who forged the log forged them too."
    " Give --key, got in another way"
)


def verify(
    *,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="FILE|KEY", help="A key of the log; more than once."),
    ] = None,
    seen: Annotated[
        list[Path] | None,
        typer.Option("--seen", metavar="PATH", help="A copy that others have; more than once."),
    ] = None,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Check the whole log: records, tree, signatures.

    The checks of `seinhuis-verify`, on the ledger as it is now; the published folder is held
    against it as a copy. And what an export does not have: that what people ask (the read model)
    says what the records say, that no person and no role config went or was changed without a word,
    and that the broker knows of no sealed record that is not here.
    Without --key the keys of this hub's keyring are used, or else those in the published folder.

    A million records take about two minutes; there is a bar on a terminal.

    It proves what it says to who runs it on a machine and a program that he trusts; to prove it to
    others, let them run `seinhuis-verify` on an export. That you asked is on record first.

    Exits as `seinhuis-verify` does: with 0 when it is sound, 2 when something cannot be used as
    given, 3 at a fault, 4 when it is sound as far as it goes; also with 4 when the database does
    not answer, 5 when there is no ledger, 130 when stopped with Ctrl-C.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    with audit_log.opened(settings) as log, contextlib.ExitStack() as stack:
        keys, whence = _keys(key or [], settings)
        log.on_record("audit verify", {})
        # Copies of what others were told come first: what is sealed meanwhile is in the ledger too.
        published = stack.enter_context(_published(settings.log_folder))
        marks = _marks(settings, log)
        try:
            report, wrong = _verified(
                log, keys, [*(seen or []), *published], marks, as_json=as_json
            )
        except ProofError as error:
            raise Stop(Exit.NOT_USABLE, str(error)) from error
        for copy in published:
            wrong += _tree_of(copy, keys, settings.log_folder)
    outcome = Outcome.FAULT if wrong else report.outcome
    if as_json:
        beside = {"exit": int(outcome), "keys_from": whence, "live": wrong}
        output.document({**report.document(), **beside})
    else:
        _tell(report, wrong, whence)
    raise typer.Exit(int(outcome))


def _verified(
    log: Log,
    keys: Sequence[VerifierKey],
    copies: Sequence[Path],
    marks: Mapping[str, int] | None,
    *,
    as_json: bool,
) -> tuple[Report, list[str]]:
    """Return the verifier's report, and what is wrong beside the log, in words."""
    model = ReadModel()
    with log.look() as connection, progress_bar(wanted=not as_json) as progress:
        bundle = LiveLog(connection, model, "the ledger")
        report = check(bundle, keys, Evidence(tuple(copies)), progress)
        sealed = asking.numbers(connection)
        shards = misplaced(connection)
        wrong = [*beside.erased_unsaid(connection), *beside.changed_configs(connection)]
        lost = beside.lost_configs(connection)
    if lost:
        report.remarks.append(f"The ledger does not keep the role configs {', '.join(lost)}")
    report.count("records in the read model", model.checked)
    if model.wrong:
        shown = ", ".join(map(str, model.wrong)) + (f" and {model.more} more" if model.more else "")
        wrong.append(
            f"the read model does not say what the records say, at positions {shown}: answers of"
            " `show`, `trace` and the reports may be wrong; what is exported from the records is"
            " not. Find out who changed it, then make it anew: seinhuis ledger rebuild"
        )
    if shards:
        wrong.append(
            f"the positions of the sealer do not agree with the records of {', '.join(shards)}:"
            " somebody changed them, or records; seal nothing before you know which"
        )
    for shard, number in (marks or {}).items():
        if number > sealed.get(shard, 0):
            wrong.append(
                f"the broker knows of {number} sealed records of shard {shard}, the ledger of"
                f" {sealed.get(shard, 0)}: the database was set back, or it is another one"
            )
    if marks is None:
        report.remarks.append("No hub answers here: its marks of what is sealed were not compared")
    else:
        report.count("marks on the broker", len(marks))
    return report, wrong


def _tree_of(copy: Path, keys: Sequence[VerifierKey], folder: Path) -> Iterator[str]:
    """Say what is wrong with the published folder itself, which others copy; usually nothing."""
    try:
        faults = check(Bundle(copy), keys).faults
    except ProofError as error:
        yield f"the published folder {folder} cannot be verified: {error}"
        return
    if faults:
        yield (
            f"the published folder {folder}: {faults[0].what}. Find out who changed it; more is"
            f" said by: seinhuis-verify {folder} --key KEY. Then move aside what is wrong (keep it"
            " as evidence): a start of the sealer writes it anew"
        )


def _tell(report: Report, wrong: Sequence[str], whence: str) -> None:
    output.line(wrapped(whence, "  "))
    for line in text(report).rstrip("\n").splitlines():
        output.line(line)
    for each in wrong:
        output.line()
        output.line(wrapped(f"FAULT (live): {each}", "  "))
    if wrong:
        output.line()
        output.line("NOT SOUND: what is around the log is not as the log says")


def _keys(given: Sequence[str], settings: Settings) -> tuple[tuple[VerifierKey, ...], str]:
    """Return the keys to verify with, and where they came from, in words."""
    if given:
        return tuple(_read(given)), "the keys are those that were given"
    if (settings.keys / "keyring.json").is_file():
        ring = FileKeyring(settings.keys)
        if any(info.owner == LOG_KEYS for info in ring.names()):  # asking would make one
            public = ring.log_keys(settings.log_origin)
            found = tuple(VerifierKey(settings.log_origin, LOG, each) for each in public)
            return found, _OWN_KEYS
    published = settings.log_folder / "key.pub"
    if published.is_file():
        return tuple(_read([str(published)])), _PUBLISHED_KEYS
    raise Stop(
        Exit.NOT_USABLE,
        "there is no key to verify with: no keyring of this hub, and no key.pub in the published"
        " folder; give --key FILE, with the key that the owner of the log gave you",
    )


def _read(given: Sequence[str]) -> Iterator[VerifierKey]:
    for each in given:
        try:
            file = Path(each)
            lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else [each]
            for line in lines:
                if line.strip() and not line.startswith("#"):
                    yield VerifierKey.parse(line)
        except (OSError, ValueError, ProofError) as error:
            raise Stop(
                Exit.NOT_USABLE,
                "--key is a file with keys, or a key itself (<name>+<8 hex>+<base64>): this is"
                " neither, or it cannot be read",
            ) from error


@contextlib.contextmanager
def _published(folder: Path) -> Iterator[list[Path]]:
    """Give the published folder as it was at one moment; nothing when there is none yet."""
    if not (folder / CHECKPOINT).is_file():
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="seinhuis-") as temporary:
        copy = Path(temporary) / "published"
        copy.mkdir()
        for name in (CHECKPOINT, CHECKPOINTS):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(folder / name, copy / name)
        for name in ("tile", "witness"):
            if (folder / name).is_dir():
                (copy / name).symlink_to((folder / name).absolute(), target_is_directory=True)
        yield [copy]


def _marks(settings: Settings, log: Log) -> dict[str, int] | None:
    """Return up to which number the broker knows each shard to be sealed; None: no broker."""
    address = (
        BrokerAddress(settings.broker, settings.broker_user, settings.broker_password)
        if settings.broker
        else running(settings.data)
    )
    if address is None:
        return None
    with log.look() as connection:
        known = asking.numbers(connection)
    try:
        shards = {*rulebook(settings).shards(), HUB_SHARD, *known} - {LEDGER_SHARD}
        with contextlib.closing(
            ValkeySource(address.url, address.user, address.password, log=settings.log_origin)
        ) as source:
            return dict(source.sealed(sorted(shards)))
    except HubError:
        return None
