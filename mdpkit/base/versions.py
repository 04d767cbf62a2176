"""Versions of what a verdict rests on."""

import platform
from importlib.metadata import version

PACKAGES = ("mdpkit", "numpy", "scipy", "numba", "hypothesis", "python-flint")


def versions() -> dict[str, str]:
    """Of mdpkit first, then of Python and of the packages that decide what is computed."""
    found = {name: version(name) for name in PACKAGES}
    return {"mdpkit": found.pop("mdpkit"), "python": platform.python_version(), **found}
