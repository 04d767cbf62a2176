"""Which rows of a record matter: the rest is clutter in every drawing."""

import numpy as np

from ..search.matters import matters as rows_that_matter
from ._certify import worth


def matters(target, found) -> dict[str, np.ndarray]:
    """For each block, which of its rows change the ratio where they are replaced by some vertex of their own.

    Args: found: the Worth of a draw. Returns: block name -> booleans over its rows.
    """

    def answer(x):
        known = worth(target, x)
        return known.violates, known.least if known.exact is None else known.exact

    return rows_that_matter(target.instances, found.x, answer)
