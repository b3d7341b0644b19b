"""Wait for what the hub answers to an opening: the key of the copy, or a notice of refusal."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from hub.errors import OpeningRefused, Unavailable
from hub.opening import is_sealed
from schemas.problems import Problem

_FIRST_LOOK_S: Final = 0.005
_LAST_LOOK_S: Final = 0.25
_BACK_MS: Final = 5_000  # before the opening, so that a clock that was set back hides no refusal


async def wait(
    look: Callable[[], Awaitable[bytes | None]],
    told_after: Callable[[str], Awaitable[Any]],
    entry: str,
    patience_s: float,
) -> bytes:
    """Return the answer to the opening that was `entry` on its intake, sealed to who asked.

    `look` gives the answer when it is there; `told_after(place)` the next entries of the inbox in
    which a refusal would come. It asks again and again, with pauses that grow.

    Raises:
        OpeningRefused: the hub refused the opening; the problems say why.
        Unavailable: no answer within `patience_s` seconds.

    """
    since = f"{max(int(entry.partition('-')[0]) - _BACK_MS, 0)}-0"
    until, pause = time.monotonic() + patience_s, _FIRST_LOOK_S
    while True:
        answer = await look()
        if answer is not None:
            return answer
        for found, fields in await told_after(since):
            since = found.decode()
            problems = _refusal(fields, entry)
            if problems is not None:
                raise OpeningRefused(problems)
        if time.monotonic() >= until:
            raise Unavailable(
                f"the hub did not answer this opening within {patience_s:g} s: is a worker running"
                " (`seinhuis up`), and are its records sealed? Open it again: nothing is lost"
            )
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LAST_LOOK_S)


def _refusal(fields: Mapping[bytes, bytes], entry: str) -> tuple[Problem, ...] | None:
    """Return the problems of the notice that what came in as `entry` was refused; None: no such."""
    copy = fields.get(b"copy", b"")
    if fields.get(b"type") != b"berichten.geweigerd" or b"notice" not in fields or is_sealed(copy):
        return None
    data: dict[str, Any] = json.loads(copy)["data"]
    if data.get("ingang") != entry:
        return None
    return tuple(
        Problem(part["plaats"], part["regel"], part["uitweg"]) for part in data.get("problemen", ())
    )


def flat(entries: Any) -> Any:
    """Take the one extra list away that RESP3 puts around the entries of a stream."""
    if (
        entries
        and isinstance(entries[0], list)
        and entries[0]
        and not isinstance(entries[0][0], bytes)
    ):
        return entries[0]
    return entries
