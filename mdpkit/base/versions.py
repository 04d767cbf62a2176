"""Versions of the software on which results depend."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("mdpkit", "numpy", "scipy", "numba", "hypothesis", "python-flint")


def versions() -> dict[str, str]:
    """Versions of mdpkit, Python and the packages that affect results."""
    found = {name: version(name) for name in PACKAGES}
    return {"mdpkit": found.pop("mdpkit"), "python": platform.python_version(), **found}


PACKAGE = Path(__file__).parents[1]


@cache
def software() -> dict[str, str]:
    """The versions, the kind of processor and a digest of mdpkit's own files: equal where results are equal."""
    digest = hashlib.sha256()
    for file in sorted([*PACKAGE.rglob("*.py"), *(PACKAGE / "claims" / "worst").rglob("*.json")]):
        digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return {**versions(), "processor": platform.machine(), "source digest of mdpkit": digest.hexdigest()[:16]}
