"""Processes: started together, their processor time added up, ended by their own id."""

import os
import subprocess
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def start(command, *, log=None, **options):
    """Start a process in a group of its own; what it says goes to `log`, a file."""
    environment = {**os.environ, **options.pop("env", {})}
    stream = open(log, "ab") if log else subprocess.DEVNULL  # noqa: SIM115, PTH123 - the child's
    try:
        return subprocess.Popen(
            [str(word) for word in command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=options.pop("stdout", stream),
            stderr=stream,
            start_new_session=True,
            **options,
        )
    finally:
        if log:
            stream.close()


def end(processes):
    """End them and what they started, at once: nothing of a round is needed after it."""
    for process in processes:
        for pid in reversed(family(process.pid)):
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue
        process.wait()


def finish(processes, seconds=60):
    """Ask them to stop in good order, and wait; return whether all did: the others are ended."""
    in_order = True
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            in_order = False
            end([process])
    return in_order


def family(pid):
    """Return the process and all that it started, the oldest first. Needs /proc."""
    children = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _stat(folder.name)
        if fields:
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def cpu_seconds(pids):
    """Return the processor time of these processes so far; 0.0 for one that is gone."""
    total = 0
    for pid in pids:
        fields = _stat(pid)
        if fields:
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def memory(pids):
    """Return how many bytes of memory these processes hold now (resident; shared pages twice)."""
    return sum(int(fields[21]) * _PAGE for pid in pids if (fields := _stat(pid)))


def _stat(pid):
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
