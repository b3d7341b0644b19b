"""`seinhuis audit show` and `trace`: what an auditor is told, and that the asking is on record."""

import asyncio
import json
import re

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.errors import Unavailable
from hub.ledger import reading as ledger_reading
from hub.ledger.database import reading
from hub.ledger.tables import notes, records
from schemas.identifiers import message_ref
from schemas.records import Record
from tests.audit_ledger import SealedHub, an_act, the_signal
from tests.builders import BSNS, NAMES, an_event

SOURCE = the_signal()["source"]
FIRST, ANSWER, HELD, OTHER = (message_ref(SOURCE, name) for name in ("a-1", "a-2", "a-3", "b-1"))
CORRECTION = message_ref(SOURCE, "c-1")


def correction(original, event_id="c-1"):
    """A correction of a signal, in the same case."""
    made = an_event("berichten.gerectificeerd", id=event_id, source=SOURCE, correlationid="zaak-1")
    return {**made, "data": {"betreft": {"bron": SOURCE, "id": original}, "reden": "datum"}}


async def flow(made):
    """A signal that is opened twice, taken up, passed on and corrected; its answer; three others.

    One that is held, one of another case, and bytes that are no event.
    """
    hub = made.hub
    first = {**the_signal("a-1"), "correlationid": "zaak-1"}
    await hub.send(first, first, {**the_signal("b-1", meldingId="m-9"), "correlationid": "zaak-2"})
    await hub.send(an_act("ingezien", first, "act-1"), an_act("ingezien", first, "act-2"))
    await hub.send(an_act("opgepakt", first, "act-3"))
    passed_on = {"aan": "zvh-amsterdam", "reden": "procesregie"}
    await hub.send(an_act("doorgezonden", first, "act-4", **passed_on))
    hub.later(days=1)
    answer = {**the_signal("a-2", meldingId="m-8"), "causationid": "a-1"}
    held = {**the_signal("a-3", meldingId="m-7", gemeentecode="0788"), "correlationid": "zaak-3"}
    await hub.send({**answer, "correlationid": "zaak-4"}, held)
    await hub.send(correction("a-1"))
    await hub.submit(b"no event", shard="ind")
    await hub.work()
    await made.seal()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """The log of that flow; asking adds to it and takes nothing away."""
    made = SealedHub(tmp_path_factory.mktemp("asking") / "data")
    asyncio.run(flow(made))
    yield made
    made.close()


@pytest.fixture
def audit(sealed):
    """Run a command of `seinhuis audit` on it."""

    def call(*words):
        arguments = ["audit", *map(str, words), "--data", str(sealed.data)]
        return CliRunner(env=sealed.environment()).invoke(app, arguments)

    return call


@pytest.fixture
def shown(audit):
    """Return the records that `show` gives for some options."""

    def call(*words):
        result = audit("show", "--limit", "0", "--json", *words)
        assert result.exit_code == Exit.DONE, result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    return call


def noted(sealed):
    """Return the records that wait to be sealed: of who asked, and the erasable part of each."""
    with reading(sealed.engine) as connection:
        rows = connection.execute(select(notes).order_by(notes.c.id)).all()
    return [(json.loads(row.record), json.loads(row.person or b"{}")) for row in rows]


def events(found):
    """Return what happened, in order."""
    return [each["record"]["event"] for each in found]


