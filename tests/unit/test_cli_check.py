"""`seinhuis check`, `schema`, `asyncapi` and `doctor`: what can be said without a hub."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.roles import default_folder
from schemas.catalogue import CATALOGUE

run = CliRunner().invoke


@pytest.fixture
def folder(tmp_path):
    """A copy of the role config, to make mistakes in."""
    made = tmp_path / "partners_config"
    shutil.copytree(default_folder(), made, ignore=shutil.ignore_patterns("__pycache__"))
    return made


def test_the_role_config_that_comes_with_it_can_be_used_and_covers_every_type():
    result = run(app, ["check", "--json"])
    found = json.loads(result.stdout)

    assert result.exit_code == Exit.DONE
    assert (found["ok"], found["problems"]) == (True, [])
    assert found["summary"]["partners"] == 16
    assert found["summary"]["types_covered"] == found["summary"]["types"]


def test_every_problem_has_its_line_and_a_way_out(folder):
    """Two mistakes in two files, found in one go."""
    ind, liv = folder / "ind.yaml", folder / "liv.yaml"
    ind.write_text(ind.read_text().replace("doel: ", "doell: ", 1))
    liv.write_text(liv.read_text().replace("grondslag: ", "grondslagg: ", 1))
    result = run(app, ["check", str(folder)])

    assert result.exit_code == Exit.NOT_USABLE
    prefix = f"{folder}/"
    for file, mistake in ((ind, "doell:"), (liv, "grondslagg:")):
        lines = file.read_text().splitlines()
        number = next(n for n, line in enumerate(lines, 1) if mistake in line)
        told = [t for t in result.stdout.splitlines() if t.startswith(f"{prefix}{file.name}:")]
        assert [t for t in told if f"{file.name}:{number}: `{mistake[:-1]}`" in t and "(" in t]
    assert f"problems in {folder}" in result.stderr


def test_problems_for_a_program_are_a_document(folder):
    (folder / "extra.txt").touch()
    result = run(app, ["check", str(folder), "--json"])
    found = json.loads(result.stdout)

    assert result.exit_code == Exit.NOT_USABLE
    assert found["ok"] is False
    assert [p["place"] for p in found["problems"]] == [str(folder / "extra.txt")]
    assert json.loads(result.stderr)["error"]


def test_a_folder_that_is_not_there_is_a_problem_and_not_a_crash(tmp_path):
    result = run(app, ["check", str(tmp_path / "nothing")])

    assert result.exit_code == Exit.NOT_USABLE
    assert "no such folder" in result.stdout


def test_the_matrix_has_every_rule_with_its_recipients_and_basis():
    found = json.loads(run(app, ["check", "--matrix", "--json"]).stdout)
    by_rule = {row["rule"]: row for row in found["matrix"]}

    assert len(by_rule) == found["summary"]["rules"]
    assert by_rule["ind-signaal-lro"]["to"] == ["groep:lro"]
    assert by_rule["ind-signaal-gemeente"]["legal_basis"] == "wet-pga"


def test_a_privacy_officer_reads_the_matrix_in_words_and_in_eighty_columns():
    result = run(app, ["check", "--matrix"])

    assert "Immigratie- en Naturalisatiedienst (ind)" in result.stdout
    assert "Veiligheidsmelding gedaan" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout


def test_a_schema_is_printed_and_a_wrong_name_gets_the_nearest():
    result = run(app, ["schema", "nl.lokale-aanpak.signalen.signaal-gemeld"])
    wrong = run(app, ["schema", "signalen.signaal-gemelt"])

    assert json.loads(result.stdout)["title"] == "Signaal gemeld"
    assert wrong.exit_code == Exit.NOT_FOUND
    assert "perhaps: signalen.signaal-gemeld" in wrong.stderr


def test_without_a_type_every_type_is_listed():
    lines = run(app, ["schema", "--json"]).stdout.splitlines()

    assert [json.loads(line)["type"] for line in lines] == list(CATALOGUE)


def test_all_schemas_are_written_and_a_folder_that_cannot_be_is_told(tmp_path):
    done = run(app, ["schema", "--all", str(tmp_path / "new")])
    (tmp_path / "file").touch()
    failed = run(app, ["schema", "--all", str(tmp_path / "file")])

    assert done.exit_code == Exit.DONE
    assert {path.stem for path in (tmp_path / "new").iterdir()} == set(CATALOGUE)
    assert failed.exit_code == Exit.NOT_USABLE


def test_asyncapi_is_printed_or_written(tmp_path):
    out = tmp_path / "asyncapi.json"
    result = run(app, ["asyncapi", "--out", str(out), "--json"])

    assert json.loads(result.stdout) == {"written": [str(out)]}
    assert json.loads(out.read_bytes())["asyncapi"] == "3.0.0"
    assert json.loads(run(app, ["asyncapi"]).stdout) == json.loads(out.read_bytes())


def doctor(*words):
    """Run doctor; return the result, and what it found by check."""
    result = run(app, ["doctor", "--json", *words])
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return result, {each["check"]: each for each in found}


def test_doctor_without_a_hub_is_well_and_says_how_to_start_one(tmp_path):
    result, found = doctor("--data", str(tmp_path / "none"))

    assert result.exit_code == Exit.DONE
    assert {check: each["status"] for check, each in found.items()} == {
        **dict.fromkeys(("python", "packages", "bundled", "data", "keyring", "ledger"), "ok"),
        "role config": "ok",
        "broker": "warn",
    }
    assert found["broker"]["way_out"] == f"seinhuis up --data {tmp_path / 'none'}"


def test_doctor_sees_a_data_folder_that_others_can_read_and_a_broken_config(tmp_path, folder):
    (folder / "ind.yaml").write_text("id: [")
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    result, found = doctor("--data", str(data), "--config", str(folder))

    assert result.exit_code == Exit.NOT_USABLE
    assert found["data"]["status"] == found["role config"]["status"] == "fail"
    assert found["data"]["way_out"].startswith("chmod")
    assert found["role config"]["way_out"] == "see all: seinhuis check"


def test_doctor_waits_only_a_moment_for_a_broker_that_does_not_answer(tmp_path):
    url = f"unix://{tmp_path / 'nobody.sock'}"
    result, found = doctor("--broker", url)

    assert result.exit_code == Exit.NO_HUB
    assert found["broker"]["status"] == "fail"
