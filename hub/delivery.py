"""One copy in an inbox, and what its recipient can say about it.

Each act is an event that the recipient publishes; its id is made from all that it says, so that
asking twice publishes the same event twice and the hub does it once, while another case, code, text
or party is another act.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

_NAMESPACE: Final = uuid.UUID("5b0d4d3e-5f6e-4f43-9d06-2f6a1e0c7a11")


@dataclass(frozen=True, slots=True)
class Receipt:
    """That the broker has the event on disk. What the hub decided comes later, as notices."""

    entry: str  #: `<ms>-<n>`; a refusal notice names it as `ingang`
    message: str  #: the hub's own name of the event, as in its records
    id: str
    source: str


class Publisher(Protocol):
    """What a delivery needs of the client that read it."""

    party: str
    source: str
    prefix: str

    async def publish(self, event: Mapping[str, Any] | bytes | str) -> Receipt:
        """Put one event on the intake of the party."""
        ...

    async def tick_off(self, delivery: "Delivery") -> None:
        """Take a delivery off the list of what comes again."""
        ...


@dataclass(slots=True)
class Delivery:
    """One copy in an inbox. The acts go through the hub; each is done once, however often asked."""

    shard: str
    entry: str
    message: str
    type: str  #: without prefix
    sender: str
    rule: str
    urgency: str
    deadline: str  #: RFC 3339: when it must have been acknowledged
    retain_until: str  #: ISO date
    notice: bool  #: a notice of the hub about something you sent: nothing to act on
    event: dict[str, Any] = field(repr=False)  #: the minimised CloudEvent
    _client: "Publisher" = field(repr=False)

    @property
    def received_at(self) -> datetime:
        """When the copy was delivered; aware, UTC."""
        return datetime.fromtimestamp(int(self.entry.partition("-")[0]) / 1_000, UTC)

    async def opened(self) -> Receipt:
        """Say that somebody read it (berichten.ingezien)."""
        return await self._act("berichten.ingezien", {})

    async def acknowledge(self) -> Receipt | None:
        """Say that it is safe in your own system; it does not come again.

        A notice is only ticked off: there is nobody to tell.
        """
        receipt = None if self.notice else await self._act("berichten.ontvangst-bevestigd", {})
        await self._client.tick_off(self)
        return receipt

    async def take_up(self, case_ref: str | None = None) -> Receipt:
        """Say that you work on it, under your own case reference; it does not come again."""
        receipt = await self._act("berichten.opgepakt", {"zaakRef": case_ref})
        await self._client.tick_off(self)
        return receipt

    async def pass_on(self, to: str, reason: str | None = None) -> Receipt:
        """Pass it on to party `to`; the hub decides whether that may (doorzenden)."""
        return await self._act("berichten.doorgezonden", {"aan": to, "reden": reason})

    async def refuse(self, code: str) -> Receipt:
        """Refuse it, with a code: niet-bevoegd, onjuiste-geadresseerde, onvolledig, dubbel."""
        receipt = await self._act("berichten.geweigerd", {"redencode": code})
        await self._client.tick_off(self)
        return receipt

    async def feed_back(self, level: str, text: str | None = None) -> Receipt:
        """Tell the sender: ontvangen, in-behandeling, afgerond-zonder-inhoud, or inhoud + text."""
        data = {"niveau": level, "inhoud": text}
        return await self._act("berichten.terugkoppeling-gegeven", data)

    async def _act(self, name: str, data: Mapping[str, Any]) -> Receipt:
        about = {"bron": self.event["source"], "id": self.event["id"]}
        given = {key: value for key, value in data.items() if value is not None}
        says = json.dumps(given, sort_keys=True) if given else ""
        act = uuid.uuid5(_NAMESPACE, f"{self._client.party}|{self.message}|{name}|{says}")
        event = {
            "specversion": "1.0",
            "id": str(act),
            "source": self._client.source,
            "type": f"{self._client.prefix}.{name}",
            "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": {"betreft": about, **given},
        }
        for thread in ("correlationid", "traceparent"):
            if thread in self.event:
                event[thread] = self.event[thread]
        return await self._client.publish(event)
