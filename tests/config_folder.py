"""A small role config that is valid, as text, and one change to it at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hub.roles import check_folder
from schemas.problems import Problem

PARTNERS = (
    "aivd", "dtv", "dji", "ess", "gemeente", "ind", "kmar", "lse",
    "liv", "nctv", "om", "politie", "rvdk", "rn", "ror", "zvh",
)  # fmt: skip

_QUIET = """\
id: {id}
naam: Partner {row}
soort: {kind}
rij: {row}{oin}
cellen:
  - id: algemeen-1
    kern: Wat deze partner doet.
    geen_bericht: Hier volgt geen bericht uit.
"""

_FILES = {
    "register/instellingen.yaml": """\
voorvoegsel: nl.lokale-aanpak
oin: "00000099900000000000"
termijnen: {spoed: 60, hoog: 1440, normaal: 7200}
bewaren_dagen: 1825
dubbelcontrole_dagen: 1900
persoon_in_logboek_dagen: 3650
veldgroepen:
  KERN: [meldingId, fase, gemeentecode]
  PERSOON: [betrokkene.naam, betrokkene.geboortedatum]
  NAAM: [betrokkene.naam]
""",
    "register/grondslagen.yaml": """\
grondslagen:
  - {id: wet-pga, titel: Wet PGA, bron: Stb, zekerheid: gelezen, vanaf: 2025-04-01}
  - {id: oude-wet, titel: Oude wet, bron: Stb, zekerheid: gelezen, tot: 2019-12-31}
  - {id: nieuwe-wet, titel: Nieuwe wet, bron: Stb, zekerheid: gelezen, vanaf: 2020-01-01}
""",
    "register/doelen.yaml": """\
doelen:
  - {id: signaleren, omschrijving: Een signaal brengen.}
  - {id: adviseren, omschrijving: Raad geven.}
""",
    "register/groepen.yaml": """\
groepen:
  - id: lro
    naam: Regieoverleg
    postbus: ja
    secretariaat: ind
    leden:
      - aan: partij:ind
      - aan: partij:politie
  - id: tafel
    naam: Casustafel
    postbus: nee
    leden:
      - aan: gemeente
      - aan: partij:om
    op_uitnodiging:
      - aan: partij:rn
        voorwaarden:
          - {veld: eerderGedetineerd, is: ja}
""",
    "register/tabel.yaml": "tabel:\n"
    + "".join(
        f"  - {{rij: {row}, partner: {name},"
        f" cellen: {{algemeen: 1{', pga: 2' if name == 'ind' else ''}}}}}\n"
        for row, name in enumerate(PARTNERS, 1)
    ),
    "register/gemeenten.yaml": """\
gemeenten:
  - {code: "0001", naam: Oudland, tot: 2020-12-31, opvolgers: ["0002"]}
  - {code: "0002", naam: Nieuwland, oin: "00000099100000002000", vanaf: 2021-01-01}
  - {code: "0003", naam: Westland, veiligheidsregio: VR01, politie_eenheid: noord}
""",
    "register/zorg-en-veiligheidshuizen.yaml": """\
huizen:
  - id: zvh-een
    naam: Huis Een
    oin: "00000099200000001000"
    veiligheidsregio: VR01
    zekerheid: bron
    gemeenten:
      - {code: "0002", zekerheid: bron}
  - id: zvh-twee
    naam: Huis Twee
    oin: "00000099200000002000"
    veiligheidsregio: VR01
    zekerheid: bron
    gemeenten:
      - {code: "0003", zekerheid: bron}
""",
    "register/regios.yaml": """\
veiligheidsregios:
  - {code: VR01, naam: Eén, provincie: Groningen, politie_eenheid: noord}
politie_eenheden:
  - {id: noord, naam: Noord}
""",
    "register/mandaten.yaml": """\
mandaten:
  - {gemeente: "0002", zvh: zvh-een, soort: procesregie, opdracht: A-1}
""",
    "register/bevoegdheden.yaml": """\
bevoegdheden:
  - {partij: om, bevoegdheid: strafvordering, vastgelegd_in: Sv}
  - {partij: gm0002, bevoegdheid: openbare-orde, vastgelegd_in: Gemeentewet}
""",
    "aivd.yaml": """\
id: aivd
naam: Partner 1
soort: partner
rij: 1
oin: "00000099000000001000"
cellen:
  - {id: algemeen-1, kern: Ambtsberichten., regels: [aivd-ambtsbericht]}
regels:
  - id: aivd-ambtsbericht
    cel: algemeen-1
    bericht: ambtsberichten.ambtsbericht-uitgebracht
    fase: [pga]
    grondslag: wet-pga
    doel: signaleren
    ontvangers:
      - {aan: partij:om, bevoegdheid: strafvordering, velden: [KERN, kenmerk]}
""",
    "gemeente.yaml": """\
id: gemeente
naam: Gemeente
soort: gemeente
rij: 5
cellen:
  - {id: algemeen-1, kern: Regie., regels: [gemeente-door, gemeente-overdracht]}
