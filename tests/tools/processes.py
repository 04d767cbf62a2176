"""Processes that tests start: how long they may hang, and their end."""

import os
import signal
import time
from contextlib import suppress

HANG = 600
"""Seconds until what does not answer counts as hung: ten times what a slow machine needs. No result depends on it."""


def waited_for(path, *processes):
    """Wait until a file exists.

    Raises: AssertionError where a process that was to write it has ended, or hangs.
    """
    end = time.monotonic() + HANG
    while not path.exists():
        assert all(process.poll() is None for process in processes), f"the process ended without {path}"
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.01)


def end(process):
    """Kill what still runs of a process in a session of its own, and of its children; close its pipes."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
