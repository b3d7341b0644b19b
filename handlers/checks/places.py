"""The registers of places: every code leads somewhere, and every gemeente to one house."""

from collections.abc import Iterator

from handlers.checks.finding import Finding, hint
from handlers.checks.known import Known
from handlers.checks.matching import common_days
from schemas.register import Gemeente
from schemas.roles import RoleConfig


def place_findings(config: RoleConfig, known: Known) -> Iterator[Finding]:
    """Yield what is wrong in the registers of gemeenten, houses, regions and mandates."""
    yield from _gemeenten(config, known)
    yield from _houses(config, known)
    yield from _regions(config)
    yield from _mandates(config, known)


def _gemeenten(config: RoleConfig, known: Known) -> Iterator[Finding]:
    regions = {region.code for region in config.regions}
    units = {unit.id for unit in config.police_units}
    rows = {gemeente.code: gemeente for gemeente in config.gemeente_register}
    for index, gemeente in enumerate(config.gemeente_register):
        path = ("gemeente_register", index)
        for position, successor in enumerate(gemeente.successors):
            if successor not in known.gemeenten:
                text = f"the successor `{successor}` of {gemeente.name} is not in gemeenten.yaml"
                way_out = hint(successor, known.gemeenten)
                yield Finding((*path, "successors", position), text, way_out)
        if common_days([gemeente]) is None:
            yield Finding((*path, "to_day"), f"{gemeente.name} ends before it begins", "swap them")
        if gemeente.to_day is not None and not gemeente.successors:
            text = f"{gemeente.name} ends and nobody follows: its messages would wait for a person"
            yield Finding(path, text, "add `opvolgers`")
        if gemeente.to_day is None and gemeente.successors:
            text = f"{gemeente.name} has `opvolgers` and does not end"
            yield Finding((*path, "successors"), text, "add `tot`, its last day")
        elif _goes_round(gemeente, rows):
            text = f"the successors of {gemeente.name} lead back to itself"
            yield Finding((*path, "successors"), text, "name the gemeente that exists now")
        if gemeente.region is not None and gemeente.region not in regions:
            text = f"there is no veiligheidsregio `{gemeente.region}`"
            yield Finding((*path, "region"), text, hint(gemeente.region, regions))
        if gemeente.police_unit is not None and gemeente.police_unit not in units:
            text = f"there is no politie-eenheid `{gemeente.police_unit}`"
            yield Finding((*path, "police_unit"), text, hint(gemeente.police_unit, units))


def _goes_round(gemeente: Gemeente, rows: dict[str, Gemeente]) -> bool:
    seen = {gemeente.code}
    here = gemeente
    while len(here.successors) == 1 and here.successors[0] in rows:
        here = rows[here.successors[0]]
        if here.code in seen:
            return here.code == gemeente.code
        seen.add(here.code)
    return False


def _houses(config: RoleConfig, known: Known) -> Iterator[Finding]:
    regions = {region.code for region in config.regions}
    house_of: dict[str, str] = {}
    for index, house in enumerate(config.houses):
        path = ("houses", index)
        if house.region not in regions:
            text = f"there is no veiligheidsregio `{house.region}`"
            yield Finding((*path, "region"), text, hint(house.region, regions))
        for position, member in enumerate(house.areas):
            at = (*path, "areas", position, "code")
            if member.code not in known.gemeenten:
                text = f"gemeente `{member.code}` is not in gemeenten.yaml"
                yield Finding(at, text, hint(member.code, known.gemeenten))
            elif member.code in house_of:
                text = f"gemeente `{member.code}` also belongs to {house_of[member.code]}"
                yield Finding(at, text, "leave it in one house")
            house_of.setdefault(member.code, house.id)
    for index, gemeente in enumerate(config.gemeente_register):
        if gemeente.to_day is None and gemeente.code not in house_of:
            text = f"{gemeente.name} belongs to no Zorg- en Veiligheidshuis"
            way_out = "add it to a house in zorg-en-veiligheidshuizen.yaml"
            yield Finding(("gemeente_register", index, "code"), text, way_out)


def _regions(config: RoleConfig) -> Iterator[Finding]:
    units = {unit.id for unit in config.police_units}
    for index, region in enumerate(config.regions):
        if region.police_unit not in units:
            text = f"there is no politie-eenheid `{region.police_unit}`"
            yield Finding(("regions", index, "police_unit"), text, hint(region.police_unit, units))


def _mandates(config: RoleConfig, known: Known) -> Iterator[Finding]:
    houses_of: dict[str, list[str]] = {}
    for house in config.houses:
        for member in house.areas:
            houses_of.setdefault(member.code, []).append(house.id)
    for index, mandate in enumerate(config.mandates):
        path = ("mandates", index)
        if mandate.gemeente not in known.gemeenten:
            text = f"gemeente `{mandate.gemeente}` is not in gemeenten.yaml"
            yield Finding((*path, "gemeente"), text, hint(mandate.gemeente, known.gemeenten))
        if mandate.zvh not in known.houses:
            text = f"there is no Zorg- en Veiligheidshuis `{mandate.zvh}`"
            yield Finding((*path, "zvh"), text, hint(mandate.zvh, known.houses))
        elif mandate.zvh not in (own := houses_of.get(mandate.gemeente, [mandate.zvh])):
            text = f"gemeente `{mandate.gemeente}` belongs to {own[0]}"
            yield Finding((*path, "zvh"), text, f"write `zvh: {own[0]}`")
        if common_days([mandate]) is None:
            text = "`tot` is before `vanaf`: it is never in force"
            yield Finding((*path, "to_day"), text, "swap them")
