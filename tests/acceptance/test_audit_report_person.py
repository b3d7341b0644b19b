"""`seinhuis audit report person`: everything about one person, nothing about another, on record."""

import asyncio
import json
import stat

import pytest
from sqlalchemy import delete, select, update
from typer.testing import CliRunner

from hub.cli import person_text
from hub.cli.app import app
from hub.cli.exits import Exit
from hub.ledger.database import reading, writing
from hub.ledger.reports.finding import find
from hub.ledger.tables import notes, records, subjects
from schemas.identifiers import message_ref
from tests.audit_ledger import SealedHub, an_act, the_signal
from tests.builders import ABSENT, BSNS, NAMES, an_event

BSN, OTHER_BSN = BSNS[0], BSNS[1]
REF = the_signal()["data"]["betrokkeneRef"]
OIN = the_signal()["source"].split(":")[3]
HOUSE = "urn:nld:oin:00000099200000001000:systeem:test"


def ref_of(event_id):
    """The hub's own name of a signal of the IND."""
    return message_ref(the_signal()["source"], event_id)


def about(bsn, ref, **more):
    """The data of a signal about somebody."""
    return {"betrokkene": {"bsn": bsn}, "betrokkeneRef": ref, **more}


@pytest.fixture
def sealed(tmp_path):
    """Three signals about one person (one by reference only, one that is held), one of another."""
    made = SealedHub(tmp_path / "data")

    async def flow():
        first = the_signal("a-1", **about(BSN, REF))
        await made.load(made.hub.book)
        await made.hub.send(
            first,
            the_signal("a-2", **about(ABSENT, REF)),
            the_signal("a-3", **about(BSN, REF, gemeentecode="0788")),
            the_signal("b-1", **about(OTHER_BSN, "btr-iemand-anders")),
        )
        await made.hub.send(an_act("ingezien", first, "act-1"))
        await made.hub.send(an_act("opgepakt", first, "act-2"))
        await made.hub.send(
            an_act("doorgezonden", first, "act-3", aan="zvh-amsterdam", reden="procesregie")
        )
        correction = an_event("berichten.gerectificeerd", id="c-1", source=first["source"])
        link = {"bron": first["source"], "id": "a-1"}
        await made.hub.send({**correction, "data": {"betreft": link, "reden": "verkeerde datum"}})
        await made.seal()

    asyncio.run(flow())
    yield made
    made.close()


def report(sealed, *words, typed=""):
    """Run the command; `typed` comes on stdin."""
    arguments = ["audit", "report", "person", *map(str, words), "--data", str(sealed.data)]
    return CliRunner(env=sealed.environment()).invoke(app, arguments, input=typed)


def by_bsn(sealed, *words, bsn=BSN):
    """Ask by BSN, as a program would."""
    return json.loads(report(sealed, "--bsn", "--json", *words, typed=f"{bsn}\n").stdout)


def noted(sealed):
    """Return what was put on record and waits to be sealed: the record and its person."""
    with reading(sealed.engine) as connection:
        rows = connection.execute(select(notes.c.record, notes.c.person).order_by(notes.c.id))
        return [(row.record.decode(), (row.person or b"").decode()) for row in rows]


def test_everybody_who_received_something_is_there_and_nobody_else(sealed):
    """The gemeente, the LRO, and the house to which it was passed on; of each its messages."""
    found = by_bsn(sealed)

    assert [
        ("gm0363", ref_of("a-1")),
        ("gm0363", ref_of("a-2")),
        ("lro", ref_of("a-1")),
        ("lro", ref_of("a-2")),
        ("lro", ref_of("a-3")),
        ("zvh-amsterdam", ref_of("a-1")),
    ] == sorted((one["party"], one["message"]) for one in found["receipts"])


def test_each_receipt_says_on_which_basis_why_and_which_fields(sealed):
    """As the records say, and the term as the role config of that day says."""
    (one,) = [
        r
        for r in by_bsn(sealed)["receipts"]
        if (r["party"], r["message"]) == ("gm0363", ref_of("a-1"))
    ]

    assert ("ind", "wet-pga", "duiden", "regel-een", 90) == (
        one["sender"],
        one["legal_basis"],
        one["purpose"],
        one["rule"],
        one["retention_days"],
    )
    assert "omschrijving" in one["fields"]
    assert [] != one["opened"]
    assert one["taken_up"]
    assert one["refused"] is None


