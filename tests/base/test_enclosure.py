"""settle(): the float interval contains the exact value, for kernels of the kind that the lemma speaks of."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from mdpkit.base.arrays import exactly, floats, objects, rational
from mdpkit.base.enclosure import settle
from mdpkit.base.errors import NotFinite
from mdpkit.base.mode import propose
from mdpkit.base.tolerance import UNDERFLOW, UNIT, gamma


def best_value(P, r, H):
    """V[s] after H steps of the best action: sums, products with non-negative weights, maxima."""
    S, A = r.shape
    V = [r[0, 0] * 0] * S
    for _ in range(H):
        following = []
        for s in range(S):
            best = None
            for a in range(A):
                total = r[s, a]
                for n in range(S):
                    total = total + P[s, a, n] * V[n]
                best = total if best is None or total > best else best
            following.append(best)
        V = following
    out = np.empty(S, dtype=r.dtype)
    out[:] = V
    return out


def worst_value(P, r, H):
    return -best_value(P, -r, H)


def roundings(P, H):
    """One product, S additions, and the rounding of an entry of P and of r, at every step."""
    return H * (P.shape[-1] + 3)


@st.composite
def processes(draw):
    """Rational laws with a few large denominators, and rewards of both signs that almost cancel."""
    S, A, H = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 6))
    weights = np.array(draw(st.lists(st.integers(0, 10**6), min_size=S * A * S, max_size=S * A * S))).reshape(S, A, S)
    weights[..., 0] += weights.sum(axis=-1) == 0
    P = objects(weights) / objects(weights.sum(axis=-1))[..., None]
    scale = rational(draw(st.sampled_from([1, 10**12, Fraction(1, 10**12), Fraction(10**200), Fraction(1, 10**290)])))
    entries = draw(st.lists(st.fractions(-1, 1, max_denominator=10**6), min_size=S * A, max_size=S * A))
    return P, (objects(entries) * scale).reshape(S, A), H


@pytest.mark.parametrize("kernel", [best_value, worst_value])
@given(processes())
def test_the_interval_contains_the_value_of_the_rationals_that_were_rounded(kernel, process):
    P, r, H = process
    p, q = floats(P), floats(r)
    known = settle(kernel(p, q, H), lambda: best_value(p, abs(q), H), roundings(p, H))
    assert known.contains(kernel(P, r, H))
    assert (known.upper - known.lower <= 4 * gamma(roundings(p, H)) * best_value(p, abs(q), H) + 4 * UNDERFLOW).all()


@given(processes(), st.floats(-1e-9, 1e-9))
def test_the_interval_contains_the_value_of_the_rows_divided_by_their_sums(process, off):
    P, r, H = process
    p, q = floats(P) * (1 + off), floats(r)
    meant = exactly(p) / exactly(p).sum(axis=-1)[..., None]
    defect = float(max(abs(rational(x) - 1) for x in exactly(p).sum(axis=-1).ravel())) * (1 + 4 * UNIT)
    known = settle(best_value(p, q, H), lambda: best_value(p, abs(q), H), roundings(p, H) + H * defect / UNIT)
    assert known.contains(best_value(meant, exactly(q), H))


def test_without_its_bound_the_interval_misses_the_value():
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(20):
        P = objects(rng.integers(1, 1000, (3, 2, 3)))
        P = P / P.sum(axis=-1)[..., None]
        r = objects(rng.integers(-1000, 1000, (3, 2))) / 7
        p, q = floats(P), floats(r)
        tight = settle(best_value(p, q, 6), lambda q=q: np.zeros(3), 0)
        missed += not tight.contains(best_value(P, r, 6))
    assert missed > 10


@pytest.mark.parametrize("sign", [1, -1])
def test_what_underflows_a_thousand_times_is_covered(sign):
    weights, rewards = np.full(1000, 1e-162), np.full(1000, sign * 1e-162)
    result = (weights * rewards).sum(keepdims=True)
    assert result == 0
    known = settle(result, lambda: (weights * abs(rewards)).sum(keepdims=True), 1001)
    assert known.contains((exactly(weights) * exactly(rewards)).sum())


def test_where_the_majorant_overflows_nothing_is_known():
    terms = np.array([1e308, 1e308, -1e308, -1.5e308])
    with np.errstate(over="ignore"):
        total = np.cumsum(terms)[-1:]
        known = settle(total, lambda: np.cumsum(abs(terms))[-1:], 8)
    assert np.isinf(total).all()
    assert known.contains(sum(Fraction(x) for x in terms.tolist()))
    assert (known.lower[0], known.upper[0]) == (-np.inf, np.inf)
    for undefined in (np.nan, np.inf):
        assert settle(np.ones(1), lambda undefined=undefined: np.array([undefined]), 8).width == np.inf


def test_where_the_roundings_are_too_many_nothing_is_known():
    assert settle(np.ones(1), lambda: np.ones(1), 2.0**53).width == np.inf
    assert settle(np.zeros(1), lambda: np.zeros(1), 2.0**60).width == np.inf
    assert settle(np.ones(1), lambda: np.ones(1), 2.0**40).width < 1e-3


def test_nan_is_no_result():
    with pytest.raises(NotFinite):
        settle(np.array([np.nan]), lambda: np.ones(1), 8)


def test_rationals_are_exact_and_proposals_bare():
    def never():
        raise AssertionError("the majorant is for floats that are judged")

    assert settle(objects("1/3"), never, 0).exact
    assert settle(objects(["1/3"]), never, 0)[0].contains(fmpq(1, 3))
    with propose():
        result = np.ones(2)
        assert settle(result, never, 0) is result
        assert settle(objects("1/3"), never, 0).exact


@pytest.mark.parametrize("k", [1, 7, 10**3, 10**9, 2.0**52, 2.0**53 - 1])
def test_gamma_is_an_upper_bound_and_not_a_loose_one(k):
    exact = Fraction(k) * Fraction(UNIT) / (1 - Fraction(k) * Fraction(UNIT))
    assert exact <= Fraction(gamma(k)) <= exact * (1 + 16 * Fraction(UNIT))


def test_gamma_has_no_bound_from_one_on():
    assert gamma(2.0**53) == gamma(1e300) == np.inf
    assert gamma(0) == 0
