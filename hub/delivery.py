"""One copy in an inbox: open it, and what its recipient can say about it.

Each act is an event that the recipient publishes; its id is made from all that it says, so that
asking twice publishes the same event twice and the hub does it once, while another case, code, text
or party is another act. An opening is another each time: each is on record.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from hub.errors import NotOpened
from hub.opening import PATIENCE_S, Opening, is_sealed

_NAMESPACE: Final = uuid.UUID("5b0d4d3e-5f6e-4f43-9d06-2f6a1e0c7a11")


@dataclass(frozen=True, slots=True)
class Receipt:
    """That the broker has the event on disk. What the hub decided comes later, as notices."""

    entry: str  #: `<ms>-<n>`; a refusal notice names it as `ingang`
    message: str  #: the hub's own name of the event, as in its records and notices
    id: str
    source: str
    shard: str = ""  #: where it was put; the hub may move it to another partition of the sender


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

    async def answer(self, delivery: "Delivery", opening: Receipt, patience_s: float) -> bytes:
        """Wait for what the hub answers to an opening."""
        ...


@dataclass(slots=True)
class Delivery:
    """One copy in an inbox. The acts go through the hub; each is done once, however often asked.

    What stands here can be read at once. The copy itself is sealed: `open()` it first.
    """

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
    copy: bytes = field(repr=False)  #: as it lies in the inbox
    _client: "Publisher" = field(repr=False)
    opening: Receipt | None = None  #: the act by which this object was opened; None: not yet
    _event: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def received_at(self) -> datetime:
        """When the copy was delivered; aware, UTC."""
        return datetime.fromtimestamp(int(self.entry.partition("-")[0]) / 1_000, UTC)

    @property
    def sealed(self) -> bool:
        """Whether it is yet to be opened; a notice without text never is."""
        return self._event is None and is_sealed(self.copy)

    @property
    def event(self) -> dict[str, Any]:
        """The minimised CloudEvent.

        Raises:
            NotOpened: it is sealed; `open()` it first.

        """
        if self._event is None:
            if self.sealed:
                raise NotOpened(
                    f"message {self.message} is sealed: `open()` it first, which is on record"
                )
            self._event = json.loads(self.copy)
        return self._event

    async def open(self, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """Ask the hub for the key of this copy, and return the minimised CloudEvent.

        Each call is an opening of its own: it is on record with your party, and the sender is told
        of the first. What is not sealed is returned as it is, and nothing is asked or recorded.

        Raises:
            OpeningRefused: it was erased, or this party may not open it; the problems say which.
            Unavailable: no answer within `patience_s` seconds; open it again.
            NotAllowed: this user may not read the answer.

        """
        if not is_sealed(self.copy):
            return self.event
        opening = Opening()
        receipt = await self._act("berichten.ingezien", {"sleutel": opening.public_key})
        answer = await self._client.answer(self, receipt, patience_s)
        self._event = opening.read(answer, self.copy, self.shard, self._client.party, self.message)
        self.opening = receipt
        return self._event

    async def acknowledge(self) -> Receipt | None:
        """Say that it is safe in your own system; it does not come again. No need to open it.

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
            # by the names that stand beside the copy: who did not open it knows no other
            "data": {"betreft": {"shard": self.shard, "bericht": self.message}, **given},
        }
        if not self.sealed:
            for thread in ("correlationid", "traceparent"):
                if thread in self.event:
                    event[thread] = self.event[thread]
        return await self._client.publish(event)
