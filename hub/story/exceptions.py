"""What goes wrong, one short scene each: sent twice, not valid, held for a person, corrected."""

import json
from typing import Any

from handlers.calendar_day import dutch_day
from hub.bootstrap import now
from hub.data_folder import running
from hub.errors import HubError
from hub.ports import ParkedEntry
from hub.simulation.places import Places
from hub.steps import Queue
from hub.stores import keys
from hub.stores.connection import connect
from hub.story.stage import Stage
from schemas.identifiers import message_ref
from schemas.problems import InvalidEvent


async def duplicate(stage: Stage, event: dict[str, Any]) -> None:
    """Send the same event again: one delivery, and a record of the duplicate."""
    show, watching = stage.show, stage.watching
    show.title("Sent twice", "Hetzelfde bericht nog eens: er komt geen tweede kopie.")
    show.step(f"ind publishes {event['id']} again: a lost answer, a restart, a mistake")
    receipt = await stage.publish("ind", event)
    records = await watching.records_about("ind", receipt.message, 2)
    copies = await watching.count("ind", "gm0363", receipt.message)
    show.say(f"   on record: {', then '.join(record.event.value for record in records)}")
    show.say(f"   copies of it in the inbox of gm0363: {copies}")


async def invalid(stage: Stage) -> None:
    """An event that is not valid: all its problems, for the sender and for the operator."""
    show, watching = stage.show, stage.watching
    show.title("Not valid", "Een fout bericht: alle problemen ineens, en niets verdwijnt stil.")
    event = stage.signals.ind("ind-0003", "pga")
    event["subject"] = f"dossier {event['data']['betrokkene']['bsn']}"
    event["data"].pop("fase")
    event["data"]["urgentie"] = "dringend"
    try:
        await (await watching.client("ind")).publish(event)
    except InvalidEvent as refused:
        show.say(f"   our client does not send it: {len(refused.problems)} problems")
    show.step("ind publishes it without our client: a plain XADD on its own intake")
    entry = await _plain_xadd(stage, "ind", event)
    stage.note("ind", entry, message_ref(event["source"], event["id"]), event["type"])
    notice = await watching.refusal("ind", entry)
    for problem in notice.event["data"]["problemen"]:
        show.say(f"   {problem['plaats']}: {problem['regel']}")
    waiting = await watching.parked("ind", Queue.DEAD)
    show.say(f"   in dead, for the operator: {len(waiting)}; in the inbox of ind: {notice.type}")


async def held(stage: Stage) -> None:
    """A gemeente that was split up: held, and released by the operator to its successor."""
    show, watching = stage.show, stage.watching
    hub = watching.hub
    show.title(
        "Held for a person",
        "De gemeente is opgesplitst: een mens kiest, het seinhuis raadt niet.",
    )
    places = Places(hub.book, dutch_day(now()))
    if not places.split:
        show.say("   this role config has no gemeente that was split up; nothing to show")
        return
    code = places.split[0]
    gemeente = hub.book.register.gemeente(code)
    successors = gemeente.successors if gemeente is not None else ()
    event = stage.signals.liv("liv-0002", code)
    show.step(f"liv publishes a veiligheidsmelding for {code} {gemeente.name if gemeente else ''}")
    record, _ = await stage.deliver("liv", event)
    show.verdicts(record)
    waiting = _of(await watching.parked("liv", Queue.HELD), record.object.id)
    reasons = json.loads(waiting.parked.reasons)
    to = f"gm{successors[0]}"
    show.step(f"the operator looks it up, and releases it to {to}")
    done = await hub.desk().release(
        "liv", waiting.id, to, reasons[0]["rule"], "adres nagezien in de BRP"
    )
    copies = {party: await watching.copy(party, record.object.id) for party in done.delivered}
    show.received(copies)
    records = await watching.records_about("liv", record.object.id, 2)
    show.say(f"   on record: {', then '.join(each.event.value for each in records)}")


async def corrected(stage: Stage, event: dict[str, Any]) -> None:
    """A correction reaches everybody who received the original."""
    show, watching = stage.show, stage.watching
    show.title("Corrected", "Een rectificatie bereikt iedereen die het origineel kreeg.")
    original = message_ref(event["source"], event["id"])
    (known,) = await watching.hub.store.known("ind", [original])
    had = known.received_by if known is not None else ()
    show.say(f"   the original was received by {', '.join(sorted(had))}")
    show.step("ind corrects it")
    _, copies = await stage.deliver("ind", stage.signals.correction(event, "ind-0004"))
    for party, copy in (await stage.open(copies)).items():
        show.say(f"   {party} reads {copy.type}: {copy.event['data']['reden']}")
    show.check("everybody who had the original has the correction", holds=set(had) == set(copies))
    if set(had) != set(copies):
        raise HubError("a correction did not reach everybody who had the original")


def _of(entries: list[ParkedEntry], message: str) -> ParkedEntry:
    for entry in entries:
        if entry.parked.message == message:
            return entry
    raise HubError("the event is not in the held queue")


async def _plain_xadd(stage: Stage, party: str, event: dict[str, Any]) -> str:
    hub = stage.watching.hub
    address = running(hub.settings.data, party) or hub.address
    redis = await connect(address.url, address.user, address.password)
    try:
        entry = await redis.xadd(
            keys.intake(hub.book.parties[party].shard), {"event": json.dumps(event)}
        )
    finally:
        await redis.aclose()
    return entry.decode() if isinstance(entry, bytes) else entry
