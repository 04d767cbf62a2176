"""Rows of a record that affect its ratio; the others can be omitted from drawings."""

import numpy as np

from ..search.matters import matters as rows_that_matter
from ._certify import Worth, worth
from ._target import Target


def matters(target: Target, found: Worth) -> dict[str, np.ndarray]:
    """For each block, the rows whose replacement by a vertex can change the ratio.

    Args: found: the Worth of a draw. Returns: block name -> booleans over its rows.
    """

    def answer(x):
        known = worth(target, x)
        return known.violates, known.least if known.exact is None else known.exact

    return rows_that_matter(target.instances, found.x, answer)
