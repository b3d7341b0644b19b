"""Tasks end for certain, also when something in them takes a cancellation for an answer."""

import asyncio
import contextlib

import pytest

from hub import tasks
from hub.tasks import cancelled, ended, to_the_end


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(tasks, "_AGAIN_S", 0.01)


async def deaf(times: int, rounds: list[str]) -> None:
    """Swallow so many cancellations, as redis-py does while it connects."""
    while True:
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            rounds.append("asked")
            if len(rounds) > times:
                raise


async def test_a_task_that_swallows_a_cancellation_is_asked_again():
    rounds: list[str] = []
    task = asyncio.create_task(deaf(2, rounds))
    await asyncio.sleep(0)

    await cancelled(task)

    assert task.cancelled()
    assert 3 == len(rounds)


async def test_what_failed_before_is_looked_at_and_not_told_later():
    """Else asyncio writes a traceback when it throws the task away."""

    async def fail() -> None:
        raise ValueError

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    for end in (cancelled, ended):
        task = asyncio.create_task(fail())
        await asyncio.wait([task])
        await end(task)
        del task

    assert [] == told


async def test_who_is_cancelled_while_it_ends_others_does_not_leave_them_running():
    rounds: list[str] = []
    task = asyncio.create_task(deaf(3, rounds))
    await asyncio.sleep(0)
    ending = asyncio.create_task(cancelled(task))
    while not rounds:
        await asyncio.sleep(0)
    ending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await ending
    assert task.cancelled()


async def test_work_to_the_end_gives_its_result_or_its_error():
    async def work(error: Exception | None = None) -> int:
        await asyncio.sleep(0)
        if error is not None:
            raise error
        return 7

    assert 7 == await to_the_end(work())
    with pytest.raises(ValueError, match="why"):
        await to_the_end(work(ValueError("why")))


async def test_work_to_the_end_is_done_before_a_cancellation_is_raised():
    done, may = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await may.wait()
        done.set()

    waiting = asyncio.create_task(to_the_end(work()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    may.set()

    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    assert waiting.cancelled()
    assert done.is_set()
