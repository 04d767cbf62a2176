"""EvIL: the ensemble's game, the inner learners, and the search for a potential."""

from dataclasses import replace

import numpy as np
import pytest

from mdpkit import MDP, Average, Discounted, Finite, TabularPolicy, fit, grant, measure, objects, shaped_reward
from mdpkit.base.arrays import floats
from mdpkit.base.errors import InvalidModel, MissingAccess
from mdpkit.instances import named
from mdpkit.learn import (
    BestResponse,
    EpisodicQLearning,
    EvIL,
    Evolution,
    ExpertResets,
    LookaheadGradient,
    MomentMatching,
    NaturalGradient,
    Planning,
    evolve_potential,
)
from mdpkit.learn.imitation.potential import centred_ranks

QUICK = Evolution(pairs=2, generations=3)


def exactly(problem, expert):
    return grant(problem, expert=expert, demonstrations="exact", episodes="exact")


def random_task(seed, H=4, S=4, A=3):
    rng = np.random.default_rng(seed)
    return MDP(rng.dirichlet(np.ones(S), (S, A)), rng.random((S, A)), horizon=Finite(H))


# ---- the game
def test_one_member_without_restarts_on_the_last_visits_is_moment_matching():
    m = named("cliff", H=3)
    learner = EvIL(policy_player=NaturalGradient(), rounds=6, members=1, buffer="last", restart=0, evolution=None)
    found = fit(learner, exactly(m.mdp, m.expert), rng=None).trace
    other = fit(MomentMatching(policy_player=NaturalGradient(), rounds=6), exactly(m.mdp, m.expert), rng=None).trace
    for k in range(6):
        assert (found["reward"][k] == other["reward"][k]).all()
        assert found["policy"][k] == other["policy"][k]
        assert found["gain"][k] == other["gain"][k]


def test_best_responses_to_all_past_policies_are_signs_of_the_missing_visits():
    m = named("cliff", H=3)
    learner = EvIL(reward_player=BestResponse(), rounds=4, members=1, restart=0, evolution=None)
    trace = fit(learner, exactly(m.mdp, m.expert), rng=None).trace
    shown = measure.occupancy(m.mdp, m.expert).lower
    seen = sum(measure.occupancy(m.mdp, trace["policy"][k]).lower for k in range(4)) / 4
    recovered = trace["reward"][-1]
    assert (recovered == np.where(np.asarray(shown - seen < 0), -1, 1)).all()


def test_the_pessimistic_reward_is_the_lowest_of_the_ensemble():
    m = named("cliff", H=3)
    options = dict(rounds=1, members=3, evolution=None, restart=0)
    mean, low = (
        fit(EvIL(combined=how, **options), exactly(m.mdp, m.expert), rng=np.random.default_rng(1)).trace["reward"][0]
        for how in ("mean", "pessimistic")
    )
    assert (low <= mean).all()
    assert (low < mean).any()


def test_the_average_of_the_rewards_can_be_recovered():
    m = named("cliff", H=3)
    learner = EvIL(rounds=5, members=2, recovered="average", evolution=None)
    trace = fit(learner, exactly(m.mdp, m.expert), rng=np.random.default_rng(0)).trace
    assert (trace["reward"][-1] == sum(trace["reward"][:5]) / 5).all()


def test_a_restart_of_probability_one_replaces_the_first_policy():
    """The last policy is lost: two runs that restart in round 0 differ by their draws, two that do not are equal."""
    m = named("cliff", H=3)
    for restart, differ in ((1, True), (0, False)):
        learner = EvIL(rounds=1, members=1, restart=restart, evolution=None)
        one, two = (
            fit(learner, exactly(m.mdp, m.expert), rng=np.random.default_rng(seed)).trace["policy"][0]
            for seed in (0, 1)
        )
        assert (one != two) is differ


def test_a_row_of_the_trace_is_a_round_or_a_generation():
    m = named("cliff", H=3)
    trace = fit(EvIL(rounds=3, evolution=QUICK), exactly(m.mdp, m.expert), rng=np.random.default_rng(0)).trace
    assert list(trace["stage"]) == ["reward"] * 3 + ["shaping"] * 4
    assert [each is None for each in trace["potential"]] == [True] * 3 + [False] * 4
    assert [each is None for each in trace["policy"]] == [False] * 3 + [True] * 4
    assert all(reward is trace["reward"][3] for reward in trace["reward"][3:])


# ---- the inner learners
def test_the_learning_curve_is_that_of_natural_gradient_steps():
    """Against the loops of the definition, on a time-varying potential."""
    task, rng = random_task(0), np.random.default_rng(5)
    H, S, A = 4, 4, 3
    Phi = np.concatenate([rng.normal(size=(H, S)), np.zeros((1, S))])
    curve = LookaheadGradient(lookahead=2, iterations=3, rate="1/2").on(task).curves(Phi[None])[0]
    logits = np.zeros((H, S, A))
    for k in range(4):
        pi = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        assert curve[k] == pytest.approx(measure.value(task, TabularPolicy(pi)).mid, abs=1e-12)
        shaped = shaped_reward(task, Phi).mid
        ahead = np.concatenate([(pi * shaped).sum(axis=-1), np.zeros((1, S))])
        logits = logits + (shaped + np.einsum("san,tn->tsa", task.P, ahead[1:])) / 2


