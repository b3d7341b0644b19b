"""Traces of events from intake to inbox, over OpenTelemetry; only when asked for (SEINHUIS_OTLP).

    event ─┬─ intake   on the broker, until it was read
           ├─ decide   read, decided, minimised and sealed
           ├─ commit   waiting for its turn, and written
           └─ deliver  one for each party that got a copy

The trace is the one that the sender began (`traceparent` of the event, W3C Trace Context level 1,
3.2), which is also in the records and in every copy; else a new one. In a span stand the shard, the
entry, the type and the party: nothing of the content. A sender chooses ids; they are not in it.

The packages (`pip install seinhuis[otel]`) are imported by `start` only. They are no part of a
plain installation: where they are, redis-py imports them too, for some 50 ms at every start. Spans
are made afterwards, from times that are known anyway: when off, this costs one comparison for each
batch.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub import log
from hub.errors import NotUsable

_TELL_S: Final = 60.0
_FLUSH_MS: Final = 3_000
_SEND_S: Final = 2.0  # its tries included: a stop of the hub waits for the last one


@dataclass(frozen=True, slots=True)
class Traced:
    """One event that was committed."""

    shard: str
    entry: str  #: `<ms>-<n>`: when it was accepted
    traceparent: str | None
    type: str  #: without prefix
    parties: tuple[str, ...]  #: who got a copy


@dataclass(frozen=True, slots=True)
class Times:
    """When a batch was read, decided, and committed; Unix seconds."""

    read: float
    decided: float
    committed: float


class _Tracer:
    """Makes the spans. Knows OpenTelemetry, which the rest of the hub does not."""

    def __init__(self, provider: Any) -> None:
        from opentelemetry import trace  # noqa: PLC0415 - only when it is asked for

        self._api = trace
        self._provider = provider
        self._tracer = provider.get_tracer("seinhuis")

    def event(self, traced: Traced, times: Times) -> None:
        accepted = min(int(traced.entry.partition("-")[0]) / 1_000, times.read)
        attributes = {
            "seinhuis.shard": traced.shard,
            "seinhuis.entry": traced.entry,
            "seinhuis.type": traced.type,
        }
        whole = self._tracer.start_span(
            "event",
            context=self._parent(traced.traceparent),
            kind=self._api.SpanKind.CONSUMER,
            attributes=attributes,
            start_time=_ns(accepted),
        )
        within = self._api.set_span_in_context(whole)
        self._span("intake", within, accepted, times.read)
        self._span("decide", within, times.read, times.decided)
        self._span("commit", within, times.decided, times.committed)
        for party in traced.parties:
            of_party = {"seinhuis.party": party}
            self._span("deliver", within, times.decided, times.committed, of_party)
        whole.end(_ns(times.committed))

    def stop(self) -> None:
        self._provider.force_flush(_FLUSH_MS)
        self._provider.shutdown()

    def _span(
        self,
        name: str,
        within: Any,
        began: float,
        ended: float,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        span = self._tracer.start_span(
            name, context=within, attributes=attributes, start_time=_ns(began)
        )
        span.end(_ns(max(began, ended)))

    def _parent(self, traceparent: str | None) -> Any:
        """Return the context that the sender gave; an invalid one is none (the same, 3.2.2.3)."""
        if traceparent is None:
            return self._api.set_span_in_context(self._api.INVALID_SPAN)
        _, trace, parent, flags = traceparent.split("-")
        given = self._api.SpanContext(
            int(trace, 16), int(parent, 16), True, self._api.TraceFlags(int(flags, 16) & 1)
        )
        return self._api.set_span_in_context(self._api.NonRecordingSpan(given))


_state: Final[dict[str, _Tracer]] = {}


def on() -> bool:
    """Return whether spans are made."""
    return bool(_state)


def start(url: str, *, worker: str, version: str) -> None:
    """Send spans to `url` (OTLP over HTTP) from now on, in a thread; what cannot be sent is lost.

    Raises:
        NotUsable: the packages for it are not installed.

    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise NotUsable(
            "SEINHUIS_OTLP is set, and the packages for traces are not installed:"
            " pip install 'seinhuis[otel]', or leave it empty"
        ) from None
    _quieten()
    exporter = OTLPSpanExporter(endpoint=url, timeout=_SEND_S)
    trace_with(BatchSpanProcessor(exporter), worker=worker, version=version)


def trace_with(processor: Any, *, worker: str, version: str) -> None:
    """Hand every span to `processor`, of OpenTelemetry's SDK."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - only when it is asked for
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    of_us = {"service.name": "seinhuis", "service.version": version, "service.instance.id": worker}
    provider = TracerProvider(resource=Resource(of_us), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    _state["tracer"] = _Tracer(provider)


def stop() -> None:
    """Send what waits, for some seconds at most, and make no more spans. Idempotent."""
    if tracer := _state.pop("tracer", None):
        tracer.stop()


def committed(events: Iterable[Traced], times: Times) -> None:
    """Make the spans of events that were committed. Raises nothing; nothing happens when off."""
    tracer = _state.get("tracer")
    if tracer is None:
        return
    try:
        for each in events:
            tracer.event(each, times)
    except Exception as error:  # noqa: BLE001 - a trace must never stop an event
        log.get().warning("traces.not_sent", error=type(error).__name__)


def _ns(seconds: float) -> int:
    return int(seconds * 1_000_000_000)


def _quieten() -> None:
    """Say in our own log, now and then, that spans cannot be sent: theirs is free text."""
    logger = logging.getLogger("opentelemetry")
    logger.propagate = False
    logger.handlers = [_Told()]


class _Told(logging.Handler):
    """Cuts what OpenTelemetry says to where it said so."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told = -_TELL_S

    def emit(self, record: logging.LogRecord) -> None:
        """Say it, unless it was said a moment ago."""
        if time.monotonic() - self._told >= _TELL_S:
            self._told = time.monotonic()
            log.get().warning("traces.not_sent", error=record.name.rpartition(".")[2])
