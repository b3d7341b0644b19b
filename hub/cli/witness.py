"""`seinhuis witness`: another organisation signs the checkpoints of a log, or refuses to.

Needs a copy of the published folder and nothing else of the hub.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson


class SignByDefault(TyperGroup):
    """`witness FOLDER …` means `witness sign FOLDER …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `sign` where a folder or an option stands."""
        first = args[0] if args else "--help"
        if first not in {"--help", "-h", *self.commands}:
            args = ["sign", *args]
        return super().parse_args(ctx, args)


witness = typer.Typer(
    cls=SignByDefault, add_completion=False, rich_markup_mode=None, no_args_is_help=True
)


@witness.callback()
def group() -> None:
    """Sign the checkpoints of a log as another organisation.

    `seinhuis witness FOLDER …` means `seinhuis witness sign FOLDER …`. A witness signs a
    checkpoint only with proof that nothing before it was changed: then the owner of the log cannot
    show one history to you and another to its auditor.
    """


@witness.command()
def keygen(
    *,
    file: Annotated[
        Path, typer.Argument(help="Where the private key goes; the public in FILE.pub.")
    ],
    name: Annotated[
        str,
        typer.Option(
            "--name",
            metavar="NAME",
            help="Of this witness, as a web address without https://: zvh.example/witness.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Make the key of a witness.

    The private key is for this user only and is never written over. Give the public line to the
    owner of the log and to auditors: `seinhuis-verify --witness`.

    Exits with 0, 2 when the name or the file cannot be used.
    """
    from hub.proof.witnessing import make_witness_key  # noqa: PLC0415 - not needed to say --help

    try:
        public = make_witness_key(file, name)
    except ValueError as error:
        raise Stop(
            Exit.NOT_USABLE, "--name is not empty and has no space and no plus: zvh.example/witness"
        ) from error
    except FileExistsError as error:
        raise Stop(
            Exit.NOT_USABLE, f"{file} is there already, and a key is never written over"
        ) from error
    except OSError as error:
        raise _unusable(error) from error
    if as_json:
        output.document({"key": str(public), "private": str(file), "public": f"{file}.pub"})
    else:
        output.line(str(public))


@witness.command()
def sign(
    *,
    folder: Annotated[Path, typer.Argument(help="A copy of the published folder of the log.")],
    log_key: Annotated[
        list[str],
        typer.Option(
            "--log-key",
            metavar="FILE|KEY",
            help="The key of the log, got from its owner and not from the folder; more than once.",
        ),
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="As `witness keygen` made it.")
    ],
    state: Annotated[
        Path,
        typer.Option("--state", metavar="FILE", help="Keeps what was signed last: never lose it."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FOLDER", help="Where the signed checkpoint goes; else FOLDER/witness."
        ),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option("--every", metavar="SECONDS", min=1, help="Go on, looking every so often."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Look once; so it is without --every.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign the newest checkpoint, if it continues the last one that was signed.

    Needs no hub, no broker and no database. The first time the log is believed as it is. A log that
    was set back, forked or written anew is refused: both notes are kept beside the state file as
    evidence, and it stops. With --every it goes on until Ctrl-C; a copy that is not whole yet is
    told, and looked at again.

    Exits with 0 when signed, 2 when something cannot be used as it is, 3 when the log broke its
    promise, 130 when stopped with Ctrl-C.
    """
    if once and every is not None:
        raise Stop(Exit.NOT_USABLE, "give --once or --every, not both")
    keys = _keys(log_key)
    _check(key)
    where = out or folder / "witness"
    said = ""
    while True:
        try:
            _look(folder, keys, key, state, where, as_json=as_json)
            said = ""
        except Stop as stop:
            if every is None or stop.code is Exit.REFUSED:
                raise
            if stop.message != said:
                output.note(f"not signed, looking again: {stop.message}")
            said = stop.message
        if every is None:
            return
        time.sleep(every)


def _look(
    folder: Path, keys: Sequence[Any], key: Path, state: Path, out: Path, *, as_json: bool
) -> None:
    """Look once and tell. Stop: with REFUSED when the log broke its promise."""
    from hub.proof.errors import ProofError  # noqa: PLC0415
    from hub.proof.report import Outcome  # noqa: PLC0415
    from hub.proof.witnessing import witness as look  # noqa: PLC0415

    try:
        done = look(folder, keys, key, state, out)
    except ProofError as error:
        raise Stop(Exit.NOT_USABLE, str(error)) from error
    except OSError as error:
        raise _unusable(error) from error
    if as_json:
        output.document(
            {
                "signed": done.outcome is Outcome.SOUND,
                "origin": done.checkpoint.origin,
                "size": done.checkpoint.size,
                "root": done.checkpoint.root.hex(),
                "written": str(done.written) if done.written else None,
                "evidence": str(done.evidence) if done.evidence else None,
            }
        )
    if done.outcome is not Outcome.SOUND:
        raise Stop(Exit.REFUSED, f"{done.what} Both notes are in {done.evidence}: keep that file")
    if not as_json:
        output.line(f"{done.what} {done.written}")


def _check(key: Path) -> None:
    """Refuse a private key that is none, before anything else."""
    from hub.proof.errors import ProofError  # noqa: PLC0415
    from hub.proof.witnessing import read_witness_key  # noqa: PLC0415

    try:
        read_witness_key(key)
    except (ProofError, ValueError) as error:
        raise Stop(Exit.NOT_USABLE, f"--key: {key} is not the private key of a witness") from error
    except OSError as error:
        raise _unusable(error) from error


def _keys(given: Sequence[str]) -> list[Any]:
    from hub.proof.errors import ProofError  # noqa: PLC0415
    from hub.proof.notes import LOG, VerifierKey  # noqa: PLC0415

    found = []
    for each in given:
        try:
            file = Path(each)
            lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else [each]
            keys = [VerifierKey.parse(x) for x in lines if x.strip() and not x.startswith("#")]
        except (OSError, ValueError, ProofError) as error:
            raise Stop(
                Exit.NOT_USABLE,
                "--log-key is a file with keys, or a key itself (<name>+<8 hex>+<base64>): this is"
                " neither, or it cannot be read",
            ) from error
        if not keys or any(key.algorithm != LOG for key in keys):
            raise Stop(Exit.NOT_USABLE, "--log-key is the key of a log, and not that of a witness")
        found += keys
    return found


def _unusable(error: OSError) -> Stop:
    return Stop(
        Exit.NOT_USABLE,
        f"{error.filename or 'a file'} cannot be used: {(error.strerror or 'error').lower()}",
    )
