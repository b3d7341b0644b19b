"""RFC 3161: a third party says when it saw a checkpoint. Optional; needs `rfc3161_client`.

A time stamp cannot be set back by who holds the key of the log. The library is loaded only when a
time stamp is made or checked.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from hub.proof.errors import Malformed, ProofError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


class WrongTimestamp(ProofError):  # noqa: N818 - named after what is the matter
    """The time stamp is not one of this note, or not of an authority that is trusted here."""


def request(note: str) -> bytes:
    """Return the query (DER) for a time-stamping authority, of type application/timestamp-query.

    Over the SHA-256 of the whole note, with its signatures; asks for the certificate in the answer.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 - optional

    builder = TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256)
    return builder.build().as_bytes()


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
