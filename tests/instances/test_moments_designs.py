"""The discretised benchmark designs: what is true of them, and that the game finds it where regression does not."""

import numpy as np
import pytest
from scipy import sparse

from mdpkit import measure, objects
from mdpkit.base.arrays import floats
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import named
from mdpkit.instances.library.moments_designs import SHAPES
from mdpkit.solve import regression, solve, two_stage_least_squares


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("points", [3, 5, 7])
def test_the_game_finds_the_response_of_the_zoo(shape, points):
    m = named("deepgmm_zoo", shape=shape, points=points)
    assert m.joint.sum() == 1
    assert (solve(m.problem).h == m.h0).all_yes()
    bias = regression(m.joint, m.outcome) - m.h0
    assert (bias[0] < 0).yes
    assert (bias[points - 1] > 0).yes


def test_an_adversary_that_sees_the_price_makes_the_game_a_regression():
    from mdpkit.instances import instrumental

    m = named("deepgmm_zoo", shape="abs")
    assert (solve(instrumental(m.joint, m.outcome, "x")).h == regression(m.joint, m.outcome)).all_yes()


def test_demand_is_found_cell_by_cell_and_on_the_whole_sparse_system():
    m = named("hartford_demand")
    A = sparse.csr_matrix((floats(m.entries), (m.rows, m.columns)))
    assert A.shape == (700, 700)
    assert (np.diff(A.indptr) <= 3).all()
    np.testing.assert_allclose(sparse.linalg.spsolve(A.tocsc(), floats(m.b)), floats(m.h0), rtol=1e-9)
    assert (solve(m.problem).h == m.h0.reshape(10, 70)[:, 0]).all_yes()
    assert m.weights.sum() == 1
    assert set(m.biased - m.h0) != {0}
    found = two_stage_least_squares(m.problem, objects(np.eye(10, dtype=int)))
    assert (found == solve(m.problem).h).all_yes()


def test_the_bias_of_demand_is_that_of_the_regression_by_hand():
    """E[2 v | price], v moving the price by one step."""
    m = named("hartford_demand", prices=3, times=2, types=1)
    # z = 0, 1, 2 with weights 1, 2, 1; price 0 is reached from z = 0 by v = -1 and 0, from z = 1 by v = -1
    assert (m.biased - m.h0)[0] == -2 * (objects(1) * 1 + 2 * 1) / (1 + 2 + 2 * 1)
    assert (measure.moment_residual(m.problem, m.h0[:6:2]) == 0).all_yes()
    assert m.law.sum() == 1
    assert (m.law.sum(axis=1) / m.law.sum(axis=(1, 2))[:, None] == m.problem.A).all()
    bias = (m.law * m.error[:, None]).sum(axis=(0, 1)) / m.law.sum(axis=(0, 1))
    assert (bias == (m.biased - m.h0)[::2]).all()


@pytest.mark.parametrize("arguments", [dict(shape="cube"), dict(points=4), dict(points=1)])
def test_designs_that_do_not_exist_are_refused(arguments):
    with pytest.raises(InvalidModel, match="expected"):
        named("deepgmm_zoo", **arguments)
