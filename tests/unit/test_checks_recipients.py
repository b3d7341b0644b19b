"""Who a rule names must exist, be reachable, and be somebody that this message can lead to."""

from pathlib import Path

import pytest

from tests.config_folder import Mistake, assert_found, problems_after, write_config

MISTAKES = {
    "unknown party": Mistake(
        "aivd.yaml",
        "aan: partij:om",
        "aan: partij:politei",
        "politei",
        "there is no party `politei`",
        "perhaps `politie`",
    ),
    "a group called a party": Mistake(
        "ind.yaml",
        "aan: groep:lro",
        "aan: partij:lro",
        "partij:lro",
        "there is no party `lro`",
        "write `groep:lro`",
    ),
    "a party called a group": Mistake(
        "ind.yaml",
        "aan: groep:lro",
        "aan: groep:politie",
        "groep:politie",
        "`politie` is not in groepen.yaml",
        "write `partij:politie`",
    ),
    "unknown group": Mistake(
        "ind.yaml",
        "aan: groep:tafel",
        "aan: groep:tavel",
        "groep:tavel",
        "`tavel` is not in groepen.yaml",
        "perhaps `tafel`",
    ),
    "all gemeenten as one party": Mistake(
        "aivd.yaml",
        "aan: partij:om",
        "aan: partij:gemeente",
        "partij:gemeente",
        "`partij:gemeente` is not one party",
        "write `gemeente`",
    ),
    "a unit without an inbox": Mistake(
        "aivd.yaml",
        "aan: partij:om",
        "aan: partij:coa",
        "partij:coa",
        "`coa` has no inbox, so nothing can be sent there",
        "give it `postbus: ja`, or name who receives for it",
    ),
    "a partner without an inbox": Mistake(
        "ess.yaml",
        "rij: 4",
        "rij: 4\npostbus: nee",
        "partij:ess",
        "`ess` has no inbox, so nothing can be sent there",
        "give it `postbus: ja`, or name who receives for it",
        at_file="ind.yaml",
    ),
    "an unknown choice": Mistake(
        "ind.yaml",
        "uit: [partij:liv, partij:ess]",
        "uit: [partij:liv, partij:es]",
        "partij:es]",
        "there is no party `es`",
        "perhaps `ess`",
    ),
    "a choice within a choice": Mistake(
        "ind.yaml",
        "uit: [partij:liv, partij:ess]",
        "uit: [partij:liv, keuze]",
        "uit: [partij:liv, keuze]",
        "`keuze` cannot stand here",
        "name a party, a group, `gemeente` or `zvh`",
    ),
    "keuze without uit": Mistake(
        "ind.yaml",
        "      - aan: keuze\n        uit: [partij:liv, partij:ess]\n",
        "      - aan: keuze\n",
        "aan: keuze",
        "`keuze` without `uit` can never be anybody",
        "name in `uit` who it may be",
    ),
    "aanvrager on a message without one": Mistake(
        "ind.yaml",
        "      - aan: keuze\n",
        "      - aan: aanvrager  # fout\n",
        "# fout",
        "the message has no field `aanvrager`",
        "use `keuze`, or name who receives it",
    ),
    "uit where nothing is chosen": Mistake(
        "ind.yaml",
        "      - aan: groep:lro\n",
        "      - aan: groep:lro\n        uit: [partij:om]\n",
        "uit: [partij:om]",
        "`uit` says from whom to choose, and `groep:lro` leaves no choice",
        "leave it out",
    ),
    "grond on a party": Mistake(
        "ind.yaml",
        "      - aan: groep:lro\n",
        "      - aan: groep:lro\n        grond: [verblijf]\n",
        "grond: [verblijf]",
        "`grond` is about a gemeente, and `groep:lro` is not found through one",
        "leave it out",
    ),
    "grond on a message without it": Mistake(
        "ind.yaml",
        "      - aan: keuze\n        uit: [partij:liv, partij:ess]\n",
        "      - aan: gemeente\n        grond: [terugkeer]\n",
        "grond: [terugkeer]",
        "the message has no `gemeentegrondslag`, so `grond` is never met",
        "leave it out",
    ),
    "code_uit of a field without a code": Mistake(
        "gemeente.yaml",
        "code_uit: naarGemeente",
        "code_uit: naarGemeenten",
        "naarGemeenten",
        "the message has no gemeente code in `naarGemeenten`",
        "perhaps `naarGemeente`",
    ),
    "code_uit on a party": Mistake(
        "aivd.yaml",
        "aan: partij:om,",
        "aan: partij:om, code_uit: gemeentecode,",
        "code_uit: gemeentecode",
        "`code_uit` finds a gemeente, and `partij:om` is not found through one",
        "leave it out",
    ),
    "a mandate for a party": Mistake(
        "aivd.yaml",
        "aan: partij:om,",
        "aan: partij:om, mandaat: procesregie,",
        "mandaat: procesregie",
        "`mandaat` is between a gemeente and its `zvh`, not for `partij:om`",
        "leave it out",
    ),
    "a mandate of an unknown soort": Mistake(
        "gemeente.yaml",
        "{aan: zvh, mandaat: procesregie,",
        "{aan: zvh, mandaat: procesregi,",
        "mandaat: procesregi,",
        "no mandate in mandaten.yaml is of `soort` `procesregi`",
        "perhaps `procesregie`",
    ),
    "a competence that the message does not ask for": Mistake(
        "gemeente.yaml",
        "{aan: zvh, mandaat: procesregie,",
        "{aan: zvh, bevoegdheid: openbare-orde,",
        "bevoegdheid: openbare-orde",
        "the message has no `handelingsperspectiefBevoegdheid`, so `bevoegdheid` is never met",
        "leave it out",
    ),
    "an unknown member of a group": Mistake(
        "register/groepen.yaml",
        "- aan: partij:rn",
        "- aan: partij:rnn",
        "partij:rnn",
        "there is no party `rnn`",
        "perhaps `rn`",
    ),
    "a member that cannot receive": Mistake(
        "register/groepen.yaml",
        "- aan: partij:rn",
        "- aan: partij:coa",
        "partij:coa",
        "`coa` has no inbox, so nothing can be sent there",
        "give it `postbus: ja`, or name who receives for it",
    ),
    "a group that receives and cannot answer": Mistake(
        "register/groepen.yaml",
        "    secretariaat: ind\n",
        "",
        "postbus: ja",
        "`lro` has an inbox, and nobody who acts in its name",
        "name a partner as `secretariaat`",
    ),
    "an unknown secretary": Mistake(
        "register/groepen.yaml",
        "secretariaat: ind",
        "secretariaat: indd",
        "secretariaat: indd",
        "there is no partner `indd` with an intake of its own",
        "perhaps `ind`",
    ),
    "a secretary without an intake of its own": Mistake(
        "register/groepen.yaml",
        "secretariaat: ind",
        "secretariaat: zvh",
        "secretariaat: zvh",
        "there is no partner `zvh` with an intake of its own",
        "known: aivd, dji, dtv, ess, ind, kmar, liv, lse, nctv, om, politie, rn and 2 more",
    ),
    "a group within a group": Mistake(
        "register/groepen.yaml",
        "- aan: partij:ind",
        "- aan: groep:tafel",
        "groep:tafel",
        "`tafel` has no inbox of its own, and its members are not looked up from here",
        "name its members",
    ),
    "a group within itself": Mistake(
        "register/groepen.yaml",
        "- aan: partij:ind",
        "- aan: groep:lro",
        "groep:lro",
        "`lro` is a member of itself",
        "name its members",
    ),
    "a choice as a member": Mistake(
        "register/groepen.yaml",
        "- aan: partij:ind",
        "- aan: keuze",
        "aan: keuze",
        "`keuze` cannot stand here",
        "name a party, a group, `gemeente` or `zvh`",
    ),
    "a condition of a member on an unknown field": Mistake(
        "register/groepen.yaml",
        "veld: eerderGedetineerd",
        "veld: eerderGedetinneerd",
        "eerderGedetinneerd",
        "the message has no field `eerderGedetinneerd`",
        "perhaps `eerderGedetineerd`",
    ),
    "a condition of a member on a field that its messages lack": Mistake(
        "register/groepen.yaml",
        "veld: eerderGedetineerd",
        "veld: mogelijk",
        "veld: mogelijk",
        "the message has no field `mogelijk`",
        "known: aanvang, adresstatus, betrokkeneRef, betrouwbaarheid, bewarenTot,"
        " categorieBetrokkene, deelnemers, derdenverbod, doel, eerderGedetineerd, fase,"
        " gemeentecode and 20 more",
    ),
    "passing on to a group without an inbox": Mistake(
        "gemeente.yaml",
        "    naar: [zvh]\n    grondslag: wet-pga\n    doel: signaleren\n    mandaat: procesregie\n",
        "    naar: [zvh, groep:tafel]\n    grondslag: wet-pga\n    doel: signaleren\n",
        "groep:tafel",
        "`tafel` has no inbox of its own, so nothing can be passed on to it",
        "name its members",
    ),
    "passing on with a mandate to others": Mistake(
        "gemeente.yaml",
        "naar: [zvh]",
        "naar: [zvh, partij:om]",
        "    mandaat: procesregie",
        "`mandaat` is between a gemeente and its `zvh`, and others stand in `naar`",
        "make a rule of its own for `zvh`",
    ),
    "a field group within a field group": Mistake(
        "register/instellingen.yaml",
        "PERSOON: [betrokkene.naam",
        "PERSOON: [KERN, betrokkene.naam",
        "PERSOON:",
        "`KERN` is a field group, and a group holds fields only",
        "write out its fields",
    ),
    "a field group in small letters": Mistake(
        "register/instellingen.yaml",
        "  PERSOON:",
        "  Extra: [omschrijving]\n  PERSOON:",
        "Extra:",
        "`Extra` is not in capitals",
        "write `EXTRA`",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_a_recipient_is_found_at_its_line(tmp_path: Path, mistake: Mistake):
    """Exactly this problem: file, line, rule, and what would be right."""
    assert_found(write_config(tmp_path), mistake)


def test_a_group_that_shares_the_name_of_a_unit_is_fine_without_an_inbox(tmp_path: Path):
    """The MAR is a unit that speaks and a list of who gets what it says."""
    folder = write_config(tmp_path)
    assert (
        problems_after(folder, "ind.yaml", "{id: balie, naam: Balie", "{id: tafel, naam: Balie")[
            0
        ].rule
        == "`balie` is not an `onderdeel` of ind"
    )
    assert problems_after(folder, "ind.yaml", "onderdeel: balie", "onderdeel: tafel") == []


def test_a_field_group_may_not_hold_a_field_of_no_message(tmp_path: Path):
    """Found where it is defined, and where a rule uses it."""
    folder = write_config(tmp_path)

    problems = problems_after(
        folder, "register/instellingen.yaml", "KERN: [meldingId,", "KERN: [meldingIdd,"
    )

    assert "partners_config/register/instellingen.yaml:8" in {p.place for p in problems}
    assert {p.way_out for p in problems if "instellingen" in p.place} == {"perhaps `meldingId`"}


def test_a_group_with_an_inbox_may_be_a_member(tmp_path: Path):
    """One copy goes to its inbox; nobody has to be looked up."""
    folder = write_config(tmp_path)

    assert (
        problems_after(folder, "register/groepen.yaml", "- aan: partij:rn", "- aan: groep:lro")
        == []
    )


def test_passing_on_to_the_gemeente_and_its_house_is_fine(tmp_path: Path):
    """They are bound to the place of the case, so the rule needs no name."""
    folder = write_config(tmp_path)
    without_mandate = "    grondslag: wet-pga\n    doel: signaleren\n"

    assert (
        problems_after(
            folder,
            "gemeente.yaml",
            f"    naar: [zvh]\n{without_mandate}    mandaat: procesregie\n",
            f"    naar: [gemeente, zvh]\n{without_mandate}",
        )
        == []
    )
