"""Traces leave the process, when they are asked for; their failure stops nothing."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from hub import tracing
from hub.errors import NotUsable
from hub.tracing import Times, Traced

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
EVENT = Traced("ind", "1000000-0", f"00-{TRACE}-00f067aa0ba902b7-01", "signalen.x", ("gm0363",))
TIMES = Times(1_000.1, 1_000.2, 1_000.3)


@pytest.fixture(autouse=True)
def ended():
    """No test leaves a tracer behind."""
    yield
    tracing.stop()


@pytest.fixture
def collector():
    """A collector of traces on loopback: its URL, and what it was sent."""
    bodies = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_waits_is_sent_to_the_collector_before_a_stop(collector):
    """Over OTLP, and uncompressed: the trace and the places can be read in the bytes."""
    url, bodies = collector
    tracing.start(url, worker="first", version="1.2.3")
    assert tracing.on()
    tracing.committed([EVENT], TIMES)
    tracing.stop()
    assert not tracing.on()
    assert {"/v1/traces"} == {path for path, _ in bodies}
    sent = b"".join(body for _, body in bodies)
    for part in (bytes.fromhex(TRACE), b"ind", b"gm0363", b"deliver", b"first", b"1.2.3"):
        assert part in sent


def test_a_collector_that_is_not_there_is_told_in_our_own_log_and_stops_nothing(capsys):
    """Once, and without the free text of a library."""
    tracing.start("http://127.0.0.1:1/v1/traces", worker="first", version="1.2.3")
    tracing.committed([EVENT], TIMES)
    tracing.stop()
    out = capsys.readouterr()
    assert 1 == (out.out + out.err).count("traces.not_sent")
    assert "refused" not in out.out + out.err


def test_a_mistake_in_tracing_is_told_and_stops_no_event(capsys, collector):
    """The event is committed already."""
    tracing.start(collector[0], worker="first", version="1.2.3")
    tracing.committed([Traced("ind", "not an entry", None, "", ())], TIMES)
    assert "traces.not_sent" in "".join(capsys.readouterr())


def test_an_event_that_its_sender_does_not_sample_is_not_sent(collector):
    """The sender's flag decides (W3C Trace Context, 3.2.2.5.1)."""
    url, bodies = collector
    tracing.start(url, worker="first", version="1.2.3")
    quiet = Traced("ind", "1000000-0", f"00-{TRACE}-00f067aa0ba902b7-00", "signalen.x", ())
    tracing.committed([quiet], TIMES)
    tracing.stop()
    assert [] == bodies


def test_without_the_packages_it_is_refused_with_the_way_out(monkeypatch):
    """Before the hub starts to work."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(NotUsable, match=r"pip install 'seinhuis\[otel\]'"):
        tracing.start("http://127.0.0.1:1", worker="first", version="1.2.3")


def test_who_traces_nothing_imports_nothing_of_it():
    """Its start does not pay for it, whatever a library of ours does where the packages are."""
    code = "import sys, hub.tracing; print([m for m in sys.modules if 'opentelemetry' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout
