"""Hunts: what they find is true, exact and small, and what they cannot hunt they say."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from mdpkit import (
    MDP,
    Assumption,
    Bound,
    Box,
    Claim,
    Control,
    Equal,
    Family,
    Finite,
    Simplex,
    TabularPolicy,
    measure,
    verify,
)
from mdpkit.base.errors import InvalidClaim
from mdpkit.claims import get, ids
from mdpkit.hunt import hunt, jobs, target
from mdpkit.hunt._certify import worth
from mdpkit.hunt._matters import matters
from mdpkit.hunt._reading import formula, slope
from mdpkit.hunt._row import _gates
from mdpkit.instances.io import save
from mdpkit.verify.judge import holds, judge

CLONING, REGRET, COVERAGE = (
    "cloning_error_compounds_quadratically", "regret_gap_is_bounded_by_recoverability", "coverage_bounds_the_preference_gap"
)  # fmt: skip


# ---- what is found
def test_the_constant_two_is_found_to_be_attained_by_one_state_and_one_step():
    (row,) = hunt(REGRET, 6, counted=True, grid={"H": [1]}).records
    assert (row.verdict, row.exact, row.sizes["S"]) == ("TIGHT", "1", 1)


def test_the_witness_is_what_the_record_says():
    found = hunt(REGRET, 4, counted=True, grid={"H": [1, 2]})
    for row in found.records:
        aimed = found.target.at(row.fixed)
        judgement = judge(aimed, found.witness(row), Fraction(1, 10**8))
        assert str(judgement.ratio) == row.exact
        assert row.best == float(Fraction(row.exact))
        assert row.sizes == row.worth.x.sizes
        assert row.to_99 <= row.seconds


@pytest.mark.parametrize(
    ("claim", "control", "grid"),
    [
        (CLONING, "a linear constant", None),
        (REGRET, "u without deviations", {"H": [2]}),
        (COVERAGE, "without the coverage of pi", None),
    ],
)
def test_wrong_statements_are_refuted(claim, control, grid):
    """By one of a few hunts: a hunt is a matter of chance, and rounding differs between processors."""
    for seed in range(4):
        found = hunt(claim, 2, counted=True, control=control, grid=grid, seed=seed)
        (row,) = found.records
        if row.verdict == "REFUTED":
            break
    assert row.verdict == "REFUTED"
    assert row.refuted_after <= row.seconds
    judgement = judge(found.target, found.witness(), Fraction(1, 10**8))
    assert (judgement.sides[0] > judgement.sides[-1]).any_no() is False


def own(constant):
    """J <= c H for rewards in [0, 1]; written by a user."""

    def check(m):
        return Bound(measure.value(m.mdp, m.policy), fmpq(constant.numerator, constant.denominator) * m.mdp.horizon.H)

    family = Family(
        blocks=dict(P=Simplex("S", "A", to="S"), r=Box("S", "A"), rho=Simplex(to="S"), policy=Simplex("S", to="A")),
        sizes=dict(H=(1, 3), S=(1, 3), A=(1, 2)),
        models=dict(
            mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])), policy=lambda x: TabularPolicy(x.policy)
        ),
    )
    doubled = Control(
        "doubled", lambda: None, tightens=lambda m: Bound(measure.value(m.mdp, m.policy) * 2, m.mdp.horizon.H)
    )
    return Claim("mine", check, family, controls=(doubled,))


def test_a_claim_of_ones_own_that_is_wrong_in_its_constant_falls_with_a_small_witness(tmp_path):
    found = hunt(own(Fraction(9, 10)), 2, counted=True)
    (row,) = found.records
    assert (row.verdict, row.exact) == ("REFUTED", "10/9")
    assert found.witness().mdp.S <= 3
    save(found.witness(), tmp_path / "witness.json")
    assert verify(own(Fraction(9, 10)), on=tmp_path / "witness.json").outcome.name == "REFUTED"
    right = hunt(own(Fraction(1)), 2, counted=True).records[0]
    assert (right.verdict, right.exact) == ("BEST", "1")  # attained, but no proof is named


def test_a_supremum_that_nothing_attains_is_a_limit_with_certified_members(claimed):
    """p (2 - p) <= 2 p: the ratio is 1 - p/2, and 0/0 at p = 0."""
    claim = claimed(lambda m: Bound(m.p[0] * (2 - m.p[0]), m.p[0] * 2), dict(p=Simplex(to="A")), dict(A=(2, 2)))
    (row,) = hunt(claim, 1, counted=True).records
    assert row.verdict == "LIMIT"
    assert 1 - Fraction(1, 10**9) < Fraction(row.exact) < 1
    ratios = [each.exact for each in row.members]
    assert ratios == sorted(ratios)
    for each in row.members:
        p = each.x.p[0]
        assert each.exact == 1 - p / 2


def test_a_maximum_at_a_vertex_is_no_limit(claimed):
    """p^2 <= 1: growth towards p = 1 ends there."""
    claim = claimed(lambda m: Bound(m.p[0] * m.p[0], (m.p * 0).sum() + 1), dict(p=Simplex(to="A")), dict(A=(2, 2)))
    (row,) = hunt(claim, 1, counted=True).records
    assert (row.verdict, row.exact) == ("BEST", "1")


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ids()])
def test_nothing_registered_is_refuted_and_no_float_recursion_is_at_fault(name):
    """Every universal inequality, a short hunt each; `mdpkit constants` hunts each at length."""
    for job in jobs([name]):
        if not job.control:
            (row,) = hunt(job.claim, 0.6, counted=True, part=job.part, seed=1).records
            assert row.verdict in ("TIGHT", "BEST", "LIMIT"), (job, row.note)
            assert row.best <= 1, job


def test_an_assumption_that_is_a_decision_is_watched_on_floats_like_any_other():
    for worth_one in (lambda m: measure.value(m.mdp, m.policy) <= 1, lambda m: m.mdp.r.max() * 8 <= 7):
        claim = replace(own(Fraction(1)), assumes=(Assumption("worth little", worth_one),))
        assert len(_gates(target(claim), {"H": 3, "S": 2, "A": 2})) == 1


# ---- the table
def test_exponents_are_seen():
    """The linear constant is wrong by (H + 1)/2: its best ratio grows with H."""
    found = hunt(CLONING, 12, counted=True, grid={"H": [1, 2, 3]}, control="a linear constant")
    best = [row.best for row in found.records]
    assert best[0] == 1
    assert best[1] > 1.3
    assert best[2] > best[1]
    assert found.slopes["H"] > 0.3


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([Fraction(1)] * 4, "1"),
        ([Fraction(h + 1, 2) for h in range(1, 6)], "H/2 + 1/2"),
        ([Fraction(3 * h * h - h, 4) for h in range(1, 7)], "3 H^2/4 - H/4"),
        ([Fraction(h - 1, h + 7) for h in range(1, 8)], "(H - 1)/(H + 7)"),
        ([Fraction(1, h) for h in range(1, 8)], "1/H"),
        ([Fraction(2**h) for h in range(1, 8)], None),
        ([Fraction(h + 1, 2) for h in range(1, 4)], None),  # a line through three points is no evidence
    ],
)
def test_formulas_are_read_off_only_where_there_are_points_to_spare(values, text):
    assert formula(list(enumerate(values, start=1))) == text


def test_slopes_are_exponents():
    assert slope([(h, 3.0 * h**1.5) for h in (1, 2, 4)]) == pytest.approx(1.5)
    assert slope([(1, 1), (2, 2)]) is None
    assert slope([(1, 1), (2, 2), (3, float("inf"))]) is None


def test_rows_that_do_not_matter_may_be_anything():
    found = hunt(own(Fraction(9, 10)), 2, counted=True)
    row, aimed = found.smallest, found.target
    told = matters(aimed, row.smallest)
    rng = np.random.default_rng(0)
    sizes = row.smallest.x.sizes
    for _ in range(20):
        fresh = aimed.instances.from_bytes(rng.bytes(aimed.instances.byte_count(sizes)), sizes)
        for name, rows in told.items():
            array = np.array(getattr(row.smallest.x, name), copy=True)
            for index in np.argwhere(~np.atleast_1d(rows)):
                changed = np.array(array, copy=True)
                changed[tuple(index) if rows.ndim else ()] = getattr(fresh, name)[tuple(index) if rows.ndim else ()]
                arrays = {each: getattr(row.smallest.x, each) for each in told}
                again = worth(aimed, aimed.instances.to_draw({**arrays, name: changed}, sizes))
                assert again.violates


# ---- what cannot be hunted
def test_a_claim_that_cannot_be_hunted_says_what_it_lacks(claimed):
    with pytest.raises(InvalidClaim, match="is an equality, which has no ratio"):
        hunt("performance_difference_lemma")
    with pytest.raises(InvalidClaim, match="is enumerated or drawn by a function, not by a Family"):
        hunt("double_integrator_tube_has_a_closed_form")
    with pytest.raises(InvalidClaim, match="cannot be evaluated on plain floats: AttributeError"):
        hunt(claimed(lambda m: Bound(m.x.nothing, 1), dict(x=Box("S"))))
    with pytest.raises(InvalidClaim, match="equality"):
        hunt(claimed(lambda m: Equal({"x": (m.x, m.x)}), dict(x=Box("S"))))
    with pytest.raises(InvalidClaim, match=r"no part 'x'; it has 'statement'"):
        hunt(CLONING, part="x")
    with pytest.raises(InvalidClaim, match="no control 'x'; it has 'a linear constant'"):
        hunt(CLONING, control="x")
    with pytest.raises(InvalidClaim, match="drops an assumption"):
        hunt(CLONING, control="rewards up to 3")
    rational = claimed(lambda m: Bound(m.b, m.b * 0 + 2), dict(b=Box()))
    rational = replace(
        rational, controls=(Control("halved", lambda: None, tightens=lambda m: Bound(m.b, m.b * fmpq(1, 2))),)
    )
    with pytest.raises(
        InvalidClaim, match="its statement as altered by 'halved' cannot be evaluated on plain floats: TypeError"
    ):
        hunt(rational, control="halved")


def test_budgets_and_grids_that_make_no_sense_are_refused(claimed):
    with pytest.raises(InvalidClaim, match=r"2 CPU seconds for 9 rows; each needs 0.5"):
        hunt(CLONING, 2, grid={"H": range(1, 10)})
    with pytest.raises(InvalidClaim, match="H=0 is infeasible"):
        hunt(CLONING, 2, grid={"H": [0]})
    with pytest.raises(InvalidClaim, match="H=3/2 is infeasible"):
        hunt(CLONING, 2, grid={"H": [Fraction(3, 2)]})
    with pytest.raises(InvalidClaim, match=r"K is neither an axis nor a scalar block; the family has H, S, A"):
        hunt(CLONING, 2, grid={"K": [1]})
    scalar = claimed(lambda m: Bound(m.b, m.b * 0 + 2), dict(b=Box()))
    with pytest.raises(InvalidClaim, match="b=2 is infeasible"):
        hunt(scalar, 2, grid={"b": [2]})
    rows = hunt(scalar, 2, counted=True, grid={"b": ["1/4", "1/2"]}).records
    assert [row.exact for row in rows] == ["1/8", "1/4"]


def an_inequality(part):
    """Whether a part of a claim compares two sides of draws from a Family, as its exact check on a draw tells."""
    if not isinstance(part.instances, Family):
        return False
    family, rng = part.instances, np.random.default_rng(0)
    sizes = family.ladder()[-1]
    while True:
        m = family.build(family.from_bytes(rng.bytes(family.byte_count(sizes)), sizes))
        if all(holds(assumption, m) for assumption in part.assumes):
            return isinstance(part.check(m), Bound)


def test_what_can_be_hunted_is_hunted_as_it_is_and_as_each_control_changes_it():
    """All others are equalities or enumerated, and say so."""
    true, wrong = [], []
    for claim in map(get, ids()):
        hunted = [part.name for part in claim.parts if an_inequality(part)]
        true += [(claim.id, name, "") for name in hunted]
        wrong += [
            (claim.id, each.part, each.name) for each in claim.controls if each.drops is None and (each.part) in hunted
        ]
        for part in claim.parts:
            if part.name not in hunted:
                with pytest.raises(InvalidClaim, match=r"is an equality, which|is enumerated or drawn by a function"):
                    target(claim, part.name)
        for each in claim.controls:
            if each.drops is None and (each.part) not in hunted:
                with pytest.raises(InvalidClaim, match=r"is an equality, which|is enumerated or drawn by a function"):
                    target(claim, control=each.name)
    assert [(job.claim, job.part, job.control) for job in jobs()] == true + wrong
    assert len({claim for claim, *_ in true}) >= 20
