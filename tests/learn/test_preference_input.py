"""Bad and incomplete input of the preference learners: what is refused, and what is reported as not identified."""

import numpy as np
import pytest

from mdpkit import PreferenceProblem, TabularPolicy, measure, objects, solve
from mdpkit.base.errors import InvalidModel, MissingAccess, NotSolved
from mdpkit.learn import (
    DPO,
    IPO,
    REBEL,
    RLHF,
    SPO,
    XPO,
    BestOfN,
    BradleyTerry,
    FinitePolicies,
    HyPO,
    OnlineDPO,
    RewardEnsemble,
    comparison_components,
    fit,
    grant,
    name_components,
)
from mdpkit.model import Comparisons
from mdpkit.solve import TwoStageRLHF

full = PreferenceProblem(objects([["1/2", "1/4", "1/4"]]), weights=objects([[1, 3, 2]]))
excluded = PreferenceProblem([[0.5, 0.5, 0.0]], reward=[[0.0, 1.0, 2.0]], data=[[0.4, 0.3, 0.3]])
OFFLINE = [DPO(), IPO(), HyPO(), RLHF()]


def rng(seed=0):
    return np.random.default_rng(seed)


# ---- support
@pytest.mark.parametrize("learner", [DPO(), IPO(), HyPO()])
def test_a_compared_response_outside_the_reference_is_named(learner):
    with pytest.raises(InvalidModel, match="shows response 2 to prompt 0, which has probability 0 under the reference"):
        fit(learner, grant(excluded, preferences="exact"), rng=None)
    with pytest.raises(InvalidModel, match="the data contain response 2 to prompt 0, of probability 0"):
        measure.pair_error(excluded, TabularPolicy([[0.5, 0.5, 0.0]]))


@pytest.mark.parametrize("learner", [RLHF(), BestOfN(model=BradleyTerry()), REBEL(model=BradleyTerry())])
def test_a_reward_is_fitted_there_but_the_policy_stays_in_the_references_support(learner):
    policy = fit(learner, grant(excluded, preferences="exact"), rng=None).policy
    assert policy.table[0, 2] == 0
    assert np.isfinite(measure.value(excluded, policy).mid)


# ---- what is not identified
def test_connected_sets_are_named_by_their_first_response():
    data = Comparisons([0, 0, 0, 1], [4, 1, 2, 0], [2, 0, 2, 0], [1, 1, 1, 1])
    labels = comparison_components(data, (3, 5))
    assert labels.tolist() == [[0, 0, 2, 3, 2], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]
    assert name_components(labels) == [
        "prompt 0: {0, 1}, {2, 4} and {3} are not compared with each other",
        "prompt 1: no two responses were compared",
        "prompt 2: no two responses were compared",
    ]
    unweighted = Comparisons([0, 0], [0, 1], [1, 2], [1, 1], weight=[1.0, 0.0])
    assert comparison_components(unweighted, (1, 3)).tolist() == [[0, 0, 2]]
    assert name_components(comparison_components(grant(full, preferences="exact").comparisons(), (1, 3))) == []


@pytest.mark.parametrize("learner", OFFLINE)
def test_offline_learners_report_the_connected_sets(learner):
    """Two pairs that are not compared with each other, and a prompt that is never asked."""
    problem = PreferenceProblem(np.full((2, 4), 1 / 4), reward=[[0.0, 1.0, 5.0, 6.0]] * 2, rho=[1.0, 0.0])
    data = Comparisons([0, 0], [0, 2], [1, 3], [0.3, 0.4])
    answer = fit(learner, grant(problem, preferences=data), rng=None)
    assert answer.trace["components"][0].tolist() == [[0, 0, 2, 2], [0, 1, 2, 3]]
    h = np.log(answer.policy.table / problem.reference)
    assert np.allclose(h[1], 0)  # the reference is kept where no response is compared
    if not isinstance(learner, HyPO):  # whose penalty sets the constant
        assert np.allclose(h[0, 0] + h[0, 1], h[0, 2] + h[0, 3])  # as far from it in both sets


def test_unseen_prompts_cost_nothing_if_they_never_come():
    problem = PreferenceProblem(np.full((2, 2), 1 / 2), reward=[[0.0, 1.0]] * 2, rho=[1.0, 0.0])
    for learner in (DPO(), RLHF(), HyPO(penalty="1/100000")):
        policy = fit(learner, grant(problem, preferences="exact"), rng=None).policy
        assert measure.value_gap(problem, solve(problem).policy, policy).mid < 1e-6


