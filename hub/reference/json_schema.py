"""JSON Schema 2020-12 of every message type: the whole event, envelope and data."""

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from hub.reference.examples import examples_of
from schemas.catalogue import CATALOGUE, DEFAULT_PREFIX, event_models

DIALECT: Final = GenerateJsonSchema.schema_dialect
EXTENSION_NAMES: Final = {"pattern": "^[a-z0-9]{1,20}$"}


def schema(name: str, prefix: str = DEFAULT_PREFIX) -> dict[str, Any]:
    """Return the JSON Schema of a type without prefix: `signalen.signaal-gemeld`.

    It says what can be said of one field at a time. Not in it, because JSON Schema has no words
    for it: the eleven-test of a BSN, that none stands in a text, and what envelope and data must
    have in common. Raises KeyError for a name that is not in the catalogue.
    """
    row = CATALOGUE[name]
    made = tidy(event_models(prefix)[f"{prefix}.{name}"].model_json_schema())
    if isinstance(made.get("additionalProperties"), dict):
        made["propertyNames"] = dict(EXTENSION_NAMES)
    return {
        "$schema": DIALECT,
        "$id": f"urn:seinhuis:schema:{prefix}.{name}",
        "title": row.title,
        "description": " ".join(dict.fromkeys(what_it_is(model) for model in row.variants)),
        **{key: made[key] for key in made if key not in {"title", "description"}},
        "examples": list(examples_of(name).values()),
    }


def what_it_is(model: type[Any]) -> str:
    """Return the first paragraph of what a model says about itself, on one line."""
    return " ".join((model.__doc__ or "").split("\n\n")[0].split())


def tidy(node: Any) -> Any:
    """Return a schema without what only repeats: titles made from names, empty defaults.

    `discriminator` goes too: it is not JSON Schema, and `soort` is told apart by its words.
    """
    if isinstance(node, list):
        return [tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    dropped = {"title", "discriminator"} | (
        {"default"} if node.get("default", 0) is None else set()
    )
    return {
        key: (
            {name: tidy(inner) for name, inner in value.items()}
            if key in {"properties", "$defs"}
            else tidy(value)
        )
        for key, value in node.items()
        if key not in dropped
    }
