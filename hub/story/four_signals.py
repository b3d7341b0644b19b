"""The four signals on which everything turns, one scene each."""

from collections.abc import Mapping
from typing import Any

from hub.client import Delivery
from hub.errors import HubError
from hub.story.stage import Stage
from schemas.identifiers import message_ref
from schemas.records import Record


async def ind(stage: Stage) -> dict[str, Any]:
    """An IND signal, first in prevention and then in the PGA phase; returns the second."""
    show = stage.show
    show.title(
        "1 of 4 · The IND meets a signal in an asylum interview",
        "De IND meldt aan het LRO; loopt er een PGA, dan ook aan gemeente en Zorg- en"
        " Veiligheidshuis.",
    )
    early = stage.signals.ind("ind-0001", "preventie")
    show.step("ind publishes a signal, phase preventie")
    show.sent(early)
    record, copies = await stage.deliver("ind", early)
    show.received(copies)
    show.verdicts(record)
    later = stage.signals.ind("ind-0002", "pga")
    show.step("ind publishes a signal about the same person, now in the PGA phase")
    show.sent(later)
    record, copies = await stage.deliver("ind", later)
    show.received(copies)
    show.step("each opens its own copy: the hub hands over the key of that copy, on record")
    await _open_one(stage, copies, "gm0363")
    copies = await stage.open(copies)
    show.fields(stage.read(later), copies)
    show.verdicts(record)
    await _answer(stage, "ind", later, copies, "gm0363")
    return later


async def liv(stage: Stage) -> None:
    """A veiligheidsmelding: the gemeente of registration only, and spoed."""
    show = stage.show
    show.title(
        "2 of 4 · The LIV does a veiligheidsmelding",
        "Ideologie aangetroffen en een direct veiligheidsrisico: spoed, naar de gemeente van"
        " inschrijving.",
    )
    event = stage.signals.liv("liv-0001")
    show.step("liv publishes; the message itself makes it spoed")
    show.sent(event)
    record, copies = await stage.deliver("liv", event)
    show.received(copies)
    copies = await stage.open(copies)
    show.fields(stage.read(event), copies)
    show.verdicts(record)
    await _absent(stage, record, copies, "0363")
    await _answer(stage, "liv", event, copies, "gm0363")


async def rvdk(stage: Stage) -> None:
    """A melding of the RvdK: the house and not the gemeente; the house passes it on."""
    show, watching = stage.show, stage.watching
    show.title(
        "3 of 4 · The RvdK reports a worry about a minor",
        "De Raad meldt aan het Zorg- en Veiligheidshuis, en met opzet niet aan de gemeente.",
    )
    event = stage.signals.rvdk("rvdk-0001")
    show.step("rvdk publishes")
    show.sent(event)
    record, copies = await stage.deliver("rvdk", event)
    show.received(copies)
    copies = await stage.open(copies)
    show.fields(stage.read(event), copies)
    show.verdicts(record)
    await _absent(stage, record, copies, "0344")
    house, copy = next(iter(copies.items()))
    show.step(f"{house} takes it up, finds that the gemeente must know, and passes it on")
    taken = await copy.take_up("ZVH-2026-17")
    stage.note(house, taken.entry, taken.message, "berichten.opgepakt")
    passed = await copy.pass_on("gm0344", "de gemeente voert de regie")
    stage.note(house, passed.entry, passed.message, "berichten.doorgezonden")
    given = {"gm0344": await watching.copy("gm0344", record.object.id)}
    show.received(given)
    given = await stage.open(given)
    show.fields(stage.read(event), {house: copy, **given})
    await _notices(stage, "rvdk", event, 2 + len(copies) + len(given))


async def dji(stage: Stage) -> None:
    """A report of DJI's Meldpunt: the gemeente of return and its house."""
    show = stage.show
    show.title(
        "4 of 4 · DJI's Meldpunt Radicalisering reports from a prison",
        "Naar de gemeente waarheen iemand terugkeert, en haar Zorg- en Veiligheidshuis.",
    )
    event = stage.signals.dji("dji-0001")
    show.step("dji publishes, as its unit meldpunt")
    show.sent(event)
    record, copies = await stage.deliver("dji", event)
    show.received(copies)
    copies = await stage.open(copies)
    show.fields(stage.read(event), copies)
    show.verdicts(record)
    await _answer(stage, "dji", event, copies, "gm0599")


async def _answer(
    stage: Stage, sender: str, event: Mapping[str, Any], copies: Mapping[str, Delivery], party: str
) -> None:
    copy = _of(copies, party)
    stage.show.step(f"{party} acknowledges, takes it up and feeds back")
    acts = await stage.act(copy, party, case_ref="Z-2026-0042")
    await _notices(stage, sender, event, acts + len(copies))


async def _open_one(stage: Stage, copies: Mapping[str, Delivery], party: str) -> None:
    """Show what lies on the broker, and what stands in the record once it is opened."""
    show, copy = stage.show, _of(copies, party)
    show.say(f"   on the broker, for {party}: {copy.copy[:16].hex(' ')} … ({len(copy.copy)} bytes)")
    await stage.watching.read(party, copy)
    record = (await stage.watching.records_about(copy.shard, f"{party}:{copy.message}"))[0]
    show.say(f"   on record: {record.event.value} by {record.actor.kind} {record.actor.id}")


def _of(copies: Mapping[str, Delivery], party: str) -> Delivery:
    if party not in copies:
        raise HubError(f"{party} has no copy: the demo needs the role config that came with it")
    return copies[party]


async def _notices(stage: Stage, sender: str, event: Mapping[str, Any], count: int) -> None:
    """Show what the sender finds in its own inbox."""
    message = message_ref(event["source"], event["id"])
    for notice in await stage.watching.notices(sender, message, count):
        data = notice.event["data"]
        extra = "".join(
            f", {key} {data[key]}" for key in ("niveau", "zaakRef", "aan") if key in data
        )
        stage.show.say(f"   {sender} reads: {notice.type} by {data['door']}{extra}")


async def _absent(
    stage: Stage, record: Record, copies: Mapping[str, Delivery], gemeente: str
) -> None:
    """Look in the inbox of the gemeente and of its house: who is not named, has nothing."""
    register = stage.watching.hub.book.register
    for party in (f"gm{gemeente}", register.house(gemeente)):
        if party is None or party in copies:
            continue
        found = await stage.watching.count(record.origin.shard, party, record.object.id)
        stage.show.say(f"   {party}: {found} copies in its inbox; no rule of this sender names it.")
