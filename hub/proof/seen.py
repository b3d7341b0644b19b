"""Other copies of the log's promises: what another organisation copied, cosigned, or remembered.

Alone, a log can show a different history to everybody. Two copies of its checkpoints, compared,
show it: either one continues the other, or the log signed both and one of them is a lie.
"""

import base64
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.proof.bundle import Bundle, NotABundle, Published
from hub.proof.checkpoints import Checkpoint
from hub.proof.errors import Malformed, ProofError
from hub.proof.heads import Head, open_head
from hub.proof.notes import VerifierKey, split_note
from hub.proof.report import Fault, Limit, Report
from hub.proof.tiles import ReadTile
from hub.proof.tree import consistency_proof, root_of, verify_consistency


@dataclass(frozen=True, slots=True)
class Copy:
    """Checkpoints that somebody else has of this log, all of them vouched for, by size."""

    name: str  #: for people; never a whole path
    heads: tuple[Head, ...]
    tiles: ReadTile | None = None  #: the tree, when the copy has it


def read_copy(path: Path, keys: Sequence[VerifierKey], report: Report) -> Copy:
    """Read a published folder, a folder with notes, or a note.

    What none of `keys` signed is left out, and that is reported. NotABundle: nothing at `path`.
    """
    if path.is_file():
        return Copy(path.name, _trusted(iter([_note(path)]), path.name, keys, report))
    if not path.is_dir():
        raise NotABundle(f"{path.name} (given with --seen) is not there: check the name")
    try:
        bundle = Bundle(path)
    except NotABundle:
        notes = (_note(file) for file in sorted(path.iterdir()) if file.is_file())
        return Copy(path.name, _trusted(notes, path.name, keys, report))
    heads = _trusted(bundle.checkpoints(), path.name, keys, report)
    return Copy(path.name, heads, bundle.tiles if bundle.has_tiles else None)


def read_cosigned(bundle: Bundle, keys: Sequence[VerifierKey], report: Report) -> Copy:
    """Return what witnesses gave back to the log itself."""
    return Copy("witness", _trusted(bundle.cosigned(), "witness", keys, report))


def read_remembered(file: Path) -> Copy:
    """Return what this verifier saw before, believed without a signature: it is our own file.

    Empty when there is no file yet. Malformed: it is another file than one that was written here.
    """
    if not file.exists():
        return Copy(file.name, ())
    published = _note(file)
    if isinstance(published, Malformed):
        raise published
    body, _ = split_note(published.note)
    return Copy(file.name, (Head(Checkpoint.parse(body), published, ()),))


def remember(file: Path, note: str) -> None:
    """Keep a checkpoint for the next time: whole or not at all. OSError: it could not be kept."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(note)
        stream.flush()
        os.fsync(stream.fileno())
    Path(name).replace(file)


def compare(copy: Copy, ours: Checkpoint, roots: Mapping[int, bytes], report: Report) -> None:
    """Report how a copy relates to this log: it agrees, it is newer, or it is another history.

    `roots`: of this log, at the sizes that the copies have. Of a fork the first checkpoint that
    differs is told: after it all do.
    """
    agree = []
    forked = []
    for head in copy.heads:
        theirs = head.checkpoint
        if theirs.origin != ours.origin:
            report.limit(
                Limit.NO_EVIDENCE, f"{copy.name}: a checkpoint there is of another log than this"
            )
        elif theirs.size > ours.size:
            continue
        elif (root := roots.get(theirs.size)) is None:
            report.limit(
                Limit.NO_EVIDENCE,
                f"{copy.name}: its checkpoint of {theirs.size} records cannot be compared, because "
                "this log cannot be followed that far",
            )
        elif root != theirs.root:
            forked.append((theirs, root))
        else:
            agree.append(theirs.size)
    if forked:
        _tell_fork(copy, *forked[0], report, later=len(forked) - 1)
    newer = [head.checkpoint for head in copy.heads if head.checkpoint.size > ours.size]
    if newer and not forked and newer[-1].origin == ours.origin:
        _compare_newer(copy, newer[-1], ours, report)
    if agree:
        report.count("checkpoints of other copies", len(agree))
        report.remarks.append(
            f"{copy.name}: agrees with this log, up to its checkpoint of {max(agree)} records"
        )


def _compare_newer(copy: Copy, theirs: Checkpoint, ours: Checkpoint, report: Report) -> None:
    """Tell a log that was set back from one that was forked: the tree of the copy knows."""
    lost = (
        f"{copy.name}: has a checkpoint of {theirs.size} records, and this log ends at {ours.size}"
    )
    if copy.tiles is None:
        report.fault(
            Fault.ROLLED_BACK,
            f"{lost}. Without the tiles of the copy it cannot be said whether the log was set back "
            "only, or written anew as well: give the whole published folder with --seen.",
            checkpoint=theirs.size,
        )
        return
    try:
        before, after = root_of(copy.tiles, ours.size), root_of(copy.tiles, theirs.size)
        proof = consistency_proof(copy.tiles, ours.size, theirs.size)
    except ProofError as error:
        report.fault(
            Fault.ROLLED_BACK,
            f"{lost}. Its tree cannot be read to the end ({error}).",
            checkpoint=theirs.size,
        )
        return
    if after != theirs.root:
        report.limit(
            Limit.NO_EVIDENCE,
            f"{copy.name}: its own tiles do not lead to its own checkpoint: the copy is damaged",
        )
        report.fault(Fault.ROLLED_BACK, f"{lost}.", checkpoint=theirs.size)
    elif verify_consistency(ours.size, ours.root, theirs.size, theirs.root, proof):
        report.fault(
            Fault.ROLLED_BACK,
            f"{lost}. The copy continues this log: {theirs.size - ours.size} records are gone from "
            "its end, and nothing before them was changed.",
            checkpoint=theirs.size,
        )
    else:
        _tell_fork(copy, Checkpoint(theirs.origin, ours.size, before), ours.root, report)


def _tell_fork(
    copy: Copy, theirs: Checkpoint, root: bytes, report: Report, *, later: int = 0
) -> None:
    report.fault(
        Fault.FORKED,
        f"{copy.name}: at {theirs.size} records it has root {_base64(theirs.root)}, and this log "
        f"has {_base64(root)}"
        + (f"; {later} of its later checkpoints differ too" if later else ""),
        checkpoint=theirs.size,
    )


def _note(file: Path) -> Published | Malformed:
    try:
        return Published(file.read_bytes().decode(), file.name)
    except UnicodeDecodeError:
        return Malformed(f"{file.name} is not a text in UTF-8")


def _trusted(
    found: Iterator[Published | Malformed],
    name: str,
    keys: Sequence[VerifierKey],
    report: Report,
) -> tuple[Head, ...]:
    """Return what the keys vouch for. Anybody can write the rest, so it is no evidence."""
    heads: dict[tuple[int, bytes], Head] = {}
    left_out = 0
    for published in found:
        try:
            head = None if isinstance(published, Malformed) else open_head(published, keys)
        except ProofError:
            head = None
        if head is None or not head.is_trusted:
            left_out += 1
        else:
            place = (head.checkpoint.size, head.checkpoint.root)
            if place not in heads or len(heads[place].keys) < len(head.keys):
                heads[place] = head
    if left_out:
        report.limit(
            Limit.NO_EVIDENCE,
            f"{name}: {left_out} of its checkpoints have no signature of a key that was given, or "
            "are damaged; they prove nothing and were left out",
        )
    return tuple(sorted(heads.values(), key=lambda head: head.checkpoint.size))


def _base64(root: bytes) -> str:
    return base64.b64encode(root).decode()
