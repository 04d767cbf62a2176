"""A claim on a problem of one's own."""

from dataclasses import replace

import numpy as np
import pytest

from mdpkit import Assumption, Outcome, objects, save, verify
from mdpkit.base.errors import ClaimBroken, InvalidClaim, InvalidModel
from mdpkit.claims import get
from mdpkit.instances import bundled, double_integrator
from mdpkit.instances.catalogue import FOLDER
from mdpkit.model import MDP, Discounted, Finite
from mdpkit.verify.profile import Profile
from mdpkit.verify.verification import on_problem

LEMMA, CLONING = "performance_difference_lemma", "cloning_error_compounds_quadratically"
SHORT = Profile("short", chunks=1, draws=30, evaluations=100, differential=5, demanded=10)


def small(mask=None, gamma=None, reward=1):
    horizon = Finite(2) if gamma is None else Discounted(gamma)
    return MDP(
        objects([[[0, 1], [1, 0]], [["1/3", "2/3"], [0, 1]]]),
        objects([[0, reward], [reward, 0]]),
        horizon=horizon,
        mask=mask,
    )


@pytest.mark.parametrize("name", ["frozen_lake_4x4", "cliff_walking"])
def test_the_lemma_holds_exactly_on_the_bundled_problems(name):
    verdict = verify(LEMMA, SHORT, on=FOLDER / f"{name}.json")
    assert (verdict.outcome, verdict.evidence, verdict.widest) == (Outcome.SURVIVED, "exact", 0)
    assert verdict.instances >= SHORT.draws
    # the problem is discounted: only that part of the theorem speaks of it
    assert {row["part"] for row in verdict.rows} == {"discounted"}
    assert all(row["sizes"]["S"] == bundled(name).S for row in verdict.rows)


def test_in_floats_it_holds_within_the_resolution():
    verdict = verify(LEMMA, SHORT, on=bundled("frozen_lake_4x4").to_float())
    assert (verdict.outcome, verdict.evidence) == (Outcome.SURVIVED, "float")
    assert 0 < verdict.widest <= float(get(LEMMA).resolution)


def test_the_float_problem_that_rationals_decide_is_not_decided_by_floats():
    """Where learner and expert agree both sides are 0: exactly so for rationals, within noise for floats."""
    assert verify(CLONING, SHORT, on=small()).outcome is Outcome.SURVIVED
    verdict = verify(CLONING, SHORT, on=small().to_float())
    assert (verdict.outcome, verdict.evidence) == (Outcome.UNDECIDED, "float")
    assert "problem.to_exact()" in verdict.note
    assert verdict.tightest <= 1, "noise around 0/0 has no ratio"
    assert verify(CLONING, SHORT, on=small().to_float().to_exact()).outcome is Outcome.SURVIVED


def test_another_type_is_refused_with_the_accepted_one():
    with pytest.raises(InvalidClaim, match="it accepts MDP, the given problem is SafetyProblem"):
        verify(LEMMA, on=double_integrator(1, 1, 1))
    with pytest.raises(InvalidClaim, match="it does not accept a user's problem"):
        verify("value_equivalence_is_not_regret_equivalence", on=small())
    with pytest.raises(InvalidModel, match="on is a float; expected a record"):
        verify(LEMMA, on=0.5)
    with pytest.raises(InvalidModel, match="missing; expected an instance file"):
        verify(LEMMA, on=FOLDER / "no_such_file.json")


def test_a_discounted_problem_is_none_that_cloning_speaks_of():
    with pytest.raises(InvalidClaim, match="cannot be verified on this problem"):
        verify(CLONING, on=bundled("frozen_lake_4x4"))


def test_rewards_outside_the_unit_interval_are_a_mistake_in_the_use_and_name_the_assumption():
    walk = bundled("cliff_walking")
    with pytest.raises(InvalidModel, match=r"assumes 'rewards in \[0, 1\]', which the given problem violates"):
        verify(CLONING, SHORT, on=MDP(walk.P, walk.r, walk.rho, horizon=Finite(2)))
    with pytest.raises(InvalidModel, match=r"rewards in \[0, 1\]"):
        verify(CLONING, SHORT, on=small(reward=3))
    assert (
        verify(CLONING, SHORT, on=MDP(walk.P, (walk.r + 100) / 100, walk.rho, horizon=Finite(2))).outcome
        is Outcome.SURVIVED
    )


def counted(claim):
    """The claim with every check and control counted."""
    counts = dict(checks=0, witnesses=0)

    def count(what, f):
        def counting(*args):
            counts[what] += 1
            return f(*args)

        return counting

    controls = tuple(replace(control, witness=count("witnesses", control.witness)) for control in claim.controls)
    also = tuple(replace(part, check=count("checks", part.check)) for part in claim.also)
    return replace(claim, check=count("checks", claim.check), controls=controls, also=also), counts


