"""READ FIRST of the verifier: is this log whole, unchanged, and the one that its keys signed?

Needs a folder and keys: no hub, no broker, no database, no network.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hub.proof.bundle import Bundle, NotABundle
from hub.proof.comparing import Comparison
from hub.proof.errors import ProofError
from hub.proof.heads import Head, read_heads, tell_keys
from hub.proof.notes import WITNESS, VerifierKey, cosigned_at
from hub.proof.receipts import read_receipt, verify_receipt
from hub.proof.report import Fault, Limit, Outcome, Report
from hub.proof.seen import Copy, compare, read_copy, read_cosigned, read_remembered, remember
from hub.proof.walking import Progress, Walk
from hub.proof.when import spoken

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the auditor has beside the log itself. All of it is optional."""

    seen: tuple[Path, ...] = ()  #: copies that others made: folders or notes
    remembered: Path | None = None  #: where this verifier keeps the largest checkpoint it saw
    tsa_roots: "tuple[Certificate, ...]" = ()  #: who may issue time-stamping authorities


def verify(
    bundle: Bundle,
    keys: Sequence[VerifierKey],
    evidence: Evidence | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check everything that there is, and return what was found. Changes nothing but `remembered`.

    `keys`: of the log, and of witnesses; got by another way than the log. `remembered` is only
    written when there is no fault. NotABundle, Malformed: it cannot be used as given.
    """
    evidence = evidence or Evidence()
    report = Report()
    heads = read_heads(bundle, keys, report)
    if not heads:
        if report.faults:
            return report
        raise NotABundle("there is no checkpoint in the folder: without one nothing can be proven")
    if not bundle.has_tiles and not (bundle.record_files and bundle.is_whole):
        raise NotABundle(
            "the folder has neither all records nor the published tree (tile/): a part of the log "
            "is only proven by the tree; ask for an export with its tiles"
        )
    tell_keys(heads, report)
    copies = [read_copy(path, keys, report) for path in evidence.seen]
    copies.append(read_cosigned(bundle, keys, report))
    if evidence.remembered:
        copies.append(read_remembered(evidence.remembered))

    wanted = {head.checkpoint.size for copy in copies for head in copy.heads}
    comparison = Comparison(bundle, _claims(heads), wanted, report)
    Walk(bundle, comparison, report).run(progress)
    ours = heads[-1].checkpoint
    report.origin, report.size = ours.origin, ours.size
    report.root = _base64(ours.root)
    _compare_heads(heads, comparison, report)
    for copy in copies:
        compare(copy, ours, comparison.roots, report)
    _check_witnesses(heads, copies, [key for key in keys if key.algorithm == WITNESS], report)
    if evidence.tsa_roots:
        _check_timestamps(heads, evidence.tsa_roots, report)
    if evidence.remembered:
        _remember(evidence.remembered, heads, copies[-1], report)
    return report


def verify_one(text: str, keys: Sequence[VerifierKey]) -> Report:
    """Check a receipt: that its record is in the log. Malformed: it is not a receipt."""
    report = Report(is_receipt=True)
    receipt = read_receipt(text)
    line = receipt.line
    try:
        checkpoint, signers = verify_receipt(receipt, keys)
    except ProofError as error:
        report.fault(
            Fault.RECEIPT,
            f"Record at {line}: {error}",
            position=line.position,
            shard=line.shard,
            seq=line.seq,
        )
        return report
    report.origin, report.size = checkpoint.origin, checkpoint.size
    report.root = _base64(checkpoint.root)
    report.proven = checkpoint.size
    report.keys = [f"{key.label} signed the checkpoint of {checkpoint.size}" for key in signers]
    report.count("records")
    report.count("checkpoints")
    report.remarks.append(f"Record at {line} is in the log")
    _check_witnesses(
        [],
        [Copy("receipt", ())],
        [key for key in keys if key.algorithm == WITNESS and key not in signers],
        report,
    )
    return report


def _claims(heads: Iterable[Head]) -> dict[int, set[bytes]]:
    """Return the roots that are claimed at each size: of the keys that were given, if they did."""
    trusted: dict[int, set[bytes]] = {}
    others: dict[int, set[bytes]] = {}
    for head in heads:
        claims = trusted if head.is_trusted else others
        claims.setdefault(head.checkpoint.size, set()).add(head.checkpoint.root)
    return others | trusted


def _compare_heads(heads: Sequence[Head], comparison: Comparison, report: Report) -> None:
    """Every checkpoint has the root that the records have at its size, or history was changed."""
    right, wrong = {0}, []
    for head in heads:
        root = comparison.roots.get(head.checkpoint.size)
        if root is None:
            continue
        report.count("roots of checkpoints")
        if root == head.checkpoint.root:
            right.add(head.checkpoint.size)
        elif head.is_trusted:
            wrong.append(head.checkpoint)
        else:
            report.fault(
                Fault.CHECKPOINT,
                f"{head.published.source}: signed by {', '.join(head.strangers)}, which was not "
                "given, and its root is not that of the records here",
                checkpoint=head.checkpoint.size,
            )
    for odd in wrong:
        if odd.size <= max(right):
            report.fault(
                Fault.FORKED,
                f"The checkpoint of {odd.size} records has root {_base64(odd.root)}; this log has "
                f"there {_base64(comparison.roots[odd.size])}, and other checkpoints agree",
                checkpoint=odd.size,
            )
    lost = [odd for odd in wrong if odd.size > max(right)]
    if lost:
        good, first = max(right), lost[0]
        report.fault(
            Fault.ROOT,
            f"From the checkpoint of {first.size} records on ({len(lost)} of {len(heads)} "
            f"checkpoints): something at positions {good} to {first.size - 1} is not what was "
            f"signed. Signed root {_base64(first.root)}, root of what is here "
            f"{_base64(comparison.roots[first.size])}",
            checkpoint=first.size,
            position=good,
        )


def _check_witnesses(
    heads: Sequence[Head], copies: Sequence[Copy], witnesses: Iterable[VerifierKey], report: Report
) -> None:
    everything = [*heads, *(head for copy in copies for head in copy.heads)]
    for witness in witnesses:
        seen = [head for head in everything if witness in head.keys]
        if not seen:
            report.limit(
                Limit.NO_WITNESS, f"The witness {witness.label} has signed no checkpoint here"
            )
            continue
        largest = max(seen, key=lambda head: head.checkpoint.size)
        at = spoken(cosigned_at(largest.published.note, witness))
        report.remarks.append(
            f"The witness {witness.label} saw the log at {largest.checkpoint.size} records, {at}"
        )


def _check_timestamps(
    heads: Sequence[Head], roots: "tuple[Certificate, ...]", report: Report
) -> None:
    from hub.proof import timestamps  # noqa: PLC0415 - needs a library that may not be there

    latest = None
    for head in heads:
        token = head.published.timestamp
        if token is None:
            continue
        try:
            at = timestamps.check(token, head.published.note, roots)
        except ProofError as error:
            report.fault(
                Fault.TIMESTAMP,
                f"{head.published.source}: {error}",
                checkpoint=head.checkpoint.size,
            )
        else:
            report.count("time stamps")
            latest = f"{head.checkpoint.size} records existed at {spoken(int(at.timestamp()))}"
    if latest:
        report.remarks.append(f"Time stamp: {latest}")
    elif Fault.TIMESTAMP not in report.codes():
        report.limit(Limit.NO_TIMESTAMP, "No checkpoint here has a time stamp")


def _remember(file: Path, heads: Sequence[Head], before: Copy, report: Report) -> None:
    trusted = [head for head in heads if head.is_trusted]
    known = max((head.checkpoint.size for head in before.heads), default=-1)
    if report.outcome is not Outcome.FAULT and trusted and trusted[-1].checkpoint.size > known:
        remember(file, trusted[-1].published.note)
        report.remarks.append(
            f"{file.name}: remembers the checkpoint of {trusted[-1].checkpoint.size} records"
        )


def _base64(root: bytes) -> str:
    return base64.b64encode(root).decode()
