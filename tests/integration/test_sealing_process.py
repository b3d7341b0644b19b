"""The sealer as a child of the hub: killed, left alone, and unwilling."""

import contextlib
import os
import pickle
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.config import settings
from hub.data_folder import BrokerAddress
from hub.errors import NotUsable
from hub.proof.notes import LOG, VerifierKey
from hub.sealing_process import SealerProcess, Work
from tests.integration.hub_process import hub_process, until

EVENT = Path(__file__).parent.parent / "examples" / "signalen.signaal-gemeld.json"


def sealers(hub):
    """Return the process ids that the log of the hub names, the newest last."""
    text = hub.data.with_name(f"{hub.data.name}.log").read_text()
    return [int(pid) for pid in re.findall(r"ledger\.process\s+pid=(\d+)", text)]


def is_there(pid):
    """Whether the process has not ended; who is gone but not waited for yet has."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def all_sealed(hub):
    """Whether the sealer wrote that nothing of the sender waits any more."""
    with hub.login("hub") as client:
        head = client.hget("hub:{ind}:head", "seq")
        return head is not None and head == client.hget("hub:{ind}:sealed", "seq")


@pytest.mark.broker
@pytest.mark.slow
def test_a_sealer_that_is_killed_is_started_again_and_seals_on(tmp_path):
    """Only the sealer dies; what was routed meanwhile is sealed by the next one."""
    with hub_process(tmp_path / "data") as hub:
        first = until(lambda: sealers(hub))[-1]
        os.kill(first, signal.SIGKILL)
        sent = hub.command("send", str(EVENT))

        assert 0 == sent.returncode, sent.stderr
        assert until(lambda: sealers(hub)[1:])
        assert until(lambda: all_sealed(hub))
        last = sealers(hub)[-1]

    assert first != last
    assert not is_there(last), "it ends with its hub"


@pytest.mark.broker
@pytest.mark.slow
def test_a_sealer_does_not_outlive_a_hub_that_is_killed(tmp_path):
    """Also on kill -9, which tells it nothing: its pipe closes."""
    with hub_process(tmp_path / "data") as hub:
        child = until(lambda: sealers(hub))[-1]
        parent = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(parent, signal.SIGKILL)

        assert until(lambda: not is_there(child))


def test_what_a_sealer_refuses_on_purpose_is_raised_where_the_hub_sees_it(tmp_path):
    """Other keys in the published folder: a person must look, so it is not tried again."""
    chosen = settings({"SEINHUIS_KEYS": str(tmp_path / "keys")}, data=tmp_path / "data")
    chosen.log_folder.mkdir(parents=True)
    other = VerifierKey(chosen.log_origin, LOG, bytes(32))
    (chosen.log_folder / "key.pub").write_text(f"{other}\n")
    nowhere = BrokerAddress(f"unix://{tmp_path}/none", "sealer", "none")

    sealing = SealerProcess(Work(chosen, nowhere, ("ind",), frozenset()))
    sealing.start()
    until(lambda: sealing.failed)
    sealing.stop()

    assert NotUsable is type(sealing.failed)
    assert "no key that ever signed the log" in str(sealing.failed)
    assert sealing.pid is None


@pytest.mark.parametrize("half", [b"", pickle.dumps(("orders", "that", "end"))[:-8]])
def test_one_that_was_stopped_before_it_knew_its_work_ends_without_a_word(half):
    """Its hub was asked to stop, or failed, while the process was still starting."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "hub.sealing_process"],
        input=half,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
