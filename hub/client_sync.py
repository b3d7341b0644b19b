"""The client for code without asyncio: the same methods, each of which waits.

    with SyncClient.connect("redis://127.0.0.1:6390", party="ind", source=…, password=…) as client:
        receipt = client.publish(event)

    with SyncClient.connect(url, party="gm0363", source=…, password=…) as client:
        for delivery in client.inbox(follow=False):
            store(delivery.open())
            delivery.acknowledge()

It runs `hub.client` on an event loop of its own; not inside a running loop, and not in two threads.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from hub.client import Client, Delivery, Receipt
from hub.opening import PATIENCE_S
from schemas.catalogue import DEFAULT_PREFIX


@dataclass(frozen=True, slots=True)
class SyncDelivery:
    """One copy in an inbox, as `hub.client.Delivery`; an act asked twice is done once."""

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
    received_at: datetime  #: aware, UTC
    _delivery: Delivery = field(repr=False)
    _runner: asyncio.Runner = field(repr=False)

    @property
    def sealed(self) -> bool:
        """Whether it is yet to be opened; a notice without text never is."""
        return self._delivery.sealed

    @property
    def event(self) -> dict[str, Any]:
        """The minimised CloudEvent. Raises NotOpened: it is sealed; `open()` it first."""
        return self._delivery.event

    @property
    def opening(self) -> Receipt | None:
        """The act by which this object was opened; None: not yet."""
        return self._delivery.opening

    def open(self, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """Ask the hub for the key of this copy, and return the minimised CloudEvent.

        Each call is an opening of its own, on record with your party.

        Raises:
            OpeningRefused: it was erased, or this party may not open it.
            Unavailable: no answer within `patience_s` seconds; open it again.

        """
        return self._runner.run(self._delivery.open(patience_s))

    def acknowledge(self) -> Receipt | None:
        """Say that it is safe in your own system; it does not come again."""
        return self._runner.run(self._delivery.acknowledge())

    def take_up(self, case_ref: str | None = None) -> Receipt:
        """Say that you work on it, under your own case reference."""
        return self._runner.run(self._delivery.take_up(case_ref))

    def pass_on(self, to: str, reason: str | None = None) -> Receipt:
        """Pass it on to party `to`; the hub decides whether that may."""
        return self._runner.run(self._delivery.pass_on(to, reason))

    def refuse(self, code: str) -> Receipt:
        """Refuse it: niet-bevoegd, onjuiste-geadresseerde, onvolledig or dubbel."""
        return self._runner.run(self._delivery.refuse(code))

    def feed_back(self, level: str, text: str | None = None) -> Receipt:
        """Tell the sender: ontvangen, in-behandeling, afgerond-zonder-inhoud, or inhoud + text."""
        return self._runner.run(self._delivery.feed_back(level, text))


class SyncClient:
    """One party at one broker, for one thread. Close it: it holds a connection and a loop."""

    def __init__(self, client: Client, runner: asyncio.Runner) -> None:
        """Use `connect`."""
        self._client = client
        self._runner = runner
        self._open = True

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        party: str,
        source: str,
        password: str,
        user: str | None = None,
        shard: str | None = None,
        prefix: str = DEFAULT_PREFIX,
        replicas: int = 0,
    ) -> Self:
        """Connect as `party`, as `hub.client.Client.connect` does.

        Raises:
            BrokerMissing: nobody answered in time.
            NotAllowed: the user or the password is not right.
            RuntimeError: this thread runs an event loop.

        """
        if _in_a_loop():
            raise RuntimeError("this thread runs an event loop: use hub.client.Client in it")
        runner = asyncio.Runner()
        try:
            client = runner.run(
                Client.connect(
                    url,
                    party=party,
                    source=source,
                    password=password,
                    user=user,
                    shard=shard,
                    prefix=prefix,
                    replicas=replicas,
                )
            )
        except BaseException:
            runner.close()
            raise
        return cls(client, runner)

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection and the loop."""
        self.close()

    @property
    def party(self) -> str:
        """As whom this client speaks."""
        return self._client.party

    def close(self) -> None:
        """Close the connection and the loop; idempotent."""
        if self._open:
            self._open = False
            try:
                self._runner.run(self._client.close())
            finally:
                self._runner.close()

    def publish(self, event: Mapping[str, Any] | bytes | str) -> Receipt:
        """Put one event on your intake; on return it is on the broker's disk.

        Raises:
            InvalidEvent: with every problem; nothing was sent.
            NotAllowed: this user may not write to this intake.
            Unavailable: the broker did not answer; publish the same event again.

        """
        return self._runner.run(self._client.publish(event))

    def inbox(self, *, follow: bool = True, consumer: str = "reader-1") -> Iterator[SyncDelivery]:
        """Yield deliveries: first what was not acknowledged, then what is new.

        With `follow` it waits for more, for ever; without, it ends when the inbox is read out. A
        `break` in the loop is fine: what was not acknowledged comes again.
        """
        deliveries = self._client.inbox(follow=follow, consumer=consumer)

        async def following() -> Delivery | None:
            return await anext(deliveries, None)

        while self._open and (found := self._runner.run(following())) is not None:
            yield self._delivery(found)

    def _delivery(self, found: Delivery) -> SyncDelivery:
        return SyncDelivery(
            shard=found.shard,
            entry=found.entry,
            message=found.message,
            type=found.type,
            sender=found.sender,
            rule=found.rule,
            urgency=found.urgency,
            deadline=found.deadline,
            retain_until=found.retain_until,
            notice=found.notice,
            received_at=found.received_at,
            _delivery=found,
            _runner=self._runner,
        )


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
