"""Authorization Decision Log: one line for each decision on who may have or do what.

Source: Logius, Authorization Decision Log, chapter Specifications. What it asks for and how it is
met:

* exactly one record for each decision: each verdict of a routing decision is one, and so is each
  act of a recipient and each event that was refused at the door;
* `event_name` is `adl.access_evaluation`; request and response have the form of AuthZEN and stand
  in `body`; the policies are a reference (digest of the role config, and the rule) in `attributes`,
  and nothing stands in both;
* a denial is `Unset`, like a permission: `Error` is for a decision that could not be made;
* the `sampled` flag of a trace has no say: every decision has its line;
* idempotent: `trace_id` and `span_id` are the same in every export of the same record.

Without any person: a subject is an organisation, a resource is a message by the hub's own name.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from hub.ledger.projections.ldv import is_internal_failure, milliseconds
from hub.ledger.projections.sealed import Sealed
from schemas.records import RecordEvent

ACTS: Final = {
    "berichten.ingezien": "open",
    "berichten.ontvangst-bevestigd": "acknowledge",
    "berichten.opgepakt": "take-up",
    "berichten.doorgezonden": "pass-on",
    "berichten.geweigerd": "refuse",
    "berichten.terugkoppeling-gegeven": "feed-back",
}
"""Acts of recipients, by the type of their event: what AuthZEN would call the action."""

_ACTED: Final = frozenset(
    {
        RecordEvent.OPENED,
        RecordEvent.ACKNOWLEDGED,
        RecordEvent.TAKEN_UP,
        RecordEvent.FORWARDED,
        RecordEvent.REFUSED,
        RecordEvent.FED_BACK,
        RecordEvent.ACT_REFUSED,
    }
)
_PUBLISH: Final = "publish"
_RECEIVE: Final = "receive"


def decisions(sealed: Sealed, origin: str) -> Iterator[dict[str, Any]]:
    """Yield one line for each decision in this record; most records hold none or one.

    `origin`: the name of the log (`SEINHUIS_LOG_ORIGIN`).
    """
    record = sealed.document
    if not record:
        return
    event = RecordEvent(record["event"])
    for number, verdict in enumerate(record.get("verdicts") or ()):
        yield _line(
            sealed,
            origin,
            f"verdict {number}",
            _request(record, _receiver(verdict), _RECEIVE),
            _response(verdict),
            rule=verdict["rule"],
        )
    if event in _ACTED:
        actor = record["actor"]
        kind = "party" if actor["kind"] == "partner" else actor["kind"]
        request = _request(record, {"type": kind, "id": actor["id"]}, _action(record))
        allowed = event is not RecordEvent.ACT_REFUSED
        answer = {"decision": allowed, "context": {"outcome": record["result"]}}
        yield _line(sealed, origin, "act", request, answer)
    elif event is RecordEvent.DEAD_LETTERED:
        subject = {"type": "party", "id": record.get("sender", "")}
        why = {"reason": record["reason"]} if record.get("reason") else {}
        answer = {"decision": False, "context": {"outcome": record["result"], **why}}
        yield _line(sealed, origin, "publish", _request(record, subject, _PUBLISH), answer)


def _line(
    sealed: Sealed,
    origin: str,
    part: str,
    request: dict[str, Any],
    response: dict[str, Any],
    rule: str | None = None,
) -> dict[str, Any]:
    record = sealed.document
    failed = is_internal_failure(record)
    line: dict[str, Any] = {
        "trace_id": sealed.trace_id,
        "span_id": sealed.span_id(part),
        "parent_span_id": sealed.span_id(),
        "event_name": "adl.access_evaluation",
        "timestamp": milliseconds(datetime.fromisoformat(record["time"])),
        "status": "Error" if failed else "Unset",
        "resource": {
            "service.name": "seinhuis",
            "seinhuis.log": origin,
            "seinhuis.record": f"{sealed.shard}/{sealed.seq}",
        },
        "body": {"adl.core.request": request},
    }
    if not failed:  # then there is no decision; the log asks for one in every other case
        line["body"]["adl.core.response"] = response
    if record.get("config"):
        policy = {"digest": record["config"], **({"rule": rule} if rule else {})}
        line["attributes"] = {"adl.core.policies": {"role-config": policy}}
    return line


def _request(record: Mapping[str, Any], subject: dict[str, str], action: str) -> dict[str, Any]:
    thing = record["object"]
    about = str(thing["id"]).rpartition(":")[2] if thing["kind"] == "delivery" else thing["id"]
    known = {"message_type": record.get("type"), "sender": record.get("sender")}
    resource: dict[str, Any] = {
        "type": "message" if thing["kind"] == "delivery" else thing["kind"],
        "id": about,
        "properties": {name: value for name, value in known.items() if value},
    }
    if action == "pass-on" and record.get("party"):
        resource["properties"]["to"] = record["party"]
    return {
        "subject": subject,
        "action": {"name": action},
        "resource": resource,
        "context": {"time": record["time"]},
    }


def _receiver(verdict: Mapping[str, Any]) -> dict[str, str]:
    """Return who would receive: the party, or the role where no party could be named."""
    if verdict.get("party"):
        return {"type": "party", "id": verdict["party"]}
    return {"type": "role", "id": verdict["role"]}


def _response(verdict: Mapping[str, Any]) -> dict[str, Any]:
    names = ("reason", "detail", "legal_basis", "purpose", "fields", "deadline")
    context = {name: verdict[name] for name in names if verdict.get(name) is not None}
    return {
        "decision": verdict["outcome"] == "forward",
        "context": {"outcome": verdict["outcome"], **context},
    }


def _action(record: Mapping[str, Any]) -> str:
    """Return which act it was; an operator who looks at what is parked opens it too."""
    return ACTS.get(record.get("type") or "", "open")
