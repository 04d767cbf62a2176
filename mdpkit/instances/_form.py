"""What an instance file looks like, for its writer and its reader."""

from math import prod

from .. import model
from ..base.errors import InvalidModel
from ..base.record import Record

HEADER = {"mdpkit": "instance", "version": 1}
LARGEST = 2**25
"""The most numbers that the arrays of one file may hold together."""
DIMENSIONS = 64
"""The most axes of an array, which is numpy's own limit."""
RECORDS = {name: kind for name, kind in vars(model).items() if isinstance(kind, type) and issubclass(kind, Record)}


class Budget:
    """How many numbers may still be stored; asked before anything is allocated."""

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
        """For what a record makes of its fields: a LinearMDP writes out a law that can be far larger than its factors."""
        if name == "LinearMDP":
            self.spend((*values["features"].shape[:2], *values["mu"].shape[-1:]), root(place))


def below(place, name):
    """The place of a named part."""
    return f"{place}.{name}" if place else name


def root(place):
    """The place in words that can start a sentence."""
    return place or "content"
