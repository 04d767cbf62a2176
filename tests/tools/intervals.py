"""Intervals of every kind, in and around which tests compute."""

from mdpkit.base.arrays import objects
from mdpkit.base.interval import Interval

AROUND = {
    "exact scalar": Interval(objects("2/7")),
    "exact": Interval(objects(["2/7", -5])),
    "enclosed": Interval(objects(["2/7", -5]), objects(["3/7", -4]), "enclosed"),
    "float": Interval(objects(["2/7", -5]), objects(["2/7", -5]), "float"),
    "0-dimensional sampled": Interval(objects("2/7"), objects("1/2"), "sampled"),
}