# ---- settings
@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), "a", None])
def test_coefficients_are_positive_finite_numbers(wrong):
    builders = [lambda b: PreferenceProblem([[0.5, 0.5]], reward=[[0.0, 1.0]], beta=b)]
    if wrong is not None:  # the problem's own coefficient
        builders += [lambda b, of=learner: of(beta=b) for learner in (DPO, HyPO, RLHF, OnlineDPO, XPO)]
        builders += [lambda b: IPO(tau=b), lambda b: SPO(rate=b), lambda b: BradleyTerry(bound=b)]
    for build in [*builders, lambda b: REBEL(eta=b) if b is not None else DPO(beta=0)]:
        with pytest.raises(InvalidModel, match="expected a number above 0"):
            build(wrong)


def test_a_bound_on_the_divergence_needs_bounded_scores():
    assert BradleyTerry(bound=4).divergence_bound(beta=1) == 2
    assert BradleyTerry(bound=16).divergence_bound(beta=1) == 16
    with pytest.raises(InvalidModel, match=r"the scores have no largest range: .* needs BradleyTerry\(bound=\.\.\.\)"):
        BradleyTerry().divergence_bound(beta=1)
    with pytest.raises(InvalidModel, match="beta is 0; expected a number above 0"):
        BradleyTerry(bound=1).divergence_bound(beta=0)
    for width in (0, -1, float("inf"), float("nan")):
        with pytest.raises((InvalidModel, ValueError, TypeError, OverflowError)):
            solve(full, TwoStageRLHF(width=width, unseen=1))


def test_scores_of_finitely_many_policies_can_be_fitted():
    """The scores are log-probabilities; the one of the best likelihood is found, and a tie goes to the first."""
    tables = [[[0.6, 0.2, 0.2]], [[1 / 6, 1 / 2, 1 / 3]], [[0.2, 0.2, 0.6]]]
    scores = BradleyTerry(FinitePolicies(tables)).fit(grant(full, preferences="exact").comparisons(), (1, 3), None)
    assert np.allclose(scores, np.log(tables[1]))
    data = grant(full, preferences="exact").comparisons()
    with pytest.raises(NotSolved, match="every policy of the class has infinite loss"):
        BradleyTerry(FinitePolicies([[[1.0, 0.0, 0.0]]])).fit(data, (1, 3), None)


# ---- ensembles
def test_an_ensemble_does_not_resample_a_population():
    data = grant(full, preferences="exact").comparisons()
    with pytest.raises(InvalidModel, match=r"are no sample; .* RewardEnsemble\(rows=\.\.\.\)"):
        RewardEnsemble().fit(data, (1, 3), rng())
    with pytest.raises(InvalidModel, match=r"rows is 0"):
        RewardEnsemble(rows=0)
    few, many = (
        np.std(
            [RewardEnsemble(members=1, head="mean", rows=rows).fit(data, (1, 3), rng(seed)) for seed in range(20)],
            axis=0,
        )
        for rows in (100, 10_000)
    )
    assert 5 < np.median(few / many) < 20
    sample = grant(full, preferences=50, rng=rng()).comparisons()
    assert RewardEnsemble().fit(sample, (1, 3), rng()).shape == (1, 3)


# ---- the message names the call
def test_a_missing_generator_is_named_by_the_call_that_lacks_it():
    for learner in (OnlineDPO(), XPO(), SPO(rounds=1), REBEL(pairs=3, model=BradleyTerry(ridge=1))):
        with pytest.raises(InvalidModel, match=r"the learner has no generator: fit\(\.\.\., rng="):
            fit(learner, grant(full, preferences=400, rng=rng()), rng=None)
    with pytest.raises(InvalidModel, match=r"comparisons are sampled: give grant\(\.\.\., rng="):
        grant(full, preferences=400)
    for learner in (OnlineDPO(), SPO(rounds=1)):  # comparisons are given, others are asked for
        with pytest.raises(InvalidModel, match=r"the access has no generator: grant\(\.\.\., rng="):
            fit(learner, grant(full, preferences=Comparisons([0] * 400, [0] * 400, [1] * 400, [1] * 400)), rng=rng())
    with pytest.raises(InvalidModel, match=r"give fit\(\.\.\., rng="):
        fit(RLHF(RewardEnsemble()), grant(full, preferences=9, rng=rng()), rng=None)


def test_learners_say_what_they_were_not_granted():
    for learner in (*OFFLINE, OnlineDPO(), SPO()):
        with pytest.raises(MissingAccess, match="needs preferences"):
            fit(learner, grant(full, rewards=True), rng=rng())
    with pytest.raises(MissingAccess, match="needs rewards"):
        fit(BestOfN(), grant(full, preferences="exact"), rng=None)
