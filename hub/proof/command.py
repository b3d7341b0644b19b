"""`seinhuis-verify`: the command of the auditor. The exit code is the verdict."""

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.proof.bundle import NotABundle, is_archive, opened
from hub.proof.errors import Malformed, ProofError
from hub.proof.notes import LOG, WITNESS, VerifierKey
from hub.proof.report import Outcome, Report
from hub.proof.showing import progress_bar, text
from hub.proof.verifying import Evidence, verify, verify_one

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

ABOUT: Final = """\
Check that a log of Seinhuis is complete, unchanged and signed, without trusting
the hub. Reads a folder and keys; needs no network, no broker and no database.
"""
MORE: Final = """\
examples:
  seinhuis-verify export-2026-11 --key hub.pub
      a folder as `seinhuis audit export` writes it; a .zip or .tar.gz is fine
  seinhuis-verify log --key hub.pub --seen /media/zvh/log --witness zvh.pub
      the published folder, held against the copy of another organisation
  seinhuis-verify export-2026-11 --key hub.pub --remember hub.seen
      every month: the log may only have grown since the last time
  seinhuis-verify receipt.json --key hub.pub
      one record and its proof, offline; or a folder of such receipts

The key must come from the owner of the log by another way than the log itself:
a folder that was forged has a forged key in it too.

exit codes:
    0  sound
    2  cannot be used as given: the command, a file or a key
    3  a fault: changed, removed, added, set back, forked or not signed
    4  sound as far as it goes: a part of the log, a declared gap, a key missing
  130  stopped with Ctrl-C
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command with `argv` (default: of the process) and exit with its code."""
    options = _parser().parse_args(argv)
    try:
        code = _run(options)
    except (ProofError, OSError, ImportError) as error:
        told = _explained(error)
        if options.json:
            _write(json.dumps({"result": "unusable", "exit": 2, "error": told}) + "\n")
        sys.stderr.write(f"seinhuis-verify: {told}\n")
        code = Outcome.UNUSABLE
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Nothing was concluded.\n")
        sys.exit(130)
    sys.exit(int(code))


def _run(options: argparse.Namespace) -> Outcome:
    keys = _keys(options.key, LOG) + _keys(options.witness, WITNESS)
    receipts = _receipts(options.log)
    reports = [_report(options, path, keys) for path in receipts or [options.log]]
    if options.json:
        documents = [report.document() for report in reports]
        shown = documents if receipts else documents[0]
        _write(json.dumps(shown, ensure_ascii=False, indent=2) + "\n")
    else:
        for path, report in zip(receipts or [options.log], reports, strict=True):
            about = f"{path.name}\n" if receipts else ""
            _write(about + text(report, quiet=options.quiet))
    outcomes = {report.outcome for report in reports}
    return Outcome.FAULT if Outcome.FAULT in outcomes else max(outcomes)


def _receipts(path: Path) -> list[Path]:
    """Return the receipts in a folder of nothing else, as `seinhuis audit prove` writes it."""
    if not path.is_dir():
        return []
    files = sorted(path.iterdir())
    return files if files and all(file.suffix == ".json" for file in files) else []


def _report(options: argparse.Namespace, path: Path, keys: tuple[VerifierKey, ...]) -> Report:
    if path.is_file() and not is_archive(path):
        if options.seen or options.remember or options.tsa_root:
            raise NotABundle(
                f"{path.name} is one receipt: --seen, --remember and --tsa-root need a whole log"
            )
        try:
            return verify_one(path.read_bytes().decode(), keys)
        except UnicodeDecodeError as error:
            raise NotABundle(f"{path.name} is no receipt, no .zip and no .tar.gz") from error
    evidence = Evidence(tuple(options.seen), options.remember, _roots(options.tsa_root))
    with (
        opened(path) as bundle,
        progress_bar(wanted=not (options.quiet or options.json)) as progress,
    ):
        return verify(bundle, keys, evidence, progress)


def _keys(given: Sequence[str], algorithm: int) -> tuple[VerifierKey, ...]:
    """Return the keys in files (one a line, `#` for a remark) and on the command line itself."""
    keys: dict[VerifierKey, None] = {}
    for each in given:
        file = Path(each)
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else [each]
        texts = [line for line in lines if line.strip() and not line.startswith("#")]
        if not texts:
            raise Malformed(f"{file.name} has no key in it")
        for line in texts:
            if "+" not in line:
                raise Malformed(
                    f"{file.name} is not a file that is there, and not a key "
                    "(<name>+<8 hex>+<base64>)"
                )
            key = VerifierKey.parse(line)
            if key.algorithm != algorithm:
                other = "--witness" if algorithm == LOG else "--key"
                raise Malformed(f"the key {key.label} is of the other kind: give it with {other}")
            keys[key] = None
    return tuple(keys)


def _roots(file: Path | None) -> "tuple[Certificate, ...]":
    if file is None:
        return ()
    from hub.proof.timestamps import read_roots  # noqa: PLC0415 - only for time stamps

    return tuple(read_roots(file.read_bytes()))


def _explained(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "time stamps need a library that is not installed here: pip install rfc3161-client"
    if isinstance(error, OSError) and error.filename:
        return f"{Path(str(error.filename)).name}: {error.strerror}"
    return str(error)


def _write(output: str) -> None:
    sys.stdout.write(output)
    sys.stdout.flush()


def _version() -> str:
    try:
        return version("seinhuis")
    except PackageNotFoundError:  # copied out of the package, as a careful auditor may do
        return "(not installed)"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="seinhuis-verify",
        description=ABOUT,
        epilog=MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "log",
        metavar="LOG",
        type=Path,
        help="folder, .zip or .tar.gz; or a receipt (.json), or a folder of receipts",
    )
    add(
        "--key",
        metavar="FILE|KEY",
        action="append",
        required=True,
        help="a key of the log, or a file with keys; more than once after a new key",
    )
    add(
        "--seen",
        metavar="PATH",
        action="append",
        type=Path,
        default=[],
        help="a copy that others have of the log or of a checkpoint; more than once",
    )
    add(
        "--witness",
        metavar="FILE|KEY",
        action="append",
        default=[],
        help="the key of a witness whose signature must be there; more than once",
    )
    add(
        "--remember",
        metavar="FILE",
        type=Path,
        help="keep the checkpoint here, and compare with it the next time",
    )
    add(
        "--tsa-root",
        metavar="PEM",
        type=Path,
        help="check time stamps (RFC 3161) under this certificate",
    )
    add("--json", action="store_true", help="the report as one JSON document")
    add("--quiet", action="store_true", help="only the verdict, the faults and the limits")
    add("--version", action="version", version=f"%(prog)s {_version()}")
    return parser


if __name__ == "__main__":
    main()
