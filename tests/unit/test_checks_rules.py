"""Each mistake in a rule is found at its line, with the nearest right word, and nothing else is."""

from pathlib import Path

import pytest

from tests.config_folder import Mistake, assert_found, problems_in, write_config

ONE_TEST = "give exactly one of `is`, `een_van` or `ingevuld`"
TOEZICHT = "      - {wet_in_werking: nieuwe-wet}"

MISTAKES = {
    "unknown message type": Mistake(
        "ind.yaml",
        "bericht: signalen.signaal-gemeld",
        "bericht: signalen.signaal-gemelt",
        "signaal-gemelt",
        "`signalen.signaal-gemelt` is not a message type",
        "perhaps `signalen.signaal-gemeld`",
    ),
    "a rule for a hub message": Mistake(
        "ind.yaml",
        "bericht: signalen.signaal-gemeld",
        "bericht: berichten.ingezien",
        "berichten.ingezien",
        "`berichten.ingezien` is about a message, and needs no rule:"
        " the hub brings it where it belongs",
        "leave the rule out",
    ),
    "unknown soort": Mistake(
        "ind.yaml",
        "soort: [vreemdelingrechtelijk]",
        "soort: [vreemdelingrechtelijk, nationaliteitsrechtlijk]",
        "nationaliteitsrechtlijk",
        "adviezen.advies-uitgebracht has no `soort` called `nationaliteitsrechtlijk`",
        "perhaps `nationaliteitsrechtelijk`",
    ),
    "soort where there is none": Mistake(
        "ind.yaml",
        "bericht: signalen.signaal-gemeld\n",
        "bericht: signalen.signaal-gemeld\n    soort: [iets]\n",
        "soort: [iets]",
        "signalen.signaal-gemeld has no `soort`",
        "leave it out",
    ),
    "impossible phase": Mistake(
        "ind.yaml",
        "bericht: casusoverleggen.casusoverleg-gepland\n    fase: [pga]",
        "bericht: casusoverleggen.casusoverleg-gepland\n    fase: [pga, preventie]",
        "fase: [pga, preventie]",
        "casusoverleggen.casusoverleg-gepland does not occur in phase `preventie`",
        "known: detentie-en-re-integratie, pga",
    ),
    "unknown unit": Mistake(
        "ind.yaml",
        "onderdeel: balie",
        "onderdeel: bali",
        "onderdeel: bali",
        "`bali` is not an `onderdeel` of ind",
        "perhaps `balie`",
    ),
    "unknown legal basis": Mistake(
        "aivd.yaml",
        "grondslag: wet-pga",
        "grondslag: wet-pgb",
        "wet-pgb",
        "`wet-pgb` is not in grondslagen.yaml",
        "perhaps `wet-pga`",
    ),
    "unknown purpose": Mistake(
        "aivd.yaml",
        "doel: signaleren",
        "doel: signaleeren",
        "signaleeren",
        "`signaleeren` is not in doelen.yaml",
        "perhaps `signaleren`",
    ),
    "unknown field": Mistake(
        "ind.yaml",
        "[KERN, gedrag]",
        "[KERN, gedrach]",
        "gedrach",
        "the message has no field `gedrach`",
        "perhaps `gedrag`",
    ),
    "unknown nested field": Mistake(
        "ind.yaml",
        "PERSOON, omschrijving",
        "betrokkene.naampje, omschrijving",
        "naampje",
        "the message has no field `betrokkene.naampje`",
        "perhaps `betrokkene.naam`",
    ),
    "a field of another soort": Mistake(
        "ind.yaml",
        "[KERN, mogelijk, maatregel]",
        "[KERN, mogelijk, advies]",
        "[KERN, mogelijk, advies]",
        "the message has no field `advies`",
        "only for `soort` handelingsperspectief, hulpverlening, inrichting-lokale-aanpak, jeugd,"
        " maatschappelijke-spanningen, reclassering, strafadvies, uitstroomvoorwaarden,"
        " vreemdelingenketen",
    ),
    "unknown field group": Mistake(
        "ind.yaml",
        "[KERN, gedrag]",
        "[KERM, gedrag]",
        "KERM",
        "`KERM` is not a field group",
        "perhaps `KERN`",
    ),
    "a field of a group that the message lacks": Mistake(
        "ind.yaml",
        "[KERN, overlegRef]",
        "[KERN, NAAM, overlegRef]",
        "[KERN, NAAM, overlegRef]",
        "the message has no field `betrokkene.naam` (of `NAAM`)",
        "name the fields instead of the group",
    ),
    "a person in a message without persons": Mistake(
        "ind.yaml",
        "[KERN, thema, vraag]",
        "[KERN, thema, betrokkene.naam]",
        "[KERN, thema, betrokkene.naam]",
        "a message without a person (L0) has no field `betrokkene.naam`",
        "leave it out",
    ),
    "a condition on an unknown field": Mistake(
        "ind.yaml",
        "veld: statussoort",
        "veld: statusoort",
        "statusoort",
        "the message has no field `statusoort`",
        "perhaps `statussoort`",
    ),
    "a condition on the envelope": Mistake(
        "ind.yaml",
        TOEZICHT,
        "      - {veld: dataref, ingevuld: ja}",
        "veld: dataref",
        "the message has no field `dataref`",
        "a condition asks about `data`, not about the envelope",
    ),
    "a condition that only some variants can meet": Mistake(
        "ind.yaml",
        "    soort: [handelingsperspectief]\n    fase: [preventie]\n",
        "    fase: [preventie]\n    voorwaarden: [{veld: statussoort, is: asielzoeker}]\n",
        "is: asielzoeker",
        "the message has no field `statussoort` in every `soort` of this rule",
        "name the `soort` that has it",
    ),
    "a value that the list lacks": Mistake(
        "ind.yaml",
        "een_van: [asielzoeker, statushouder]",
        "een_van: [asielzoeker, statushoudster]",
        "statushoudster",
        "`statussoort` can never be `statushoudster`",
        "perhaps `statushouder`",
    ),
    "a value that a yes-or-no field lacks": Mistake(
        "ind.yaml",
        "{veld: mogelijk, is: ja}",
        "{veld: mogelijk, is: misschien}",
        "misschien",
        "`mogelijk` can never be `misschien`",
        "known: ja, nee",
    ),
    "a number for a text": Mistake(
        "ind.yaml",
        "{veld: mogelijk, is: ja}",
        "{veld: maatregel, is: 5}",
        "is: 5",
        "`maatregel` is text, and `5` is not",
        "write text",
    ),
    "a value for a list": Mistake(
        "ind.yaml",
        "{veld: mogelijk, is: ja}",
        "{veld: deelnemers, is: om}",
        "is: om",
        "`deelnemers` is a list, or has parts: no value can meet this",
        "ask `ingevuld`",
    ),
    "a value for a member of a list": Mistake(
        "ind.yaml",
        "    bericht: casusoverleggen.casusoverleg-gepland\n"
        "    fase: [pga]\n"
        "    grondslag: wet-pga\n"
        "    doel: adviseren\n"
        "    ontvangers:\n"
        "      - aan: groep:tafel\n"
        "        velden: [KERN, overlegRef]\n",
        "    bericht: plannen.plan-gewijzigd\n"
        "    fase: [pga]\n"
        "    grondslag: wet-pga\n"
        "    doel: adviseren\n"
        "    voorwaarden: [{veld: acties.omschrijving, is: gesprek}]\n"
        "    ontvangers:\n"
        "      - aan: groep:lro\n"
        "        velden: [KERN, acties.omschrijving]\n",
        "is: gesprek",
        "`acties` is a list, and a condition asks about one value",
        "ask `ingevuld` of `acties`",
    ),
    "a list where one value is asked": Mistake(
        "ind.yaml",
        "{veld: mogelijk, is: ja}",
        "{veld: maatregel, is: [a, b]}",
        "is: [a, b]",
        "`is` asks for one value",
        "use `een_van` for more",
    ),
    "an empty een_van": Mistake(
        "ind.yaml",
        "een_van: [asielzoeker, statushouder]",
        "een_van: []",
        "een_van: []",
        "`een_van` is empty: nothing meets it",
        "give at least one",
    ),
    "no test": Mistake(
        "ind.yaml",
        "{veld: mogelijk, is: ja}",
        "{veld: mogelijk}",
        "{veld: mogelijk}",
        "the condition on `mogelijk` has no test",
        ONE_TEST,
    ),
    "two tests": Mistake(
        "ind.yaml",
        "{veld: mogelijk, is: ja}",
        "{veld: mogelijk, is: ja, ingevuld: ja}",
        "ingevuld: ja",
        "the condition on `mogelijk` has two tests",
        ONE_TEST,
    ),
    "neither field nor law": Mistake(
        "ind.yaml",
        "{veld: mogelijk, is: ja}",
        "{is: ja}",
        "{is: ja}",
        "a condition asks about a field or a law",
        "add `veld` or `wet_in_werking`",
    ),
    "a law and a field in one": Mistake(
        "ind.yaml",
        TOEZICHT,
        "      - {wet_in_werking: nieuwe-wet, veld: maatregel}",
        "veld: maatregel",
        "`wet_in_werking` stands alone in a condition",
        "write two conditions instead of one",
    ),
    "a law that is not known": Mistake(
        "ind.yaml",
        "wet_in_werking: nieuwe-wet",
        "wet_in_werking: nieuwe-wed",
        "nieuwe-wed",
        "`nieuwe-wed` is not in grondslagen.yaml",
        "perhaps `nieuwe-wet`",
    ),
    "a rule that is off without a reason": Mistake(
        "ind.yaml",
        "onderdeel: balie\n",
        "onderdeel: balie\n    staat_uit: ja\n    toelichting: ' '\n",
        "staat_uit: ja",
        "the rule is switched off, and nobody can read why",
        "add a line toelichting: …",
    ),
    "a field group in small letters": Mistake(
        "aivd.yaml",
        "velden: [KERN, kenmerk]",
        "velden: [kern, kenmerk]",
        "velden: [kern, kenmerk]",
        "`kern` is not in capitals, as a field group is",
        "write `KERN`",
    ),
    "passing on an unknown type": Mistake(
        "gemeente.yaml",
        "berichten: [signalen.signaal-gemeld]",
        "berichten: [signalen.signaal-gemeld, signalen.signaal-gemelt]",
        "signaal-gemelt",
        "`signalen.signaal-gemelt` is not a message type",
        "perhaps `signalen.signaal-gemeld`",
    ),
    "passing on an unknown field": Mistake(
        "gemeente.yaml",
        "[KERN, gedrag]",
        "[KERN, gedrach]",
        "gedrach",
        "the message has no field `gedrach`",
        "perhaps `gedrag`",
    ),
}


def test_the_valid_config_has_no_problems(tmp_path: Path):
    """Otherwise the tests below would find something else than they look for."""
    assert problems_in(write_config(tmp_path)) == []


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_a_rule_is_found_at_its_line(tmp_path: Path, mistake: Mistake):
    """Exactly this problem: file, line, rule, and what would be right."""
    assert_found(write_config(tmp_path), mistake)
