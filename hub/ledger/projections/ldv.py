"""Logboek Dataverwerkingen: one line for each action on personal data, as OpenTelemetry shapes it.

Source: Logius, Logboek Dataverwerkingen, chapter Specificaties (trace_id to attributes, behaviour
of the application). What it asks for and how it is met:

* no user, no operator, no name of a person: who did it stands in the audit log, at the place that
  `resource` names;
* a line is about one person or none. An event is about one person at most (`schemas.case`), so a
  child span is never needed for a second person. A decision has one for each copy that it
  provides, because each has a processing activity of its own;
* nothing is sampled: every record of an action has its line, in the order of the log;
* `Error` only for a failure of the hub itself; a refusal or wrong input is `Unset`;
* `processing_activity_id` is a URI of the version that held then: with the digest of the role
  config, or where a record has none with the moment. `seinhuis audit report processing` takes both;
* own attributes need an established extension, so there are none: ours stand in `resource`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from hub.ledger.projections.sealed import Sealed
from schemas.records import RecordEvent

GENERAL_ACTIVITY: Final = "berichtenverkeer"
"""What the hub does for every partner: receive, decide, pass on, account for, erase."""

NAMES: Final[dict[RecordEvent, str | None]] = {
    RecordEvent.DECIDED: "Bericht ontvangen en beoordeeld",
    RecordEvent.DUPLICATE: "Bericht nogmaals ontvangen",
    RecordEvent.DEAD_LETTERED: "Bericht geweigerd",
    RecordEvent.CORRECTED: "Bericht gerectificeerd",
    RecordEvent.WITHDRAWN: "Bericht ingetrokken",
    RecordEvent.OPENED: "Bericht ingezien",
    RecordEvent.ACKNOWLEDGED: "Ontvangst van bericht bevestigd",
    RecordEvent.TAKEN_UP: "Bericht opgepakt",
    RecordEvent.FORWARDED: "Bericht doorgezonden",
    RecordEvent.REFUSED: "Bericht door de ontvanger geweigerd",
    RecordEvent.FED_BACK: "Terugkoppeling gegeven",
    RecordEvent.ACT_REFUSED: "Handeling op bericht geweigerd",
    RecordEvent.ACT_ACCEPTED: "Handeling op bericht verwerkt",
    RecordEvent.RELEASED: "Aangehouden bericht vrijgegeven",
    RecordEvent.RE_DECIDED: "Bericht opnieuw beoordeeld",
    RecordEvent.REDELIVERED: "Bericht opnieuw bezorgd",
    RecordEvent.DISCARDED: "Bericht verwijderd",
    RecordEvent.RETENTION_PASSED: "Bewaartermijn van bericht verstreken",
    RecordEvent.ERASED: "Inhoud van bericht vernietigd",
    RecordEvent.PERSON_ERASED: "Pseudoniemen in het logboek vernietigd",
    RecordEvent.HOLD_PLACED: "Vernietiging opgeschort",
    RecordEvent.HOLD_LIFTED: "Opschorting van vernietiging beëindigd",
    RecordEvent.LOG_READ: "Logboek geraadpleegd",
    RecordEvent.LOG_EXPORTED: "Logboek geëxporteerd",
    RecordEvent.STARTED: None,
    RecordEvent.STOPPED: None,
    RecordEvent.CONFIG_LOADED: None,
    RecordEvent.KEY_CREATED: None,
    RecordEvent.KEY_RETIRED: None,
    RecordEvent.CHECKPOINT: None,
    RecordEvent.GAP_FOUND: None,
    RecordEvent.GAP_ACCEPTED: None,
    RecordEvent.SHARD_SET_BACK: None,
    RecordEvent.ACCESS_FAILED: None,
}
"""The name of each action, for people. None: no personal data is processed, so it has no line."""

PROVIDED: Final = "Gegevens verstrekt"
"""The name of the child span of each copy that a decision provides."""

_KINDS: Final = (("bsn", "BSN"), ("ref", "betrokkeneRef"), ("asked", "pseudoniem"))
"""Kind of pseudonym -> what it stands for; the first that a record has. `asked`: of who read the
log about a person, whose number is then not on record.
"""


def lines(sealed: Sealed, origin: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of one record: none, one, or one and a child for each copy it provides.

    `origin`: the name of the log (`SEINHUIS_LOG_ORIGIN`), which makes the URIs of the register.
    """
    record = sealed.document
    name = NAMES[RecordEvent(record["event"])] if record else None
    if name is None:
        return
    activity = record.get("processing_activity") or GENERAL_ACTIVITY
    main = _line(sealed, origin, sealed.span_id(), name, activity)
    if record["origin"].get("oin"):
        main["attributes"]["dpl.core.foreign_operation.processor"] = _application(record["origin"])
    if is_internal_failure(record):
        main["status"] = "Error"
        main["attributes"]["exception.type"] = "afhandeling-mislukt"
        main["attributes"]["exception.message"] = (
            "het bericht kon herhaaldelijk niet worden verwerkt"
        )
    yield main
    for number, verdict in enumerate(record.get("verdicts") or ()):
        if verdict["outcome"] == "forward":
            span = sealed.span_id(f"provided {number}")
            child = _line(sealed, origin, span, PROVIDED, verdict["purpose"])
            yield {**child, "parent_span_id": main["span_id"]}


