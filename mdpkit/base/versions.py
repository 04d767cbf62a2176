"""Versions of the software on which results depend."""

import platform
from importlib.metadata import version

PACKAGES = ("mdpkit", "numpy", "scipy", "numba", "hypothesis", "python-flint")


def versions() -> dict[str, str]:
    """Versions of mdpkit, Python and the packages that affect results."""
    found = {name: version(name) for name in PACKAGES}
    return {"mdpkit": found.pop("mdpkit"), "python": platform.python_version(), **found}
