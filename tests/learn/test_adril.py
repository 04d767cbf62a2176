"""AdRIL: rewards of the expert's samples and the past learner's; its squared moment distance is an identity."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, Meter, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances.library.imitation.cliff import cliff
from mdpkit.learn import AdRIL, ExpertResets, NaturalGradient, SoftBestResponse


def exact_access(problem, expert, **more):
    return grant(problem, expert=expert, demonstrations="exact", episodes="exact", **more)


def random_kernel(rng, S, A):
    """A rational kernel of rank at most 3."""
    features = objects(rng.integers(-2, 3, (3, S * A)))
    return (features.T @ features).reshape(S, A, S, A)


@pytest.mark.parametrize("kerneled", [False, True])
@pytest.mark.parametrize("player", [None, SoftBestResponse(), NaturalGradient("1/2"), ExpertResets()])
def test_the_squared_distance_is_the_spread_and_the_weighted_gains(make, player, kerneled):
    problem, expert = make.drawn(3)
    S, A, N = problem.S, problem.A, 5
    kernel = random_kernel(np.random.default_rng(1), S, A) if kerneled else None
    learner = AdRIL(kernel, rounds=N) if player is None else AdRIL(kernel, player, rounds=N)
    answer = fit(learner, exact_access(problem, expert), rng=None)
    matrix = objects(np.eye(S * A, dtype=int)) if kernel is None else kernel.reshape(S * A, S * A)

    def inner(d, e):
        return sum(x.ravel() @ matrix @ y.ravel() for x, y in zip(d, e, strict=True))

    d_E = measure.occupancy(problem, expert).lower
    d = [measure.occupancy(problem, policy).lower for policy in answer.trace["policy"]]
    e = [d_E - each for each in d]
    assert answer.trace["distance"][-1] == inner(sum(e), sum(e)) / N**2
    assert answer.trace["spread"].tolist() == [inner(each, each) for each in e]
    for k in range(N):
        towards = d_E if k == 0 else sum(e[:k]) / k
        f = np.stack([(matrix @ step.ravel()).reshape(S, A) for step in towards])
        assert (answer.trace["reward"][k] == f).all()
        assert answer.trace["gain"][k] == (f * e[k]).sum()
    told = answer.trace["spread"].sum() + 2 * (np.arange(N) * answer.trace["gain"]).sum()
    assert answer.trace["distance"][-1] == told / N**2


@pytest.mark.parametrize("seed", range(3))
def test_best_responses_approach_the_expert_at_one_over_the_root_of_the_rounds(make, seed):
    problem, expert = (each.to_float() for each in make.drawn(seed, S=4))
    trace = fit(AdRIL(rounds=200), exact_access(problem, expert), rng=None).trace
    assert (trace["gain"] <= 1e-9).all()
    rounds = np.arange(1, 201)
    assert (trace["distance"] <= trace["spread"].max() / rounds + 1e-9).all()


def test_the_bound_is_attained_by_policies_that_err_at_a_new_place_each_round():
    """One state and two actions for each step: an orthogonal error a round, which no past reward punishes."""
    H = 4
    mdp = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Finite(H))
    expert = TabularPolicy(objects([[1, 0]]))

    class OneSlip:
        """Plays action 1 at step k of round k alone, which its reward, 0 there up to the expert's part, permits."""

        needs = ("model",)

        def next(self, access, reward, policy, experience, rng):
            k = len(experience.rounds)
            return TabularPolicy(objects([[[0, 1] if t == k else [1, 0]] for t in range(H)]))

    trace = fit(AdRIL(policy_player=OneSlip(), rounds=H), exact_access(mdp, expert), rng=None).trace
    assert trace["gain"].tolist()[1:] == [0] * (H - 1)
    assert trace["distance"][-1] == max(trace["spread"]) / H


def test_a_sample_pays_for_its_episodes():
    m = cliff(3, 0)
    access = grant(m.mdp, expert=m.expert, demonstrations=4, episodes=40, resets=500, rng=np.random.default_rng(0))
    learner = AdRIL(policy_player=ExpertResets(rollouts_per_action=2), rounds=5, episodes=8)
    answer = fit(learner, access, rng=np.random.default_rng(1))
    assert answer.used.episodes == 40
    assert answer.used.model_calls == 0 < answer.used.resets
    assert answer.trace["distance"][-1] == 0


def test_each_round_costs_two_model_calls():
    m = cliff(3, 0)
    assert fit(AdRIL(rounds=4), exact_access(m.mdp, m.expert), rng=None).used == Meter(demonstrations=3, model_calls=8)


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (np.ones((2, 2)), r"kernel has shape \(2, 2\); expected kernel\[s,a,n,b\] of shape \(2, 2, 2, 2\)"),
        (np.arange(16).reshape(2, 2, 2, 2), "not symmetric"),
        (-np.eye(4, dtype=int).reshape(2, 2, 2, 2), "eigenvalue -1"),
        (np.full((2, 2, 2, 2), np.inf), "not finite"),
    ],
)
def test_a_kernel_that_is_none_is_refused(kernel, words):
    m = cliff(3, 0)
    with pytest.raises(InvalidModel, match=words):
        fit(AdRIL(kernel), exact_access(m.mdp.to_float(), m.expert.to_float()), rng=None)


@pytest.mark.parametrize("options", [dict(rounds=0), dict(episodes=0), dict(keep="some")])
def test_settings_that_are_none_are_refused(options):
    with pytest.raises(InvalidModel, match="expected"):
        AdRIL(**options)


def test_a_temperature_is_positive():
    with pytest.raises(InvalidModel, match="temperature is 0"):
        SoftBestResponse(0)
