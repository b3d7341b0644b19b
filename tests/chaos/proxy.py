"""A TCP proxy on loopback between everybody and the broker, that can lose replies.

Losing a reply is: the request reaches the broker and is done, then the connection breaks before the
answer. Whoever asked cannot know whether it was done.
"""

import contextlib
import random
import select
import socket
import threading
from collections.abc import Callable

_PIECE = 65_536


class Proxy:
    """Passes everything on; while `lose` is above 0, that share of the replies is lost."""

    def __init__(self, target: Callable[[], int], seed: int) -> None:
        """`target` gives the port of the broker, asked anew for each connection."""
        self._target = target
        self._chance = random.Random(f"proxy-{seed}")
        self.lose = 0.0
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._over = False
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def close(self) -> None:
        """End, with all connections."""
        self._over = True
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break every connection, as a network that is restarted does."""
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._over:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            server = socket.create_connection(("127.0.0.1", self._target()), timeout=5)
            server.settimeout(None)
            with server:
                pair = {client, server}
                self._open |= pair
                try:
                    self._pass_on(client, server)
                finally:
                    self._open -= pair

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([client, server], [], [])
            for source in ready:
                piece = source.recv(_PIECE)
                if not piece:
                    return
                if source is server and self._chance.random() < self.lose:
                    self.lost += 1
                    return
                (client if source is server else server).sendall(piece)
