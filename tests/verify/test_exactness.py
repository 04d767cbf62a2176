"""Eighteen mistakes an author can make about numbers: rejected, or harmless to the verdict; none passes in silence."""

import math
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace as Models

import numpy as np
import pytest
from flint import fmpq

from mdpkit import Bound, Claim, Control, Equal, Interval, Outcome, measure, objects, verify
from mdpkit.base.errors import ClaimBroken, ExactnessLost, InvalidModel
from mdpkit.claims import get
from mdpkit.instances import Box, Choice, Family
from mdpkit.model import MDP, Finite, TabularPolicy
from mdpkit.verify.differential import compare, in_floats
from mdpkit.verify.judge import demand_exact_models, judge
from mdpkit.verify.profile import Profile

CLONING = get("cloning_error_compounds_quadratically")
SHORT = Profile("short", chunks=1, draws=60, evaluations=200, differential=20, demanded=10)


def verdict_of(check=CLONING.check, **models):
    family = replace(CLONING.instances, models={**CLONING.instances.models, **models})
    return verify(
        replace(
            CLONING, id="cloning_by_mistake", check=check, instances=family, also=(), controls=CLONING.controls[1:2]
        ),
        SHORT,
    )


def parts(m):
    gap = abs(measure.value_gap(m.mdp, m.expert, m.learner))
    return m.mdp.horizon.H, gap, measure.cloning_error(m.mdp, m.expert, m.learner)


def bound(weight):
    """The claim with another right end, a function of (m, H, gap, e)."""

    def check(m):
        H, gap, e = parts(m)
        return Bound(gap, weight(m, H, gap, e))

    return check


def mdp(make):
    return {"mdp": lambda x: MDP(x.P, make(x), x.rho, horizon=Finite(x.sizes["H"]))}


