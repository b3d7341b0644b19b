"""The sealer in a process of its own: when it cannot be started, and what it says last."""

import threading

import pytest

from hub import errors, sealing_process


def test_a_process_that_cannot_be_started_is_tried_again(monkeypatch):
    """The machine has no room for one now; else nothing would be sealed any more, unseen."""
    tried = threading.Semaphore(0)

    def no_room(*_, **__):
        tried.release()
        raise BlockingIOError

    monkeypatch.setattr(sealing_process.subprocess, "Popen", no_room)
    monkeypatch.setattr(sealing_process, "_FIRST_PAUSE_S", 0.01)
    sealing = sealing_process.SealerProcess(None)
    sealing.start()
    try:
        for _ in range(3):
            assert tried.acquire(timeout=20)
        assert sealing.failed is None
    finally:
        sealing.stop()


@pytest.mark.parametrize("line", [b"", b"Killed", b"[]", b'"x"', b'{"error": "NotUsable"}'])
def test_last_words_that_cannot_be_read_stop_the_hub_all_the_same(line):
    error = sealing_process._error(line)
    assert errors.HubError is type(error)
    assert "cannot be read" in str(error)


def test_last_words_are_raised_as_they_were():
    error = sealing_process._error(b'{"error": "NotUsable", "reason": "mend it"}')
    assert (errors.NotUsable, "mend it") == (type(error), str(error))
