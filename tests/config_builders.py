"""A small role config for tests: valid by default, changed where a test says so."""

from datetime import UTC, datetime
from typing import Any

from handlers.rulebook import Rulebook
from schemas.roles import RoleConfig

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
IND, LIV, RVDK, OM, POLITIE = "ind", "liv", "rvdk", "om", "politie"
SEEN_BY_ALL = ["KERN", "betrokkeneRef", "derdenverbod"]


def a_partner(party: str, row: int, rules: list[dict[str, Any]] | None = None, **changes: Any):
    """A partner with a test OIN by its row, one cell, and these rules."""
    rules = rules or []
    return {
        "id": party,
        "naam": party.upper(),
        "soort": "partner",
        "oin": f"00000099{row:09d}000",
        "rij": row,
        "cellen": [
            {"id": "pga-1", "kern": "een cel", "regels": [rule["id"] for rule in rules]}
            if rules
            else {"id": "pga-1", "kern": "een cel", "geen_bericht": "geen bericht in de tabel"}
        ],
        "regels": rules,
        **changes,
    }


def a_rule(rule: str = "regel-een", **changes: Any) -> dict[str, Any]:
    """A rule: an IND signal in any phase to the gemeente van inschrijving."""
    return {
        "id": rule,
        "cel": "pga-1",
        "bericht": "signalen.signaal-gemeld",
        "fase": ["preventie", "pga", "detentie-en-re-integratie"],
        "grondslag": "wet-pga",
        "doel": "duiden",
        "ontvangers": [to_gemeente()],
        **changes,
    }


def to_gemeente(**changes: Any) -> dict[str, Any]:
    """The gemeente as a recipient."""
    return {"aan": "gemeente", "velden": [*SEEN_BY_ALL, "omschrijving"], **changes}


def a_recipient(role: str, **changes: Any) -> dict[str, Any]:
    """Any role as a recipient that sees the core only."""
    return {"aan": role, "velden": SEEN_BY_ALL, **changes}


def config_dict(*partners: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A whole role config as data: gemeenten that live, end, move on and split."""
    return {
        "digest": "0" * 64,
        "settings": {
            "voorvoegsel": "nl.lokale-aanpak",
            "oin": "00000099900000000000",
            "termijnen": {"spoed": 60, "hoog": 1440, "normaal": 7200},
            "bewaren_dagen": 100,
            "dubbelcontrole_dagen": 30,
            "veldgroepen": {"KERN": ["meldingId", "fase", "gemeentecode", "grondslag", "doel"]},
        },
        "partners": list(partners),
        "groups": [
            {
                "id": "lro",
                "naam": "LRO",
                "postbus": "ja",
                "secretariaat": "ind",
                "leden": [{"aan": "partij:ind"}, {"aan": "partij:politie"}],
            },
            {
                "id": "casusoverleg",
                "naam": "Casusoverleg",
                "postbus": "nee",
                "leden": [{"aan": "gemeente"}, {"aan": "zvh"}, {"aan": "partij:politie"}],
                "op_uitnodiging": [
                    {"aan": "partij:om", "voorwaarden": [{"veld": "noodzaak", "ingevuld": "ja"}]}
                ],
            },
        ],
        "legal_bases": [
            {"id": "wet-pga", "titel": "Wet PGA", "bron": "36225", "zekerheid": "gelezen"},
            {
                "id": "wet-later",
                "titel": "Latere wet",
                "bron": "-",
                "zekerheid": "gelezen",
                "vanaf": "2027-01-01",
            },
        ],
        "purposes": [{"id": "duiden", "omschrijving": "Signalen duiden."}],
        "gemeente_register": [
            {"code": "0363", "naam": "Amsterdam", "oin": "00000099100000363000"},
            {"code": "0344", "naam": "Utrecht", "oin": "00000099100000344000"},
            {"code": "0402", "naam": "Hilversum"},
            {"code": "1696", "naam": "Wijdemeren", "tot": "2026-12-31", "opvolgers": ["0402"]},
            {"code": "0788", "naam": "Haaren", "tot": "2020-12-31", "opvolgers": ["0757", "0824"]},
            {"code": "0757", "naam": "Boxtel"},
            {"code": "0824", "naam": "Oisterwijk"},
            {"code": "9001", "naam": "Verdwenen", "tot": "2019-12-31"},
            {"code": "9002", "naam": "Straks", "vanaf": "2027-01-01"},
        ],
        "houses": [
            {
                "id": "zvh-amsterdam",
                "naam": "ZVH Amsterdam",
                "oin": "00000099200000001000",
                "veiligheidsregio": "VR13",
                "zekerheid": "bron",
                "gemeenten": [
                    {"code": "0363", "zekerheid": "bron"},
                    {"code": "0402", "zekerheid": "bron"},
                ],
            }
        ],
        "regions": [],
        "police_units": [],
        "mandates": [
            {
                "gemeente": "0363",
                "zvh": "zvh-amsterdam",
                "soort": "procesregie",
                "opdracht": "M-1",
                "vanaf": "2026-01-01",
                "tot": "2026-11-23",
            }
        ],
        "competences": [
            {"partij": "gm0363", "bevoegdheid": "openbare-orde", "vastgelegd_in": "B-1"}
        ],
        "table": [],
        **changes,
    }


def a_book(*rules: dict[str, Any], sender: str = IND, **changes: Any) -> Rulebook:
    """A rulebook in which `sender` has these rules; the other partners have none."""
    rows = {"aivd": 1, IND: 6, LIV: 9, OM: 11, POLITIE: 12, RVDK: 13}
    partners = [
        a_partner(party, row, list(rules) if party == sender else None)
        for party, row in rows.items()
    ]
    partners += [
        a_partner(
            "gemeente", 5, list(rules) if sender == "gemeente" else None, soort="gemeente", oin=None
        ),
        a_partner("zvh", 16, soort="zvh", oin=None),
    ]
    return Rulebook(RoleConfig.model_validate(config_dict(*partners, **changes)))
