"""Total variation and relative entropy against scipy, ball arithmetic and inequalities."""

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr

from mdpkit.base.arrays import exactly, floats, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.exact.infinite import INFINITY
from mdpkit.exact.logs import log
from mdpkit.measure import kl, total_variation
from mdpkit.model import TabularPolicy
from mdpkit.strategies import mdps, policies


@st.composite
def pairs(draw):
    problem = draw(mdps(discounted=draw(st.booleans()), actions=(1, 4)))
    return draw(policies(problem)), draw(policies(problem))


def policy(*rows):
    return TabularPolicy(objects(rows))


@given(pairs())
def test_total_variation_is_half_the_l1_distance(case):
    p, q = case
    distance = total_variation(p, q)
    assert (distance.lower == abs(p.table - q.table).sum(axis=-1) / 2).all()
    assert (distance == total_variation(q, p)).all_yes()
    assert (distance >= 0).all_yes()
    assert (distance <= 1).all_yes()
    assert not total_variation(p, p).lower.any()


@given(pairs())
def test_total_variation_is_the_largest_difference_over_events(case):
    p, q = case
    events = (np.array(list(np.ndindex(*(2,) * p.table.shape[-1]))) == 1).T.astype(int)
    assert (total_variation(p, q).lower == ((p.table - q.table) @ objects(events)).max(axis=-1)).all()


@given(pairs())
def test_floats_enclose_the_exact_total_variation(encloses, case):
    p, q = case
    assert encloses(total_variation(p.to_float(), q.to_float()), total_variation(p, q))


@given(pairs())
def test_relative_entropy_is_scipys_and_narrow(case):
    p, q = case
    peer = rel_entr(floats(p.table), floats(q.table)).sum(axis=-1)
    assert kl(p, q).exact
    for bracket, how, width in (
        (kl(p, q).enclose(), "enclosed", 1e-14),
        (kl(p.to_float(), q.to_float()), "float", 1e-13),
    ):
        finite = np.isfinite(bracket.upper)
        assert bracket.how == how
        assert (finite == np.isfinite(peer)).all()
        assert (finite == ~((p.table > 0) & (q.table == 0)).any(axis=-1)).all()
        assert (bracket.lower[~finite] == np.inf).all()
        assert (bracket.lower >= 0).all()
        assert bracket.width < width
        np.testing.assert_allclose(bracket.mid, peer, rtol=1e-14, atol=1e-14)


@given(pairs())
def test_floats_enclose_the_exact_relative_entropy(case):
    p, q = case
    assert kl(p.to_float(), q.to_float()).contains(kl(p, q))


@given(pairs())
def test_pinsker(case):
    p, q = case
    assert (total_variation(p, q) ** 2 * 2 <= kl(p, q)).all_yes()


@given(pairs())
def test_relative_entropy_of_a_law_to_itself_is_0(case):
    p, _ = case
    assert (kl(p, p) == 0).all_yes()


def test_rational_relative_entropy_encloses_the_number():
    """log 2, 1/2 log(3/2) + 1/2 log(3/4), 0 log 0, and no support."""
    exact = kl(
        policy([1, 0], ["1/2", "1/2"], [0, 1], ["1/2", "1/2"]), policy(["1/2", "1/2"], ["1/3", "2/3"], [0, 1], [1, 0])
    )
    assert exact.lower.tolist() == [log(2), log("3/2") / 2 + log("3/4") / 2, 0, INFINITY]
    bracket = exact.enclose()
    with ctx.workprec(300):
        half = arb(1) / 2
        true = [arb(2).log(), half * (3 * half).log() + half * (3 * half / 2).log(), arb(0)]
        for k in range(3):
            assert arb(bracket.lower[k]) <= true[k]
            assert true[k] <= arb(bracket.upper[k])
    assert bracket.width < 1e-15
    assert bracket.lower[3] == bracket.upper[3] == np.inf


def test_tables_of_rows_that_sum_to_almost_1_are_known_to_that():
    p, q = np.array([[0.25, 0.75]]), np.array([[0.5, 0.5]])
    off = 1 + 9e-10
    meant = kl(TabularPolicy(exactly(p)), TabularPolicy(exactly(q))).enclose()
    for one, other in ((p * off, q), (p, q * off), (p * off, q * off)):
        near = kl(TabularPolicy(one), TabularPolicy(other))
        assert near.lower[0] <= meant.lower[0]
        assert near.upper[0] >= meant.upper[0]
        assert 1e-10 < near.width < 1e-8
        assert total_variation(TabularPolicy(one), TabularPolicy(other)).contains(objects(["1/4"]))


def test_a_stationary_policy_is_compared_with_every_step():
    still, moving = policy([1, 0]), TabularPolicy(objects([[[1, 0]], [["1/2", "1/2"]], [[0, 1]]]))
    for one, other in ((still, moving), (moving, still)):
        assert total_variation(one, other).lower.tolist() == [[0], [objects("1/2")[()]], [1]]
    np.testing.assert_allclose(kl(still, moving).mid[:, 0], [0, np.log(2), np.inf])
    np.testing.assert_allclose(kl(moving, still).mid[:, 0], [0, np.inf, np.inf])


@given(pairs())
def test_proposals_are_the_middles(case):
    p, q = case[0].to_float(), case[1].to_float()
    middles = total_variation(p, q).mid, kl(p, q).mid
    with propose():
        bare = total_variation(p, q), kl(p, q)
    for array, middle in zip(bare, middles, strict=True):
        assert isinstance(array, np.ndarray)
        np.testing.assert_allclose(array, middle, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("measure", [total_variation, kl])
@pytest.mark.parametrize("other", [policy([1, 0]), policy([1], [1]), TabularPolicy(objects([[[1, 0]] * 2] * 3))])
def test_policies_of_different_problems_are_not_compared(measure, other):
    with pytest.raises(InvalidModel, match="expected the same states, actions and steps"):
        measure(TabularPolicy(objects([[[1, 0]] * 2] * 2)), other)
