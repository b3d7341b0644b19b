"""A look at a broker that hangs ends, and says since when it is silent."""

import asyncio
from types import SimpleNamespace

from hub.supervision import gauges


async def test_a_broker_that_hangs_is_silent_since_its_last_answer(monkeypatch):
    """It takes connections, so redis-py waits and tries again for half a minute."""
    monkeypatch.setattr(gauges, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(gauges, "_disks", lambda _settings: ())

    async def hangs():
        await asyncio.sleep(3_600)

    hub = SimpleNamespace(
        looking=SimpleNamespace(server=hangs),
        server=None,
        settings=None,
        book=SimpleNamespace(parties={}, shards=dict),
    )
    looks = gauges.Gauges(hub)
    await asyncio.sleep(0.2)
    async with asyncio.timeout(20):
        found = await looks.look()
    assert not found.broker_answers
    assert found.silent_s >= 0.25
