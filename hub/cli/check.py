"""`seinhuis check`: every problem of the role config, and what it says in a table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from handlers.rulebook import Rulebook
from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, settings_from
from hub.errors import ConfigError
from hub.roles import default_folder, load
from schemas.catalogue import CATALOGUE
from schemas.problems import Problem
from schemas.roles import Partner, RoleConfig


def check(
    *,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Else SEINHUIS_CONFIG, else the one that came."),
    ] = None,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Also which partner may send what to whom.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the role config: every problem, file and line.

    Shows all problems in one go, each with its file and line, the rule that is broken, and the
    way out. Then a summary: partners, cells of the table, rules, message types, parties. Changes
    nothing; run it before a change of the role config goes to a hub.

    Exits with 0 when the role config can be used, 2 when it has a problem.
    """
    chosen = folder or settings_from().config or default_folder()
    config: RoleConfig | None = None
    problems: tuple[Problem, ...] = ()
    try:
        config = load(chosen)
    except ConfigError as error:
        problems = error.problems
    if as_json:
        found: dict[str, Any] = {
            "folder": str(chosen),
            "ok": config is not None,
            "problems": [
                {"place": p.place, "rule": p.rule, "way_out": p.way_out} for p in problems
            ],
        }
        if config is not None:
            found["summary"] = summary(config)
            if matrix:
                found["matrix"] = [row for partner in config.partners for row in rows(partner)]
        output.document(found)
    elif config is not None:
        _show(config, matrix=matrix)
    for problem in [] if as_json else problems:
        output.line(str(problem))
    if problems:
        count = output.plural(len(problems), "problem")
        raise Stop(Exit.NOT_USABLE, f"{count} in {chosen}: a hub does not start with it")


def summary(config: RoleConfig) -> dict[str, Any]:
    """Return how much there is of everything, and the digest that names this config in records."""
    cells = [cell for partner in config.partners for cell in partner.cells]
    rules = [rule for partner in config.partners for rule in partner.rules]
    domain = {row.name for row in CATALOGUE.values() if not row.is_hub}
    return {
        "digest": config.digest,
        "partners": len(config.partners),
        "cells": len(cells),
        "cells_without_message": sum(cell.no_message is not None for cell in cells),
        "rules": len(rules),
        "rules_switched_off": sum(rule.switched_off for rule in rules),
        "passing_on": sum(len(partner.passing_on) for partner in config.partners),
        "types": len(domain),
        "types_covered": len({rule.message for rule in rules} & domain),
        "groups": len(config.groups),
        "gemeenten": len(config.gemeente_register),
        "houses": len(config.houses),
        "legal_bases": len(config.legal_bases),
        "inboxes": sum(party.has_inbox for party in Rulebook(config).parties.values()),
    }


def rows(partner: Partner) -> Iterator[dict[str, Any]]:
    """Yield what a partner may send: one document for each rule, in the order of its id."""
    for rule in sorted(partner.rules, key=lambda rule: (rule.message, rule.id)):
        yield {
            "sender": partner.id,
            "rule": rule.id,
            "cell": rule.cell,
            "type": rule.message,
            "title": CATALOGUE[rule.message].title,
            "kinds": list(rule.kinds),
            "phases": [phase.value for phase in rule.phases],
            "to": [recipient.to for recipient in rule.recipients],
            "legal_basis": rule.legal_basis,
            "purpose": rule.purpose,
            "conditions": len(rule.conditions) + sum(len(r.conditions) for r in rule.recipients),
            "switched_off": rule.switched_off,
        }


def _show(config: RoleConfig, *, matrix: bool) -> None:
    if matrix:
        for partner in config.partners:
            _matrix(partner)
    count = summary(config)
    rules = count["rules"] - count["rules_switched_off"]
    silent, off = count["cells_without_message"], count["rules_switched_off"]
    covered = f"{count['types_covered']} of {count['types']}"
    output.line(f"the role config can be used: {count['digest'][:12]}")
    output.line(f"  {count['partners']} partners, {count['cells']} cells of the table,")
    output.line(f"  of which {silent} imply no message, with the reason")
    output.line(f"  {rules} rules in use, {off} switched off, {count['passing_on']} for passing on")
    output.line(f"  {count['legal_bases']} legal bases")
    output.line(f"  {covered} message types of the domain have a rule")
    output.line(f"  {count['groups']} groups, {count['gemeenten']} gemeenten (past ones too),")
    output.line(f"  {count['houses']} Zorg- en Veiligheidshuizen; {count['inboxes']} inboxes")


def _matrix(partner: Partner) -> None:
    output.line(f"{partner.name} ({partner.id})")
    listed = [
        (
            row["title"] + (f" ({', '.join(row['kinds'])})" if row["kinds"] else ""),
            "\n".join(_PHASES[phase] for phase in row["phases"]),
            "\n".join(row["to"]) + ("\nunder conditions" if row["conditions"] else ""),
            row["legal_basis"] + ("\n! switched off" if row["switched_off"] else ""),
        )
        for row in rows(partner)
    ]
    if listed:
        output.table(("message", "phase", "to", "legal basis"), listed)
    else:
        output.line("  sends nothing about a case")
    output.line()


_PHASES = {"preventie": "preventie", "pga": "pga", "detentie-en-re-integratie": "detentie"}
