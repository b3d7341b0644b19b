"""Every alarm has its page, its row, its rule, its gauge; and no name leads nowhere."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from hub import metrics
from hub.cli import pages
from hub.supervision.alarm_rules import RULES
from hub.supervision.alerting import PAGES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / PAGES
README = (FOLDER / "README.md").read_text(encoding="utf-8")
ALERTS = ROOT / "monitoring" / "alerts.yml"
DASHBOARD = ROOT / "monitoring" / "grafana" / "dashboards" / "seinhuis.json"
GRAFANA = ROOT / "monitoring" / "grafana" / "provisioning"
UNIT_TESTS = ROOT / "tests" / "monitoring" / "alerts_test.yml"
BY_PROMETHEUS = ["target-down"]
PARTS = ["At risk.", "Look", "Mend", "Over"]

NAMES = [rule.name for rule in RULES]


def alerts():
    (group,) = yaml.safe_load(ALERTS.read_bytes())["groups"]
    return group["rules"]


def panels():
    return json.loads(DASHBOARD.read_bytes())["panels"]


def queries_of_alerts():
    for alert in alerts():
        yield alert["expr"]
        yield from re.findall(r'query "([^"]*)"', alert["annotations"]["description"])


def queries_of_dashboard():
    return [target["expr"] for panel in panels() for target in panel.get("targets", ())]


def series():
    """Every name under which a metric can be asked."""
    names = set(metrics.METRICS)
    histograms = {name for name in names if metrics.METRICS[name].kind is metrics.Kind.HISTOGRAM}
    return (names - histograms) | {
        f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")
    }


def labels_of(name):
    """The labels that a series has, with those that Prometheus and histograms add."""
    base = re.sub(r"_(bucket|sum|count)$", "", name) if name not in metrics.METRICS else name
    return {*metrics.METRICS[base].labels, "instance", "job", "le"}


def promtool():
    """Return the command promtool: skips on a machine without it, fails where CI is set."""
    found = shutil.which("promtool")
    if found is None:
        why = "no promtool on PATH (apt-get install prometheus)"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found


def run_promtool(*words):
    return subprocess.run(
        [promtool(), *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def test_there_is_a_page_for_every_alarm_and_no_other():
    written = {path.stem for path in FOLDER.glob("*.md")}

    assert {*NAMES, *BY_PROMETHEUS, "README"} == written


@pytest.mark.parametrize("name", [*NAMES, *BY_PROMETHEUS])
def test_a_page_says_what_who_is_woken_needs(name):
    """What it means, what is at risk, how to look, how to mend it, and when it is over."""
    page = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    severity = next((rule.severity.value for rule in RULES if rule.name == name), "critical")

    assert page.startswith(f"# {name}\n\n**{severity.capitalize()}.** ")
    places = [page.find(f"**{part}") for part in PARTS]
    assert -1 not in places
    assert sorted(places) == places
    assert "```" in page[places[1] : places[2]], "where to look is a command"


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve()
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {h.lower().replace(" ", "-") for h in headings}, link


def code_of(page):
    """Return what stands between backticks: code spans, and the lines of blocks."""
    text = page.read_text(encoding="utf-8")
    block = re.compile(r"^```$(.*?)^```$", re.MULTILINE | re.DOTALL)
    blocks, spans = block.findall(text), re.findall(r"`([^`\n]+)`", block.sub("", text))
    return [*spans, *(line for block in blocks for line in block.splitlines())]


@pytest.fixture(scope="module")
def commands():
    """Every command without its first word, and whether it leads to others only."""
    return {
        title.removeprefix("seinhuis").replace(" PARTY", "").strip(): "COMMAND [ARGS]..." in text
        for title, text in pages.helps()
    }


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.stem)
def test_every_command_of_a_page_is_one_that_there_is(page, commands):
    """A command that is gone is no help at night."""
    for code in code_of(page):
        if not code.startswith("seinhuis "):
            continue
        words = re.split(r"  +", code.replace(" PARTY", ""))[0].split()[1:]
        leading = []
        for word in words:
            if not commands.get(" ".join(leading), False):
                break
            if leading and not re.fullmatch(r"[a-z][a-z-]*", word):
                break
            leading.append(word)

        assert " ".join(leading) in commands, code


def test_every_setting_of_the_pages_is_one_that_there_is():
    settings = pages.pages()["settings.md"]
    for page in FOLDER.glob("*.md"):
        for name in re.findall(r"SEINHUIS_[A-Z_]+", page.read_text(encoding="utf-8")):
            assert f"| `{name}` |" in settings, (page.name, name)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_table_has_the_bounds_of_the_code(rule):
    begins = f"{rule.begins:g} {rule.unit}" if rule.unit else "it is so"
    looks = f", {rule.looks} looks in a row" if rule.looks > 1 else ""
    over = f"{rule.over(rule.begins):g}" if rule.unit else "it is not"
    row = (
        f"| [`{rule.name}`]({rule.name}.md) | {rule.severity.value} | {rule.meaning}"
        f" | {begins}{looks} | {over} |"
    )

    assert row in README.splitlines()


def test_every_alarm_has_one_alert_with_its_severity_and_its_page():
    carried = {
        match[1]: alert
        for alert in alerts()
        if (match := re.search(r'seinhuis_alarm\{name="([a-z-]+)"\}', alert["expr"]))
    }

    assert NAMES == list(carried)
    for rule in RULES:
        alert = carried[rule.name]
        assert "Seinhuis" + rule.name.title().replace("-", "") == alert["alert"]
        assert {"severity": rule.severity.value} == alert["labels"]
        assert f"{PAGES}{rule.name}.md" == alert["annotations"]["page"]
        assert rule.meaning == alert["annotations"]["summary"].lower()


def test_three_alerts_watch_a_hub_that_cannot_tell():
    own = [alert for alert in alerts() if "seinhuis_alarm" not in alert["expr"]]

    assert ["SeinhuisTargetDown", "SeinhuisNobodyThere", "SeinhuisNotLooking"] == [
        alert["alert"] for alert in own
    ]
    assert {f"{PAGES}target-down.md"} == {alert["annotations"]["page"] for alert in own}


@pytest.mark.parametrize("query", [*queries_of_alerts(), *queries_of_dashboard()])
def test_a_query_names_only_metrics_and_labels_that_there_are(query):
    """A mistyped name is an empty panel, or an alert that never comes."""
    names = re.findall(r"\bseinhuis_\w+", query)

    assert names or "up{" in query
    assert set(names) <= series()
    for given, name in re.findall(r"\bby \(([^)]*)\) \((?:rate\()?(seinhuis_\w+)", query):
        assert {each.strip() for each in given.split(",")} <= labels_of(name)


def test_every_metric_is_on_the_dashboard_but_those_that_serve_the_others():
    """What is measured and never seen need not be measured."""
    shown = " ".join([*queries_of_dashboard(), *queries_of_alerts()])
    unseen = {name for name in metrics.METRICS if not re.search(rf"\b{name}(_bucket)?\b", shown)}

    assert {"seinhuis_disk_size_bytes"} == unseen


def test_panels_have_an_id_a_title_and_a_place_of_their_own():
    found = panels()
    cells = [
        (panel["gridPos"]["x"] + dx, panel["gridPos"]["y"] + dy)
        for panel in found
        for dx in range(panel["gridPos"]["w"])
        for dy in range(panel["gridPos"]["h"])
    ]

    assert len({panel["id"] for panel in found}) == len(found)
    assert len({panel["title"] for panel in found}) == len(found)
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_the_dashboard_asks_the_source_that_is_provisioned_and_lies_where_it_is_looked_for():
    (source,) = yaml.safe_load((GRAFANA / "datasources" / "prometheus.yml").read_bytes())[
        "datasources"
    ]
    (provider,) = yaml.safe_load((GRAFANA / "dashboards" / "seinhuis.yml").read_bytes())[
        "providers"
    ]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_bytes())["services"]
    mounted = [volume.split(":")[:2] for volume in compose["grafana"]["volumes"]]
    asked = {target["datasource"]["uid"] for p in panels() for target in p.get("targets", ())}

    assert {source["uid"]} == asked
    assert "http://prometheus:9090" == source["url"]
    assert ["./monitoring/grafana/dashboards", provider["options"]["path"]] in mounted
    assert all((ROOT / given).exists() for given, _ in mounted)


def test_prometheus_of_compose_asks_the_services_at_the_port_on_which_they_tell():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_bytes())["services"]
    (job,) = yaml.safe_load((ROOT / "monitoring" / "prometheus.yml").read_bytes())["scrape_configs"]
    (asked,) = job["dns_sd_configs"]

    assert "seinhuis" == job["job_name"]
    for name in asked["names"]:
        address = compose[name]["environment"]["SEINHUIS_METRICS"]
        assert f"0.0.0.0:{asked['port']}" == address
        assert "monitoring" in compose[name]["networks"]
        assert f":{asked['port']}/health/live" in compose[name]["healthcheck"]["test"][-1]
    assert ["monitoring"] == compose["prometheus"]["networks"]


def test_what_looks_on_is_open_to_this_machine_only_and_has_no_password_to_guess():
    """Also by accident nobody else gets in: the ports are bound to loopback."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_bytes())["services"]

    for name in ("prometheus", "grafana"):
        assert ["monitoring"] == compose[name]["profiles"]
        assert all(port.startswith("127.0.0.1:") for port in compose[name]["ports"])
    assert "Viewer" == compose["grafana"]["environment"]["GF_AUTH_ANONYMOUS_ORG_ROLE"]


def test_prometheus_accepts_its_configuration_and_the_rules():
    done = run_promtool("check", "config", "monitoring/prometheus.yml")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert f"{len(RULES) + 3} rules found" in done.stdout


def test_the_alerts_do_what_they_should_by_the_tests_of_promtool():
    done = run_promtool("test", "rules", str(UNIT_TESTS.relative_to(ROOT)))

    assert 0 == done.returncode, done.stdout + done.stderr


def test_promtool_tests_every_alert():
    """An alert that no test fires may have an expression that never holds."""
    fired = {
        check["alertname"]
        for case in yaml.safe_load(UNIT_TESTS.read_bytes())["tests"]
        for check in case["alert_rule_test"]
        if check.get("exp_alerts")
    }

    assert {alert["alert"] for alert in alerts()} == fired
