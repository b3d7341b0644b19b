"""Keys, sealer and ledger of a hub that runs, as its operator works with them."""

import contextlib
import json
import signal
import subprocess
from pathlib import Path

import pytest

from hub.vault.keyring import FileKeyring
from tests.integration.hub_process import SEINHUIS, environment, hub_process, until

pytestmark = [pytest.mark.broker, pytest.mark.slow]

VERIFY = SEINHUIS.with_name("seinhuis-verify")
EXAMPLES = Path(__file__).parents[1] / "examples"


def documents(done: subprocess.CompletedProcess[str]) -> list[dict]:
    """Return what a command wrote with --json."""
    assert 0 == done.returncode, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def verified(log, *keys) -> tuple[int, dict]:
    """Verify the published folder with these keys only."""
    words = [word for key in keys for word in ("--key", key)]
    done = subprocess.run(
        [VERIFY, log, *words, "--json"], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, json.loads(done.stdout)


def audit(hub, event: str) -> list[dict]:
    """Return the records of an event that are sealed."""
    shown = hub.command("audit", "show", "--event", event, "--json")
    return [each["record"] for each in documents(shown)]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with hub_process(tmp_path_factory.mktemp("hub") / "data") as running:
        until((running.data / "log" / "checkpoint").exists)
        yield running


def test_after_a_rotation_both_keys_sign_and_after_the_old_one_is_retired_one(hub):
    """Who has only the old key, only the new one, or both: what each can still prove."""
    (old,) = [each["key"] for each in documents(hub.command("keys", "public", "--json"))]
    head = hub.data / "log" / "checkpoint"
    before = head.read_text()

    assert [{"made": "log.2"}] == documents(hub.command("keys", "rotate", "log", "--json"))
    until(lambda: head.read_text().count("\n— ") == 2)

    new, _ = [each["key"] for each in documents(hub.command("keys", "public", "--json"))]
    assert f"{new}\n{old}\n" == (hub.data / "log" / "key.pub").read_text()
    for keys in ((old,), (new,), (new, old)):
        code, report = verified(hub.data / "log", *keys)
        assert [] == report["faults"], keys
        assert report["size"] == report["proven"], keys
        assert 4 == code  # a published folder has no records

    assert [{"retired": "log.1"}] == documents(
        hub.command("keys", "retire", "log.1", "--reason", "R-1", "--yes", "--json")
    )
    until(lambda: head.read_text().count("\n— ") == 1 and head.read_text() != before)
    assert f"{new}\n{old}\n" == (hub.data / "log" / "key.pub").read_text()
    code, report = verified(hub.data / "log", old)
    assert ["key-needed"] == [each["code"] for each in report["limits"] if "key" in each["code"]]
    code, report = verified(hub.data / "log", new)
    assert report["size"] == report["proven"]
    assert {"log.1", "log.2", "pseudonym.1"} <= {
        each["object"]["id"] for each in audit(hub, "key-created")
    }
    (retired,) = audit(hub, "key-retired")
    assert ("log.1", "R-1") == (retired["object"]["id"], retired["reason"])


def test_a_key_goes_only_when_nothing_needs_it_any_more(hub, tmp_path):
    """Copies are counted, then wrapped anew; after that the key may go and the copies open."""
    event = (EXAMPLES / "signalen.signaal-gemeld.json").read_text()
    party = _recipients(hub, tmp_path, event)[0]
    assert [{"made": f"{party}.2"}] == documents(hub.command("keys", "rotate", party, "--json"))

    refused = hub.command("keys", "retire", f"{party}.1", "--reason", "R-2", "--yes")
    assert 2 == refused.returncode
    assert f"keys rewrap {party}" in refused.stderr
    assert [{"party": party, "rewrapped": 1}] == documents(
        hub.command("keys", "rewrap", party, "--json")
    )
    documents(hub.command("keys", "retire", f"{party}.1", "--reason", "R-2", "--yes", "--json"))

    assert 1 == len(hub.opened(party, "ind"))


def test_what_cannot_be_undone_is_not_done_unasked(hub):
    """Nobody is at a terminal here; and the key in force never goes."""
    documents(hub.command("keys", "rotate", "hub", "--json"))
    documents(hub.command("keys", "rotate", "hub", "--json"))

    unasked = hub.command("keys", "retire", "hub.1", "--reason", "R-3")
    in_force = hub.command("keys", "retire", "hub.2", "--reason", "R-3", "--yes")

    assert (2, 2) == (unasked.returncode, in_force.returncode)
    assert "--yes" in unasked.stderr
    assert "in force" in in_force.stderr
    assert {"hub.1", "hub.2"} <= {key.id for key in FileKeyring(_keys(hub)).names()}


def test_a_pseudonym_key_stays_as_long_as_records_are_found_with_it(hub):
    """The answer to a person would be wrong without it."""
    documents(hub.command("keys", "rotate", "pseudonym", "--json"))
    until(lambda: _all_sealed(hub))

    refused = hub.command("keys", "retire", "pseudonym.1", "--reason", "R-4", "--yes")

    assert 2 == refused.returncode
    assert "AVG art. 15" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rotate", "gemeente-nergens"), "no keys belong to a name like that"),
        (("rewrap", "hub"), "nothing of hub is wrapped anew"),
        (("retire", "gm0363.77", "--reason", "R", "--yes"), "no such key"),
        (("retire", "log.1", "--reason", "BSN 999990342", "--yes"), "no burgerservicenummer"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_told_with_the_way_out(hub, words, said):
    done = hub.command("keys", *words)

    assert done.returncode in {2, 5}
    assert said in done.stderr
    assert "999990342" not in done.stderr


def test_the_status_says_that_all_is_well_and_a_check_agrees(hub):
    until(lambda: _all_sealed(hub))
    (status,) = documents(hub.command("ledger", "status", "--json"))

    assert status["active"]
    assert [] == status["problems"]
    assert status["size"] >= 5
    until(lambda: hub.command("ledger", "check").returncode == 0)


def test_a_sealer_of_its_own_takes_over_what_a_hub_leaves(tmp_path):
    """`up --no-seal`: nothing is sealed and the status says so, until `seinhuis seal` runs."""
    data = tmp_path / "data"
    with _no_seal(), hub_process(data) as running:
        documents(running.command("ledger", "migrate", "--json"))
        behind = until(lambda: _with_unsealed(running))
        assert 1 == running.command("ledger", "status").returncode
        assert any("nobody seals" in each["what"] for each in behind["problems"])
        sealing = subprocess.Popen(
            [SEINHUIS, "seal", "--data", data, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        try:
            assert json.loads(sealing.stdout.readline())["sealing"]
            until(lambda: not _status(running)["unsealed"] and _status(running)["size"])
        finally:
            sealing.send_signal(signal.SIGTERM)
            assert 0 == sealing.wait(30)
            sealing.stdout.close()
        assert "log.1" in {each["object"]["id"] for each in audit(running, "key-created")}


def test_a_lost_keyring_is_adopted_on_record(tmp_path):
    """The hub refuses, names the way out, and then goes on with other keys, also of the log."""
    data = tmp_path / "data"
    with hub_process(data):
        until((data / "log" / "checkpoint").exists)
    (lost,) = (data / "log" / "key.pub").read_text().splitlines()
    _keys_of(data).rename(tmp_path / "gone")

    refused = _run("up", "--data", data)
    assert 2 == refused.returncode
    assert "keys adopt" in refused.stderr
    assert not (_keys_of(data) / "keyring.json").exists()
    adopted = _run("keys", "adopt", "--reason", "R-5", "--yes", "--json", "--data", data)

    assert [{"adopted": ["pseudonym.1", "log.1"]}] == documents(adopted)
    again = _run("keys", "adopt", "--reason", "R-5", "--yes", "--json", "--data", data)
    assert [{"adopted": []}] == documents(again)
    with hub_process(data) as running:
        until(lambda: _all_sealed(running))
        until(lambda: len(_adopted(running)) == 2)
        assert {"R-5"} == {each["reason"] for each in _adopted(running)}
        assert lost in (data / "log" / "key.pub").read_text().splitlines()[1:]


def _adopted(hub) -> list[dict]:
    return [each for each in audit(hub, "key-created") if each["result"] == "adopted"]


def _recipients(hub, folder, event) -> list[str]:
    """Publish an event of the IND and return who got a copy."""
    file = folder / "event.json"
    file.write_text(event)
    done = hub.command("send", str(file), "--wait", "--json")
    assert 0 == done.returncode, done.stderr + done.stdout
    with hub.login("hub") as client:
        records = [json.loads(f[b"record"]) for _, f in client.xrange("hub:{ind}:audit")]
    (decided,) = [each for each in records if each["event"] == "decided"]
    return [line["party"] for line in decided["verdicts"] if line["outcome"] == "forward"]


def _keys_of(data):
    return data.with_name(f"{data.name}.keys")


def _keys(hub):
    return _keys_of(hub.data)


def _status(hub) -> dict:
    done = hub.command("ledger", "status", "--json")
    return json.loads(done.stdout) if done.stdout else {}


def _all_sealed(hub) -> bool:
    return _status(hub).get("unsealed") == {}


def _with_unsealed(hub):
    found = _status(hub)
    return found if found.get("unsealed") else None


@contextlib.contextmanager
def _no_seal():
    """Leave the sealing out of the hub that is started, as `up --no-seal` does."""
    from tests.integration import hub_process as module

    plain = module.environment
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "environment", lambda: {**plain(), "SEINHUIS_SEAL": "0"})
        yield


def _run(*words) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SEINHUIS, *words], capture_output=True, text=True, check=False, timeout=60,
        env=environment(),
    )  # fmt: skip
