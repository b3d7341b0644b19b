"""What goes wrong when proofs are read. The message names the place, the rule and the way out.

ProofError
  Malformed       the text or the file is not what it must be; nothing was proven either way
  NoteError
    WrongSignature  a key that we know is named, and its signature does not hold
    NotSigned       no key that we know is named: the right key is missing here
  MissingTile     the published tree is incomplete
"""


# ruff: noqa: N818 - an error is named after what is the matter


class ProofError(Exception):
    """Base class: catch this to catch everything that this package raises on purpose."""


class Malformed(ProofError):
    """The input does not have the form that the standard asks for."""


class NoteError(ProofError):
    """Something is wrong with the signatures of a note."""


class WrongSignature(NoteError):
    """A signature that names a known key does not hold: an attack or damage. Keep the note."""


class NotSigned(NoteError):
    """No known key signed this note. `body` is unproven; `signers` are `<name>+<key id>`."""

    def __init__(self, body: str, signers: tuple[str, ...]) -> None:
        self.body = body
        self.signers = signers
        super().__init__(
            f"signed by {', '.join(signers)}, and by none of the keys that were given: "
            "get the key of the log from its owner, by another way than the log itself"
        )


class MissingTile(ProofError):
    """A part of the published tree is not there. Copy the folder again, whole."""
