"""The page of the message types: what each is for, its fields, and an example."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import BaseModel

from handlers.rulebook import Rulebook
from hub.reference.examples import examples_of
from hub.reference.fields import Row, rows_of
from hub.reference.json_schema import what_it_is
from schemas.case import CasePart, CommonPart, Person, PersonPart
from schemas.catalogue import CATALOGUE, MessageType, envelope_of, variant_sensitivity
from schemas.envelope import Envelope
from schemas.messages.berichten import ActPart
from schemas.vocabulary import Kind, Phase, Sensitivity

_KIND: Final = {Kind.EVENT: "event", Kind.REQUEST: "request", Kind.ANSWER: "answer"}
_LEVEL: Final = {
    Sensitivity.NO_PERSON: "L0, no person",
    Sensitivity.REFERENCE: "L1, a reference only",
    Sensitivity.PERSONAL: "L2, personal data",
    Sensitivity.SPECIAL: "L3, police, justice, health or intelligence",
}
_PARTS: Final[dict[type[BaseModel], tuple[str, str]]] = {
    CommonPart: ("Common fields", "Every message about a case or its surroundings carries these."),
    CasePart: ("Case fields", "Also in every message about a case: the person by pseudonym only."),
    PersonPart: ("Person field", "Also in every message that may name the person."),
    ActPart: ("Act fields", "In every message about a message: acts, notices and corrections."),
}

_HEAD: Final = """\
# Message types

Made by `make docs` from `schemas/`; do not edit. The wire is Dutch, the meaning here is English.

An event is one JSON object: a CloudEvent 1.0 in structured mode, by the NL GOV profile 1.1, UTF-8,
at most 64 KiB. Its `type` is the prefix of the role config (`{prefix}`) and a name below.
The JSON Schema of each type is in `schemas/`.

Kind: an *event* happened, a *request* expects an answer, an *answer* gives it. Level: how much of a
person a type may carry at most: L0 none, L1 a reference, L2 personal data, L3 data of police,
justice, health or intelligence. A type with variants tells them apart by `soort`.
"""


def messages_page(book: Rulebook) -> str:
    """Return the whole page in Markdown: one table of all types, the shared parts, every type."""
    families: dict[str, list[MessageType]] = {}
    for row in CATALOGUE.values():
        families.setdefault(row.family, []).append(row)
    lines = [_HEAD.format(prefix=book.config.settings.prefix), *_overview(), *_shared()]
    for family, rows in families.items():
        lines += [f"## {family}", ""]
        for row in rows:
            lines += _section(row, book)
    return "\n".join(lines)


def _overview() -> Iterable[str]:
    yield f"## All {len(CATALOGUE)} types"
    yield ""
    yield from _table(
        ("type", "title", "kind", "level", "phases", "in SoH"),
        (
            (
                f"[{row.name}](#{_anchor(row.name)})",
                row.title,
                _KIND[row.kind],
                row.sensitivity.value,
                _phases(row),
                row.soh or "-",
            )
            for row in CATALOGUE.values()
        ),
    )


def _shared() -> Iterable[str]:
    yield from _part("Envelope", "The attributes of every event.", rows_of(Envelope))
    known: set[Row] = set()
    for model, (title, text) in _PARTS.items():
        rows = [row for row in rows_of(model) if row not in known]
        known.update(rows)
        yield from _part(title, text, rows)
    yield from _part("betrokkene", what_it_is(Person), rows_of(Person))


def _part(title: str, text: str, rows: Sequence[Row]) -> Iterable[str]:
    yield from (f"## {title}", "", text, "")
    yield from _fields(rows)


def _section(row: MessageType, book: Rulebook) -> Iterable[str]:
    senders = sorted(p.id for p in book.config.partners if row.name in book.types_of(p.id))
    yield from (f"### {row.name}", "", f"**{row.title}.**", "")
    yield f"- kind: {_KIND[row.kind]}"
    yield f"- level: {_LEVEL[row.sensitivity]}"
    yield f"- phases: {_phases(row)}"
    yield f"- in Samen onder Handbereik: {row.soh or 'no counterpart'}"
    yield f"- sent by: {', '.join(senders) or _nobody(row)}"
    yield f"- JSON Schema: [schemas/{row.name}.json](schemas/{row.name}.json)"
    if left_out := _left_out(row):
        yield f"- envelope: without {', '.join(left_out)}"
    yield ""
    for model in row.variants:
        yield from _model(row, model)
    for variant, example in examples_of(row.name).items():
        label = f"Example, {variant}" if variant else "Example"
        yield from (f"<details><summary>{label}</summary>", "", "```json")
        yield json.dumps(example, ensure_ascii=False, indent=2)
        yield from ("```", "", "</details>", "")


def _model(row: MessageType, model: type[BaseModel]) -> Iterable[str]:
    """What one variant is, and the fields that it has beside the shared parts."""
    parts = [part for part in _PARTS if issubclass(model, part)]
    shared = {field for part in parts for field in rows_of(part)}
    own = [field for field in rows_of(model) if field not in shared]
    titles = [_PARTS[part][0].lower() for part in parts]
    links = ", ".join(f"[{title}](#{title.replace(' ', '-')})" for title in titles)
    yield what_it_is(model)
    if len(row.variants) > 1:
        yield f"Level {variant_sensitivity(row, model).value}."
    if parts:
        yield f"Beside the {links}:" if own else f"It has the {links}, and no others."
    yield ""
    yield from _fields(own)


def _fields(rows: Sequence[Row]) -> Iterable[str]:
    if rows:
        yield from _table(
            ("field", "meaning", "form", "required"),
            ((f"`{r.name}`", r.meaning, r.shape, "yes" if r.required else "") for r in rows),
        )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for cells in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def _left_out(row: MessageType) -> list[str]:
    envelope = envelope_of(row)
    absent = [f"`{part.name}`" for part in rows_of(envelope) if part.shape == "absent"]
    closed = envelope.model_config["extra"] == "forbid"
    return absent + ["extension attributes"] * closed


def _nobody(row: MessageType) -> str:
    return "who received or sent the message, or the hub" if row.is_hub else "nobody by this config"


def _phases(row: MessageType) -> str:
    return (
        "all" if row.phases == frozenset(Phase) else ", ".join(p for p in Phase if p in row.phases)
    )


def _anchor(name: str) -> str:
    return name.replace(".", "")
