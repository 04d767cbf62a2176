"""Files of a witness: the instance, and its relevant rows."""

from pathlib import Path
from types import SimpleNamespace

from ...base.errors import InvalidModel
from ...instances.io import load, save
from .rows import describe


def write_witness(instance, matters, path) -> list[Path]:
    """Store an instance and, as `<name>.matters.json`, its relevant rows.

    Args: matters: as for `draw_witness`; None if unknown.
    Returns: the files written, the instance first.
    """
    forget_witness(path)  # rows of another instance must not remain
    save(instance, path)
    if matters is None:
        return [Path(path)]
    save(SimpleNamespace(**matters), _beside(path))
    return [Path(path), _beside(path)]


def read_witness(path) -> tuple:
    """Read (instance, matters) stored by `write_witness`.

    Raises: InvalidModel if a file holds something else.
    """
    return load(path), vars(load(_beside(path))) if _beside(path).exists() else None


def forget_witness(path):
    """Remove files stored by `write_witness`, if any."""
    for file in (_beside(path), Path(path)):
        file.unlink(missing_ok=True)


def fitting(instance, matters) -> dict | None:
    """`matters` if it refers to rows of the instance; None if the family's blocks are not fields of its records."""
    try:
        describe(instance, matters)
    except InvalidModel:
        return None
    return matters


def _beside(path) -> Path:
    return Path(path).with_suffix(".matters.json")
