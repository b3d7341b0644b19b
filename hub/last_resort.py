"""The end of a process that cannot be trusted to end by itself.

Without memory even a stop hangs: CPython waits for ever for a thread that could not begin. Whatever
dies here is followed up as after kill -9, so an end at once loses nothing.
"""

import signal


def end_within(seconds: int) -> None:
    """Let the kernel end this process in so many seconds (SIGALRM), unless it has ended by then.

    From the main thread. The exit is that of the signal, so whoever supervises sees that it failed.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
