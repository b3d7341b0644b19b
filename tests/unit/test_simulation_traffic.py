"""The generator: days of traffic that are valid, allowed, complete, and the same for a seed."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.admission import admit
from handlers.routing import decide
from handlers.rulebook import Rulebook
from hub.roles import default_folder, load
from hub.simulation import generate
from hub.simulation.mishaps import SHARE
from schemas.catalogue import ACTS, CATALOGUE, CORRECTIONS
from schemas.identifiers import holds_bsn, is_bsn, message_ref
from schemas.problems import InvalidEvent, Problem
from schemas.reading import parse

START = datetime(2026, 11, 23, tzinfo=UTC)  # a Monday
LONG = 9_000


@cache
def the_book() -> Rulebook:
    return Rulebook(load(default_folder()))


@cache
def a_long_run() -> tuple[tuple[datetime, str, dict[str, Any]], ...]:
    return tuple(generate(the_book(), 11, LONG, START))


def problems_of(party: str, event: dict[str, Any]) -> tuple[Problem, ...]:
    """Say why the hub would refuse this event; empty: it would not."""
    book = the_book()
    sender = book.parties[party]
    try:
        read = parse(json.dumps(event).encode(), book.prefix)
    except InvalidEvent as invalid:
        return invalid.problems
    return tuple(admit(read, book, sender.shard, sender.intake))


def name_of(event: dict[str, Any]) -> str:
    return str(event["type"]).removeprefix(f"{the_book().prefix}.")


def is_meant_to_be_wrong(event: dict[str, Any], problems: tuple[Problem, ...]) -> bool:
    """Whether these are the problems of one of the mishaps, and no others."""
    places = {problem.place for problem in problems}
    if name_of(event) not in CATALOGUE:
        return places == {"type"}
    if "subject" in event:
        return places == {"subject"}
    if "opmerking" in event["data"]:
        return places == {"data.fase", "data.urgentie", "data"}
    return places == {"type"} and "no rule lets" in problems[0].rule


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_whatever_the_seed_only_what_is_meant_to_be_wrong_would_be_refused(seed: int) -> None:
    """An event is valid by the models and allowed by the rules, or it is one of the mishaps."""
    wrong = 0
    for _, party, event in generate(the_book(), seed, 150, START):
        if problems := problems_of(party, event):
            wrong += 1
            assert is_meant_to_be_wrong(event, problems), (event["type"], problems)
    assert wrong < 150 * 3 * SHARE


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    """Deterministic to the last byte, ids and times included."""

    def lines(seed: int) -> list[str]:
        return [json.dumps(item, default=str) for item in generate(the_book(), seed, 200, START)]

    assert lines(3) == lines(3)
    assert not set(lines(3)) & set(lines(4))


def test_every_message_that_a_rule_allows_occurs_for_each_of_its_senders() -> None:
    """All sixteen partners, and each pair of a partner and a type that has a rule."""
    book = the_book()
    allowed = {(p.id, name) for p in book.config.partners for name in book.types_of(p.id)}
    seen = {
        (book.parties[party].partner, name_of(event))
        for _, party, event in a_long_run()
        if not problems_of(party, event)
    }
    assert not allowed - seen
    assert {partner for partner, _ in seen} == {partner.id for partner in book.config.partners}


def test_every_rule_that_is_on_forwards_something() -> None:
    """The traffic knows the conditions of each rule: no rule is there for nothing."""
    book = the_book()
    used = {
        forward.rule
        for moment, party, event in a_long_run()
        if name_of(event) not in ACTS | CORRECTIONS and not problems_of(party, event)
        for forward in decide(parse(json.dumps(event).encode()), book, moment).forwards
    }
    on = {
        rule.id
        for partner in book.config.partners
        for rule in partner.rules
        if not rule.switched_off
    }
    assert not on - used


def test_acts_are_by_who_received_the_copy_and_after_it() -> None:
    """Nobody acts on what it has not got; passed-on copies are not acted upon here."""
    book = the_book()
    received: dict[str, set[str]] = {}
    times: dict[str, datetime] = {}
    acts: Counter[str] = Counter()
    for moment, party, event in a_long_run():
        if problems_of(party, event):
            continue
        name = name_of(event)
        if name in ACTS:
            about = event["data"]["betreft"]["bericht"]
            acts[name] += 1
            assert party in received[about], name
            assert moment > times[about]
        elif name not in CORRECTIONS:
            ref = message_ref(event["source"], event["id"])
            decision = decide(parse(json.dumps(event).encode()), book, moment)
            received.setdefault(ref, set()).update(f.party for f in decision.forwards)
            times.setdefault(ref, moment)
    assert set(acts) == ACTS


def test_a_correction_is_by_the_sender_of_what_it_corrects() -> None:
    """Both kinds occur, each about an event that came before."""
    seen: dict[tuple[str, str], str] = {}
    kinds: Counter[str] = Counter()
    for _, party, event in a_long_run():
        if name_of(event) in CORRECTIONS:
            about = event["data"]["betreft"]
            assert seen[about["bron"], about["id"]] == party
            kinds[name_of(event)] += 1
        seen[event["source"], event["id"]] = party
    assert set(kinds) == CORRECTIONS


def test_an_answer_goes_to_a_party_and_names_what_it_answers() -> None:
    """Some answers follow a question of this very traffic, with `aanvrager` and `causationid`."""
    asked: dict[str, str] = {}
    answers: Counter[bool] = Counter()
    for _, party, event in a_long_run():
        if name_of(event) == "adviezen.advies-gevraagd":
            asked[event["id"]] = party
        requester = event["data"].get("aanvrager")
        if requester is not None:
            assert requester in the_book().parties
            question = event.get("causationid", "")
            if question in asked:
                answers[asked[question] == requester] += 1
    assert answers[True] > 20
    assert not answers[False]


def test_every_kind_of_mishap_happens() -> None:
    """Sent twice, odd gemeenten, no address, a ban, not allowed, not valid: all of them."""
    book = the_book()
    found: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for moment, party, event in a_long_run():
        key = (event["source"], event["id"])
        found["duplicate"] += key in seen
        seen.add(key)
        if problems := problems_of(party, event):
            found["not allowed" if "no rule" in problems[0].rule else "invalid"] += 1
            continue
        code = event["data"].get("gemeentecode")
        gemeente = book.register.gemeente(code or "")
        found["unknown"] += code is not None and gemeente is None
        ended = gemeente is not None and not gemeente.in_force(moment.date())
        found["merged"] += ended and len(gemeente.successors) == 1
        found["split"] += ended and len(gemeente.successors) > 1
        found["no address"] += "adresstatus" in event["data"]
        found["ban"] += (
            event["data"].get("derdenverbod", False) and "ambtsbericht" not in event["type"]
        )
    wanted = {
        *("duplicate", "not allowed", "invalid", "unknown", "merged", "split", "no address", "ban"),
    }
    assert {kind for kind, count in found.items() if count} == wanted


def test_it_is_in_order_of_time_and_mostly_in_office_hours() -> None:
    """Believable days: busy from eight to six, a little in the evening, seldom at night."""
    moments = [moment for moment, _, _ in a_long_run()]
    assert moments == sorted(moments)
    assert timedelta(days=4) < moments[-1] - moments[0] < timedelta(days=15)
    hours = Counter(moment.astimezone(ZoneInfo("Europe/Amsterdam")).hour for moment in moments)
    office = sum(hours[hour] for hour in range(8, 18))
    night = sum(hours[hour] for hour in (22, 23, 0, 1, 2, 3, 4, 5))
    assert office > 0.75 * LONG
    assert 0 < night < 0.1 * LONG


def test_large_cities_send_and_receive_more_and_many_small_ones_something() -> None:
    """The places are weighted: one large city more than a small one, and not only cities."""
    codes = Counter(event["data"].get("gemeentecode") for _, _, event in a_long_run())
    assert len(codes) > 100
    assert min(codes[code] for code in ("0363", "0599", "0518", "0344")) > 10 * codes["0060"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_people_are_made_up_and_their_numbers_are_test_numbers(seed: int) -> None:
    """Surnames that no family has; BSNs from 999990000-999999999, never loose in a text."""
    people = 0
    for _, party, event in generate(the_book(), seed, 400, START):
        person = event["data"].get("betrokkene")
        if person is not None:
            people += 1
            assert is_bsn(person["bsn"])
            assert 999_990_000 <= int(person["bsn"]) <= 999_999_999
            surname = person["naam"].split()[1]
            assert surname.startswith((
                "Denkbeeld", "Fictie", "Model", "Oefen", "Proef", "Schets", "Test", "Voorbeeld",
            ))  # fmt: skip
        if not problems_of(party, event):
            without = {**event["data"], "betrokkene": None}
            assert not holds_bsn(json.dumps({**event, "data": without}))
    assert people > 20
