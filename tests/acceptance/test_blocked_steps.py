"""A step that the broker cannot do now, say a key of the wrong type: not the event's fault."""

import json

from hub.steps import Outcome, StepResult
from hub.stores.memory import MemoryStore
from tests.acceptance.test_pipeline import a_signal
from tests.config_builders import a_book, a_recipient, a_rule, to_gemeente
from tests.harness import Hub

REENTRY = "detentie-en-re-integratie"


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


async def test_a_full_inbox_of_another_does_not_turn_the_order_round():
    """The first waits for a gemeente that reads nothing; the LRO has it before the second."""
    hub = Hub(
        a_book(
            a_rule("vult", fase=["pga"]),
            a_rule(
                "beide", fase=["preventie"], ontvangers=[to_gemeente(), a_recipient("groep:lro")]
            ),
            a_rule("later", fase=[REENTRY], ontvangers=[a_recipient("groep:lro")]),
        ),
        MemoryStore(inbox_cap=4),
    )
    await hub.send(*(a_signal(f"vult-{n}", fase="pga") for n in range(4)))
    await hub.submit(a_signal("eerst", fase="preventie"))
    await hub.submit(a_signal("daarna", fase=REENTRY))
    await hub.submit(a_signal("dan", fase="preventie"))
    await hub.work()

    assert ["eerst", "daarna", "dan"] == [
        json.loads(entry.content)["id"] for entry in await hub.inbox("lro")
    ]
    assert [
        *(["decided delivered", "  forward gm0363"] * 4),
        *("decided delivered+held", "  hold gm0363 inbox-full", "  forward lro"),
        *("decided delivered", "  forward lro"),
        *("decided delivered+held", "  hold gm0363 inbox-full", "  forward lro"),
    ] == [line for line in await hub.story() if not line.startswith("  withhold")]
    assert 7 == await hub.check_books()
