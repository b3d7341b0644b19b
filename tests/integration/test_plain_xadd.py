"""A partner that uses no code of ours: its own password, XADD, XRANGE, and HPKE to open a copy."""

import base64
import json
import os
import socket
import subprocess
import uuid

import pytest
import redis
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from schemas.identifiers import message_ref
from tests.builders import a_signal, as_bytes
from tests.integration.hub_process import hub_process, redis_cli, until

pytestmark = pytest.mark.broker

INTAKE = "hub:{ind}:in"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with hub_process(tmp_path_factory.mktemp("hub") / "data") as hub:
        yield hub


def by_raw_socket(hub, event):
    """RESP by hand: what any language can do with a socket."""
    password = hub.passwords["ind"]
    with socket.create_connection((hub.host, hub.port), timeout=10) as connection:
        for words in (["AUTH", "ind", password], ["XADD", INTAKE, "*", "event", event]):
            parts = [word.encode() if isinstance(word, str) else word for word in words]
            connection.sendall(
                b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)
            )
            reply = connection.recv(1_000)
            assert reply[:1] in b"+$", reply


def by_redis_py(hub, event):
    """The client library that most systems have."""
    with hub.login("ind") as client:
        client.execute_command("XADD", INTAKE, "*", "event", event)


def by_redis_cli(hub, event):
    """A shell script: the event on stdin, the password not on the command line."""
    done = subprocess.run(
        [
            *(redis_cli(), "-h", hub.host, "-p", str(hub.port), "--user", "ind", "-e"),
            *("-x", "XADD", INTAKE, "*", "event"),
        ],
        input=event,
        env={**os.environ, "REDISCLI_AUTH": hub.passwords["ind"]},
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr + done.stdout


SHARD = {"gm0363": "gemeente", "zvh-amsterdam-amstelland": "zvh", "lro": "ind"}
OIN = {
    "gm0363": "00000099100000363000",
    "zvh-amsterdam-amstelland": "00000099200000014000",
    "lro": "00000099000000006000",
}


def inbox(hub, party, sender="ind"):
    """Return an inbox as who reads it sees it: XRANGE and nothing of ours."""
    with hub.login(party) as client:
        entries = client.execute_command("XRANGE", f"hub:{{{sender}}}:inbox:{party}", "-", "+")
    return [fields for _, fields in entries]


def copies(hub, party, event, sender="ind"):
    """Return the copies of an event, by its name at the hub; they are sealed."""
    ref = message_ref(event["source"], event["id"]).encode()
    return [each for each in inbox(hub, party, sender) if each[b"message"] == ref]


def notices(hub, party):
    """Return the notices that hold codes only, as data; these are not sealed."""
    found = [each for each in inbox(hub, party) if each.get(b"notice") == b"1"]
    return [(each[b"type"].decode(), json.loads(each[b"copy"])["data"]) for each in found]


def opened(hub, party, fields, sender="ind"):
    """Open a copy by the book: publish the opening with a key of our own, and read the answer."""
    message = fields[b"message"].decode()
    private = X25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    source = f"urn:nld:oin:{OIN[party]}:systeem:eigen"
    act = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": source,
        "type": "nl.lokale-aanpak.berichten.ingezien",
        "data": {
            "betreft": {"shard": sender, "bericht": message},
            "sleutel": base64.b64encode(public).decode(),
        },
    }
    shard = SHARD[party]
    intake = f"hub:{{{shard}}}:in:{party}"
    answer_key = f"hub:{{{sender}}}:opened:{party}:{message_ref(source, act['id'])}"
    with hub.login(party) as client:
        client.execute_command("XADD", intake, "*", "event", as_bytes(act))
        answer = until(lambda: client.execute_command("GET", answer_key))
    place = f"\n{sender}\n{party}\n{message}".encode()
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    key = suite.decrypt(answer, private, b"seinhuis-opening-v1" + place)
    sealed = fields[b"copy"]
    content = AESGCM(key).decrypt(sealed[1:13], sealed[13:], b"seinhuis-copy-v1" + place)
    return json.loads(content)