@pytest.mark.parametrize("gamma", ["1/2", "9/10"])
def test_discounted_learning_curves(gamma):
    task = random_task(1)
    task = MDP(task.P, task.r, horizon=Discounted(float(floats(objects(gamma)))))
    Phi = np.random.default_rng(0).normal(size=(2, 4))
    runs = LookaheadGradient(lookahead=1, iterations=2).on(task)
    logits = 0
    for k in range(3):
        pi = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True) if k else np.full((4, 3), 1 / 3)
        assert runs.curves(Phi)[1, k] == pytest.approx(measure.value(task, TabularPolicy(pi)).mid, abs=1e-9)
        logits = logits + shaped_reward(task, Phi[1]).mid


def test_with_a_lookahead_to_the_end_no_potential_matters():
    runs = LookaheadGradient(lookahead=4, iterations=5).on(random_task(2))
    curves = runs.curves(np.random.default_rng(0).normal(size=(3, 4, 4)) * 10)
    assert np.ptp(curves, axis=0).max() < 1e-9


def test_one_step_on_the_optimal_values_at_a_high_rate_is_optimal():
    task = random_task(3)
    V = measure.optimal_value(task).mid
    runs = LookaheadGradient(lookahead=1, iterations=1, rate=10**6).on(task)
    assert runs.curves(V[None])[0, -1] == pytest.approx(measure.optimal_value(task).mid[0] @ task.rho, abs=1e-9)


def test_the_fitness_is_the_area_the_last_return_or_the_shaped_area():
    task = random_task(4)
    runs, Phi = LookaheadGradient(iterations=3).on(task), np.random.default_rng(0).normal(size=(2, 4))
    curves = runs.curves(Phi)
    assert np.array_equal(runs.fitness(Phi), curves[:, 1:].mean(axis=1))
    assert np.array_equal(runs.fitness(Phi, "last"), curves[:, -1])
    assert np.allclose(runs.fitness(Phi, "shaped area"), curves[:, 1:].mean(axis=1) - Phi @ task.rho)


