"""Faults that have led hunters astray, planted: each must come out as what it is, never as a refutation, nor unsaid."""

import numpy as np
import pytest

from mdpkit import Bound, Box, Simplex, objects
from mdpkit.base.arrays import is_exact
from mdpkit.hunt import _portfolio as portfolio
from mdpkit.hunt import hunt
from mdpkit.search.engines import mix

LAWS = dict(p=Simplex(to="A"), q=Simplex(to="A"))


def collision(m):
    """sum p q <= 1 for any two laws."""
    return Bound((m.p * m.q).sum(), (m.p * 0).sum() + 1)


def test_rows_that_drift_off_the_simplex_prove_nothing(claimed, monkeypatch):
    """Rescaling by halves left rows that sum to more than 1: ratios over 1 on a theorem."""

    def drifting(score, population, rng):
        for value, member in mix(score, population, rng):
            member = {name: array * 1.1 for name, array in member.items()}
            yield max(value, score(member)), member

    monkeypatch.setattr(portfolio, "ENGINES", {"drifting": drifting})
    (row,) = hunt(claimed(collision, LAWS, dict(A=(2, 3))), 6, counted=True).records
    assert row.verdict == "SPURIOUS"
    assert row.best == 1
    assert "an error of the float recursion" in row.note


def coverage(mended):
    """sum p^2/q >= 1 with the missing assumption q > 0 on the right: p^2 <= C q, C = max p/q."""

    def check(m):
        if is_exact(m.p):
            ratios = [p / q if q != 0 else None for p, q in zip(m.p, m.q, strict=True) if p != 0]
            C = max(ratios) if None not in ratios else objects(10**30)[()]
        else:
            C = mended(m.p, m.q)
        return Bound((m.p * m.p).sum(), C)

    return check


def test_infinity_times_zero_is_reported_as_a_fault_of_the_floats(claimed):
    """C = max p/q with 0 for p/0, as 'infinity times 0' would have it."""
    wrong = coverage(lambda p, q: np.where(q > 1e-3, p / np.maximum(q, 1e-3), 0.0).max())
    (row,) = hunt(claimed(wrong, LAWS, dict(A=(2, 3))), 6, counted=True).records
    assert row.verdict == "SPURIOUS"
    assert row.best <= 1


def test_an_underflow_floor_is_reported_as_a_fault_of_the_floats(claimed):
    """Dividing by max(q, floor) makes C finite where it is infinite, and too small just before."""
    wrong = coverage(lambda p, q: np.minimum(p / np.maximum(q, 1e-300), 0.9).max())
    (row,) = hunt(claimed(wrong, LAWS, dict(A=(2, 3))), 6, counted=True).records
    assert row.verdict == "SPURIOUS"


def test_a_tolerance_for_ties_beside_a_small_right_side_is_reported(claimed):
    """Greedy in floats with ties at 5e-2 picks a worse arm than greedy does: exact arithmetic has no such tie."""

    def check(m):
        slack = 0 if is_exact(m.r) else 5e-2
        picked = max(k for k in range(len(m.r)) if m.r[k] >= m.r.max() - slack)
        return Bound(m.r.max() - m.r[picked] + m.r.min() * m.r.min(), m.r.min())

    (row,) = hunt(claimed(check, dict(r=Box("A")), dict(A=(2, 2))), 6, counted=True).records
    assert (row.verdict, row.best) == ("SPURIOUS", 1)


def test_zero_over_zero_near_equality_costs_no_record(claimed):
    """|p - q| <= |p - q| has ratio 1 all over, and 0/0 at p = q: rounding must not end there."""

    def check(m):
        return Bound(abs(m.p - m.q).sum(), abs(m.p - m.q).sum() * 2)

    (row,) = hunt(claimed(check, LAWS, dict(A=(2, 2))), 6, counted=True).records
    assert (row.verdict, row.exact) == ("BEST", "1/2")


def test_noise_over_noise_is_no_violation(claimed):
    def check(m):
        return Bound(abs(m.p.sum() - 1) * 3, abs(m.p.sum() - 1))

    (row,) = hunt(claimed(check, LAWS, dict(A=(3, 3))), 6, counted=True).records
    assert row.verdict == "BEST"
    assert row.note == "no draw was admitted"


@pytest.mark.parametrize("seed", range(3))
def test_a_violation_that_only_exact_ties_show_is_found_by_rounding(claimed, seed):
    """Where p = q exactly the left side jumps: floats never meet that, rounded draws do."""

    def check(m):
        same = all(a == b for a, b in zip(m.p, m.q, strict=True)) if is_exact(m.p) else bool((m.p == m.q).all())
        return Bound((m.p * m.q).sum() * (3 if same else 1), (m.p * 0).sum() + 1)

    (row,) = hunt(claimed(check, LAWS, dict(A=(2, 2))), 6, counted=True, seed=seed).records
    assert (row.verdict, row.exact) == ("REFUTED", "3")


def test_a_violation_at_one_combination_of_sizes_beside_the_ladder_is_found(claimed):
    blocks = dict(p=Simplex("H", "S", to="A"), q=Simplex("H", "S", to="A"))
    claim = claimed(
        lambda m: Bound(abs(m.p - m.q).max() * (2 if m.p.shape == (3, 2, 2) else 1), (m.p * 0).sum() + 1),
        blocks,
        dict(H=(1, 5), S=(1, 3), A=(2, 3)),
    )
    assert {"H": 3, "S": 2, "A": 2} not in claim.parts[0].instances.ladder()
    (row,) = hunt(claim, 10, counted=True).records
    assert (row.verdict, row.sizes, row.exact) == ("REFUTED", {"H": 3, "S": 2, "A": 2}, "2")
