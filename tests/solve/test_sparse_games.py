"""Games with a sparse law are answered as the same games with a dense one."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from mdpkit import measure
from mdpkit.base.errors import CertificateRejected
from mdpkit.exact.saddle_certificate import SaddleCertificate
from mdpkit.model import Discounted, Finite, JointPolicy, MarkovGame
from mdpkit.solve import (
    CoarseCorrelatedEquilibrium,
    CorrelatedEquilibrium,
    HoffmanKarp,
    LemkeHowson,
    MagneticMirrorDescent,
    NashEquilibria,
    ShapleyIteration,
    Status,
    TriggerEquilibrium,
)

CLOSE = 1e-9


def draw_pair(horizon, opposed=True, masked=False):
    """The same float game with a dense and with a sparse law, and a mediator."""
    rng = np.random.default_rng(3)
    weights = rng.integers(0, 4, (3, 4, 3)).astype(float)
    weights[..., 0] += 1
    P, r = weights / weights.sum(axis=-1, keepdims=True), rng.integers(-3, 4, (2, 3, 4)).astype(float)
    if opposed:
        r[1] = -r[0]
    mask, table = None, rng.dirichlet(np.ones(4), 3)
    if masked:
        mask = np.ones((2, 3, 2), dtype=bool)
        mask[0, 1, 0] = False
        table[1] = [0, 0, 0.25, 0.75]
    make = {"horizon": horizon, "actions": (2, 2), "mask": mask}
    return MarkovGame(P, r, **make), MarkovGame(csr_array(P.reshape(-1, 3)), r, **make), JointPolicy(table)


def agree(one, other):
    return np.abs(one.mid - other.mid).max() < CLOSE if hasattr(one.mid, "max") else abs(one.mid - other.mid) < CLOSE


@pytest.mark.parametrize("horizon", [Finite(3), Discounted(0.75)])
@pytest.mark.parametrize("method", [ShapleyIteration(), HoffmanKarp(), MagneticMirrorDescent(0.5)])
def test_zero_sum_games_have_the_same_values_and_certificates_hold(method, horizon):
    if isinstance(method, HoffmanKarp) and isinstance(horizon, Finite):
        return
    dense, sparse, _ = draw_pair(horizon)
    found = method.run(sparse, 1e-9)
    assert agree(found.value, method.run(dense, 1e-9).value)
    if found.certificate is not None:
        found.certificate.verify()
        proof = found.certificate
        high = tuple(part + 1 for part in proof.below)
        with pytest.raises(CertificateRejected, match=r"the lower bound|the bounds do not enclose"):
            SaddleCertificate(sparse, proof.row, proof.column, high, proof.above).verify()


@pytest.mark.parametrize("select", ["welfare", "egalitarian", "entropy"])
@pytest.mark.parametrize("make", [CorrelatedEquilibrium, CoarseCorrelatedEquilibrium, TriggerEquilibrium])
def test_correlated_equilibria_are_the_same(make, select):
    dense, sparse, _ = draw_pair(Finite(3), opposed=False)
    found = make(select).run(sparse)
    found.certificate.verify()
    assert found.status is Status.SOLVED
    assert agree(found.value, make(select).run(dense).value)


@pytest.mark.parametrize("method", [NashEquilibria(), LemkeHowson()])
def test_nash_equilibria_are_the_same(method):
    dense, sparse, _ = draw_pair(Finite(2), opposed=False)
    found = method.run(sparse)
    found.certificate.verify()
    assert agree(found.value, method.run(dense).value)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("horizon", [Finite(3), Discounted(0.75)])
def test_best_responses_and_their_gains_are_the_same(horizon, masked):
    dense, sparse, joint = draw_pair(horizon, opposed=False, masked=masked)
    assert agree(measure.exploitability(sparse, joint), measure.exploitability(dense, joint))
    assert agree(measure.nash_conv(sparse, joint), measure.nash_conv(dense, joint))
    for i in (0, 1):
        assert measure.best_response(sparse, joint, i) == measure.best_response(dense, joint, i)


@pytest.mark.parametrize("masked", [False, True])
def test_regrets_of_mixtures_are_the_same(masked):
    dense, sparse, joint = draw_pair(Finite(2), opposed=False, masked=masked)
    other = JointPolicy(np.eye(4)[[0, 2, 3]])
    found, expected = (measure.mixture_regret(game, [joint, other], [0.25, 0.75]) for game in (sparse, dense))
    assert agree(found, expected)


def test_the_rational_game_of_a_sparse_one_is_dense():
    dense, sparse, _ = draw_pair(Discounted(0.75))
    assert sparse.to_exact() == dense.to_exact()
