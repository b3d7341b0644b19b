"""The pages against the repository: every link leads somewhere, every command exists."""

import re
from pathlib import Path

import pytest

from hub.cli.app import COMMANDS
from hub.config import SETTINGS

REPO = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in REPO.rglob("*.md")
    if not {".venv", ".bench", "node_modules"} & set(page.relative_to(REPO).parts)
)
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"(?<![\w/.-])seinhuis ([a-z][a-z-]+)")
VARIABLE = re.compile(r"\bSEINHUIS_[A-Z_]+\b")


def name(page):
    """Return the path of a page, as a test id."""
    return str(page.relative_to(REPO))


def test_the_pages_that_a_newcomer_needs_are_there():
    found = {name(page) for page in PAGES}

    assert {
        "README.md",
        "CHANGELOG.md",
        "docs/architecture.md",
        "docs/glossary.md",
        "docs/trust.md",
        "docs/howto/change-a-rule.md",
        "docs/howto/emit-events.md",
        "docs/howto/read-an-inbox.md",
        "docs/howto/run.md",
        "docs/reference/messages.md",
    } <= found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page):
    targets = LINK.findall(page.read_text(encoding="utf-8"))

    assert [] == [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_on_a_page_exists(page):
    """In code only: a sentence may begin with the name of the project."""
    text = page.read_text(encoding="utf-8")
    code = "\n".join(
        re.findall(r"`([^`\n]+)`", text) + re.findall(r"```[^\n]*\n(.*?)```", text, re.DOTALL)
    )

    assert set() == {word for word in COMMAND.findall(code) if word not in COMMANDS}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_setting_on_a_page_exists(page):
    of_the_samples = {"SEINHUIS_UID", "SEINHUIS_URL", "SEINHUIS_PASSWORD"}
    known = {setting.variable for setting in SETTINGS} | of_the_samples

    assert set() == set(VARIABLE.findall(page.read_text(encoding="utf-8"))) - known


def test_every_command_is_on_the_generated_page():
    page = (REPO / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")

    assert set() == {command for command in COMMANDS if f"seinhuis {command}" not in page}


def test_every_message_of_the_readme_table_is_a_type():
    from schemas.catalogue import CATALOGUE

    readme = (REPO / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## The four signals")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z-]+\.[a-z-]+)`", table))

    assert 3 <= len(named)
    assert named <= set(CATALOGUE)
