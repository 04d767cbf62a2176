"""The avoid tube as a measure."""

import numpy as np
from hypothesis import given

from mdpkit.base.mode import propose
from mdpkit.measure import tube
from mdpkit.strategies import graphs


@given(graphs())
def test_the_tube_is_the_least_fixed_point(problem):
    """States from which no sequence of S actions avoids failure, by the definition of one more forced step."""
    lost = problem.failure.copy()
    for _ in range(problem.S):
        lost = problem.failure | lost[problem.successors].all(axis=1)
    inside = tube(problem)
    assert inside.exact
    assert (inside.lower == lost.astype(int)).all()
    with propose():
        bare = tube(problem)
    assert bare.dtype == np.float64
    assert (bare == lost).all()
