"""What a file in partners_config/ may say. Dutch in the file, English in the code.

The file is policy that a privacy officer reads and signs; the alias is the only place where the
two languages meet. Everything is dated: every lookup takes a moment.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from schemas.identifiers import Oin, PartyId
from schemas.register import (
    ConfigPart,
    Dated,
    Gemeente,
    LegalBasis,
    Mandate,
    PoliceUnit,
    Purpose,
    RecordedCompetence,
    Region,
    TableRow,
    Zvh,
)
from schemas.vocabulary import Competence, GemeenteBasis, Phase, Urgency

_YES_NO = {"ja": True, "nee": False}

MOST_PARTITIONS: Final = 64
"""Partitions of one sender."""

Flag = Annotated[bool, BeforeValidator(lambda v: _YES_NO.get(v, v) if isinstance(v, str) else v)]
"""`ja` or `nee`."""

RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,79}$")]
CellId = Annotated[
    str, Field(pattern=r"^(algemeen|preventie|pga|detentie-en-re-integratie)-[1-9]$")
]
FieldName = Annotated[
    str, Field(pattern=r"^([a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)?|[A-Z][A-Z_]*)$")
]
"""A wire name (`omschrijving`, `betrokkene.naam`, `dataref`), or a group of them (`KERN`)."""
RoleName = Annotated[
    str, Field(pattern=r"^(gemeente|zvh|aanvrager|keuze|(partij|groep):[a-z][a-z0-9-]*)$")
]


class Condition(ConfigPart):
    """A condition on the event, or on the law. Exactly one test beside `veld`.

    `anders` says what happens when it is not met: withhold (default), or hold for a person.
    """

    field: Annotated[str | None, Field(alias="veld")] = None
    is_value: Annotated[Any, Field(alias="is")] = None
    one_of: Annotated[tuple[Any, ...] | None, Field(alias="een_van")] = None
    filled: Annotated[Flag | None, Field(alias="ingevuld")] = None
    law: Annotated[str | None, Field(alias="wet_in_werking")] = None
    otherwise: Annotated[Literal["niet", "aanhouden"], Field(alias="anders")] = "niet"
    because: Annotated[str | None, Field(alias="toelichting")] = None


class Recipient(ConfigPart):
    """To whom, by role, and what that party may see."""

    to: Annotated[RoleName, Field(alias="aan")]
    fields: Annotated[tuple[FieldName, ...], Field(alias="velden", min_length=1)]
    basis: Annotated[tuple[GemeenteBasis, ...], Field(alias="grond")] = ()
    code_from: Annotated[str | None, Field(alias="code_uit")] = None
    is_copy: Annotated[
        Flag, Field(alias="afschrift", description="A copy beside the addressee; a ban stops it.")
    ] = False
    mandate: Annotated[str | None, Field(alias="mandaat")] = None
    competence: Annotated[Competence | None, Field(alias="bevoegdheid")] = None
    only: Annotated[tuple[RoleName, ...], Field(alias="uit")] = ()
    conditions: Annotated[tuple[Condition, ...], Field(alias="voorwaarden")] = ()


class Terms(ConfigPart):
    """Minutes within which a recipient must acknowledge, by urgency."""

    emergency: Annotated[int, Field(alias="spoed", ge=1)]
    high: Annotated[int, Field(alias="hoog", ge=1)]
    normal: Annotated[int, Field(alias="normaal", ge=1)]

    def minutes(self, urgency: Urgency) -> int:
        """Return the term for `urgency`, in minutes."""
        if urgency is Urgency.EMERGENCY:
            return self.emergency
        return self.high if urgency is Urgency.HIGH else self.normal


class Rule(Dated):
    """One sentence of policy: this message of this sender goes to these, on this basis."""

    id: RuleId
    cell: Annotated[CellId, Field(alias="cel")]
    message: Annotated[str, Field(alias="bericht")]
    kinds: Annotated[tuple[str, ...], Field(alias="soort")] = ()
    phases: Annotated[tuple[Phase, ...], Field(alias="fase", min_length=1)]
    unit: Annotated[PartyId | None, Field(alias="onderdeel")] = None
    legal_basis: Annotated[str, Field(alias="grondslag")]
    purpose: Annotated[str, Field(alias="doel")]
    conditions: Annotated[tuple[Condition, ...], Field(alias="voorwaarden")] = ()
    recipients: Annotated[tuple[Recipient, ...], Field(alias="ontvangers", min_length=1)]
    retention_days: Annotated[int | None, Field(alias="bewaren_dagen", ge=1)] = None
    terms: Annotated[Terms | None, Field(alias="termijnen")] = None
    switched_off: Annotated[Flag, Field(alias="staat_uit")] = False
    because: Annotated[str | None, Field(alias="toelichting")] = None


class PassingOn(Dated):
    """What a recipient may pass on itself, to whom (doorzenden)."""

    id: RuleId
    cell: Annotated[CellId, Field(alias="cel")]
    messages: Annotated[tuple[str, ...], Field(alias="berichten", min_length=1)]
    to: Annotated[tuple[RoleName, ...], Field(alias="naar", min_length=1)]
    legal_basis: Annotated[str, Field(alias="grondslag")]
    purpose: Annotated[str, Field(alias="doel")]
    mandate: Annotated[str | None, Field(alias="mandaat")] = None
    fields: Annotated[
        tuple[FieldName, ...],
        Field(alias="velden", min_length=1, description="At most what the copy itself holds."),
    ]
    because: Annotated[str | None, Field(alias="toelichting")] = None


class Cell(ConfigPart):
    """One cell of the table: the rules that encode it, or why it implies no message."""

    id: CellId
    gist: Annotated[str, Field(alias="kern")]
    rules: Annotated[tuple[RuleId, ...], Field(alias="regels")] = ()
    no_message: Annotated[str | None, Field(alias="geen_bericht")] = None


class Unit(ConfigPart):
    """A part of a partner with a place of its own in the rules."""

    id: PartyId
    name: Annotated[str, Field(alias="naam")]
    has_inbox: Annotated[Flag, Field(alias="postbus")]
    because: Annotated[str | None, Field(alias="toelichting")] = None


class Partner(ConfigPart):
    """One row of the table. `gemeente` and `zvh` stand for all of theirs."""

    id: PartyId
    name: Annotated[str, Field(alias="naam")]
    kind: Annotated[Literal["partner", "gemeente", "zvh"], Field(alias="soort")]
    oin: Oin | None = None
    row: Annotated[int, Field(alias="rij", ge=1, le=16)]
    has_inbox: Annotated[Flag, Field(alias="postbus")] = True
    partitions: Annotated[
        int,
        Field(
            alias="partities",
            ge=1,
            le=MOST_PARTITIONS,
            description="Over how many shards its events are divided, by case. Only ever more.",
        ),
    ] = 1
    because: Annotated[str | None, Field(alias="toelichting")] = None
    units: Annotated[tuple[Unit, ...], Field(alias="onderdelen")] = ()
    cells: Annotated[tuple[Cell, ...], Field(alias="cellen", min_length=1)]
    rules: Annotated[tuple[Rule, ...], Field(alias="regels")] = ()
    passing_on: Annotated[tuple[PassingOn, ...], Field(alias="doorzenden")] = ()


class Member(ConfigPart):
    """A member of a group."""

    to: Annotated[RoleName, Field(alias="aan")]
    conditions: Annotated[tuple[Condition, ...], Field(alias="voorwaarden")] = ()


class Group(ConfigPart):
    """Parties that act together.

    `postbus: ja`: the group has an inbox of its own and that is where a copy goes. `nee`: a copy
    goes to every standing member, and to those invited that the event names in `deelnemers`.
    """

    id: PartyId
    name: Annotated[str, Field(alias="naam")]
    has_inbox: Annotated[Flag, Field(alias="postbus")]
    secretary: Annotated[
        PartyId | None,
        Field(alias="secretariaat", description="Partner in whose name a group with inbox acts."),
    ] = None
    members: Annotated[tuple[Member, ...], Field(alias="leden", min_length=1)]
    invited: Annotated[tuple[Member, ...], Field(alias="op_uitnodiging")] = ()
    because: Annotated[str | None, Field(alias="toelichting")] = None


class Settings(ConfigPart):
    """What holds for all rules."""

    prefix: Annotated[str, Field(alias="voorvoegsel", pattern=r"^[a-z][a-z0-9.-]+$")]
    hub_oin: Annotated[Oin, Field(alias="oin")]
    terms: Annotated[Terms, Field(alias="termijnen")]
    retention_days: Annotated[int, Field(alias="bewaren_dagen", ge=1)]
    duplicate_days: Annotated[int, Field(alias="dubbelcontrole_dagen", ge=1)]
    erase_after_days: Annotated[
        int,
        Field(
            alias="wissen_na_ontvangst_dagen",
            ge=1,
            description="Days after a recipient finished its copy; then the content goes.",
        ),
    ] = 30
    log_person_days: Annotated[
        int,
        Field(
            alias="persoon_in_logboek_dagen",
            ge=1,
            description="Days that the ledger keeps the pseudonyms and salt of a record.",
        ),
    ] = 1825
    warn_before_days: Annotated[
        int,
        Field(
            alias="waarschuwen_voor_wissen_dagen",
            ge=1,
            description="Days before the end of its term that what nobody finished is told.",
        ),
    ] = 7
    field_groups: Annotated[dict[str, tuple[FieldName, ...]], Field(alias="veldgroepen")]


class RoleConfig(ConfigPart):
    """The whole role config, in force as one: `digest` names it in every record."""

    digest: str
    settings: Settings
    partners: tuple[Partner, ...]
    groups: tuple[Group, ...]
    legal_bases: tuple[LegalBasis, ...]
    purposes: tuple[Purpose, ...]
    gemeente_register: tuple[Gemeente, ...]
    houses: tuple[Zvh, ...]
    regions: tuple[Region, ...]
    police_units: tuple[PoliceUnit, ...]
    mandates: tuple[Mandate, ...]
    competences: tuple[RecordedCompetence, ...]
    table: tuple[TableRow, ...]
