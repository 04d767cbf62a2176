"""Run folders: locked while a run is active, removed once abandoned.

A run locks its folder, and the lock is released when the process ends for any reason. If the system or file system does
not support locks on folders, nothing is removed.
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
"""Days without activity after which an interrupted run counts as abandoned."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Create a folder and lock it against removal; opening it counts as activity."""
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
            os.close(lock)  # it was removed in the meantime


def sweep(folders) -> int:
    """Remove the folders without recent activity that no run holds; return the number removed."""
    return sum(map(_swept, folders)) if fcntl else 0


def _swept(folder) -> bool:
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # not a folder, or already removed
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        if time.time() - newest < ABANDONED * 24 * 3600:
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
    except OSError:  # an active run holds it
        return False
    finally:
        os.close(lock)