@pytest.mark.parametrize("publish", [by_raw_socket, by_redis_py, by_redis_cli])
def test_a_plain_xadd_reaches_the_gemeente_its_house_and_the_lro(hub, publish):
    """Each with its own minimised copy, which it finds with XRANGE and opens under its own name."""
    event = a_signal(id=f"plain-{publish.__name__}")

    publish(hub, as_bytes(event))

    found = {}
    for party in SHARD:
        (fields,) = until(lambda party=party: copies(hub, party, event))
        assert fields[b"type"] == b"signalen.signaal-gemeld"
        assert b"999990342" not in fields[b"copy"]
        found[party] = opened(hub, party, fields)["data"]
    assert found["gm0363"]["betrokkene"]["bsn"] == "999990342"
    assert "bsn" not in found["lro"]["betrokkene"]
    assert "omschrijving" not in found["zvh-amsterdam-amstelland"]


def test_the_same_event_twice_is_delivered_once(hub):
    """A retry after a lost answer is harmless: the same id."""
    event = a_signal(id="plain-twice")
    for _ in range(3):
        by_redis_py(hub, as_bytes(event))
    after = a_signal(id="plain-after")
    by_redis_py(hub, as_bytes(after))

    until(lambda: copies(hub, "gm0363", after))
    assert len(copies(hub, "gm0363", event)) == 1


def test_an_act_is_published_the_same_way_and_the_sender_is_told(hub):
    """The gemeente acknowledges on its own intake; the IND reads the notice in its own inbox."""
    event = a_signal(id="plain-act")
    by_redis_py(hub, as_bytes(event))
    until(lambda: copies(hub, "gm0363", event))
    act = {
        "specversion": "1.0",
        "id": "ontvangst-1",
        "source": "urn:nld:oin:00000099100000363000:systeem:zaaksysteem",
        "type": "nl.lokale-aanpak.berichten.ontvangst-bevestigd",
        "data": {"betreft": {"bron": event["source"], "id": event["id"]}},
    }

    with hub.login("gm0363") as client:
        client.execute_command("XADD", "hub:{gemeente}:in:gm0363", "*", "event", as_bytes(act))

    (data,) = until(
        lambda: [
            data
            for name, data in notices(hub, "ind")
            if name == "berichten.ontvangst-bevestigd"
            and data["betreft"].get("bericht") == message_ref(event["source"], event["id"])
        ]
    )
    assert data["door"] == "gm0363"


def test_what_is_not_an_event_comes_back_with_every_problem(hub):
    """As a notice in the sender's own inbox; it names the entry and repeats no value."""
    with hub.login("ind") as client:
        broken = as_bytes(a_signal(**{"data.urgentie": "heel erg", "data.gemeentecode": "363"}))
        entry = client.execute_command("XADD", INTAKE, "*", "event", broken).decode()

    (data,) = until(
        lambda: [data for _, data in notices(hub, "ind") if data.get("ingang") == entry]
    )
    problems = data["problemen"]
    assert {problem["plaats"] for problem in problems} == {"data.urgentie", "data.gemeentecode"}
    assert "heel erg" not in json.dumps(problems)


@pytest.mark.parametrize(
    ("party", "command"),
    [
        ("ind", ["XADD", "hub:{liv}:in", "*", "event", "{}"]),
        ("ind", ["XRANGE", "hub:{ind}:inbox:gm0363", "-", "+"]),
        ("ind", ["XRANGE", INTAKE, "-", "+"]),
        ("gm0363", ["XADD", "hub:{gemeente}:in:gm0344", "*", "event", "{}"]),
        ("gm0363", ["XRANGE", "hub:{ind}:audit", "-", "+"]),
        ("gm0363", ["XDEL", "hub:{ind}:inbox:gm0363", "0-1"]),
    ],
)
def test_a_party_can_do_nothing_else_with_its_password(hub, party, command):
    """So the name of the stream proves the sender, and an inbox is read by its own party only."""
    with hub.login(party) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command)
