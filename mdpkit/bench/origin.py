"""Where and when a benchmark ran: commit, seeds, machine, versions."""

import hashlib
import os
import platform
import subprocess
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import __version__

ROOT = Path(__file__).parents[2]
"""The checkout, if the package runs from one."""
SEEDS = 3


def commit(root: Path = ROOT) -> str:
    """The commit's hash of a checkout, else the version of the installed package.

    Args:
        root: the folder that holds the package.
    """
    if not (root / ".git").exists():
        return f"version {__version__}"
    done = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else f"version {__version__}"


def seeds(name: str, count: int = SEEDS) -> list[int]:
    """Seeds that no one can choose: digests of a commit's hash.

    Args:
        name: the commit's hash.
        count: number of seeds.

    >>> seeds("3f1c", 2) == seeds("3f1c", 3)[:2], seeds("3f1c", 1) == seeds("3f1d", 1)
    (True, False)
    """
    return [int.from_bytes(hashlib.sha256(f"{name}/{k}".encode()).digest()[:4]) for k in range(count)]


def machine() -> dict[str, Any]:
    """The processor's model, number of cores, load average, date, and versions of what is timed."""
    from .peers import PEERS

    packages = sorted({"numpy", "numba", *(peer.package for peer in PEERS)})
    return {
        "date": date.today().isoformat(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "versions": {name: found for name in packages if (found := _version(name)) is not None},
    }


def processor() -> str:
    """The model of the processor, as the system states it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
