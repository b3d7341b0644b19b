"""`seinhuis records`: what an auditor reads at a hub that runs."""

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
from tests.builders import BSNS, NAMES, a_signal, an_event
from tests.integration.hub_process import SEINHUIS, environment, hub_process

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """One hub for all tests of this file; each test sends events of its own."""
    with hub_process(tmp_path_factory.mktemp("records") / "data") as running:
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
def sent(seinhuis, request):
    """Send an event of this test alone and wait; return the name of the message."""

    def send(**overrides):
        event = a_signal(id=f"r-{request.node.name[:60]}", **overrides)
        result = seinhuis("send", "-", "--wait", "--json", given=[event])
        return json.loads(result.stdout)["message"], event

    return send


def of(result):
    """Return the lines of NDJSON."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_records_come_in_order_with_their_numbers_and_none_is_missing(seinhuis, sent):
    sent()
    result = seinhuis("records", "--limit", "0", "--json")
    found = of(result)

    assert result.exit_code == Exit.DONE
    assert json.loads(result.stderr) == {"records": len(found), "missing": []}
    entries = [tuple(map(int, each["entry"].split("-"))) for each in found]
    assert entries == sorted(entries)
    for each in found:
        Record.model_validate(each["record"])
    numbers = [each["seq"] for each in found if each["shard"] == "ind"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {"hub", "ind"} <= {each["shard"] for each in found}


def test_a_record_is_written_byte_for_byte_as_it_was_stored(seinhuis, sent, hub):
    """What is hashed later is these bytes; a program must be able to check them."""
    message, _ = sent()
    (line,) = seinhuis("records", message, "--json").stdout.splitlines()
    with hub.login("hub") as client:
        stored = client.xrevrange("hub:{ind}:audit", count=1)[0][1][b"record"].decode()

    assert line.endswith(f',"record":{stored}}}')


def test_filters_choose_and_the_count_is_still_of_all(seinhuis, sent):
    message, _ = sent()
    seinhuis("inbox", "gm0363", "ack", message)

    def messages(*words):
        return {
            each["record"]["object"]["id"] for each in of(seinhuis("records", "--json", *words))
        }

    assert f"gm0363:{message}" in messages("--event", "acknowledged")
    assert message not in messages("--event", "acknowledged")
    assert message in messages("--party", "lro")
    assert message not in messages("--party", "rvdk")
    assert messages("--shard", "hub") == {"hub"}
    assert messages("--since", "2099-01-01") == set()
    assert message in messages("--since", "2020-01-01", "--limit", "0")
    assert len(seinhuis("records", "--limit", "1", "--json").stdout.splitlines()) == 1


def test_the_story_of_a_message_has_who_got_it_who_not_and_what_they_did(seinhuis, sent):
    message, event = sent()
    seinhuis("send", "-", "--wait", given=[event])
    seinhuis("inbox", "gm0363", "take-up", message)
    told = seinhuis("records", message[:12])
    words = [
        *("gm0363", "yes", "wet-pga", "may see", "came again"),
        *("gm0363 works on it", "gm0363: taken-up", "lro: delivered", "without a gap"),
    ]

    assert told.exit_code == Exit.DONE
    assert [word for word in words if word not in told.stdout] == []
    places = [told.stdout.index(w) for w in ("the hub decided", "came again", "works on it")]
    assert places == sorted(places)
    assert max(map(len, told.stdout.splitlines())) <= 80


def test_the_story_has_what_was_held_and_what_a_person_did_with_it(seinhuis, sent):
    message, _ = sent(**{"data.gemeentecode": "0000"})
    before = seinhuis("records", message).stdout
    (entry,) = [e for e in of(seinhuis("held", "--json")) if e["message"] == message]
    name = f"ind/{entry['entry']}"
    seinhuis("held", "discard", name, "--reason", "ticket-7")
    after = seinhuis("records", message).stdout

    assert "no-home-address" in before
    assert f"held: {name}" in before
    assert "a person threw it away; the sender has a notice (ticket-7), by operator" in after
    assert f"held: {name}" not in after


@pytest.mark.parametrize("first", ["original", "correction"])
def test_the_story_has_the_correction_although_its_record_does_not_name_the_original(
    first, seinhuis
):
    """Also of one that came too early, and waits or waited for its original."""
    event = a_signal(id=f"r-{first}-first")
    correction = an_event("berichten.gerectificeerd", id=f"r-c-{first}", source=event["source"])
    correction["data"]["betreft"] = {"bron": event["source"], "id": event["id"]}
    both = [event, correction] if first == "original" else [correction, event]
    answers = [of(seinhuis("send", "-", "--wait", "--json", given=[each]))[0] for each in both]
    (message,) = [found["message"] for found in answers if found["id"] == event["id"]]

    assert "its sender corrected it" in seinhuis("records", message).stdout


def test_what_is_not_there_or_not_unique_is_told(seinhuis, sent):
    sent()
    assert seinhuis("records", "zz").exit_code == Exit.NOT_FOUND
    assert seinhuis("records", "--shard", "indd").exit_code == Exit.NOT_FOUND
    assert seinhuis("records", "").exit_code == Exit.NOT_USABLE
    assert seinhuis("records", "ab", "--follow").exit_code == Exit.NOT_USABLE
    assert seinhuis("records", "--since", "yesterday").exit_code == Exit.NOT_USABLE
    assert seinhuis("records", "--event", "eaten").exit_code == Exit.NOT_USABLE


def test_no_person_is_in_what_an_auditor_reads(seinhuis, sent):
    message, _ = sent()
    texts = [seinhuis("records", "--limit", "0").stdout, seinhuis("records", message).stdout]

    for text in texts:
        assert [value for value in (*NAMES, *BSNS) if value in text] == []


@pytest.mark.slow
def test_following_shows_what_comes_and_ends_with_ctrl_c(hub, sent):
    words = [SEINHUIS, "records", "--follow", "--limit", "1", "--json", "--data", hub.data]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True
    ) as process:
        process.stdout.readline()
        message, _ = sent()
        came = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, written = process.communicate(timeout=20)

    assert came["record"]["object"]["id"] == message
    assert (process.returncode, "Traceback" in written) == (Exit.INTERRUPTED, False)


def test_a_number_that_is_missing_ends_with_1_and_is_named(hub, seinhuis):
    """Last of this file: the hub's own user cannot do this; here the number is moved on."""
    with hub.login("hub") as client:
        client.hincrby("hub:{nctv}:head", "seq", 3)
    listed, as_json = seinhuis("records"), seinhuis("records", "--json")

    assert listed.exit_code == as_json.exit_code == Exit.UNEXPECTED
    assert "missing: nctv/1 to nctv/3" in listed.stderr
    assert "missing: nctv/1 to nctv/3" in json.loads(as_json.stderr)["error"]
