"""The checkpoints of a log: read, their signatures checked, and said which key signed which."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.proof.bundle import Bundle, Published
from hub.proof.checkpoints import Checkpoint, open_checkpoint
from hub.proof.errors import Malformed, NotSigned, ProofError, WrongSignature
from hub.proof.notes import LOG, VerifierKey
from hub.proof.report import Fault, Limit, Report


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint that has the right form. Trusted when one of the given keys signed it."""

    checkpoint: Checkpoint
    published: Published
    keys: tuple[VerifierKey, ...]  #: which of the given keys signed it
    strangers: tuple[str, ...] = ()  #: who signed it, when none of the given keys did

    @property
    def is_trusted(self) -> bool:
        """Whether a key of the log that was given signed it."""
        return any(key.algorithm == LOG for key in self.keys)


def open_head(published: Published, keys: Sequence[VerifierKey]) -> Head:
    """Check one checkpoint. WrongSignature, Malformed: it cannot be one of this log."""
    try:
        checkpoint, signers = open_checkpoint(published.note, keys)
    except NotSigned as stranger:
        return Head(Checkpoint.parse(stranger.body), published, (), stranger.signers)
    return Head(checkpoint, published, signers)


def read_heads(bundle: Bundle, keys: Sequence[VerifierKey], report: Report) -> list[Head]:
    """Return the checkpoints of a bundle by size, each size and root once; report what is wrong."""
    found: dict[tuple[int, bytes], Head] = {}
    origin = ""
    seen: set[str] = set()
    for published in bundle.checkpoints():
        if not isinstance(published, Malformed) and published.note in seen:
            continue
        head = _head(published, keys, report)
        if head is None:
            continue
        seen.add(head.published.note)
        report.count("checkpoints")
        origin = origin or head.checkpoint.origin
        if head.checkpoint.origin != origin:
            report.fault(
                Fault.CHECKPOINT,
                f"{head.published.source} is of another log than the checkpoints before it",
                checkpoint=head.checkpoint.size,
            )
            continue
        place = (head.checkpoint.size, head.checkpoint.root)
        if place not in found or not found[place].is_trusted:
            found[place] = head
    return sorted(found.values(), key=lambda head: head.checkpoint.size)


def _head(
    published: Published | Malformed, keys: Sequence[VerifierKey], report: Report
) -> Head | None:
    if isinstance(published, Malformed):
        report.fault(Fault.CHECKPOINT, str(published))
        return None
    try:
        return open_head(published, keys)
    except WrongSignature as error:
        report.fault(Fault.SIGNATURE, f"{published.source}: {error}")
    except ProofError as error:
        report.fault(Fault.CHECKPOINT, f"{published.source}: {error}")
    return None


def tell_keys(heads: Sequence[Head], report: Report) -> None:
    """Say which key signed from where to where, and what is not signed by a key that was given."""
    by_key: dict[str, list[int]] = {}
    for head in heads:
        for key in head.keys:
            by_key.setdefault(key.label, []).append(head.checkpoint.size)
    report.keys = [f"{label} signed {_span(sizes)}" for label, sizes in by_key.items()]
    trusted = [head.checkpoint.size for head in heads if head.is_trusted]
    report.proven = max(trusted, default=0)
    older = [head for head in heads if not head.is_trusted and head.checkpoint.size < report.proven]
    if older:
        report.remarks.append(
            f"{_span([head.checkpoint.size for head in older])}: signed by "
            f"{', '.join(_names(older))}, a key that was not given; a later checkpoint of a key "
            "that was given vouches for the same records"
        )
    unsigned = [
        head for head in heads if not head.is_trusted and head.checkpoint.size >= report.proven
    ]
    if not unsigned:
        return
    first = unsigned[0].checkpoint.size
    strangers = ", ".join(_names(unsigned))
    sizes = _span([head.checkpoint.size for head in unsigned])
    if not trusted:
        report.fault(
            Fault.KEY,
            f"{sizes}: signed by {strangers}, and by none of the keys that were given",
            checkpoint=first,
        )
        return
    report.limit(
        Limit.KEY_NEEDED,
        f"From checkpoint {first} on a key is needed that was not given: {strangers} signed "
        f"{sizes}. Get it from the owner of the log, not from this folder, and give it with --key. "
        f"Without it only the first {report.proven} records are proven to be of this log.",
        checkpoint=first,
    )


def _names(heads: Iterable[Head]) -> list[str]:
    names = {name: None for head in heads for name in head.strangers}
    return list(names)[:5]


def _span(sizes: Sequence[int]) -> str:
    if len(sizes) == 1:
        return f"1 checkpoint, of {sizes[0]} records"
    return f"{len(sizes)} checkpoints, of {min(sizes)} to {max(sizes)} records"
