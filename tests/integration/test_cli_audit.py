"""`seinhuis audit` at a hub that runs, and at one that does not: a real broker, a real sealer."""

import json
import signal
import subprocess

import pytest
from typer.testing import CliRunner

from hub import bootstrap
from hub.cli.app import app
from hub.cli.exits import Exit
from hub.roles import default_folder, load
from schemas.records import Record
from tests.builders import BSNS, NAMES, a_signal
from tests.integration.hub_process import SEINHUIS, environment, hub_process, until

pytestmark = pytest.mark.broker

_PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """One hub for all tests of this file; each test sends events of its own."""
    with hub_process(tmp_path_factory.mktemp("audit") / "data") as running:
        yield running


@pytest.fixture(autouse=True, scope="module")
def _loaded_once():
    """The role config is the same for every call: read it once."""
    config = load(default_folder())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "load", lambda _: config)
        yield


@pytest.fixture
def seinhuis(hub):
    """Run a command at the hub; return its result."""

    def call(*words, given=None):
        text = "\n".join(map(json.dumps, given)) if given is not None else None
        result = CliRunner().invoke(app, [*words, "--data", str(hub.data)], input=text)
        assert result.exit_code in set(Exit), result.output
        return result

    return call


@pytest.fixture
def records(seinhuis):
    """Return the records that `show` gives, as soon as there is one."""

    def wait(*words):
        def look():
            return seinhuis("audit", "show", "--limit", "0", "--json", *words).stdout.splitlines()

        return [json.loads(line) for line in until(look)]

    return wait


@pytest.fixture
def sent(seinhuis, records, request):
    """Send an event of this test alone and wait until it is sealed; return its name."""

    def send(**overrides):
        event = a_signal(id=f"r-{request.node.name[:60]}", **overrides)
        result = seinhuis("send", "-", "--wait", "--json", given=[event])
        message = json.loads(result.stdout)["message"]
        records("--message", message)
        return message

    return send


def test_what_the_hub_did_is_shown_within_moments_and_is_right_by_its_schema(records, sent):
    message = sent()
    (decided,) = records("--message", message, "--event", "decided")

    assert message == decided["record"]["object"]["id"]
    for each in records():
        Record.model_validate(each["record"])


def test_the_records_of_each_shard_are_numbered_without_a_gap(records, sent):
    sent()
    numbers = {}
    for each in sorted(records(), key=lambda each: each["position"]):
        numbers.setdefault(each["shard"], []).append(each["seq"])

    assert {"hub", "ind", "ledger"} <= set(numbers)
    assert {} == {s: n for s, n in numbers.items() if n != list(range(1, len(n) + 1))}


def test_a_trace_has_what_recipients_did_and_what_is_held(seinhuis, records, sent):
    message = sent()
    seinhuis("inbox", "gm0363", "take-up", message)
    records("--message", message, "--event", "taken-up")
    told = " ".join(seinhuis("audit", "trace", message[:14]).stdout.split())

    for word in ("the hub decided", "gm0363 works on it", "gm0363: taken-up since", "lro:"):
        assert word in told


def test_a_trace_names_the_entry_that_waits_for_a_person_and_no_longer_once_it_is_done(
    seinhuis, records, sent
):
    message = sent(**{"data.gemeentecode": "0000"})
    before = seinhuis("audit", "trace", message).stdout
    held = [json.loads(line) for line in seinhuis("held", "--json").stdout.splitlines()]
    (entry,) = [f"ind/{each['entry']}" for each in held if each["message"] == message]
    seinhuis("held", "discard", entry, "--reason", "ticket-7")
    records("--message", message, "--event", "discarded")
    after = seinhuis("audit", "trace", message).stdout

    assert "no-home-address" in before
    assert f"held show {entry}" in before
    assert "a person threw it away; the sender has a notice (ticket-7)" in after
    assert f"held show {entry}" not in after


def test_the_live_log_is_sound_and_the_marks_of_the_broker_agree(seinhuis, sent):
    """While the hub goes on sealing: what is sealed meanwhile is no fault."""
    sent()
    result = seinhuis("audit", "verify", "--json")
    found = json.loads(result.stdout)

    assert (0, "sound", []) == (result.exit_code, found["result"], found["live"])
    assert found["checked"]["marks on the broker"] > 10


def test_no_person_is_in_what_an_auditor_reads(seinhuis, sent):
    message = sent()
    words = (("show", "--limit", "0"), ("trace", message), ("stats",), ("verify",))
    texts = [seinhuis("audit", *each).output for each in words]

    assert [] == [value for text in texts for value in (*NAMES, *BSNS) if value in text]


def test_following_shows_what_is_sealed_is_on_record_and_ends_with_ctrl_c(hub, sent, records):
    words = [SEINHUIS, "audit", "show", "--follow", "--limit", "1", "--json"]
    with subprocess.Popen(
        [*words, "--sender", "ind", "--data", hub.data],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    ) as process:
        process.stderr.readline()  # how many there were: from here on it follows
        message = sent()
        came = ""
        while message not in came:  # the first line may be of a test before
            came = process.stdout.readline()
            assert came, "it ended"
        process.send_signal(signal.SIGINT)
        _, written = process.communicate(timeout=_PATIENCE_S)

    assert message == json.loads(came)["record"]["object"]["id"]
    asked = [each["record"].get("reason") for each in records("--event", "log-read")]
    assert "sender=ind limit=1 follow=yes" in asked
    assert Exit.INTERRUPTED == process.returncode
    assert "Traceback" not in written


def test_what_is_not_sealed_yet_is_said_so_that_nobody_thinks_it_is_missing(hub, seinhuis):
    """The number of a shard is moved on, as if more were written than sealed."""
    with hub.login("hub") as client:
        written = int(client.hget("hub:{nctv}:head", "seq") or 0)
        client.hset("hub:{nctv}:head", "seq", written + 3)
    shown = seinhuis("audit", "show")

    assert Exit.DONE == shown.exit_code
    assert "3 newer records not sealed yet and not shown (nctv 3)" in shown.stderr
    with hub.login("hub") as client:
        client.hset("hub:{nctv}:head", "seq", written)


def test_the_log_is_asked_and_verified_without_a_hub(tmp_path):
    with hub_process(tmp_path / "data") as running:
        sent = running.command("send", "-", "--wait", "--json", input=json.dumps(a_signal(id="x")))
        message = json.loads(sent.stdout)["message"]
    told = CliRunner().invoke(app, ["audit", "trace", message, "--data", str(running.data)])
    verified = CliRunner().invoke(app, ["audit", "verify", "--data", str(running.data)])

    assert (Exit.DONE, 0) == (told.exit_code, verified.exit_code), told.output + verified.output
    assert "the hub decided" in told.stdout
    assert "no hub answers here" in told.stderr
    assert "No hub answers here" in " ".join(verified.stdout.split())