def test_a_passing_on_names_who_did_it_and_the_rule_that_allowed_it(sealed):
    """Its record has no legal basis; the role config of that day has."""
    (one,) = [r for r in by_bsn(sealed)["receipts"] if r["party"] == "zvh-amsterdam"]

    assert ("gm0363", "wet-pga", "gemeente-naar-huis") == (
        one["by"],
        one["legal_basis"],
        one["rule"],
    )
    assert "signalen.signaal-gemeld" == one["type"]


def test_a_correction_stands_with_everybody_who_received_the_original(sealed):
    """Also with the house; and with nobody who did not."""
    receipts = by_bsn(sealed)["receipts"]

    assert {("gm0363", "a-1"), ("lro", "a-1"), ("zvh-amsterdam", "a-1")} == {
        (one["party"], event_id)
        for one in receipts
        for event_id in ("a-1", "a-2", "a-3")
        if one["message"] == ref_of(event_id) and one["corrected"]
    }


def test_what_only_has_the_senders_reference_is_found_and_marked(sealed):
    """One hop: by the BSN to the reference, and by that to the second signal."""
    assert {ref_of("a-2")} == {
        one["message"] for one in by_bsn(sealed)["receipts"] if one["linked"]
    }
    text = report(sealed, "--bsn", typed=f"{BSN}\n").stdout
    assert person_text.LINKED.split()[0] in text


def test_a_reference_that_a_sender_used_for_two_people_does_not_make_them_one(tmp_path):
    """The answer to one person holds nothing about another (AVG art. 15.4)."""
    made = SealedHub(tmp_path / "data")

    async def flow():
        await made.load(made.hub.book)
        await made.hub.send(
            the_signal("a-1", **about(BSN, REF)),
            the_signal("b-1", **about(OTHER_BSN, REF)),
            the_signal("x-1", **about(ABSENT, REF)),
        )
        await made.seal()

    asyncio.run(flow())

    for bsn, own in ((BSN, "a-1"), (OTHER_BSN, "b-1")):
        receipts = by_bsn(made, bsn=bsn)["receipts"]
        found = {(one["message"], one["linked"]) for one in receipts}
        assert {(ref_of(own), False), (ref_of("x-1"), True)} == found
    made.close()


def test_an_id_that_a_sender_used_again_for_another_gives_that_one_nothing(tmp_path):
    """The second came as a duplicate and went nowhere: what was received is about the first."""
    made = SealedHub(tmp_path / "data")

    async def flow():
        await made.load(made.hub.book)
        await made.hub.send(the_signal("a-1", **about(BSN, REF)))
        await made.hub.send(the_signal("a-1", **about(OTHER_BSN, "btr-iemand-anders")))
        await made.seal()

    asyncio.run(flow())
    try:
        assert [] == by_bsn(made, bsn=OTHER_BSN)["receipts"]
        assert {ref_of("a-1")} == {one["message"] for one in by_bsn(made)["receipts"]}
    finally:
        made.close()


def test_another_person_has_another_report(sealed):
    """Nothing of the one in that of the other, and nothing of who is not known."""
    other = by_bsn(sealed, bsn=OTHER_BSN)
    nobody = by_bsn(sealed, bsn=BSNS[2])

    assert {ref_of("b-1")} == {one["message"] for one in other["receipts"]}
    assert ([], []) == (nobody["receipts"], nobody["unprovided"])
    assert person_text.NOTHING in report(sealed, "--bsn", typed=f"{BSNS[2]}\n").stdout


def test_by_reference_and_by_pseudonym_the_answer_is_the_same(sealed):
    """The OIN of the sender and its betrokkeneRef, on stdin; or the tokens that --json shows."""
    found = by_bsn(sealed)
    words = [word for token in found["tokens"] for word in ("--token", token)]
    by_token = json.loads(report(sealed, "--json", *words).stdout)
    by_ref = json.loads(report(sealed, "--ref", "--json", typed=f"{OIN} {REF}\n").stdout)

    assert found["receipts"] == by_token["receipts"]

    def unmarked(one):
        return {**one, "linked": None}

    assert list(map(unmarked, found["receipts"])) == list(map(unmarked, by_ref["receipts"]))


