"""The table: every cell of it is in a rule, or says why not; and nothing else claims to be one."""

from collections.abc import Iterator
from itertools import chain

from handlers.checks.finding import Finding, Path, hint
from handlers.checks.known import Known
from schemas.register import TableRow
from schemas.roles import Cell, Partner, PassingOn, RoleConfig, Rule

_COLUMNS = ("algemeen", "preventie", "pga", "detentie-en-re-integratie")
_ROWS = range(1, 17)


def cell_findings(config: RoleConfig, known: Known) -> Iterator[Finding]:
    """Yield what is wrong with the cells of each partner and with the cells that rules name."""
    rows = {row.partner: row for row in config.table}
    for index, partner in enumerate(config.partners):
        path = ("partners", index)
        row = rows.get(partner.id)
        if row is None and {"table", "partners"} & known.unread:
            pass  # the row, or the name of the partner, may be what could not be read
        elif row is None:
            text = f"`{partner.id}` has no row in tabel.yaml"
            yield Finding((*path, "id"), text, hint(partner.id, rows))
        elif row.row != partner.row:
            text = f"tabel.yaml gives `{partner.id}` row {row.row}"
            yield Finding((*path, "row"), text, f"write `rij: {row.row}`")
        yield from _cells(partner, row, path, known)
        yield from _rules(partner, path)


def table_findings(config: RoleConfig) -> Iterator[Finding]:
    """Yield rows and columns of tabel.yaml that cannot be, and rows without a partner."""
    partners = {partner.id for partner in config.partners}
    seen: set[int] = set()
    for index, row in enumerate(config.table):
        path = ("table", index)
        if row.partner not in partners:
            text = f"row {row.row}, `{row.partner}`, has no file of its own"
            yield Finding((*path, "partner"), text, f"add {row.partner}.yaml")
        if row.row in seen:
            yield Finding((*path, "row"), f"row {row.row} stands twice", "number the rows 1 to 16")
        seen.add(row.row)
        for column in row.cells:
            if column not in _COLUMNS:
                text = f"the table has no column `{column}`"
                yield Finding((*path, "cells", column), text, hint(column, _COLUMNS))
    if missing := sorted(set(_ROWS) - seen):
        numbers = ", ".join(map(str, missing))
        yield Finding(("table",), f"the table has sixteen rows, and {numbers} is missing", "add it")


def _cells(partner: Partner, row: TableRow | None, path: Path, known: Known) -> Iterator[Finding]:
    expected = set(_expected(row)) if row is not None else set()
    seen: set[str] = set()
    for index, cell in enumerate(partner.cells):
        at = (*path, "cells", index)
        if cell.id in seen:
            yield Finding((*at, "id"), f"cell `{cell.id}` stands twice", "make it one cell")
        elif row is not None and cell.id not in expected:
            text = f"the table has no cell `{cell.id}` for {partner.id}"
            yield Finding((*at, "id"), text, hint(cell.id, expected))
        seen.add(cell.id)
        yield from _cell(cell, at, known)
    for missing in sorted(expected - seen):
        text = f"cell `{missing}` of the table is not here"
        yield Finding((*path, "cells"), text, "add it, with `regels` or with `geen_bericht`")


def _expected(row: TableRow) -> Iterator[str]:
    for column, count in row.cells.items():
        yield from (f"{column}-{number}" for number in range(1, count + 1))


def _cell(cell: Cell, at: Path, known: Known) -> Iterator[Finding]:
    if cell.rules and cell.no_message:
        text = f"cell `{cell.id}` has rules and a reason for having none"
        yield Finding((*at, "no_message"), text, "keep `regels` or `geen_bericht`")
    if not cell.rules and not cell.no_message:
        text = f"cell `{cell.id}` has neither rules nor a reason"
        yield Finding((*at, "id"), text, "add `regels` or `geen_bericht`")
    for position, rule in enumerate(cell.rules):
        if rule not in known.rules:
            text = f"cell `{cell.id}` names rule `{rule}`, which does not exist"
            yield Finding((*at, "rules", position), text, hint(rule, known.rules))


def _rules(partner: Partner, path: Path) -> Iterator[Finding]:
    cells: dict[str, set[str]] = {}
    for cell in partner.cells:
        cells.setdefault(cell.id, set()).update(cell.rules)
    rules: Iterator[tuple[str, int, Rule | PassingOn]] = chain(
        (("rules", index, rule) for index, rule in enumerate(partner.rules)),
        (("passing_on", index, rule) for index, rule in enumerate(partner.passing_on)),
    )
    for attribute, index, rule in rules:
        at = (*path, attribute, index, "cell")
        if rule.cell not in cells:
            yield Finding(at, f"{partner.id} has no cell `{rule.cell}`", hint(rule.cell, cells))
        elif rule.id not in cells[rule.cell]:
            text = f"cell `{rule.cell}` does not list rule `{rule.id}`"
            yield Finding(at, text, "add it to `regels` of that cell")
