"""The themes' own benchmarks, files tests/bench/bench_NAME.py of a checkout with a function `rows`.

A row is a dictionary with `name` and `seconds` (CPU seconds of mdpkit), and where they apply `peer` (CPU seconds of
another implementation), `ratio`, `demanded` (the smallest ratio allowed) and `limit` (the most seconds allowed); other
entries say what was checked. `rows(*names)` takes names of rows; QUICK lists those of a quick run.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InvalidModel
from .origin import ROOT

FOLDER = ROOT / "tests" / "bench"


def themes(folder: Path = FOLDER) -> list[str]:
    """Names of the themes with rows, in alphabetical order; none where the package runs from no checkout.

    Args:
        folder: of the files.
    """
    files = sorted(folder.glob("bench_*.py"))
    return [file.stem.removeprefix("bench_") for file in files if "\ndef rows(" in file.read_text(encoding="utf-8")]


def rows_of(name: str, quick: bool = False, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Run the benchmark of a theme.

    Args:
        name: of the theme.
        quick: only the rows that the file names in QUICK, possibly none.
        folder: of the files.

    Raises: InvalidModel naming the file if there is none, or a row lacks its name or its seconds.
    """
    path = folder / f"bench_{name}.py"
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InvalidModel(f"{path} is no Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    chosen = getattr(module, "QUICK", ())
    found = [] if quick and not chosen else module.rows(*(chosen if quick else ()))
    return [_plain(row, path) for row in found]


def _plain(row, path):
    """A row's numbers and texts, as JSON has them; arrays are left out."""
    if not {"name", "seconds"} <= set(row):
        raise InvalidModel(f"{path.name}: the row {row!r} lacks `name` or `seconds`")
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
    return {key: value for key, value in plain.items() if value is None or isinstance(value, str | int | float)}
