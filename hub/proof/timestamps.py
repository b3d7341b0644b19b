"""RFC 3161: a third party says when it saw a checkpoint. Optional; needs `rfc3161_client`.

A time stamp cannot be set back by who holds the key of the log. The library is loaded only when a
time stamp is made or checked.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from hub.proof.errors import Malformed, ProofError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


_GRANTED: Final = (0, 1)
"""PKIStatus (RFC 3161, 2.4.2): granted, and granted with modifications."""


class WrongTimestamp(ProofError):  # noqa: N818 - named after what is the matter
    """The time stamp is not one of this note, or not of an authority that is trusted here."""


def request(note: str) -> bytes:
    """Return the query (DER) for a time-stamping authority, of type application/timestamp-query.

    Over the SHA-256 of the whole note, with its signatures; asks for the certificate in the answer.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 - optional

    builder = TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256)
    return builder.build().as_bytes()


def need_granted(token: bytes, note: str) -> None:
    """Refuse an answer that is no time stamp of `note`, before it is published as one.

    Who signed it is not looked at: that is for who checks. WrongTimestamp: the authority refused,
    or stamped something else. Malformed: not an answer at all.
    """
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415 - optional

    try:
        answer = decode_timestamp_response(token)
        given = answer.tst_info.message_imprint.message if answer.status in _GRANTED else None
    except ValueError as error:
        raise Malformed("this is not a time stamp of RFC 3161 (DER)") from error
    if given != hashlib.sha256(note.encode()).digest():
        raise WrongTimestamp("the authority gave no time stamp of this note")


def check(token: bytes, note: str, roots: Iterable["Certificate"]) -> datetime:
    """Return when the authority saw `note` (UTC).

    `token`: its whole answer (DER). `roots`: the certificates that are trusted to issue those of
    authorities. WrongTimestamp: not over this note, not by such an authority, or not granted.
    Malformed: not a time stamp.
    """
    from rfc3161_client import (  # noqa: PLC0415 - optional, and not needed without time stamps
        VerificationError,
        VerifierBuilder,
        decode_timestamp_response,
    )

    try:
        answer = decode_timestamp_response(token)
    except ValueError as error:
        raise Malformed("this is not a time stamp of RFC 3161 (DER)") from error
    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(answer, note.encode())
    except (VerificationError, ValueError) as error:
        raise WrongTimestamp(
            "the time stamp is not over this note, or its authority is not under the certificate "
            "that was given: compare the certificate with its owner"
        ) from error
    return answer.tst_info.gen_time


def read_roots(pem: bytes) -> list["Certificate"]:
    """Return the certificates in a PEM file. Malformed: there is none in it."""
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 - see above

    try:
        return load_pem_x509_certificates(pem)
    except ValueError as error:
        raise Malformed("the file has no certificate in PEM form") from error
