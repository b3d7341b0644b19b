"""AsyncAPI 3.0 of the hub: who publishes what on which stream, and what stands in an inbox.

A stream name holds a hash tag, `hub:{ind}:in`, and AsyncAPI reads braces as a parameter; so the
parameter `shard` has values with the braces in them.
"""

from collections.abc import Iterable
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from handlers.partitions import partner_of
from handlers.rulebook import Rulebook
from hub.reference.examples import examples_of
from hub.reference.json_schema import EXTENSION_NAMES, tidy, what_it_is
from schemas.catalogue import ACTS, CATALOGUE, CORRECTIONS, MessageType, envelope_of

LANGUAGE_VERSION: Final = "1.0.0"
"""Of the messages, not of the product: an incompatible change makes it 2.0.0."""

_REDIS: Final[dict[str, Any]] = {"redis": {}}
_TEXT: Final = {"type": "string"}
_ENTRY: Final = {
    "message": "the hub's own name of the event: 32 hexadecimal digits",
    "type": "message type without prefix",
    "about": "five words with a space between: the rule of the role config that forwards it, the"
    " sender (a party), the urgency (spoed, hoog or normaal), when it must have been acknowledged"
    " (RFC 3339), and the last day that the copy may be kept",
    "copy": "the minimised CloudEvent as JSON: the fields that the rule names, and no others",
    "notice": "1 on a notice of the hub to the sender of an event",
}


def document(book: Rulebook) -> dict[str, Any]:
    """Return the AsyncAPI document, from the side of the hub: it receives and it sends.

    Deterministic for one role config. Every message type is in the components, also one that no
    rule lets anybody send.
    """
    senders = {shard: sorted(_types(book, partner_of(shard))) for shard in book.shards()}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:seinhuis:asyncapi",
        "info": {
            "title": "Seinhuis",
            "version": LANGUAGE_VERSION,
            "description": "Typed events of the lokale aanpak: partners publish CloudEvents on"
            " their intake, and every recipient finds its own minimised copy in its inboxes.",
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "broker": {
                "host": "localhost:6379",
                "protocol": "redis",
                "protocolVersion": "7.0",
                "description": "Valkey 8 or later, Redis 7.0 or later. Each party has an account"
                " that may append to its own intake and read its own inboxes.",
                "security": [{"$ref": "#/components/securitySchemes/account"}],
                "bindings": _REDIS,
            }
        },
        "channels": {
            **{f"intake-{shard}": _intake(book, shard, types) for shard, types in senders.items()},
            "inbox": _inbox(book),
        },
        "operations": {
            **{f"receive-{shard}": _receive(shard, types) for shard, types in senders.items()},
            "deliver": {
                "action": "send",
                "channel": {"$ref": "#/channels/inbox"},
                "summary": "One entry for each recipient that a rule names.",
                "messages": [{"$ref": "#/channels/inbox/messages/delivery"}],
                "bindings": _REDIS,
            },
        },
        "components": {
            "securitySchemes": {"account": {"type": "userPassword"}},
            "messages": {
                **{_key(row.name): _message(row, book) for row in CATALOGUE.values()},
                "delivery": _delivery(),
            },
            "schemas": _schemas(),
        },
    }


def _types(book: Rulebook, partner: str) -> Iterable[str]:
    """What this partner may send: what it has a rule for, and messages about messages."""
    return {*book.types_of(partner), *ACTS, *CORRECTIONS}


def _intake(book: Rulebook, shard: str, types: list[str]) -> dict[str, Any]:
    is_shared = "" not in book.shards()[shard]
    party = {"party": {"description": "Party of the role config.", "examples": _some(book, shard)}}
    return {
        "address": "hub:{shard}:in:{party}" if is_shared else "hub:{shard}:in",
        "title": f"Intake {shard}",
        "description": "A stream. Publish with XADD, the whole CloudEvent as JSON in the field"
        " `event`. The entry is removed in the step that handles it.",
        "parameters": {
            "shard": {"enum": [f"{{{shard}}}"], "default": f"{{{shard}}}"},
            **(party if is_shared else {}),
        },
        "messages": {_key(name): {"$ref": f"#/components/messages/{_key(name)}"} for name in types},
        "bindings": _REDIS,
    }


def _inbox(book: Rulebook) -> dict[str, Any]:
    shards = [f"{{{shard}}}" for shard in book.shards()]
    return {
        "address": "hub:{shard}:inbox:{party}",
        "title": "Inbox",
        "description": "The inbox of a party is the union of these streams over all shards."
        " A reader merges them by time.",
        "parameters": {
            "shard": {"enum": shards, "description": "The sender's shard."},
            "party": {"description": "The recipient.", "examples": _some(book, "gemeente")},
        },
        "messages": {"delivery": {"$ref": "#/components/messages/delivery"}},
        "bindings": _REDIS,
    }


def _receive(shard: str, types: list[str]) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/intake-{shard}"},
        "summary": "Check, decide, record, and deliver; what is refused is told to the sender.",
        "messages": [{"$ref": f"#/channels/intake-{shard}/messages/{_key(n)}"} for n in types],
        "bindings": _REDIS,
    }


def _message(row: MessageType, book: Rulebook) -> dict[str, Any]:
    examples = examples_of(row.name)
    return {
        "name": f"{book.config.settings.prefix}.{row.name}",
        "title": row.title,
        "summary": what_it_is(row.variants[0]),
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": f"#/components/schemas/{envelope_of(row).__name__}"},
                {
                    "properties": {
                        "type": {"const": f"{book.config.settings.prefix}.{row.name}"},
                        "data": _data(row),
                    }
                },
            ]
        },
        "correlationId": {"location": "$message.payload#/correlationid"},
        "tags": [{"name": row.family}, {"name": row.sensitivity.value}, {"name": row.kind.value}],
        "bindings": _REDIS,
        "examples": [
            {"name": variant or row.name, "payload": payload}
            for variant, payload in list(examples.items())[:1]
        ],
    }


def _delivery() -> dict[str, Any]:
    return {
        "name": "delivery",
        "title": "Aflevering",
        "summary": "One minimised copy for one party, with what its reader must know in the clear.",
        "contentType": "application/json",
        "payload": {
            "type": "object",
            "required": [name for name in _ENTRY if name != "notice"],
            "properties": {
                name: {**_TEXT, "description": meaning} for name, meaning in _ENTRY.items()
            },
        },
        "bindings": _REDIS,
    }


def _data(row: MessageType) -> dict[str, Any]:
    references = [
        {"$ref": f"#/components/schemas/{model.__name__}"} for model in _models(row.variants)
    ]
    return references[0] if len(references) == 1 else {"oneOf": references}


def _schemas() -> dict[str, Any]:
    """Every model once, by its class name; a test keeps those names apart."""
    rows = CATALOGUE.values()
    models = _models([*map(envelope_of, rows), *(m for row in rows for m in row.variants)])
    _, made = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = tidy(made)["$defs"]
    schemas["Envelope"]["propertyNames"] = dict(EXTENSION_NAMES)
    return dict(sorted(schemas.items()))


def _models(models: Iterable[type[Any]]) -> list[type[Any]]:
    return list(dict.fromkeys(models))


def _key(name: str) -> str:
    return name.replace(".", "_")


def _some(book: Rulebook, shard: str) -> list[str]:
    return list(book.shards()[shard][:2])