def test_every_record_is_shown_once_in_the_order_of_time_and_byte_for_byte(sealed, audit, shown):
    found = shown()
    with reading(sealed.engine) as connection:
        stored = {row.position: row.record for row in connection.execute(select(records))}
    lines = audit("show", "--limit", "0", "--json").stdout.splitlines()

    assert sorted(stored) == sorted(each["position"] for each in found)
    times = [each["record"]["time"] for each in found]
    assert sorted(times) == times
    for line, each in zip(lines, found, strict=True):
        Record.model_validate(each["record"])
        assert line.endswith(f',"record":{stored[each["position"]].decode()}}}')


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--event", "opened"), ["opened", "opened"]),
        (("--result", "again"), ["opened"]),
        (("--type", "berichten.gerectificeerd"), ["corrected"]),
        (("--sender", "ind", "--event", "duplicate"), ["duplicate"]),
        (("--sender", "ind", "--result", "delivered+held"), ["decided"]),
        (("--actor", "gm0363", "--event", "taken-up"), ["taken-up"]),
        (("--recipient", "zvh-amsterdam"), ["forwarded", "corrected"]),
        (("--message", HELD[:12]), ["decided"]),
        (("--legal-basis", "wpg-4-lid-4-avg-19"), ["corrected"]),
        (("--shard", "ind", "--event", "dead-lettered"), ["dead-lettered"]),
        (("--until", "2026-11-23", "--event", "decided"), ["decided", "decided"]),
        (("--since", "2026-11-24", "--event", "decided"), ["decided", "decided"]),
        (("--since", "2026-11-24T11:00:00+01:00", "--event", "corrected"), ["corrected"]),
        (("--since", "2026-11-24T11:00:01+01:00", "--event", "corrected"), []),
        (("--digest", "f", "--event", "decided"), []),
    ],
    ids=" ".join,
)
def test_each_filter_chooses_and_all_of_them_must_hold(shown, words, expected):
    assert expected == events(shown(*words))


def test_a_recipient_is_found_by_what_was_decided_for_it_and_by_what_it_did(shown):
    """But for decisions that gave it nothing."""
    found = shown("--recipient", "gm0363", "--message", FIRST)

    assert ["decided", "opened", "opened", "taken-up", "corrected"] == [
        word for word in events(found) if word not in {"act-accepted", "forwarded"}
    ]
    assert HELD not in {each["record"]["object"]["id"] for each in shown("--recipient", "gm0363")}


def test_a_person_is_found_by_pseudonym_and_the_question_holds_it_in_its_erasable_part_only(
    sealed, shown
):
    token = sealed.hub.pseudonyms.tokens("bsn", the_signal()["data"]["betrokkene"]["bsn"])[0]
    found = shown("--person", token)
    record, person = noted(sealed)[-1]

    assert {FIRST, ANSWER, HELD, OTHER} <= {each["record"]["object"]["id"] for each in found}
    assert {"asked": token} == person
    assert token not in json.dumps(record)


def test_a_limit_gives_the_newest_and_they_are_told_oldest_first(shown, audit):
    everything = shown()
    newest = audit("show", "--limit", "3", "--json").stdout.splitlines()

    assert everything[-3:] == [json.loads(line) for line in newest]


def test_what_nobody_bears_is_refused_with_the_nearest_name_and_is_not_repeated(sealed, audit):
    """All at once; what was typed could be the name of a person, so it is not on record either."""
    before = noted(sealed)
    words = ("--sender", "indd", "--type", "signalen.signal-gemeld", "--person", BSNS[0])
    result = audit("show", *words, "--event", "opend", "--result", "Sami Voorbeeldin")

    assert result.exit_code == Exit.NOT_USABLE
    assert result.stdout == ""
    for hint in ("--sender", "ind)", "signalen.signaal-gemeld", "opened", "--person", "--result"):
        assert hint in result.stderr
    assert [value for value in (BSNS[0], "Sami", "indd") if value in result.stderr] == []
    assert before == noted(sealed)


def test_a_right_name_without_records_is_an_empty_answer(audit):
    """The role config that comes with the hub knows the party; the log has nothing of it."""
    result = audit("show", "--sender", "kmar")

    assert (result.exit_code, "0 of" in result.stdout) == (Exit.DONE, True)


