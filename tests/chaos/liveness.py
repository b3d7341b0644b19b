"""Whether a process hangs, as who restarts it asks: /health/live, now and then."""

import http.client
import threading

_EVERY_S = 0.5
_PATIENCE_S = 3.0
_OFTEN = 3  # a process that is only slow for a moment is left alone


class Liveness:
    """Asks one address, in a thread; `ok` is False once it said several times that it hangs.

    Nobody who answers is no sign: it starts, it has ended, or it was stopped by a fault.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._bad = 0
        self._over = threading.Event()
        threading.Thread(target=self._look, name="liveness", daemon=True).start()

    def ok(self) -> bool:
        """Whether it need not be killed; once it was told, it begins to count anew."""
        if self._bad < _OFTEN:
            return True
        self._bad = 0
        return False

    def close(self) -> None:
        """Ask no more."""
        self._over.set()

    def _look(self) -> None:
        while not self._over.wait(_EVERY_S):
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_S)
            try:
                connection.request("GET", "/health/live")
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                self._bad = 0
            else:
                self._bad = self._bad + 1 if status == http.client.SERVICE_UNAVAILABLE else 0
            finally:
                connection.close()
