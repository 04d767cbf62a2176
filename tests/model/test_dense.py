"""Large dense laws are checked by compiled code in one pass; they are accepted and refused as small ones are."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from mdpkit.base.arrays import freeze, seal
from mdpkit.base.errors import InvalidModel
from mdpkit.model import MDP, Discounted, Finite, dense, mdp
from mdpkit.model.dense import copy_law

MASK = np.array([[True, True], [True, False], [False, True]])
HORIZONS = {3: Discounted(0.9), 4: Finite(4)}


def law(seed, *shape):
    return np.random.default_rng(seed).dirichlet(np.ones(shape[-1]), shape[:-1])


@pytest.fixture(autouse=True)
def one_state_at_a_time(monkeypatch):
    """Every law is large, and copied in several blocks."""
    monkeypatch.setattr(mdp, "LARGE", 1)
    monkeypatch.setattr(dense, "BLOCK", 7)


@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("shape", [(3, 2, 3), (4, 3, 2, 3)])
def test_large_laws_make_the_same_records(shape, mask, monkeypatch):
    P, r = law(0, *shape), np.random.default_rng(1).random((3, 2))
    P[..., 1, 1, :] *= 1 + 4e-10
    large = MDP(P, r, horizon=HORIZONS[P.ndim], mask=mask)
    monkeypatch.setattr(mdp, "LARGE", np.inf)
    small = MDP(P, r, horizon=HORIZONS[P.ndim], mask=mask)
    assert large == small
    assert not np.shares_memory(large.P, P)
    assert large.defect == pytest.approx(small.defect, abs=1e-15)
    assert large.defect >= 4e-10 or mask is not None
    assert small.outlook is None
    if P.ndim == 3:
        w, product = large.outlook
        assert np.abs(product - large.P @ w).max() < 1e-15
        assert w.max() == pytest.approx(-w.min())
        assert w.max() > 0


@pytest.mark.parametrize("wrong", [-1e-300, np.nan, np.inf, 0.5, "sum"])
def test_large_laws_are_refused_with_the_same_words(wrong, monkeypatch):
    P = law(2, 3, 2, 3)
    P[2, 0, 1] = P[2, 0, 1] + 2e-9 if wrong == "sum" else wrong
    with pytest.raises(InvalidModel) as large:
        MDP(P, np.ones((3, 2)), horizon=Discounted(0.9))
    monkeypatch.setattr(mdp, "LARGE", np.inf)
    with pytest.raises(InvalidModel) as small:
        MDP(P, np.ones((3, 2)), horizon=Discounted(0.9))
    assert str(large.value) == str(small.value)
    assert "P[2, 0" in str(large.value)


def test_a_frozen_law_is_kept_and_any_other_copied():
    P = law(3, 3, 2, 3)
    turned = np.asfortranarray(P)
    copied = copy_law(turned, None, np.zeros(3))[0]
    assert copied.flags.c_contiguous
    assert (copied == P).all()
    made = copy_law(P, None, np.zeros(3))[0]
    assert made is not P
    assert copy_law(made, None, np.zeros(3))[0] is made
    assert MDP(made, np.ones((3, 2)), horizon=Discounted(0.9)).P is made
    view = made[:]
    assert MDP(view, np.ones((3, 2)), horizon=Discounted(0.9)).P is not view


def test_a_sparse_law_of_frozen_arrays_is_kept_and_any_other_copied():
    """A record of arrays that nobody may write to shares their memory; what has to be put in order is copied."""
    data, indices, starts = np.ones(4), np.array([0, 1, 0, 1], dtype=np.int32), np.arange(5, dtype=np.int32)
    for sealed in (False, True):
        given = [seal(part.copy()) if sealed else part for part in (data, indices, starts)]
        P = MDP(csr_array(tuple(given), shape=(4, 2)), np.ones((2, 2)), horizon=Discounted(0.9)).P
        assert [np.shares_memory(*each) for each in zip(given, (P.data, P.indices, P.indptr), strict=True)] == [
            sealed
        ] * 3
    twice = csr_array(
        (seal(np.full(4, 0.5)), seal(np.zeros(4, dtype=np.int32)), seal(starts[::2].copy())), shape=(2, 1)
    )
    assert MDP(twice, np.ones((1, 2)), horizon=Discounted(0.9)).P.data.tolist() == [1, 1]
    assert twice.data.tolist() == [0.5] * 4


@pytest.mark.parametrize("least", [1, np.inf])
def test_a_read_only_array_that_its_owner_can_still_change_is_copied(least, monkeypatch):
    monkeypatch.setattr(mdp, "LARGE", least)
    P, r = law(4, 3, 2, 3), np.ones((3, 2))
    views = P[:], r[:]
    P.flags.writeable = r.flags.writeable = False
    problem = MDP(P, r, horizon=Discounted(0.9))
    for view in views:
        view[:] = 0
    assert np.array_equal(problem.P, law(4, 3, 2, 3))
    assert (problem.r == 1).all()
    P.flags.writeable = True
    assert freeze(r) is not r