@pytest.mark.parametrize(
    ("words", "command", "asked", "about"),
    [
        (("show", "--sender", "ind"), "audit show", "sender=ind limit=50", None),
        (("trace", FIRST[:9]), "audit trace", f"of={FIRST}", FIRST),
        (("stats", "--by", "type"), "audit stats", "by=type", None),
        (("verify",), "audit verify", None, None),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_asking_is_on_record_with_who_and_what(sealed, audit, words, command, asked, about):
    before = len(noted(sealed))
    result = audit(*words)
    ((record, person),) = noted(sealed)[before:]

    assert result.exit_code == Exit.DONE, result.output
    assert ("log-read", "ok", {"kind": "log", "id": command}) == (
        record["event"],
        record["result"],
        record["object"],
    )
    assert ({"kind": "operator", "id": "operator"}, asked, about, {}) == (
        record["actor"],
        record.get("reason"),
        record.get("about"),
        person,
    )


@pytest.mark.parametrize(
    "words",
    [("show",), ("show", "--json"), ("trace", FIRST), ("stats",), ("verify",)],
    ids=" ".join,
)
def test_when_the_question_cannot_be_put_on_record_nothing_is_shown(audit, monkeypatch, words):
    def fails(*_):
        raise Unavailable("the ledger does not answer (SQLITE_FULL)")

    monkeypatch.setattr(ledger_reading, "add_note", fails)
    result = audit(*words)

    assert (Exit.NO_HUB, "") == (result.exit_code, result.stdout)
    assert "nothing is shown" in result.stderr
    assert "SQLITE_FULL" in result.stderr


@pytest.mark.parametrize(("again_s", "expected"), [(0.0, 4), (3_600.0, 1)], ids=["past", "not yet"])
def test_who_goes_on_following_is_on_record_again_each_hour(
    sealed, audit, monkeypatch, again_s, expected
):
    """Each of three looks is an hour later, or none is."""
    looks = []

    def look(_):
        looks.append(1)
        if len(looks) > 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("hub.cli.audit_show.time.sleep", look)
    monkeypatch.setattr("hub.cli.audit_show._ON_RECORD_AGAIN_S", again_s)
    before = len(noted(sealed))

    assert Exit.INTERRUPTED == audit("show", "--follow").exit_code
    assert expected == len(noted(sealed)) - before


def test_it_is_on_record_before_the_first_line(sealed, audit, monkeypatch):
    """What is shown and then not recorded would be worse than an error."""

    def breaks(*_):
        raise RuntimeError

    monkeypatch.setattr("hub.cli.audit_show.asking.newest", breaks)
    before = len(noted(sealed))

    assert audit("show").exit_code == Exit.UNEXPECTED
    assert before + 1 == len(noted(sealed))


def test_the_life_of_a_message_is_told_in_order_with_who_who_not_and_why(audit):
    text = audit("trace", FIRST, "--only").stdout
    told = " ".join(text.split())
    steps = [
        *(
            "signalen.signaal-gemeld of ind",
            "the hub decided: yes 2",
            "by role config",
            "wet-pga",
            "came again, with the same",
        ),
        *("gm0363 opened its copy", "gm0363 opened its copy once more", "gm0363 works on it"),
        *("gm0363 passed it on to zvh-amsterdam", "its sender corrected it", "copies now:"),
    ]
    places = [told.find(step) for step in steps]

    assert [] == [step for step, place in zip(steps, places, strict=True) if place < 0]
    assert sorted(places) == places
    assert [] == [line for line in text.splitlines() if len(line) > 80]


def test_a_correction_shows_for_everyone_who_received_the_original(audit):
    """A line for each recipient: also for who got it from another recipient."""
    told = audit("trace", FIRST, "--only").stdout.partition("copies now:\n")[2]
    copies = {
        part.partition(":")[0]: " ".join(part.split())
        for part in re.split(r"\n?^  (?=\S)", told, flags=re.MULTILINE)[1:]
    }

    assert {"gm0363", "lro", "zvh-amsterdam"} == set(copies)
    assert [] == [
        party
        for party, line in copies.items()
        if f"has the correction {CORRECTION[:8]}" not in line
    ]


def test_the_case_has_what_answers_and_corrects_the_message_and_not_another_case(audit):
    case = json.loads(audit("trace", FIRST, "--json").stdout)["case"]
    alone = json.loads(audit("trace", OTHER, "--json").stdout)["case"]
    links = {each["message"]: each["links"] for each in case}

    assert [FIRST, ANSWER, CORRECTION] == [each["message"] for each in case]
    assert f"answers {FIRST[:8]}" in links[ANSWER]
    assert f"about {FIRST[:8]}" in links[CORRECTION]
    assert [OTHER] == [each["message"] for each in alone]


def test_the_document_of_a_trace_has_the_records_byte_for_byte_and_each_copy(sealed, audit):
    text = audit("trace", FIRST, "--json").stdout
    document = json.loads(text)
    with reading(sealed.engine) as connection:
        stored = {row.position: row.record for row in connection.execute(select(records))}
    copies = {each["party"]: each for each in document["copies"]}

    assert FIRST == document["message"]
    assert [] == [
        each["position"]
        for each in document["records"]
        if f'"record":{stored[each["position"]].decode()}}}' not in text
    ]
    assert ("taken-up", 2, "wet-pga") == tuple(
        copies["gm0363"][name] for name in ("state", "openings", "legal_basis")
    )
    assert "passed on by gm0363" == copies["zvh-amsterdam"]["by"]
    assert {"message": CORRECTION, "state": "delivered"} == copies["lro"]["corrections"][
        "corrected"
    ]


def test_who_read_the_log_about_a_message_stands_in_its_trace(sealed, audit):
    audit("trace", HELD)
    asyncio.run(sealed.seal())
    told = audit("trace", HELD).stdout

    assert "somebody read the log: audit trace, by operator operator" in told


def test_what_could_not_be_read_as_an_event_has_a_trace_under_its_entry(shown, audit):
    (dead,) = shown("--event", "dead-lettered")
    entry = dead["record"]["object"]["id"]

    for name in (entry, f"ind/{entry}"):
        assert "refused by the hub; the sender has a notice" in audit("trace", name).stdout


@pytest.mark.parametrize("name", ["zz", "ind/17-9", "", "0123456789abcdef"])
def test_what_the_log_does_not_know_is_said_and_asking_for_it_is_no_answer(sealed, audit, name):
    before = noted(sealed)
    result = audit("trace", name)

    assert (Exit.NOT_FOUND, "", before) == (result.exit_code, result.stdout, noted(sealed))


def test_several_messages_that_begin_so_are_named_and_that_is_on_record(sealed, audit, shown):
    """The names are an answer too."""
    names = {each["record"]["object"]["id"] for each in shown() if each["shard"] != "ledger"}
    letters = [name[0] for name in names if len(name) == len(FIRST)]
    letter = next(each for each in letters if letters.count(each) > 1)
    before = noted(sealed)
    result = audit("trace", letter)

    assert Exit.NOT_USABLE == result.exit_code
    assert [] == [n for n in names if n.startswith(letter) and n[:8] not in result.stderr]
    assert [f"of={letter}"] == [record["reason"] for record, _ in noted(sealed)[len(before) :]]


def test_no_person_and_no_content_is_in_what_is_told(audit):
    data = the_signal()["data"]
    secrets = [*NAMES, *BSNS, data["betrokkeneRef"], data["omschrijving"], "a-1", "zaak-1"]
    texts = [audit(*words).output for words in (("show", "--limit", "0"), ("trace", FIRST))]

    assert [] == [secret for secret in secrets for text in texts if secret in text]


def test_without_a_hub_it_is_said_that_newer_records_may_be_missing(audit):
    assert "no hub answers here" in audit("show").stderr


@pytest.mark.parametrize("command", [("show",), ("trace", "abc"), ("stats",), ("verify",)], ids=str)
def test_without_a_ledger_it_is_said_how_one_comes_to_be_and_none_is_made(tmp_path, command):
    result = CliRunner().invoke(app, ["audit", *command, "--data", str(tmp_path)])

    assert Exit.NOT_FOUND == result.exit_code
    assert "up" in result.stderr
    assert [] == list(tmp_path.iterdir())