regels:
  - id: gemeente-overdracht
    cel: algemeen-1
    bericht: casussen.casus-overgedragen
    fase: [pga]
    grondslag: wet-pga
    doel: signaleren
    ontvangers:
      - {aan: gemeente, code_uit: naarGemeente, velden: [KERN, reden]}
      - {aan: zvh, mandaat: procesregie, velden: [KERN]}
doorzenden:
  - id: gemeente-door
    cel: algemeen-1
    berichten: [signalen.signaal-gemeld]
    naar: [zvh]
    grondslag: wet-pga
    doel: signaleren
    mandaat: procesregie
    velden: [KERN, gedrag]
""",
    "ind.yaml": """\
# Deze regel telt mee voor het regelnummer.
id: ind  # zelf
naam: Partner 6
soort: partner
rij: 6
oin: "00000099000000006000"
onderdelen:
  - {id: balie, naam: Balie, postbus: ja}
  - {id: coa, naam: Opvang, postbus: nee}
cellen:
  - id: algemeen-1
    kern: Signalen.
    regels: [ind-signaal, ind-vraag]
  - id: pga-1
    kern: Advies.
    regels: [ind-advies, ind-overleg]
  - id: pga-2
    kern: Niets.
    geen_bericht: Hier volgt geen bericht uit.
regels:
  - id: ind-signaal
    cel: algemeen-1
    bericht: signalen.signaal-gemeld
    fase: [pga]
    onderdeel: balie
    grondslag: wet-pga
    doel: signaleren
    voorwaarden:
      - veld: statussoort
        een_van: [asielzoeker, statushouder]
    ontvangers:
      - aan: gemeente
        grond: [inschrijving]
        velden: [KERN, PERSOON, omschrijving, subject, dataref]
      - aan: groep:lro
        velden: [KERN, gedrag]

  - id: ind-vraag
    cel: algemeen-1
    bericht: adviezen.advies-gevraagd
    soort: [handelingsperspectief]
    fase: [preventie]
    grondslag: wet-pga
    doel: adviseren
    ontvangers:
      - aan: keuze
        uit: [partij:liv, partij:ess]
        velden: [KERN, thema, vraag]

  - id: ind-advies
    cel: pga-1
    bericht: adviezen.advies-uitgebracht
    soort: [vreemdelingrechtelijk]
    fase: [pga]
    grondslag: wet-pga
    doel: adviseren
    voorwaarden:  # van het advies
      - {veld: mogelijk, is: ja}
      - {wet_in_werking: nieuwe-wet}
    ontvangers:
      - aan: aanvrager
        uit: [gemeente, partij:om]
        velden: [KERN, mogelijk, maatregel]

  - id: ind-overleg
    cel: pga-1  # overleg
    bericht: casusoverleggen.casusoverleg-gepland
    fase: [pga]
    grondslag: wet-pga
    doel: adviseren
    ontvangers:
      - aan: groep:tafel
        velden: [KERN, overlegRef]
""",
}


def write_config(parent: Path) -> Path:
    """Write the valid config below `parent`; return its folder."""
    folder = parent / "partners_config"
    (folder / "register").mkdir(parents=True)
    for row, name in enumerate(PARTNERS, 1):
        kind = name if name in {"gemeente", "zvh"} else "partner"
        oin = f'\noin: "00000099{row:09d}000"' if kind == "partner" else ""
        text = _QUIET.format(id=name, row=row, kind=kind, oin=oin)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    for file, text in _FILES.items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Mistake:
    """One change to the valid config, and the one problem that must come of it."""

    file: str
    old: str  #: stands exactly once in the file
    new: str
    at: str  #: a piece of the line that the problem must name, after the change
    rule: str
    way_out: str
    at_file: str = ""  #: where that line is, when not in `file`


def below(folder: Path, problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems with places from the name of `folder` on, wherever the test made it."""
    parent = f"{folder.parent}/"
    return [
        Problem(one.place.removeprefix(parent), one.rule, one.way_out.replace(parent, ""))
        for one in problems
    ]


def problems_in(folder: Path) -> list[Problem]:
    """Check the folder; as `below`."""
    return below(folder, check_folder(folder))


def problems_after(folder: Path, file: str, old: str, new: str) -> list[Problem]:
    """Change `old` into `new` in `file` and check the folder."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return problems_in(folder)


def assert_found(folder: Path, mistake: Mistake) -> None:
    """The mistake gives its problem, at its line, and no other."""
    problems = problems_after(folder, mistake.file, mistake.old, mistake.new)
    file = mistake.at_file or mistake.file
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines, 1) if mistake.at in line]
    assert len(found) == 1, f"{mistake.at!r} stands on lines {found} of {file}"
    place = f"partners_config/{file}:{found[0]}"
    wanted = Problem(place, mistake.rule, mistake.way_out)
    assert problems == [wanted], f"wanted: {wanted}\nfound:  {'; '.join(map(str, problems))}"