# ---- evolution
def test_the_gradient_of_evolution_strategies_is_that_of_a_linear_fitness():
    """On a linear fitness the plain steps go along its gradient, up to the ranks' scale."""

    class Linear:
        S, H = 3, None
        slope = np.array([1.0, -2.0, 3.0])

        def fitness(self, potentials, kind, seeds):
            assert np.array_equal(seeds[: len(seeds) // 2], seeds[len(seeds) // 2 : -1])
            return potentials @ self.slope

    settings = Evolution(pairs=2000, generations=1, optimiser="plain", rate=1)
    step = np.diff(evolve_potential(Linear(), settings, rng=np.random.default_rng(0)).centres, axis=0)[0]
    assert step / np.linalg.norm(step) == pytest.approx(Linear.slope / np.linalg.norm(Linear.slope), abs=0.05)


def test_ranks_are_centred_and_ties_share():
    assert centred_ranks(np.array([5.0])).tolist() == [-0.5]
    assert centred_ranks(np.array([2.0, 2.0, 1.0, 7.0])).sum() == pytest.approx(0)


@pytest.mark.parametrize("stationary", [True, False])
@pytest.mark.parametrize("optimiser", ["adam", "plain"])
def test_the_best_centre_is_returned(stationary, optimiser):
    runs = LookaheadGradient(lookahead=1, iterations=4).on(random_task(6))
    settings = Evolution(pairs=4, generations=6, optimiser=optimiser, stationary=stationary)
    found = evolve_potential(runs, settings, rng=np.random.default_rng(0))
    assert found.history[0] == pytest.approx(runs.fitness(np.zeros((1, 4)))[0], abs=1e-12)
    assert found.fitness == found.history.max() > found.history[0]
    assert runs.fitness(found.potential[None])[0] == pytest.approx(found.fitness, abs=1e-12)
    assert found.potential.shape == ((4,) if stationary else (4, 4))


def test_the_guarantee_of_the_returned_policy():
    """Both sides: the potential is at least as fit as 0, and the shaped reward has the optima of the recovered one."""
    m = named("cliff", H=5)
    answer = fit(EvIL(rounds=6, evolution=QUICK), exactly(m.mdp, m.expert), rng=np.random.default_rng(0))
    reward, fitness = answer.trace["reward"][-1], list(answer.trace["fitness"][6:])
    task, potential = replace(m.mdp, r=reward), answer.trace["potential"][6 + fitness.index(max(fitness))]
    runs = LookaheadGradient().on(task)
    assert runs.policy(potential) == answer.policy
    assert max(fitness) >= runs.fitness(np.zeros((1, 2)))[0]
    exact = objects([[int(x * 2**20) for x in potential]] * 5 + [[0, 0]]) / 2**20
    shaped = shaped_reward(task, exact)
    for ties in ("worst", "best"):
        assert (
            measure.retrained_return(m.mdp, shaped, ties) == measure.retrained_return(m.mdp, reward, ties)
        ).all_yes()


def test_the_cliff_is_imitated_and_the_recovered_reward_retrains_to_the_expert():
    m = named("cliff", H=6)
    answer = fit(EvIL(), exactly(m.mdp.to_float(), m.expert.to_float()), rng=np.random.default_rng(0))
    assert measure.value(m.mdp.to_float(), answer.policy).mid > 5.9
    assert measure.retrained_return(m.mdp.to_float(), answer.trace["reward"][-1], "worst").lower > 5.99


def test_without_a_model_the_inner_learner_is_q_learning():
    m = named("cliff", H=3)
    learner = EvIL(
        policy_player=ExpertResets(rollouts_per_action=1),
        inner=EpisodicQLearning(episodes=10),
        rounds=3,
        evolution=QUICK,
    )
    granted = dict(demonstrations=10, episodes=500, resets=500, rng=np.random.default_rng(0))
    answer = fit(learner, grant(m.mdp, expert=m.expert, **granted), rng=np.random.default_rng(0))
    assert answer.used.model_calls == 0
    assert answer.used.episodes == 3 * 10 + (2 * 2 + 1) * (3 + 1) * 10 + 10
    assert measure.value(m.mdp, answer.policy).mid > 2


# ---- bad input
def test_bad_settings_are_named():
    for make, words in (
        (lambda: EvIL(rounds=0), "rounds is 0; expected an integer of at least 1"),
        (lambda: EvIL(members=0), "members is 0"),
        (lambda: EvIL(combined="best"), "combined is 'best'; expected one of mean, pessimistic"),
        (lambda: EvIL(buffer="some"), "buffer is 'some'; expected one of last, all"),
        (lambda: EvIL(recovered="first"), "recovered is 'first'; expected one of last, average"),
        (lambda: EvIL(restart=2), "restart is 2; expected a number in"),
        (lambda: Evolution(pairs=0), "pairs is 0"),
        (lambda: Evolution(noise=0), "noise is 0; expected a number above 0"),
        (lambda: Evolution(optimiser="sgd"), "optimiser is 'sgd'; expected one of adam, plain"),
        (lambda: Evolution(fitness="sum"), "fitness is 'sum'; expected one of area, last, shaped area"),
        (lambda: LookaheadGradient(lookahead=0), "lookahead is 0"),
        (lambda: LookaheadGradient(rate=-1), "rate is -1"),
        (lambda: EpisodicQLearning(rate=0), "rate=0; expected"),
    ):
        with pytest.raises(InvalidModel, match=words):
            make()


def test_a_potential_of_the_wrong_shape_is_an_error_that_says_what_is_expected():
    runs = LookaheadGradient().on(random_task(0))
    with pytest.raises(InvalidModel, match=r"the potential has shape \(3,\); expected \(4,\) or \(4, 4\) or \(5, 4\)"):
        runs.curves(np.zeros((1, 3)))
    with pytest.raises(InvalidModel, match="the potential at the end, row 4, is not 0"):
        runs.curves(np.ones((1, 5, 4)))
    with pytest.raises(InvalidModel, match="not finite"):
        runs.curves(np.full((1, 4), np.nan))
    with pytest.raises(InvalidModel, match=r"the initial potential has shape \(7,\); expected \(4,\)"):
        evolve_potential(runs, Evolution(start=np.zeros(7)), rng=np.random.default_rng(0))
    m = named("cliff", H=3)
    with pytest.raises(InvalidModel, match=r"the initial potential has shape \(7,\); expected \(2,\)"):
        fit(
            EvIL(rounds=1, evolution=Evolution(start=np.zeros(7))),
            exactly(m.mdp, m.expert),
            rng=np.random.default_rng(0),
        )


def test_other_bad_input_is_an_error():
    with pytest.raises(InvalidModel, match="Finite or Discounted"):
        LookaheadGradient().on(MDP([[[1.0]]], [[1.0]], horizon=Average()))
    m = named("cliff", H=3)
    with pytest.raises(InvalidModel, match="rng"):
        fit(EvIL(rounds=1), exactly(m.mdp, m.expert), rng=None)
    with pytest.raises(MissingAccess, match="EvIL needs model"):
        fit(
            EvIL(policy_player=Planning()),
            grant(m.mdp, expert=m.expert, demonstrations=3, episodes=9, rng=np.random.default_rng(0)),
            rng=np.random.default_rng(0),
        )
    endless = MDP(m.mdp.P, m.mdp.r, m.mdp.rho, horizon=Discounted("1/2"))
    access = grant(endless, expert=m.expert, demonstrations=3, episodes=9, rng=np.random.default_rng(0))
    with pytest.raises(InvalidModel, match="EpisodicQLearning needs a finite horizon"):
        EpisodicQLearning().prepare(access, np.zeros((2, 2)))
