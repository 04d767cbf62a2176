"""Problems shipped with the package."""

from pathlib import Path

from ..base.errors import InvalidModel
from ..model import MDP
from .io import load

FOLDER = Path(__file__).parent / "files"


def bundled(name: str) -> MDP:
    """A benchmark problem as an exact rational MDP.

    Args: name: the name of a file in `mdpkit/instances/files`, without its ending.
    Raises: InvalidModel listing the names there are.
    Source: exported from gymnasium; tests/instances/export_gymnasium.py is the script.

    >>> bundled("frozen_lake_4x4")
    MDP(S=16, A=4, Discounted(99/100), rational, 148 transitions)
    """
    names = sorted(file.stem for file in FOLDER.glob("*.json"))
    if name not in names:
        raise InvalidModel(f"no bundled problem is called {name!r}; expected one of {', '.join(names)}")
    return load(FOLDER / f"{name}.json")
