"""RFC 3161 time stamps, of an authority that is made with the openssl command."""

import base64
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from hub.proof import timestamps
from hub.proof.bundle import opened
from hub.proof.errors import Malformed, ProofError
from hub.proof.report import Outcome
from hub.proof.verifying import Evidence, verify
from tests.proof_log import KEY, a_log

CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Test authority
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = authority
[authority]
dir = .
serial = ./serial
crypto_device = builtin
signer_cert = ./leaf.pem
signer_key = ./leaf.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Return a folder with an authority, and a function that stamps a query. Needs openssl."""
    if shutil.which("openssl") is None:
        why = "no openssl on PATH (apt-get install openssl)"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "config").write_text(CONFIG, encoding="utf-8")
    (folder / "serial").write_text("01\n", encoding="utf-8")

    def openssl(*arguments):
        subprocess.run(
            ["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60
        )

    for name in ("root", "stranger"):
        openssl(
            *(
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                f"/CN={name}",
            ),
            *("-keyout", f"{name}.key", "-out", f"{name}.pem"),
            *("-config", "config", "-extensions", "root"),
        )
    openssl(
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Test authority"),
        *("-keyout", "leaf.key", "-out", "leaf.csr", "-config", "config"),
    )
    openssl(
        *("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key"),
        *("-CAcreateserial", "-days", "2", "-extfile", "config", "-extensions", "leaf"),
        *("-out", "leaf.pem"),
    )

    def stamp(query: bytes) -> bytes:
        (folder / "query").write_bytes(query)
        openssl(
            *("ts", "-reply", "-config", "config", "-section", "authority"),
            *("-queryfile", "query", "-out", "answer"),
        )
        return (folder / "answer").read_bytes()

    return folder, stamp


def roots(folder, name="root"):
    return timestamps.read_roots((folder / f"{name}.pem").read_bytes())


def test_a_time_stamp_says_when_a_note_existed(authority):
    """Asked for, given, and checked under the root of the authority."""
    folder, stamp = authority
    note = a_log(3).note(3)
    at = timestamps.check(stamp(timestamps.request(note)), note, roots(folder))

    assert at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - at) < timedelta(hours=1)


def test_a_time_stamp_of_another_note_is_refused(authority):
    """Who took the stamp of an older head dates nothing with it."""
    folder, stamp = authority
    token = stamp(timestamps.request(a_log(3).note(3)))

    with pytest.raises(timestamps.WrongTimestamp):
        timestamps.check(token, a_log(4).note(4), roots(folder))


def test_a_time_stamp_of_another_authority_is_refused(authority):
    """The certificate that the auditor has decides."""
    folder, stamp = authority
    note = a_log(3).note(3)
    token = stamp(timestamps.request(note))

    with pytest.raises(timestamps.WrongTimestamp):
        timestamps.check(token, note, roots(folder, "stranger"))


def test_what_is_no_time_stamp_is_refused(authority):
    """Damage is told from a wrong authority."""
    folder, _ = authority
    with pytest.raises(Malformed):
        timestamps.check(b"no token", "note", roots(folder))
    with pytest.raises(Malformed):
        timestamps.read_roots(b"no certificate")


def test_only_a_time_stamp_of_the_note_is_published(authority, capfd):
    """A refusal would be published as a time stamp, and be a fault to every auditor for ever."""
    _, stamp = authority
    query = timestamps.request("a note\n")
    algorithm = query.index(bytes.fromhex("0609608648016503040201")) + 10
    refused = stamp(query[:algorithm] + b"\x09" + query[algorithm + 1 :])
    capfd.readouterr()

    timestamps.need_granted(stamp(query), "a note\n")
    for answer, note in (
        (stamp(query), "another\n"),
        (refused, "a note\n"),
        (b"<html>", "a note\n"),
    ):
        with pytest.raises(ProofError):
            timestamps.need_granted(answer, note)


def test_the_verifier_checks_time_stamps(authority, tmp_path):
    """Stamped it is sound; without any it is a limit; under another authority a fault."""
    folder, stamp = authority
    log = a_log(100, 50)
    export = log.export(tmp_path / "log")

    def report(name="root"):
        with opened(export) as bundle:
            evidence = Evidence(tsa_roots=tuple(roots(folder, name)))
            return verify(bundle, [KEY.verifier], evidence)

    assert Outcome.AS_FAR_AS_IT_GOES == report().outcome
    note = log.note(100)
    token = base64.b64encode(stamp(timestamps.request(note))).decode()
    lines = [{"size": 50, "note": log.note(50)}, {"size": 100, "note": note, "timestamp": token}]
    (export / "checkpoints.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8"
    )

    assert Outcome.SOUND == report().outcome
    assert 1 == report().checked["time stamps"]
    assert {"timestamp"} == report("stranger").codes()
