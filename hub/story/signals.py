"""The four signals of the demo, about people who do not exist, in gemeenten that do."""

from datetime import UTC, datetime
from typing import Any, Final

from handlers.rulebook import Rulebook
from schemas.identifiers import Oin

PEOPLE: Final = (
    {"bsn": "999990342", "naam": "Sami Voorbeeldin", "geboortedatum": "1998-04-17"},
    {"bsn": "123456782", "naam": "Noor Proefstra", "geboortedatum": "1991-09-02"},
    {"bsn": "111222333", "naam": "Joris Testerink", "geboortedatum": "2010-01-30"},
    {"bsn": "999990111", "naam": "Daan Schetswijk", "geboortedatum": "1987-12-05"},
)
"""Synthetic: surnames that no family has, and numbers from the test range."""


class Signals:
    """Writes the events of the demo, dated now, with the OINs of the role config."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book

    def ind(self, event_id: str, phase: str, gemeente: str = "0363") -> dict[str, Any]:
        """Return a signal that the IND met in an asylum interview."""
        return self._event("ind", event_id, "signalen.signaal-gemeld", gemeente, {
            "fase": phase,
            "grondslag": "wet-pga",
            "doel": "signaleren",
            "gemeentegrondslag": "inschrijving",
            "categorieBetrokkene": "persoon-met-zorgsignalen",
            "betrokkene": PEOPLE[0],
            "soortInformatie": "oordeel",
            "urgentie": "hoog",
            "terugkoppelingGewenst": True,
            "herkomst": "nader gehoor",
            "omschrijving": "In het nader gehoor verheerlijkte Sami Voorbeeldin een aanslag.",
            "gedrag": "verheerlijken van geweld",
            "procedurefase": "verlengde asielprocedure",
            "statussoort": "asielzoeker",
        })  # fmt: skip

    def liv(self, event_id: str, gemeente: str = "0363") -> dict[str, Any]:
        """Return a veiligheidsmelding of the LIV: ideology found, and a direct security risk."""
        return self._event("liv", event_id, "signalen.veiligheidsmelding-gedaan", gemeente, {
            "fase": "pga",
            "grondslag": "wet-pga",
            "doel": "directe-veiligheid",
            "gemeentegrondslag": "inschrijving",
            "categorieBetrokkene": "persoon-met-zorgsignalen",
            "betrokkene": PEOPLE[1],
            "soortInformatie": "feit",
            "urgentie": "spoed",
            "terugkoppelingGewenst": True,
            "ideologieAangetroffen": True,
            "directVeiligheidsrisico": True,
            "omschrijving": "Bij Noor Proefstra zijn aantekeningen voor een aanslag gevonden.",
            "alGemeldAan": ["politie, telefonisch"],
            "statussoort": "statushouder",
        })  # fmt: skip

    def rvdk(self, event_id: str) -> dict[str, Any]:
        """Return a melding of the RvdK about a minor."""
        return self._event("rvdk", event_id, "signalen.signaal-gemeld", "0344", {
            "fase": "pga",
            "grondslag": "wet-pga",
            "doel": "signaleren",
            "gemeentegrondslag": "inschrijving",
            "categorieBetrokkene": "persoon-met-zorgsignalen",
            "minderjarig": True,
            "betrokkene": PEOPLE[2],
            "soortInformatie": "oordeel",
            "urgentie": "normaal",
            "omschrijving": "Joris Testerink wordt thuis beinvloed door een oudere broer.",
            "gedrag": "herhalen van leuzen",
        })  # fmt: skip

    def dji(self, event_id: str) -> dict[str, Any]:
        """Return a report of DJI's Meldpunt Radicalisering; the person returns to Rotterdam."""
        return self._event("dji", event_id, "signalen.detentiesignaal-gemeld", "0599", {
            "fase": "detentie-en-re-integratie",
            "grondslag": "wjsg",
            "doel": "signaleren",
            "gemeentegrondslag": "terugkeer",
            "categorieBetrokkene": "veroordeelde",
            "betrokkene": PEOPLE[3],
            "soortInformatie": "feit",
            "urgentie": "normaal",
            "inrichting": "PI Voorbeeldstad",
            "afdeling": "regulier",
            "aard": "werven onder medegedetineerden",
            "statusSignaal": "mogelijk",
            "omschrijving": "Daan Schetswijk zet medegedetineerden onder druk om mee te bidden.",
        }, unit="meldpunt")  # fmt: skip

    def correction(self, event: dict[str, Any], event_id: str) -> dict[str, Any]:
        """Return the rectification of an event that was sent."""
        data = {
            "betreft": {"bron": event["source"], "id": event["id"]},
            "reden": "verkeerde persoon: persoonsverwisseling",
        }
        return {
            **event,
            "id": event_id,
            "type": f"{self._book.prefix}.berichten.gerectificeerd",
            "time": _now(),
            "data": data,
        }

    def _event(
        self,
        party: str,
        event_id: str,
        name: str,
        gemeente: str,
        data: dict[str, Any],
        unit: str | None = None,
    ) -> dict[str, Any]:
        oin: Oin | None = self._book.parties[party].oin
        sender = {"oin": oin, "onderdeel": unit} if unit else {"oin": oin}
        return {
            "specversion": "1.0",
            "id": event_id,
            "source": f"urn:nld:oin:{oin}:systeem:zaaksysteem",
            "type": f"{self._book.prefix}.{name}",
            "time": _now(),
            "datacontenttype": "application/json",
            "correlationid": f"demo-{party}",
            "data": {
                "meldingId": f"{party.upper()}-{event_id}",
                "verzender": sender,
                "gemeentecode": gemeente,
                "vertrouwelijkheid": "vertrouwelijk",
                "betrokkeneRef": f"btr-demo-{party}",
                **data,
            },
        }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
