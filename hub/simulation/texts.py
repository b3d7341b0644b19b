"""The sentences of the simulation, in Dutch, by the name of their field on the wire.

`{naam}` is a synthetic person. A field that may stand in an event without any person has its
sentences in `PUBLIC`.
"""

from collections.abc import Mapping
from typing import Final

ABOUT_A_PERSON: Final[Mapping[str, tuple[str, ...]]] = {
    "omschrijving": (
        "{naam} verheerlijkte in een gesprek geweld tegen andersdenkenden en liet filmpjes zien.",
        "{naam} trekt zich terug van school en vrienden en deelt online extremistische teksten.",
        "Bij een huisbezoek bleek dat {naam} bijeenkomsten van een extremistische groep bezoekt.",
        "{naam} zei bereid te zijn om voor het gedachtegoed uit te reizen.",
        "Een begeleider meldt dat {naam} medebewoners onder druk zet om mee te doen.",
    ),
    "vraag": (
        "Wat is bij u bekend over {naam}, en wat daarvan mag worden gedeeld?",
        "Hoe moeten wij het gedrag van {naam} duiden, en wat raadt u ons aan?",
        "Welke mogelijkheden ziet u om {naam} te bereiken?",
    ),
    "advies": (
        "Houd contact met {naam} via de vaste begeleider en vermijd een confrontatie.",
        "Bied {naam} dagbesteding aan, en betrek de familie daarbij.",
        "Spreek met {naam} een vaste meldplicht af en evalueer die na drie maanden.",
    ),
    "informatie": (
        "{naam} is in beeld na twee meldingen over opruiende uitlatingen.",
        "{naam} heeft contact met een persoon die eerder in de aanpak zat.",
    ),
    "bevindingen": (
        "Het kind verbleef met de ouder in een kamp; school en opvang zijn nodig. Voogd: {naam}.",
    ),
    "bijdrage": ("Opvang bij familie is mogelijk; {naam} krijgt een vaste begeleider.",),
    "inbreng": (
        "Er is eerder een zorgmelding over {naam} gedaan; die is afgesloten.",
        "{naam} is bij ons niet bekend.",
    ),
    "motivering": (
        "De zorgen over {naam} worden door meer dan een partner herkend.",
        "De zorgen over {naam} zijn afgenomen sinds de begeleiding begon.",
    ),
    "oordeel": (
        "Wij zien bij {naam} vooral beinvloeding door de omgeving.",
        "De uitlatingen van {naam} passen in een beginnend proces van radicalisering.",
    ),
    "opdracht": ("Neem contact op met {naam} en laat weten of verdere duiding nodig is.",),
    "noodzaak": (
        "Deze zaak raakt meer regio's; zonder deelname blijft de aanpak van {naam} versnipperd.",
    ),
    "toelichting": ("{naam} werkt mee; de afspraak staat.", "Afspraak met {naam} is verzet."),
}  # fmt: skip

PUBLIC: Final[Mapping[str, tuple[str, ...]]] = {
    "omschrijving": (
        "Dialoogavonden in het buurthuis, samen met ouders en jongerenwerk.",
        "Lessenreeks over online beinvloeding op de scholen in de wijk.",
    ),
    "vraag": (
        "Hoe bereiden wij een wijkgesprek voor na de onrust van de afgelopen week?",
        "Hoe richten wij de samenwerking tussen zorg en veiligheid het beste in?",
    ),
    "advies": (
        "Begin klein, met sleutelorganisaties in de wijk, en houd het gesprek open.",
        "Leg vast wie de regie heeft en evalueer elk half jaar.",
    ),
}

LINES: Final[Mapping[str, tuple[str, ...]]] = {
    "aanbieder": ("Stichting Oefenwerk", "Leerhuis Voorbeeld"),
    "aard": ("uitdragen van extremistisch gedachtegoed", "werven onder medegedetineerden"),
    "activiteit": ("voorbereiding op zelfstandig wonen", "werkervaringsplaats"),
    "actiehouder": ("wijkteam", "team veiligheid"),
    "afdeling": ("burgerzaken", "sociaal domein", "leerplicht"),
    "agenda": ("stand van zaken", "terugkeer en wonen"),
    "alGemeldAan": ("locatiemanager", "politie, telefonisch"),
    "besluiten": ("begeleiding begint", "volgend overleg over zes weken"),
    "bron": ("eigen waarneming", "melding van een begeleider"),
    "beoogdeMaatregel": ("gebiedsverbod", "weigeren van een subsidie"),
    "doelgroep": ("jongeren van 12 tot 18", "professionals in de wijk"),
    "doelstelling": ("dagbesteding voor vier dagen per week", "contact met familie herstellen"),
    "gedrag": ("verheerlijken van geweld", "isoleren van anderen", "delen van propaganda"),
    "herkomst": ("eigen dossier", "gesprek met een professional", "open bronnen"),
    "inrichting": ("PI Voorbeeldstad", "PI Testdam"),
    "krijgsmachtonderdeel": ("landmacht", "luchtmacht"),
    "maatregel": ("intrekken van een vergunning", "ongewenstverklaring"),
    "onderwerp": ("samenloop van straf en school", "begeleiding na de zitting"),
    "procedurefase": ("algemene asielprocedure", "verlengde asielprocedure"),
    "reden": ("betrokkene is verhuisd", "doelen zijn behaald", "onjuist gegeven gebruikt"),
    "resultaat": ("afspraken gemaakt", "afgerond volgens plan"),
    "risico": ("terugval in het oude netwerk", "contact met een ronselaar"),
    "taak": ("meedenken over duiding", "uitleg over wat de wet toelaat"),
    "thema": ("polarisatie in de wijk", "inrichting van de lokale aanpak"),
    "titel": ("Factsheet online beinvloeding", "Training herkennen van signalen"),
    "voorwaarde": ("meldplicht", "contactverbod"),
    "voorwaarden": ("meldplicht", "contactverbod", "locatieverbod"),
    "wijk": ("Oefenwijk", "Proefbuurt"),
}

ACTION: Final = ("intake plannen", "huisbezoek doen", "school inlichten")
FEEDBACK: Final = (
    "Dank; {naam} is bij ons bekend en wordt in het overleg besproken.",
    "Wij hebben {naam} gesproken en begeleiding aangeboden.",
)
