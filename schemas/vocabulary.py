"""The closed lists of the language: the Dutch words that stand on the wire, with English names.

Sources: wet PGA (Kamerstuk 36225), Wpg art. 3, 4 and 6b, ZGW vertrouwelijkheidaanduiding, and the
table of partners per phase. A word is added here or it cannot be said.
"""

from enum import StrEnum


class Phase(StrEnum):
    """The phases of the lokale aanpak. Never derived from a column of the table: always stated."""

    PREVENTION = "preventie"
    PGA = "pga"
    DETENTION = "detentie-en-re-integratie"


class GemeenteBasis(StrEnum):
    """Why this gemeente: where the person is registered (BRP), stays, or returns to."""

    REGISTRATION = "inschrijving"
    RESIDENCE = "verblijf"
    RETURN = "terugkeer"
    OTHER = "overig"


class AddressStatus(StrEnum):
    """What kind of address the gemeente code rests on; only a home address routes by itself."""

    HOME = "woonadres"
    POSTAL = "briefadres"
    UNKNOWN = "onbekend"
    NON_RESIDENT = "rni"


class SubjectCategory(StrEnum):
    """Kinds of data subject that must be told apart (Wpg art. 6b)."""

    SUSPECT = "verdachte"
    CONVICTED = "veroordeelde"
    VICTIM = "slachtoffer"
    THIRD_PARTY = "derde"
    CONCERN = "persoon-met-zorgsignalen"


class Nature(StrEnum):
    """Fact, opinion or advice: kept apart (Wpg art. 4 lid 3)."""

    FACT = "feit"
    OPINION = "oordeel"
    ADVICE = "advies"


class Reliability(StrEnum):
    """How reliable the sender holds its own information (Wpg art. 4 lid 1; Wiv 2017 art. 69)."""

    RELIABLE = "betrouwbaar"
    PROBABLY = "waarschijnlijk-betrouwbaar"
    UNKNOWN = "onbekend"
    DOUBTFUL = "twijfelachtig"


class Urgency(StrEnum):
    """Sets the deadline of a delivery; the terms stand in the role config."""

    EMERGENCY = "spoed"
    HIGH = "hoog"
    NORMAL = "normaal"


class Confidentiality(StrEnum):
    """ZGW vertrouwelijkheidaanduiding, lowest first. State secrets never pass through the hub."""

    PUBLIC = "openbaar"
    LIMITED = "beperkt_openbaar"
    INTERNAL = "intern"
    CASE = "zaakvertrouwelijk"
    CONFIDENTIAL = "vertrouwelijk"
    STRICT = "confidentieel"


class Sensitivity(StrEnum):
    """How much of a person a message type may carry."""

    NO_PERSON = "L0"  #: no person at all: the model has no field for one
    REFERENCE = "L1"  #: a reference only
    PERSONAL = "L2"  #: personal data
    SPECIAL = "L3"  #: police, justice, health or intelligence


class Kind(StrEnum):
    """What a message asks of its reader."""

    EVENT = "event"
    REQUEST = "request"
    ANSWER = "answer"


class Domain(StrEnum):
    """The domains that a goal or an intervention belongs to."""

    JUSTICE = "straf"
    CARE = "zorg"
    WELFARE = "welzijn"


class Competence(StrEnum):
    """What a recipient of an ambtsbericht may do with it (Wiv 2017 art. 68)."""

    PUBLIC_ORDER = "openbare-orde"
    PROSECUTION = "strafvordering"
    POLICE_TASK = "politietaak"


class Residence(StrEnum):
    """Status in the asylum chain."""

    ASYLUM_SEEKER = "asielzoeker"
    STATUS_HOLDER = "statushouder"
    OTHER = "overig"
