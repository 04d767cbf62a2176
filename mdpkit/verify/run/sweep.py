"""Folders of runs: held while a run is alive, swept once nobody will resume it.

A run locks its folder, and the lock ends with the process, however it ends. Where the system or the file system knows
no locks on folders nothing is swept.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ABANDONED = 14
"""Days after which nobody is expected to resume an interrupted run."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder and lock it against sweeping; opening it counts as a sign of life."""
    lock = _lock(folder)
    os.utime(folder)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _lock(folder):
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        if fcntl is None:
            return None
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY)
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_SH)
            if folder.exists() and os.path.samestat(os.fstat(lock), folder.stat()):
                return lock
            os.close(lock)  # it was swept in between


def sweep(folders) -> int:
    """Remove those in which nothing changed for a long time and which no run holds; how many are gone."""
    return sum(map(_swept, folders)) if fcntl else 0


def _swept(folder) -> bool:
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # it is no folder, or has just been removed
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        if time.time() - newest < ABANDONED * 24 * 3600:
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
    except OSError:  # a live run holds it
        return False
    finally:
        os.close(lock)