def test_the_text_has_no_person_in_it_and_fits_the_page(sealed):
    """Dutch, by recipient; at most 80 columns."""
    done = report(sealed, "--bsn", typed=f"{BSN}\n")

    assert Exit.DONE == done.exit_code
    assert not [word for word in (*BSNS, *NAMES, REF) if word in done.stdout]
    assert [] == [line for line in done.stdout.splitlines() if len(line) > 80]
    for words in ("AVG artikel 15", "grondslag", "doel", "opgepakt 2026-11-23", "doorgezonden"):
        assert words in done.stdout
    assert "3 ontvangers, 3 berichten" in done.stdout


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["--bsn"], "123456789\n"),
        (["--bsn"], "\n"),
        (["--ref"], f"{REF}\n"),
        (["--token", "12345"], ""),
        ([], ""),
        (["--bsn", "--ref"], f"{BSN}\n"),
    ],
)
def test_what_names_nobody_is_refused_and_not_repeated(sealed, words, typed):
    """Nothing shown, nothing on record; what was typed could be a person."""
    done = report(sealed, *words, typed=typed)

    assert Exit.NOT_USABLE == done.exit_code
    assert not typed.strip() or typed.strip() not in done.output
    assert [] == noted(sealed)


def test_the_question_is_on_record_and_the_person_only_in_the_part_that_is_erased(sealed):
    """By which role and how, and the pseudonyms beside it."""
    found = by_bsn(sealed)

    ((record, person),) = noted(sealed)
    assert ("log-read", "audit report person") == (
        json.loads(record)["event"],
        json.loads(record)["object"]["id"],
    )
    assert "by=bsn" == json.loads(record)["reason"]
    assert found["tokens"] == list(json.loads(person).values())
    assert not [word for word in (BSN, *found["tokens"]) if word in record]


def test_who_asked_before_is_told(sealed):
    """The readings of the log about this person; not those about another."""
    by_bsn(sealed, bsn=OTHER_BSN)
    by_bsn(sealed)
    asyncio.run(sealed.seal())

    found = by_bsn(sealed)
    assert ["operator"] == [one["role"] for one in found["readings"]]
    with reading(sealed.engine) as connection:
        events = {one.document["event"] for one in find(connection, found["tokens"]).sealed}
    assert "log-read" not in events  # who asks about a person is not who received something
    assert "operator" in report(sealed, "--bsn", typed=f"{BSN}\n").stdout


def test_what_is_erased_is_counted_and_not_found(sealed):
    """Salt and pseudonym gone: nothing is known of it, and the report says of how much."""
    with writing(sealed.engine) as connection:
        connection.execute(update(records).values(salt=None, person=None))
        connection.execute(delete(subjects))
    found = by_bsn(sealed)

    with reading(sealed.engine) as connection:
        count = len(connection.scalars(select(records.c.position)).all())
    assert ([], count) == (found["receipts"], found["unknown"]["count"])
    text = report(sealed, "--bsn", typed=f"{BSN}\n").stdout
    assert person_text.NOTHING in text
    assert "kan niemand" in " ".join(text.split())


def test_a_message_that_nobody_received_is_told_with_why(tmp_path):
    """Refused, held or withheld: it was about the person all the same."""
    sealed = SealedHub(tmp_path / "data")

    async def flow():
        await sealed.hub.send(the_signal("x-1", **about(BSN, REF), doel="onbekend-doel"))
        await sealed.seal()

    asyncio.run(flow())
    found = by_bsn(sealed)
    sealed.close()

    assert [] == found["receipts"]
    assert [(ref_of("x-1"), "refused")] == [
        (one["message"], one["result"]) for one in found["unprovided"]
    ]


def test_a_report_in_a_file_is_for_its_owner_only_and_overwrites_nothing(sealed, tmp_path):
    """0600, and nothing of it on the terminal."""
    done = report(sealed, "--bsn", "--out", tmp_path / "inzage.txt", typed=f"{BSN}\n")

    assert 0o600 == stat.S_IMODE((tmp_path / "inzage.txt").stat().st_mode)
    assert "AVG artikel 15" in (tmp_path / "inzage.txt").read_text(encoding="utf-8")
    assert "" == done.stdout
    again = report(sealed, "--bsn", "--out", tmp_path / "inzage.txt", typed=f"{BSN}\n")
    assert Exit.NOT_USABLE == again.exit_code


def test_without_the_keys_nobody_can_be_found_and_it_says_so(sealed, tmp_path):
    """And no key is made by asking."""
    environment = {**sealed.environment(), "SEINHUIS_KEYS": str(tmp_path / "none")}
    arguments = ["audit", "report", "person", "--bsn", "--data", str(sealed.data)]
    done = CliRunner(env=environment).invoke(app, arguments, input=f"{BSN}\n")

    assert Exit.NOT_FOUND == done.exit_code
    assert "SEINHUIS_KEYS" in done.stderr
    assert not (tmp_path / "none").exists()
