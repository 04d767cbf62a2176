"""Layout and size limits of instance files, shared by writer and reader."""

from math import prod

from .. import model
from ..base.errors import InvalidModel
from ..base.record import Record

HEADER = {"mdpkit": "instance", "version": 1}
LARGEST = 2**25
"""Largest total number of array entries in one file."""
DIMENSIONS = 64
"""Largest number of axes of an array, numpy's own limit."""
RECORDS = {name: kind for name, kind in vars(model).items() if isinstance(kind, type) and issubclass(kind, Record)}


class Budget:
    """Remaining number of array entries allowed, checked before allocation."""

    def __init__(self):
        self.left = LARGEST

    def spend(self, shape, place):
        # an empty axis makes no array of enormous other axes legal
        count = prod(max(length, 1) for length in shape)
        if count > self.left:
            raise InvalidModel(
                f"{place} has shape {tuple(shape)}, {count} numbers; expected at most {LARGEST} in one file"
            )
        self.left -= count

    def spend_on(self, name, values, place):
        """Account for arrays that a record derives: a LinearMDP's transition law can be far larger than its factors."""
        if name == "LinearMDP":
            self.spend((*values["features"].shape[:2], *values["mu"].shape[-1:]), root(place))


def below(place, name):
    """Path of a named part."""
    return f"{place}.{name}" if place else name


def root(place):
    """The path as the start of a sentence."""
    return place or "content"
