"""docs/audit-log.md against the code: its fields, its words, and hashes that are right."""

import hashlib
import hmac
import json
import re
from pathlib import Path

import pytest

from hub.proof.leaves import commit, leaf_hash
from hub.pseudonyms import KINDS
from schemas.record_words import IDS, MEANINGS, PLACEHOLDERS, out_of_vocabulary
from schemas.records import Actor, Difference, Origin, Record, RecordEvent, Thing, VerdictLine

PAGE = (Path(__file__).parents[2] / "docs" / "audit-log.md").read_text(encoding="utf-8")
RECORD, PERSON = re.findall(r"```json\n(.+?)\n```", PAGE, re.DOTALL)


def rows(header):
    """Return the cells of the table under this header row."""
    table = PAGE.partition(f"{header}\n")[2].partition("\n\n")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[1:]
    ]


def words(cell):
    """Return what stands between backticks."""
    return tuple(re.findall(r"`([^`]+)`", cell))


def test_the_page_tells_every_event_with_its_words_and_no_other():
    """An auditor reads here what a record can say; what is not here cannot be said."""
    told = {
        cells[0].strip("`"): (cells[1], *map(words, cells[2:]))
        for cells in rows("| event | meaning | actor | object | result |")
    }

    assert {
        event.value: (meaning.says, meaning.actors, meaning.kinds, meaning.results)
        for event, meaning in MEANINGS.items()
    } == told


def test_every_word_of_the_vocabulary_has_a_meaning():
    assert set(RecordEvent) == set(MEANINGS)


def test_every_kind_of_object_says_what_its_id_is():
    used = {kind for meaning in MEANINGS.values() for kind in meaning.kinds}
    told = {cells[0].strip("`"): cells[1] for cells in rows("| kind of object | its id |")}

    assert IDS.keys() == used
    assert IDS == told


def test_every_placeholder_is_used_and_explained():
    used = {word for meaning in MEANINGS.values() for word in meaning.results if word.isupper()}

    assert PLACEHOLDERS.keys() == used
    assert [] == [word for word in used if f"`{word}`" not in PAGE]


def test_the_page_tells_every_field_and_no_other():
    told = [cells[0].strip("`") for cells in rows("| field | what it says | BIO2 | LDV | ADL |")]

    assert set(Record.model_fields) == set(told)
    assert len(told) == len(set(told))


@pytest.mark.parametrize("part", [Thing, Origin, Actor, VerdictLine, Difference])
def test_every_field_inside_a_field_stands_on_the_page(part):
    assert [] == [name for name in part.model_fields if f"`{name}`" not in PAGE]


def test_the_six_of_bio2_are_fields_that_every_record_has():
    """BIO2 8.15.01: actie, object, resultaat, oorsprong, actor, tijdstempel."""
    six = {
        cells[2]: cells[0].strip("`")
        for cells in rows("| field | what it says | BIO2 | LDV | ADL |")
        if cells[2]
    }

    assert {"actie", "object", "resultaat", "oorsprong", "actor", "tijdstempel"} == six.keys()
    assert {n for n, f in Record.model_fields.items() if f.is_required()} == set(six.values())


def test_the_page_tells_every_kind_of_token():
    assert set(KINDS) == {cells[0].strip("`") for cells in rows("| token | of |")}
    assert {"key", *KINDS} >= json.loads(PERSON).keys()


def test_the_example_is_a_record_as_the_hub_makes_them():
    """Valid, compact, with its words, and nothing that is absent."""
    Record.model_validate_json(RECORD)
    data = json.loads(RECORD)

    assert [] == out_of_vocabulary(data)
    assert json.dumps(data, ensure_ascii=False, separators=(",", ":")) == RECORD
    assert "null" not in RECORD


def test_the_hashes_of_the_example_can_be_made_by_hand_and_are_those_of_the_code():
    """As the page says, with nothing but a hash function."""
    salt, commitment, leaf = (
        re.search(rf"\| {name} \| `([0-9a-f]+)` \|", PAGE)[1]
        for name in ("salt", "commitment", "leaf")
    )
    by_hand = b"seinhuis-record-v1\nind\n1\n" + f"{commitment}\n{RECORD}".encode()

    assert hmac.digest(bytes.fromhex(salt), PERSON.encode(), "sha256").hex() == commitment
    assert hashlib.sha256(b"\0" + by_hand).hexdigest() == leaf
    made = commit(bytes.fromhex(salt), PERSON.encode())
    assert (commitment, leaf) == (made.hex(), leaf_hash("ind", 1, made, RECORD.encode()).hex())


def test_a_word_that_does_not_belong_to_its_event_is_found():
    record = json.loads(RECORD)

    assert ["result"] == out_of_vocabulary({**record, "result": "goed"})
    assert ["actor"] == out_of_vocabulary({**record, "actor": {"kind": "hub", "id": "hub"}})
    assert ["object"] == out_of_vocabulary({**record, "object": {"kind": "person", "id": "1"}})
