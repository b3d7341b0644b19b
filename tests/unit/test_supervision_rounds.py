"""Supervision ends when the hub does, whatever the broker does at that moment."""

import asyncio

from hub.supervision import rounds


async def test_a_look_that_swallows_its_cancellation_does_not_keep_the_hub(monkeypatch):
    """As redis-py does while it connects: the hub went on looking, and never stopped."""
    looks: list[str] = []
    looking = asyncio.Event()

    class Deaf(rounds.Supervision):
        def __init__(self) -> None:
            """Without a hub."""

        async def round(self) -> None:
            looks.append("look")
            try:
                looking.set()
                await asyncio.sleep(3_600)
            except asyncio.CancelledError:
                if len(looks) > 1:
                    raise

    monkeypatch.setattr(rounds, "EVERY_S", 0.0)
    running = asyncio.create_task(Deaf().run())
    await looking.wait()
    running.cancel()
    async with asyncio.timeout(30):
        await asyncio.wait([running])

    assert running.cancelled()
    assert 2 == len(looks)
