"""Every way in which a claim can fail to say something is told apart, with its reason in words."""

from dataclasses import replace
from types import SimpleNamespace as Models

import numpy as np
import pytest

from mdpkit import Assumption, Bound, Claim, Control, Equal, Interval, Outcome, measure, objects, verify
from mdpkit.base.errors import ClaimBroken, InvalidClaim, NotFinite
from mdpkit.instances import Box, Family, Simplex
from mdpkit.model import MDP, Finite, TabularPolicy
from mdpkit.verify.controls import run_control
from mdpkit.verify.judge import Kind, decide, judge, ratio
from mdpkit.verify.profile import Profile

TINY = Profile("tiny", chunks=1, draws=40, evaluations=400, differential=5, demanded=10)
HALVES = objects(["1/2", "1/2"])


# ---- one small theorem: the largest of some numbers in [0, 1] is at most their sum, at most their count
def check(m):
    return Bound(m.x.max(), m.x.sum(), len(m.x))


def half(m):
    return Bound(m.x.max() * 2, m.x.sum())


POSITIVE = Assumption("no entry is negative", lambda m: (m.x >= 0).all())
SMALL = Assumption("no entry is above 1", lambda m: (m.x <= 1).all())
FAMILY = Family(dict(x=Box("S")), dict(S=(1, 3)), dict(x=lambda x: x.x))
BITES = Control("twice the maximum", witness=lambda: Models(x=objects([1, 0])), tightens=half)


def claim(check=check, instances=FAMILY, assumes=(POSITIVE, SMALL), controls=(BITES,), **more):
    return Claim("maximum_is_at_most_the_sum", check, instances, assumes=assumes, controls=controls, **more)


def control(**fields):
    return Control("a variation", **{"witness": lambda: Models(x=objects([1, 0])), **fields})


def reason(variation, **more):
    """Why a control does not bite, as the verdict of its claim says it."""
    verdict = verify(claim(controls=(variation,), **more), TINY)
    assert verdict.outcome is Outcome.CONTROL_SILENT
    assert not verdict.passed
    assert not verdict.controls[0].bites
    assert verdict.controls[0].reason in repr(verdict)
    return verdict.controls[0].reason


def test_the_small_theorem_survives():
    verdict = verify(claim(), TINY)
    assert (verdict.outcome, verdict.evidence, verdict.tightest) == (Outcome.SURVIVED, "exact", 1)
    assert verdict.instances >= 10


# ---- nothing was doubted
def test_an_assumption_that_hardly_ever_holds_is_vacuous():
    rare = Assumption("the first entry is 1/97", lambda m: m.x[0] == objects("1/97"))
    verdict = verify(claim(assumes=(rare,)), TINY)
    assert verdict.outcome is Outcome.VACUOUS
    assert "0 instances admitted, 10 demanded" in verdict.note
    assert "fail 'the first entry is 1/97'" in verdict.note


def test_draws_with_both_sides_zero_are_no_instances():
    verdict = verify(claim(lambda m: Bound(m.x.sum() * 0, m.x.sum() * 0)), TINY)
    assert verdict.outcome is Outcome.VACUOUS
    assert verdict.instances == 0
    assert verdict.degenerate >= 10
    assert f"{verdict.degenerate} have both sides 0" in verdict.note


def test_an_enumeration_that_is_empty_or_leaves_its_assumptions_is_vacuous():
    assert verify(claim(instances=list), TINY).outcome is Outcome.VACUOUS
    verdict = verify(claim(instances=lambda: [Models(x=objects([1])), Models(x=objects([2]))]), TINY)
    assert verdict.outcome is Outcome.VACUOUS
    assert "1 of the listed instances violate an assumption" in verdict.note


def test_a_violation_outweighs_every_other_outcome():
    verdict = verify(claim(lambda m: Bound(m.x.sum() * 2, m.x.max()), controls=(control(tightens=check),)), TINY)
    assert verdict.outcome is Outcome.REFUTED
    assert not verdict.controls[0].bites