def right(e, H):
    return e.max() * (H * (H + 1) // 2)


# ---- eight that the exact run notices at once
def filled(x):
    r = np.zeros(x.r.shape)
    r[:] = x.r
    return r


NOTICED = {
    "r = np.zeros(..); r[:] = x.r": (mdp(filled), InvalidModel, "r holds floats while the rest is rational"),
    ".astype(float)": (mdp(lambda x: x.r.astype(float)), InvalidModel, "r holds floats while the rest is rational"),
    "np.full(1/A)": (
        {"learner": lambda x: TabularPolicy(np.full(x.learner.shape, 1 / x.learner.shape[-1]))},
        ExactnessLost,
        "learner holds floats beside rational models",
    ),
    ".5 * learner": (bound(lambda m, H, gap, e: right(e, H) + (0.5 * m.learner.table).sum()), ClaimBroken, "TypeError"),
    "math.sqrt(e)": (
        bound(lambda m, H, gap, e: right(e, H) + math.sqrt(e.max())),
        ExactnessLost,
        "is combined with an exact interval",
    ),
    "float(e.mid)": (
        bound(lambda m, H, gap, e: float(e.max().mid) * H * H),
        ExactnessLost,
        "side 1 of the Bound is a float",
    ),
    "H*(H+1)/2": (
        bound(lambda m, H, gap, e: e.max() * (H * (H + 1) / 2)),
        ExactnessLost,
        "is combined with an exact interval",
    ),
    "+ 1e-9": (bound(lambda m, H, gap, e: right(e, H) + 1e-9), ExactnessLost, "is combined with an exact interval"),
}


@pytest.mark.parametrize("mistake", NOTICED)
def test_a_float_that_enters_is_noticed(mistake):
    planted, error, words = NOTICED[mistake]
    with pytest.raises(error, match=words):
        verdict_of(**planted) if isinstance(planted, dict) else verdict_of(planted)


# ---- six that are silent on rationals, where fmpq(1, 2) == 0.5 is False
def doubled_where_quarter(m, H, gap, e):
    return right(e, H) + (m.mdp.r == 0.25).sum()


def where_half(x):
    return np.where(x.r == 0.5, x.r * 0, x.r)


def through_float(x):
    return np.array([Fraction(float(entry)) for entry in x.r.ravel()], dtype=object).reshape(x.r.shape)


def branch_on_a_value(m, H, gap, e):
    return right(e, H) + (1 if m.mdp.r.max() == 1.0 else 2)


SILENT = {
    "r == .25": (bound(doubled_where_quarter), ExactnessLost, "does not contain the exact"),
    "np.where(r == .5, ..)": (mdp(where_half), ExactnessLost, "mdp.r built from floats differs"),
    "Fraction(float(r))": (mdp(through_float), InvalidModel, "holds floats while the rest is rational"),
    "e.lower on a side": (
        bound(lambda m, H, gap, e: e.lower * (H * (H + 1) // 2)),
        ExactnessLost,
        "does not contain the exact",
    ),
    "np.max(e.lower)": (
        bound(lambda m, H, gap, e: np.max(e.lower) * (H * (H + 1) // 2)),
        ExactnessLost,
        "does not contain the exact",
    ),
    "a branch on a value": (bound(branch_on_a_value), ExactnessLost, "does not contain the exact"),
}


def test_rationals_never_equal_float_literals():
    assert (objects("1/2")[()] == 0.5) is False


@pytest.mark.parametrize("mistake", SILENT)
def test_a_dependence_on_the_number_kind_shows_in_the_differential_run(mistake):
    planted, error, words = SILENT[mistake]
    with pytest.raises(error, match=words):
        verdict_of(**planted) if isinstance(planted, dict) else verdict_of(planted)


@pytest.mark.parametrize("mistake", SILENT)
def test_without_the_differential_run_they_pass(mistake):
    """What makes the run necessary."""
    planted = SILENT[mistake][0]
    more = planted if isinstance(planted, dict) else {"check": planted}
    family = replace(
        CLONING.instances, models={**CLONING.instances.models, **{k: v for k, v in more.items() if k != "check"}}
    )
    part = replace(CLONING.parts[0], instances=family, check=more.get("check", CLONING.check))
    sizes = dict(H=2, S=2, A=2)
    for seed in range(20):
        raw = np.random.default_rng(seed).integers(256, size=family.byte_count(sizes), dtype=np.uint8).tobytes()
        assert judge(part, family.build(family.from_bytes(raw, sizes)), 0).how == "exact"


# ---- two that only floats cannot decide, and two that are right
HARMLESS = {
    "max(intervals)": bound(lambda m, H, gap, e: max(e) * (H * (H + 1) // 2)),
    "if g <= ..": bound(lambda m, H, gap, e: right(e, H) if gap <= right(e, H) else right(e, H) * 1),
    "(expert + learner)/2": bound(
        lambda m, H, gap, e: right(
            measure.cloning_error(m.mdp, m.expert, TabularPolicy((m.expert.table + m.learner.table) / 2)) * 2, H
        )
    ),
    "sum(e[i] * (H-i) ...)": bound(lambda m, H, gap, e: sum(e[i] * (H - i) for i in range(H))),
}


@pytest.mark.parametrize("habit", HARMLESS)
def test_a_habit_that_is_exact_leaves_the_verdict_as_it_is(habit):
    plain, verdict = verdict_of(), verdict_of(HARMLESS[habit])
    assert plain.outcome is verdict.outcome is Outcome.SURVIVED
    assert plain.evidence == verdict.evidence == "exact"
    assert plain.widest == verdict.widest == 0
    assert plain.controls[0].bites
    assert verdict.controls[0].bites


def test_there_are_eighteen():
    assert len(NOTICED) + len(SILENT) + len(HARMLESS) == 18


# ---- the differential run itself
def one(lower=Fraction(1, 3)):
    models = dict(x=lambda x: Interval(x.x) if x.x.dtype == object else near(x.x))
    family = Family(dict(x=Box("S", lower=lower, upper=2)), dict(S=(2, 2)), models)
    x = family.from_bytes(bytes(2), dict(S=2))
    return family, x, family.build(x)


def near(array):
    """What a measure knows in floats: more than ten roundings wide."""
    return Interval(array - abs(array) * 2.0**-49, array + abs(array) * 2.0**-49, "float")


def compared(check):
    family, x, instance = one()
    part = Claim(
        "compared_in_both_worlds", check, family, controls=(Control("none", witness=one, tightens=check),)
    ).parts[0]
    return compare(part, family.build(family.to_float(x)), judge(part, instance, 0))


def test_the_differential_run_compares_what_can_be_compared():
    assert compared(lambda m: Bound(m.x.sum(), m.x.sum() * 2))
    assert compared(lambda m: Equal({"x": (m.x, m.x)}))
    assert not compared(lambda m: Bound(m.x.sum(), 9 if m.x[0] <= m.x[1] else 8)), "a branch that floats leave open"


@pytest.mark.parametrize(
    "check",
    [
        lambda m: Bound(m.x.lower.sum(), 9),
        lambda m: Bound(m.x.sum(), m.x.upper.max() * 9),
        lambda m: Bound(m.x.sum(), 9 if m.x.lower.dtype == float else 8),
        lambda m: Equal({"x": (m.x * 9, m.x.upper * 9)}),
        lambda m: Bound(m.x.sum() if m.x.exact else m.x.sum()[None], 9),
    ],
)
def test_the_differential_run_tells_what_depends_on_the_number_kind(check):
    with pytest.raises(ExactnessLost, match=r"side \d (is|has shape)"):
        compared(check)


def test_a_constant_of_an_instance_may_differ_by_its_own_rounding():
    assert compared(lambda m: Bound(0, objects("1/3") if m.x.exact else np.float64(1 / 3)))


def test_a_model_built_from_floats_alone_is_not_taken_for_an_exact_one():
    floats = {
        "mdp": lambda x: MDP(x.P.astype(float), x.r.astype(float), x.rho.astype(float), horizon=Finite(x.sizes["H"])),
        "expert": lambda x: TabularPolicy(x.expert.astype(float)),
        "learner": lambda x: TabularPolicy(x.learner.astype(float)),
    }
    with pytest.raises(ExactnessLost, match="a side is a float on a rational instance"):
        verdict_of(**floats)


def test_an_instance_is_of_one_number_kind():
    demand_exact_models(Models(a=objects([1]), b=fmpq(1, 2), c=3, d="word"))
    demand_exact_models(Models(a=np.ones(2), b=0.5))
    for lost in (0.5, np.float64(0.5), np.ones(2), Interval(0.5, 0.5, "float"), TabularPolicy([[1.0]])):
        with pytest.raises(ExactnessLost, match="lost holds floats beside rational models"):
            demand_exact_models(Models(a=objects([1]), lost=lost))


def test_an_enumerated_instance_in_floats_rounds_every_rational():
    m = in_floats(
        Models(policy=TabularPolicy(objects([["1/3", "2/3"]])), x=objects(["1/3"]), eps=fmpq(1, 3), H=3, k=np.arange(2))
    )
    assert not m.policy.exact
    assert (m.x[0], m.eps, m.H, m.k.dtype.kind) == (1 / 3, 1 / 3, 3, "i")


def test_an_enumerated_claim_is_run_in_both_worlds_too():
    def listed():
        return [Models(x=objects([f"1/{k}", 1])) for k in (3, 7)]

    control = Control("nothing", witness=lambda: None, tightens=lambda m: None)
    wrong = Claim("third_is_found", lambda m: Bound(9 if m.x[0] == 1 / 3 else 8, 9), listed, controls=(control,))
    with pytest.raises(ExactnessLost, match="does not contain the exact"):
        verify(wrong, SHORT)


def test_a_discount_chosen_from_rationals_stays_one():
    block = Choice(of=("9/10", "1/2"))
    assert block.from_bytes(np.array([0], dtype=np.uint8), {})[()] == fmpq(9, 10)
