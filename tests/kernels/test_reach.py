"""The worklist against the fixed point written down."""

import numpy as np
import pytest

from mdpkit.kernels import reach


@pytest.mark.parametrize("seed", range(20))
def test_the_worklist_ends_at_the_least_fixed_point(seed):
    rng = np.random.default_rng(seed)
    failure, successors = rng.random(30) < 0.15, rng.integers(0, 30, (30, 2))
    tube = failure
    while True:
        larger = tube | tube[successors].all(axis=1)
        if (larger == tube).all():
            break
        tube = larger
    np.testing.assert_array_equal(reach.avoid_tube(failure, successors), tube)
    np.testing.assert_array_equal(reach.avoid_tube.py_func(failure, successors), tube)