# ---- controls that are silent
def test_a_control_that_holds():
    assert reason(control(tightens=check)) == "tightened, the claim is still decided YES"


def test_a_control_that_raises():
    assert reason(control(tightens=lambda m: Bound(m.y, m.x.sum()))).startswith("raised AttributeError: ")
    assert (
        reason(control(witness=lambda: 1 // 0, tightens=half))
        == "raised ZeroDivisionError: integer division or modulo by zero"
    )
    assert reason(control(tightens=lambda m: Bound(m.x[5], 0))).startswith("raised IndexError: ")


def test_a_control_that_decides_nothing():
    wide = Interval(0.0, 2.0, "enclosed")
    open_ended = control(tightens=lambda m: Bound(m.x.max(), wide, len(m.x)))
    assert reason(open_ended) == "tightened, the claim is still decided UNDECIDED"


def test_a_loosening_is_no_tightening():
    assert reason(control(tightens=lambda m: Bound(m.x.max() - 1, -1))) == "a loosening: the left end decreased"
    assert (
        reason(control(tightens=lambda m: Bound(m.x.max() * 9, len(m.x) + 1))) == "a loosening: the right end increased"
    )
    # the ends are where they were, and a link inside breaks: that is a tightening
    assert verify(claim(controls=(control(tightens=lambda m: Bound(m.x.max(), 0, len(m.x))),)), TINY).passed


def test_a_tightening_of_another_form():
    assert reason(control(tightens=lambda m: Equal({"x": (1, 0)}))) == "the claim returns Bound, its tightening Equal"


def test_a_dropped_assumption_that_still_holds():
    assert (
        reason(control(drops="no entry is negative"))
        == "the dropped assumption still holds on the witness: no entry is negative"
    )


def test_another_assumption_that_fails_with_the_dropped_one():
    both = control(drops="no entry is negative", witness=lambda: Models(x=objects([-1, 2])))
    assert reason(both) == "another assumption fails on the witness: no entry is above 1"


def test_a_dropped_assumption_without_which_the_claim_holds():
    needless = control(drops="no entry is above 1", witness=lambda: Models(x=objects([2, 0, 0])))
    assert reason(needless) == "without 'no entry is above 1', the claim is still decided YES"


def test_a_claim_that_fails_on_its_own_witness():
    failing = control(tightens=half, witness=lambda: Models(x=objects(["1/2"])))
    wrong = claim(lambda m: Bound(m.x.max(), m.x.sum() * m.x.sum()), controls=(failing,))
    assert run_control(wrong, failing).reason == "the claim itself is decided NO on the witness"
    outside = control(tightens=half, witness=lambda: Models(x=objects([2])))
    assert reason(outside) == "an assumption fails on the witness: no entry is above 1"


def policy_claim(check, *controls):
    family = Family(dict(p=Simplex("S", to="A"), q=Simplex("S", to="A")), dict(S=(1, 2), A=(2, 3)),
                    dict(p=lambda x: TabularPolicy(x.p), q=lambda x: TabularPolicy(x.q)))  # fmt: skip
    return Claim("distance_is_at_most_one", check, family, controls=controls)


def far_apart():
    return Models(p=TabularPolicy(objects([[1, 0]])), q=TabularPolicy(objects([[0, 1]])))


def doubled(total_variation, p, q):
    return total_variation(p, q) * 2


def test_a_sabotage_bites_where_the_check_calls_the_measure_and_is_refused_where_it_does_not():
    calls = Control("the half left out", witness=far_apart, sabotages=measure.total_variation, by=doubled)
    verdict = verify(policy_claim(lambda m: Bound(measure.total_variation(m.p, m.q), 1), calls), TINY)
    assert verdict.outcome is Outcome.SURVIVED
    assert verdict.controls[0].reason == "with total_variation sabotaged, the bound is decided NO (left / right = 2)"
    result = run_control(
        policy_claim(lambda m: Bound(abs(m.p.table - m.q.table).sum(), 2 * len(m.p.table)), calls), calls
    )
    assert (result.bites, result.reason) == (False, "the check never calls measure.total_variation")


def test_a_sabotage_reaches_a_measure_through_another_and_leaves_no_trace():
    mdp = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Finite(1))
    deep = Control(
        "the half left out",
        witness=lambda: Models(mdp=mdp, **vars(far_apart())),
        sabotages=measure.total_variation,
        by=doubled,
    )
    named = Claim(
        "error_is_at_most_one", lambda m: Bound(measure.cloning_error(m.mdp, m.p, m.q), 1), list, controls=(deep,)
    )
    assert run_control(named, deep).bites
    assert (measure.cloning_error(mdp, *vars(far_apart()).values()) == 1).all_yes()


def test_controls_of_equalities_name_what_they_change():
    def pair(m):
        return Equal({"sum": (m.x.sum(), m.x.sum()), "maximum": (m.x.max(), m.x.max())})

    def both(m):
        return Equal({"sum": (m.x.sum(), 9), "maximum": (m.x.max(), 9)})

    def one(m):
        return Equal({**pair(m).pairs, "sum": (m.x.sum(), 9)})

    assert verify(claim(pair, controls=(control(tightens=one, at="sum"),)), TINY).passed
    assert reason(control(tightens=both, at="sum"), check=pair) == "it changes the pair 'maximum' as well as 'sum'"
    assert reason(control(tightens=one), check=pair) == "`at` is None; the claim's pairs are 'sum', 'maximum'"
    assert reason(control(tightens=pair, at="sum"), check=pair) == "'sum' is decided YES after the change"


def test_claims_and_controls_are_refused_where_they_are_written():
    with pytest.raises(InvalidClaim, match="has no control"):
        claim(controls=())
    with pytest.raises(InvalidClaim, match="expected exactly one of drops, tightens, sabotages"):
        control(tightens=half, drops="no entry is negative")
    with pytest.raises(InvalidClaim, match="expected exactly one of drops, tightens, sabotages"):
        control()
    with pytest.raises(InvalidClaim, match="which is not a public measure"):
        control(sabotages=max, by=half)
    with pytest.raises(InvalidClaim, match="drops 'no entry is odd'; maximum_is_at_most_the_sum assumes"):
        claim(controls=(control(drops="no entry is odd"),))
    with pytest.raises(InvalidClaim, match="at least two"):
        Bound(1)
    with pytest.raises(ClaimBroken, match="a check returned bool; expected Bound"):
        verify(claim(lambda m: True), TINY)


# ---- NaN, infinities, ties
@pytest.mark.parametrize(
    "poison",
    [
        lambda m: Bound(np.nan, 1),
        lambda m: Bound(0, np.array([1.0, np.nan])),
        lambda m: Equal({"x": (np.float64("inf") - np.float64("inf"), 0)}),
        lambda m: Bound(Interval(np.inf, np.inf, "float") - Interval(np.inf, np.inf, "float"), 1),
        lambda m: Bound(
            measure.total_variation(Models(table=m.x * np.nan, defect=0.0), Models(table=m.x, defect=0.0)), 1
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_nan_never_passes(poison):
    floats = claim(poison, instances=lambda: [Models(x=np.ones((1, 2)) / 2)])
    with pytest.raises(NotFinite):
        verify(floats, TINY)


def test_a_measure_that_is_not_a_number_makes_a_control_silent_and_a_search_blind_only_there():
    lost = Control(
        "nothing known", witness=far_apart, sabotages=measure.total_variation, by=lambda f, p, q: f(p, q) * np.nan
    )
    result = run_control(policy_claim(lambda m: Bound(measure.total_variation(m.p, m.q), 1), lost), lost)
    assert not result.bites
    assert result.reason.startswith("raised ")


def test_a_tie_is_decided_by_rationals_and_left_open_by_floats():
    mdp = MDP(objects([[["1/3", "2/3"]], [["1/7", "6/7"]]]), objects([["1/3"], ["1/7"]]), horizon=Finite(4))
    only = objects([[1], [1]])

    def tie(m):
        J = measure.value(m.mdp, TabularPolicy(m.mdp.like(only)))
        return Bound(J, J)

    exact = decide(tie(Models(mdp=mdp)), 0, True)
    assert (exact.decision.name, exact.ratio, exact.width) == ("YES", 1, 0)
    floats = decide(tie(Models(mdp=mdp.to_float())), 0, False)
    assert (floats.decision.name, floats.how) == ("UNDECIDED", "float")
    assert floats.width > 0


def test_a_float_problem_that_floats_cannot_decide_is_undecided():
    def branches(m):
        return Bound(m.J if m.J <= m.J * 1 else m.J * 9, m.J + 1)

    def tie(m):
        return Bound(m.J, m.J)

    for check in (tie, branches):
        verdict = verify(claim(check, instances=lambda: [Models(J=Interval(0.5, 1.0, "float"))], assumes=()), TINY)
        assert (verdict.outcome, verdict.evidence) == (Outcome.UNDECIDED, "float")
        assert "1 instances are undecided" in verdict.note
        assert not verdict.passed


def test_an_equality_of_intervals_wider_than_its_resolution_is_undecided():
    def pair(width):
        return Equal({"x": (Interval(1.0, 1.0 + width, "float"), 1)})

    assert decide(pair(2.0**-30), 1e-8, False).decision.name == "YES"
    assert decide(pair(2.0**-20), 1e-8, False).decision.name == "UNDECIDED"
    assert decide(Equal({"x": (Interval(1.5, 2.0, "float"), 1)}), 1e-8, False).decision.name == "NO"


def test_noise_around_zero_over_zero_has_no_ratio():
    noise = Interval(0.0, 1e-16, "float")
    assert ratio(noise * 5, noise) is None
    assert ratio(Interval(objects(0)), Interval(objects(0))) is None
    assert ratio(Interval(objects(1)), Interval(objects(0))) == float("inf")
    assert ratio(Interval(0.5, 0.5, "float"), Interval(objects(0))) == float("inf")
    assert ratio(Interval(objects([1, 0])), Interval(objects([2, 0]))) == objects("1/2")[()]
    assert ratio(Interval([0.5, 1e-16], [0.5, 1e-15], "float"), Interval([1.0, 0.0], [1.0, 1e-16], "float")) == 0.5


def test_a_bound_by_nothing_is_refuted_and_not_broken():
    """Where every right end is 0 the search has no scale, and the violation still is the answer."""
    assert verify(claim(lambda m: Bound(m.x.sum(), 0)), TINY).outcome is Outcome.REFUTED
    everywhere = replace(FAMILY, blocks=dict(x=Box("S", lower=1, upper=2)))
    assert (
        verify(claim(lambda m: Bound(m.x.sum(), 0), instances=everywhere, assumes=()), TINY).outcome is Outcome.REFUTED
    )


def test_infinite_right_ends_bound_everything_and_have_the_ratio_zero():
    verdict = verify(claim(lambda m: Bound(m.x.max(), Interval(np.inf, np.inf, "enclosed"))), TINY)
    assert (verdict.evidence, verdict.tightest, verdict.widest) == ("enclosed", 0, 0)
    assert verdict.outcome is Outcome.SURVIVED


def test_degenerate_instances_keep_their_kind():
    part = claim(lambda m: Bound(m.x.max(), m.x.sum())).parts[0]
    assert judge(part, Models(x=objects([0, 0])), 0).kind is Kind.DEGENERATE
    assert judge(part, Models(x=HALVES), 0).kind is Kind.COUNTED
    assert judge(part, Models(x=-HALVES), 0).assumption == "no entry is negative"