@pytest.mark.parametrize("kind", ["exact", "float"])
def test_what_the_problem_breaks_by_itself_is_told_before_any_work(kind):
    claim, counts = counted(get(CLONING))
    problem = small(reward=3)
    with pytest.raises(InvalidModel, match=r"assumes 'rewards in \[0, 1\]', which the given problem violates$"):
        verify(claim, SHORT, on=problem if kind == "exact" else problem.to_float())
    assert counts == dict(checks=0, witnesses=0)
    verify(claim, SHORT, on=small())
    assert counts["checks"] > SHORT.draws  # and one a population
    assert counts["witnesses"] == len(claim.controls)


def test_what_the_problem_breaks_together_with_every_draw_is_told_after_them():
    assumption = Assumption("the learner is improper", lambda m: (m.learner.table > 1).any())
    claim, counts = counted(replace(get(CLONING), assumes=(assumption,), controls=get(CLONING).controls[:1]))
    with pytest.raises(
        InvalidModel, match="assumes 'the learner is improper', which the given problem violates in all"
    ):
        verify(claim, SHORT, on=small())
    assert counts["checks"] > 0  # one a population of proposals


def test_an_assumption_that_asks_for_a_drawn_model_is_not_answered_without_it():
    assumption = Assumption("there is a learner", lambda m: hasattr(m, "learner"))
    claim = replace(get(CLONING), assumes=(assumption,), controls=get(CLONING).controls[:1])
    assert verify(claim, SHORT, on=small()).outcome is Outcome.SURVIVED


def test_an_assumption_that_raises_is_the_claims_own_fault():
    claim = replace(
        get(CLONING), assumes=(Assumption("broken", lambda m: m.mdp.lost),), controls=get(CLONING).controls[:1]
    )
    with pytest.raises(ClaimBroken, match="lost"):
        verify(claim, SHORT, on=small())


@pytest.mark.parametrize("kind", ["exact", "float"])
@pytest.mark.parametrize("gamma", [None, "9/10"])
def test_policies_stay_inside_the_mask(kind, gamma):
    """In what is judged, where the measures would refuse them, and in what the search proposes, where nothing does."""
    mask, lemma, played = np.array([[False, True], [True, True]]), get(LEMMA), []

    def looking(m):
        if m.mdp.mask is not None:  # the controls have problems of their own
            played.extend((policy.table[..., ~mask] != 0).any() for policy in (m.expert, m.learner))
        return lemma.check(m)

    claim = replace(lemma, check=looking, also=tuple(replace(part, check=looking) for part in lemma.also))
    problem = small(mask, gamma)
    verdict = verify(claim, SHORT, on=problem if kind == "exact" else problem.to_float())
    assert (verdict.outcome, verdict.evidence) == (Outcome.SURVIVED, kind)
    assert len(played) > 2 * SHORT.draws  # and two a population
    assert not any(played)


def test_what_is_drawn_on_a_masked_problem_never_plays_a_missing_action():
    mask = np.array([[False, True], [True, True]])
    claim = on_problem(get(LEMMA), small(mask))
    for part in claim.on:
        family = part.instances
        sizes = {axis: low for axis, (low, _) in family.sizes.items()}
        rng = np.random.default_rng(0)
        for _ in range(50):
            raw = rng.integers(256, size=family.byte_count(sizes), dtype=np.uint8).tobytes()
            m = family.build(family.from_bytes(raw, sizes))
            for policy in (m.expert, m.learner):
                assert (policy.table[..., ~mask] == 0).all()
                assert policy.exact


def test_what_is_given_is_neither_drawn_nor_shrunk():
    claim = on_problem(get(CLONING), small())
    (part,) = claim.on
    assert set(part.instances.blocks) == {"expert", "learner"}
    assert part.instances.sizes == dict(H=(2, 2), S=(2, 2), A=(2, 2))
    assert set(part.instances.fixed) >= {"H", "S", "A"}
    assert part.instances.build(part.instances.from_bytes(bytes(16), dict(H=2, S=2, A=2))).mdp == small()


def test_a_whole_instance_is_judged_alone(tmp_path):
    witness = get(CLONING).controls[0].witness()
    save(witness, tmp_path / "cliff.json")
    for given in (witness, tmp_path / "cliff.json", str(tmp_path / "cliff.json")):
        verdict = verify(CLONING, on=given)
        assert (verdict.outcome, verdict.instances) == (Outcome.CERTIFIED, 1)
    outside = get(CLONING).controls[1].witness()
    with pytest.raises(InvalidClaim, match="it lacks a model, or violates an assumption"):
        verify(CLONING, on=outside)
    with pytest.raises(InvalidClaim, match="it lacks a model"):
        verify("double_integrator_tube_has_a_closed_form", on=witness)


def test_controls_are_those_of_the_claim_as_it_is_written():
    verdict = verify(LEMMA, SHORT, on=small())
    assert [control.name for control in verdict.controls] == [control.name for control in get(LEMMA).controls]
    assert all(control.bites for control in verdict.controls)
