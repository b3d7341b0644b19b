"""Properties of decide over the real config, every type, and any choice of what routes."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.minimise import minimise
from handlers.routing import decide
from handlers.rulebook import Rulebook
from hub.roles import default_folder, load
from schemas.decisions import Forward, Hold
from schemas.problems import InvalidEvent
from schemas.reading import parse
from tests.builders import EXAMPLES, as_bytes

CONFIG = load(default_folder())
BOOK = Rulebook(CONFIG)
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FILES = sorted(f for f in EXAMPLES.glob("*.json") if not f.name.startswith(("berichten", "gegev")))
HUB = ("routeringen", "toegangen", "configuraties", "logboeken")
DOMAIN = [file for file in FILES if not file.name.startswith(HUB)]
CODES = ["0363", "0344", "1696", "0788", "0000", "1999", "9999", "0599"]
PARTIES = [
    "om",
    "nctv",
    "ter-team",
    "liv",
    "gm0363",
    "gm0344",
    "zvh-haaglanden",
    "nobody-at-all",
    "burgerzaken",
    "gm0003",
    "ggz-team",
]  # no inbox, ended, a unit


@st.composite
def events(draw):
    """Any example, with what decides about its routing drawn anew where its model has it."""
    event = json.loads(draw(st.sampled_from(DOMAIN)).read_bytes())
    choices = {
        "fase": st.sampled_from(["preventie", "pga", "detentie-en-re-integratie"]),
        "gemeentecode": st.sampled_from(CODES),
        "gemeentegrondslag": st.sampled_from(["inschrijving", "verblijf", "terugkeer", "overig"]),
        "adresstatus": st.sampled_from(["woonadres", "briefadres", "onbekend", "rni"]),
        "derdenverbod": st.booleans(),
        "verstrekkenAan": st.lists(st.sampled_from(PARTIES), unique=True, max_size=4),
        "deelnemers": st.lists(st.sampled_from(PARTIES), unique=True, max_size=4),
        "aanvrager": st.sampled_from(PARTIES),
    }
    for name, choice in choices.items():
        if draw(st.booleans()):
            changed = {**event, "data": {**event["data"], name: draw(choice)}}
            try:
                parse(as_bytes(changed))
            except InvalidEvent:
                continue  # this model has no such field, or binds it
            event = changed
    return parse(as_bytes(event))


moments = st.integers(0, 900).map(lambda days: NOW - timedelta(days=300) + timedelta(days=days))


def expected_keys(event):
    """Return (rule, role) -> how many members it names at least, for this sender and type."""
    sender = BOOK.by_oin[event.source[12:32]]
    name = event.type.removeprefix(f"{BOOK.prefix}.")
    return {
        (prepared.rule.id, recipient.role): max(1, len(recipient.members))
        for prepared in BOOK.rules_for(sender.partner, name)
        for recipient in prepared.recipients
    }


@given(events(), moments)
@settings(max_examples=150, deadline=None)
def test_every_rule_and_party_has_exactly_one_verdict(event, at):
    """Nobody is silently absent, and nobody has two answers."""
    verdicts = decide(event, BOOK, at).verdicts

    answered = Counter((v.rule, v.role) for v in verdicts if v.rule != "-")
    each = Counter((v.rule, v.role, v.party or v.detail) for v in verdicts)
    expected = expected_keys(event)
    assert expected.keys() == answered.keys()
    assert all(answered[key] >= members for key, members in expected.items())
    assert all(number == 1 for number in each.values())


@given(events(), moments)
@settings(max_examples=150, deadline=None)
def test_a_party_gets_at_most_one_copy_and_nothing_is_dropped(event, at):
    verdicts = decide(event, BOOK, at).verdicts

    served = Counter(v.party for v in verdicts if isinstance(v, Forward))
    assert all(number == 1 for number in served.values())
    assert any(isinstance(v, Forward | Hold) for v in verdicts)


@given(events(), moments)
@settings(max_examples=100, deadline=None)
def test_a_forward_goes_to_a_known_party_with_an_inbox_and_never_to_the_plain_sender(event, at):
    decision = decide(event, BOOK, at)

    for forward in decision.forwards:
        assert BOOK.parties[forward.party].has_inbox
        assert forward.party != decision.sender or event.data.sender.unit is not None
        assert forward.deadline > at


@given(events(), moments)
@settings(max_examples=100, deadline=None)
def test_no_field_leaves_that_the_rule_does_not_name(event, at):
    for forward in decide(event, BOOK, at).forwards:
        copy = json.loads(minimise(event, forward.fields))
        tops = {name.partition(".")[0] for name in forward.fields}
        assert set(copy["data"]) <= tops
        person = copy["data"].get("betrokkene", {})
        if "betrokkene" not in forward.fields:
            assert {f"betrokkene.{name}" for name in person} <= set(forward.fields)


@given(events(), moments)
@settings(max_examples=60, deadline=None)
def test_deciding_again_gives_the_same(event, at):
    assert decide(event, BOOK, at) == decide(event, BOOK, at)


@given(events(), moments, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_files_and_rules_does_not_matter(event, at, random):
    """Two machines that list a folder differently decide the same."""

    def shuffle(items):
        return random.sample(items, len(items))

    partners = [
        partner.model_copy(
            update={"rules": tuple(random.sample(partner.rules, len(partner.rules)))}
        )
        for partner in shuffle(CONFIG.partners)
    ]
    shuffled = Rulebook(CONFIG.model_copy(update={"partners": tuple(partners)}))

    assert decide(event, BOOK, at) == decide(event, shuffled, at)


@pytest.mark.parametrize("file", DOMAIN, ids=lambda file: file.stem)
def test_every_example_of_the_domain_can_be_sent_by_its_sender(file):
    """An example that no rule lets its sender send would teach a mistake."""
    event = parse(file.read_bytes())

    assert expected_keys(event)
