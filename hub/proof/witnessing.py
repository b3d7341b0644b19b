"""What another organisation runs: sign what the log promises, as long as it keeps its promises.

A witness has a copy of the published folder, a key of its own, and a file with the last checkpoint
that it signed. It signs the next one only with proof that nothing before it was changed. Then the
log cannot show one history to its auditor and another to its partners.
"""

import base64
import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.proof.bundle import CHECKPOINT, NotABundle
from hub.proof.checkpoints import Checkpoint, open_checkpoint
from hub.proof.errors import Malformed
from hub.proof.notes import WITNESS, Ed25519Signer, VerifierKey, signature_line, split_note
from hub.proof.report import Outcome
from hub.proof.seen import remember
from hub.proof.tiles import TileFolder
from hub.proof.tree import consistency_proof, root_of, verify_consistency

PRIVATE: Final = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What a witness did."""

    outcome: Outcome  #: SOUND: signed; FAULT: refused, the log broke a promise
    what: str  #: one or two sentences, for people
    checkpoint: Checkpoint
    written: Path | None = None  #: the signed checkpoint, to be given to whoever wants it
    evidence: Path | None = None  #: both notes, when they contradict each other


def make_witness_key(path: Path, name: str) -> VerifierKey:
    """Make a key for a witness called `name`: private in `path` (mode 600), public in `<path>.pub`.

    `name`: like a web address without `https://`; no space, no plus. ValueError: it cannot be a
    name. FileExistsError: `path` is there; a key is never overwritten. Returns the public key.
    """
    seed = secrets.token_bytes(32)
    public = Ed25519Signer(name, seed, WITNESS).verifier
    secret = base64.b64encode(bytes([WITNESS]) + seed).decode()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{PRIVATE}{public.label}+{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    path.with_name(f"{path.name}.pub").write_text(f"{public}\n", encoding="utf-8")
    return public


def read_witness_key(path: Path) -> Ed25519Signer:
    """Return the key that `make_witness_key` made. Malformed: another file. OSError: no file."""
    text = path.read_text(encoding="utf-8").strip()
    name, _, rest = text.removeprefix(PRIVATE).partition("+")
    key_id, _, secret = rest.partition("+")
    try:
        material = base64.b64decode(secret, validate=True)
        signer = Ed25519Signer(name, material[1:], WITNESS)
    except ValueError:
        signer, material = None, b""
    if (
        signer is None
        or not text.startswith(PRIVATE)
        or material[:1] != bytes([WITNESS])
        or signer.key_id.hex() != key_id
    ):
        raise Malformed(f"{path.name} is not the private key of a witness: make one anew")
    return signer


def witness(
    folder: Path, log_keys: Sequence[VerifierKey], key_file: Path, state_file: Path, out: Path
) -> Witnessed:
    """Sign the checkpoint of the published `folder`, if it continues the last one that was signed.

    `log_keys`: of the log, got from its owner. `state_file`: the last checkpoint that was signed;
    made the first time, when the log is believed as it is. Kept before the signature is given away,
    so that a crash can never make us sign two histories. `out`: a folder; the signed checkpoint
    goes to a file with the name of the witness. One run at a time: a second one waits.

    A log that was set back or forked is refused (`Outcome.FAULT`), and both notes are kept beside
    the state. Any error means that nothing was signed: NotABundle, MissingTile, Malformed,
    NotSigned, WrongSignature, OSError.
    """
    signer = read_witness_key(key_file)
    file = folder / CHECKPOINT
    if not file.is_file():
        raise NotABundle(f"{folder.name} has no `{CHECKPOINT}`: name the published folder")
    note = file.read_bytes().decode(errors="replace")
    checkpoint, _ = open_checkpoint(note, log_keys)
    tiles = TileFolder(folder)
    with _alone(state_file):
        before = _before(state_file)
        if before is None:
            _need_tree(folder, tiles, checkpoint)
            since = "the first that this witness signed"
        else:
            last_note, last = before
            if checkpoint.origin != last.origin:
                raise Malformed(
                    f"this is another log than {last.origin}, which {state_file.name} is about: "
                    "name another state file"
                )
            if checkpoint.size > last.size:
                _need_tree(folder, tiles, checkpoint)
            broken = _broken(last, checkpoint, tiles)
            if broken:
                return Witnessed(
                    Outcome.FAULT,
                    f"Not signed: {broken}. Report it as an incident.",
                    checkpoint,
                    evidence=_keep(state_file, last_note, note, checkpoint),
                )
            since = f"it continues the {last.size} records that were signed before"
        remember(state_file, note)
        written = out / signer.name.replace("/", "_")
        out.mkdir(parents=True, exist_ok=True)
        body, _ = split_note(note)
        remember(written, note + signature_line(body, signer))
        written.chmod(0o644)
    return Witnessed(
        Outcome.SOUND,
        f"Signed the checkpoint of {checkpoint.size} records: {since}.",
        checkpoint,
        written=written,
    )


def _broken(last: Checkpoint, now: Checkpoint, tiles: TileFolder) -> str | None:
    """Say which promise the log broke, or None."""
    if now.size < last.size:
        return f"the log has {now.size} records and promised {last.size} before: it was set back"
    proof = consistency_proof(tiles, last.size, now.size)
    if verify_consistency(last.size, last.root, now.size, now.root, proof):
        return None
    return (
        f"the log of {now.size} records does not continue the {last.size} that were signed before: "
        "it was forked, or written anew"
    )


def _need_tree(folder: Path, tiles: TileFolder, checkpoint: Checkpoint) -> None:
    """Raise Malformed when the tiles are not those of the checkpoint: damage, not yet a fork."""
    if root_of(tiles, checkpoint.size) != checkpoint.root:
        raise Malformed(
            f"the tiles of {folder.name} do not lead to its checkpoint: copy it again, whole"
        )


def _before(state_file: Path) -> tuple[str, Checkpoint] | None:
    if not state_file.exists():
        return None
    note = state_file.read_text(encoding="utf-8")
    body, _ = split_note(note)
    return note, Checkpoint.parse(body)


def _keep(state_file: Path, last: str, now: str, checkpoint: Checkpoint) -> Path:
    """Write both notes into one file; its name says which, so that the same is kept once."""
    root = checkpoint.root.hex()[:16]
    file = state_file.with_name(f"{state_file.name}.evidence-{checkpoint.size}-{root}")
    remember(file, f"{last}\n\n{now}")
    return file


@contextmanager
def _alone(state_file: Path) -> Iterator[None]:
    lock = state_file.with_name(f"{state_file.name}.lock")
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