def is_internal_failure(record: dict[str, Any]) -> bool:
    """Whether the hub gave an entry up that failed time and again, and so could not read it.

    It then knows no message, and names the entry; what it refuses on a rule is no failure.
    """
    return bool(
        record["event"] == RecordEvent.DEAD_LETTERED.value
        and record["object"]["kind"] == "entry"
        and record.get("reason") == "niet-toegestaan"
    )


def activity_uri(origin: str, activity: str, digest: str | None, at: datetime) -> str:
    """Return where the register describes a processing activity, in the version that held.

    >>> activity_uri("log.example/x", "duiden", "ab12", datetime(2026, 11, 23))
    'https://log.example/x/verwerkingsactiviteiten/duiden?versie=ab12'
    """
    version = f"versie={digest}" if digest else f"op={quote(at.isoformat())}"
    return f"https://{origin}/verwerkingsactiviteiten/{quote(activity)}?{version}"


def _line(sealed: Sealed, origin: str, span: str, name: str, activity: str) -> dict[str, Any]:
    record = sealed.document
    at = datetime.fromisoformat(record["time"])
    attributes = {
        "dpl.core.processing_activity_id": activity_uri(origin, activity, record.get("config"), at),
        **_subject(sealed),
    }
    return {
        "trace_id": sealed.trace_id,
        "span_id": span,
        "status": "Unset",
        "name": name,
        "start_time": milliseconds(at),
        "end_time": milliseconds(at),
        "resource": {
            "attributes": {
                "service.name": "seinhuis",
                "seinhuis.log": origin,
                "seinhuis.record": f"{sealed.shard}/{sealed.seq}",
            }
        },
        "attributes": attributes,
    }


def milliseconds(at: datetime) -> int:
    """Return whole milliseconds since 1970, UTC (uint64 in both standards)."""
    return int(at.timestamp() * 1_000)


def _subject(sealed: Sealed) -> dict[str, str]:
    """Say whom it is about: one pseudonym, by the BSN where that was known, and its kind."""
    for kind, name in _KINDS:
        if kind in sealed.tokens:
            return {
                "dpl.core.data_subject_id": sealed.tokens[kind],
                "dpl.core.data_subject_id_type": name,
            }
    return {}


def _application(origin: dict[str, Any]) -> str:
    system = origin.get("system")
    return f"urn:nld:oin:{origin['oin']}" + (f":systeem:{system}" if system else "")
