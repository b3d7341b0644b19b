"""The web address of a process: three paths, from a thread of its own."""

import json
import socket
import urllib.error
import urllib.request

import pytest

from hub.config import Endpoint, settings
from hub.errors import NotUsable
from hub.supervision.health import Health
from hub.supervision.http import Answers, serving

GOOD, BAD = Health(), Health((("broker", "it has not answered for 3 s"),))
ANSWERS = Answers(live=lambda: GOOD, ready=lambda: BAD, metrics=lambda: "seinhuis_x 1\n")


def get(port, path):
    """Return status, type and body."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def test_each_path_has_its_answer_and_what_fails_says_why():
    """200 when it is well and 503 when not, for whoever looks at the number only."""
    with serving(Endpoint("127.0.0.1", 0), ANSWERS) as port:
        assert (200, "application/json", b'{"status": "ok", "reasons": []}') == get(
            port, "/health/live"
        )
        status, _, body = get(port, "/health/ready?full")
        reasons = [{"about": "broker", "reason": "it has not answered for 3 s"}]
        assert (503, {"status": "failing", "reasons": reasons}) == (status, json.loads(body))
        status, kind, body = get(port, "/metrics")
        assert (200, "text/plain; version=0.0.4; charset=utf-8") == (status, kind)
        assert b"seinhuis_x 1\n" == body


def test_another_path_is_not_found_and_is_not_repeated():
    """What somebody typed into an address may be anything."""
    with serving(Endpoint("127.0.0.1", 0), ANSWERS) as port:
        status, _, body = get(port, "/999990342")
        assert 404 == status
        assert b"999990342" not in body


def test_nothing_listens_afterwards_nor_when_no_address_is_given():
    """Off is off, and a stop leaves the port free."""
    with serving(None, ANSWERS) as port:
        assert port is None
    with serving(Endpoint("127.0.0.1", 0), ANSWERS) as port:
        pass
    with socket.socket() as probe:
        assert 0 != probe.connect_ex(("127.0.0.1", port))


def test_an_address_that_is_taken_is_refused_with_the_way_out():
    """Before any work is done, and in one line."""
    with (
        serving(Endpoint("127.0.0.1", 0), ANSWERS) as port,
        pytest.raises(NotUsable, match=r"SEINHUIS_METRICS: nothing can listen on 127\.0\.0\.1:"),
        serving(Endpoint("127.0.0.1", port), ANSWERS),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("127.0.0.1:9464", Endpoint("127.0.0.1", 9464)),
        ("[::1]:0", Endpoint("::1", 0)),
        ("worker.example:80", Endpoint("worker.example", 80)),
    ],
)
def test_the_address_is_a_host_and_a_port(text, expected):
    """Empty: none."""
    assert expected == settings({"SEINHUIS_METRICS": text}).metrics


@pytest.mark.parametrize("text", ["9464", ":9464", "h:99999", "http://h:1", "h:1/metrics", "u@h:1"])
def test_what_is_no_address_is_refused(text):
    """The message says what it may be."""
    with pytest.raises(NotUsable, match="SEINHUIS_METRICS must be HOST:PORT"):
        settings({"SEINHUIS_METRICS": text})


@pytest.mark.parametrize("text", ["localhost:4318", "grpc://localhost:4317", "http://"])
def test_what_is_no_url_for_traces_is_refused(text):
    """The message says what it may be."""
    with pytest.raises(NotUsable, match="SEINHUIS_OTLP must be a URL"):
        settings({"SEINHUIS_OTLP": text})
