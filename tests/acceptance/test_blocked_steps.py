"""A step that the broker cannot do now, say a key of the wrong type: not the event's fault."""

from hub.ports import Outcome, StepResult
from hub.stores.memory import MemoryStore
from tests.acceptance.test_pipeline import a_signal
from tests.config_builders import a_book, a_rule
from tests.harness import Hub


class InTheWay(MemoryStore):
    """A store with something in the way of every step, until it is mended."""

    mended = False

    async def route(self, shard, steps, token=""):
        if self.mended:
            return await super().route(shard, steps, token)
        return [StepResult(Outcome.BLOCKED, "hub:{ind}:inbox:lro") for _ in steps]


async def test_what_is_blocked_for_long_is_not_given_up():
    """It comes again as often as it takes, and is delivered once somebody mended what was wrong."""
    hub = Hub(a_book(a_rule()), InTheWay())
    await hub.submit(a_signal())
    await hub.store.take("ind", [""], "worker", 10, 0)
    for _ in range(20):
        await hub.pipeline.run("ind", await hub.store.reclaim("ind", [""], "worker", 0, 10))

    hub.store.mended = True
    await hub.work()

    assert ["decided delivered", "  forward gm0363"] == await hub.story()
    assert 1 == await hub.check_books()
