"""Whether answers of the library agree with fractions, and how many random models a run compares."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import scipy.sparse as sp
from hypothesis import settings

from mdpkit.exact.infinite import Infinite

NIGHT = settings.default.max_examples > 1000


def compare(check, few):
    """Run `check(seed)` for a few seeds, or for 10,000 at night; a failure names the seed."""
    for seed in range(10_000 if NIGHT else few):
        try:
            check(seed)
        except Exception as error:
            error.add_note(f"{check.__name__}({seed})")
            raise


def number(x):
    """A fraction, or an infinite float."""
    return float(x.side) * math.inf if isinstance(x, Infinite) else Fraction(str(x))


def same(known, truth):
    """Whether an exact Interval has these entries, a list of fractions and infinities, or one of them."""
    return [number(x) for x in np.ravel(known.lower)] == list(np.ravel(np.array(truth, dtype=object)))


def encloses(known, truth):
    """Whether an Interval contains these entries; an infinite float end of the Interval too."""
    ends = zip(np.ravel(known.lower), np.ravel(known.upper), np.ravel(np.array(truth, dtype=object)), strict=True)
    return all(low <= x <= high for low, high, x in ((float(a), float(b), x) for a, b, x in ends))


def on_floats(problem, seed):
    """The problem in floats, every other one with sparse rows."""
    rounded = problem.to_float()
    if seed % 2 or rounded.P.ndim == 4:
        return rounded
    return replace(rounded, P=sp.csr_array(rounded.P.reshape(-1, problem.S)))


def played(policy):
    """A policy's table as `pi[s] = {action: probability}`."""
    return [{a: Fraction(str(q)) for a, q in enumerate(row) if q != 0} for row in getattr(policy, "table", policy)]


def largest(values):
    return [max(column) for column in zip(*values, strict=True)]


def least(values):
    return [min(column) for column in zip(*values, strict=True)]
