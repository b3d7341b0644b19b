"""`/metrics`, `/health/live` and `/health/ready`: in a thread, so that it answers when all hangs.

Who can reach it can read how much of what goes where, so it listens on loopback unless it is told
otherwise. There is nothing to write, and nothing that it reads from a request but the path.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from hub import log
from hub.config import Endpoint
from hub.errors import NotUsable
from hub.supervision.health import Health

_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
_JSON: Final = "application/json"
_PATIENCE_S: Final = 5.0  # for a request to come in whole
_LOOK_S: Final = 0.2  # between two looks whether it is to end
_END_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Answers:
    """What the three paths say; called in the thread of a request."""

    live: Callable[[], Health]
    ready: Callable[[], Health]
    metrics: Callable[[], str]


@contextlib.contextmanager
def serving(endpoint: Endpoint | None, answers: Answers) -> Iterator[int | None]:
    """Answer at `endpoint` and yield the port (0 picks a free one); None: nothing is served.

    Raises:
        NotUsable: nothing can listen there.

    """
    if endpoint is None:
        yield None
        return
    try:
        server = _server(endpoint)((endpoint.host, endpoint.port), _handler(answers))
    except OSError as error:
        raise NotUsable(
            f"SEINHUIS_METRICS: nothing can listen on {endpoint} ({error.strerror}): name a free"
            " port of this machine, or leave it empty"
        ) from error
    port = server.server_address[1]
    ended = threading.Event()
    thread = threading.Thread(target=_serve, args=(server, ended), name="supervision", daemon=True)
    thread.start()
    log.get().info("metrics.serving", address=f"{endpoint.host}:{port}")
    try:
        yield port
    finally:
        ended.set()
        # A process without memory cannot start the thread of a request and waits for it for ever.
        # That must not hold up its end.
        thread.join(_END_S)
        server.server_close()


def _serve(server: ThreadingHTTPServer, ended: threading.Event) -> None:
    while not ended.is_set():
        server.handle_request()


class _Server(ThreadingHTTPServer):
    timeout = _LOOK_S
    daemon_threads = True
    block_on_close = False  # a request that dawdles does not hold up a stop

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: who asked went away, and is told nowhere."""


def _server(endpoint: Endpoint) -> type[_Server]:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    return type("Server", (_Server,), {"address_family": family})


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_S
        server_version = "seinhuis"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(HTTPStatus.OK, _TEXT, answers.metrics())
            elif path == "/health/live":
                self._health(answers.live())
            elif path == "/health/ready":
                self._health(answers.ready())
            else:
                paths = ["/metrics", "/health/live", "/health/ready"]
                self._answer(HTTPStatus.NOT_FOUND, _JSON, json.dumps({"paths": paths}))

        def _health(self, health: Health) -> None:
            status = HTTPStatus.OK if health.good else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, _JSON, json.dumps(health.document()))

        def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Log no request: somebody asks every few seconds."""

    return Handler
