"""A witness in files: the instance, and beside it which of its rows count."""

from pathlib import Path
from types import SimpleNamespace

from ...base.errors import InvalidModel
from ...instances.io import load, save
from .rows import describe


def write_witness(instance, matters, path) -> list[Path]:
    """Store an instance and, as `<name>.matters.json`, which of its rows count.

    Args: matters: as for `draw_witness`; None where it is not known.
    Returns: the files written, the instance first.
    """
    forget_witness(path)  # so that no rows are told of an instance that they do not belong to
    save(instance, path)
    if matters is None:
        return [Path(path)]
    save(SimpleNamespace(**matters), _beside(path))
    return [Path(path), _beside(path)]


def read_witness(path) -> tuple:
    """(instance, matters) as `write_witness` was given them.

    Raises: InvalidModel where a file holds something else.
    """
    return load(path), vars(load(_beside(path))) if _beside(path).exists() else None


def forget_witness(path):
    """Remove what `write_witness` stored, if it did."""
    for file in (_beside(path), Path(path)):
        file.unlink(missing_ok=True)


def fitting(instance, matters) -> dict | None:
    """`matters` where it speaks of rows of the instance; None where a family's blocks are no fields of its records."""
    try:
        describe(instance, matters)
    except InvalidModel:
        return None
    return matters


def _beside(path) -> Path:
    return Path(path).with_suffix(".matters.json")
