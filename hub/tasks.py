"""Ending tasks of asyncio for certain.

`Task.cancel()` raises once, at the place where the task waits. A library that catches too much
there takes it for an answer, and the task goes on: redis-py does while it connects. So nothing here
is cancelled once and then waited for without end.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

T = TypeVar("T")

_AGAIN_S: Final = 1.0


async def cancelled(*tasks: asyncio.Future[Any]) -> None:
    """Cancel until each has ended. Their results and errors are dropped.

    When who waits is cancelled too, that is raised after they have ended.
    """
    await to_the_end(_cancelled(tasks))


def let_go(*tasks: asyncio.Future[Any]) -> None:
    """Cancel without waiting: for what may end late, or never. Their errors are dropped."""
    for task in tasks:
        task.add_done_callback(_look_at)
        task.cancel()


async def ended(*tasks: asyncio.Future[Any]) -> None:
    """Wait until each has ended by itself. Their results and errors are dropped.

    When who waits is cancelled meanwhile, that is raised after they have ended.
    """
    await to_the_end(asyncio.wait(tasks))
    for task in tasks:
        _look_at(task)


async def to_the_end(work: Awaitable[T]) -> T:
    """Return what `work` gives, and let nobody break it off: for what must not be left halfway.

    When who waits is cancelled meanwhile, `work` goes on, and the cancellation is raised after it.
    """
    task = asyncio.ensure_future(work)
    asked: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            asked = error
    if asked is not None:
        _look_at(task)
        raise asked
    return task.result()


async def _cancelled(tasks: tuple[asyncio.Future[Any], ...]) -> None:
    while still := [task for task in tasks if not task.done()]:
        for task in still:
            task.cancel()
        await asyncio.wait(still, timeout=_AGAIN_S)
    for task in tasks:
        _look_at(task)


def _look_at(task: asyncio.Future[Any]) -> None:
    """Look at the error of a task: asyncio tells what nobody looked at, when it is thrown away."""
    if not task.cancelled():
        task.exception()
