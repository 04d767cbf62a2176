"""SMILING: its costs against their limit, both sides of its guarantee, its ablations, and what it refuses."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances.library.imitation.choices import choices
from mdpkit.learn import SMILING, ExpertResets, NaturalGradient, Planning
from mdpkit.learn.imitation.denoising import Denoiser, embed, expect_noise, noise_levels
from mdpkit.learn.imitation.smiling import state_law
from mdpkit.model import Trajectories

RNG = np.random.default_rng
EXACT = dict(demonstrations="exact", episodes="exact")


def run(learner, problem, expert, seed=0, **options):
    return fit(learner, grant(problem, expert=expert, rng=RNG(seed), **{**EXACT, **options}), rng=RNG(seed + 1))


def drawn(seed, H=4, S=4, A=3):
    rng = RNG(seed)
    P, rho = rng.dirichlet(np.ones(S), (H, S, A)), rng.dirichlet(np.ones(S))
    return MDP(P, np.zeros((S, A)), rho, horizon=Finite(H)), TabularPolicy(rng.dirichlet(np.ones(A), (H, S)))


def states(problem, policy):
    return state_law(measure.occupancy(problem, policy).mid)


def relative_entropy(p, q):
    return float((p[p > 0] * np.log(p[p > 0] / q[p > 0])).sum())


@pytest.mark.parametrize("embedding", [None, [3, 0, 1, 10], [[0, 0], [1, 0], [0, 2], [3, 3]], ["0", "1/3", "1", "7/2"]])
def test_costs_are_log_ratios_for_every_embedding(embedding):
    points = embed(embedding, 4)
    denoiser = Denoiser(points, noise_levels(points))
    for seed in range(3):
        p, q = RNG(seed).dirichlet(2 * np.ones(4), 2)
        costs = denoiser.errors(q[None]) - denoiser.errors(p[None])
        assert np.abs(costs[0] - np.log(p / q)).max() < 5e-3


def test_the_notes_golden_costs():
    """Golden numbers, with four states at distance 1."""
    points = embed(None, 4)
    p, q = np.array([0.5, 0.2, 0.2, 0.1]), np.array([0.1, 0.25, 0.3, 0.35])
    fine = Denoiser(points, noise_levels(points), space_nodes=48, time_nodes=8)
    costs = (fine.errors(q[None]) - fine.errors(p[None]))[0]
    assert costs == pytest.approx([1.60943791, -0.22314355, -0.40546512, -1.25276299], abs=1e-3)


def test_a_state_that_the_expert_does_not_visit_costs_its_distance_to_the_expert():
    """Half the squared distance times the signal-to-noise ratio at the first time, to leading order."""
    points, levels = embed([0, 1, 4], 3), np.array([0.02, 0.1, 0.5, 2.0, 6.0])
    denoiser = Denoiser(points, levels, space_nodes=40, time_nodes=12)
    p, q = np.array([0.4, 0.4, 0.2]), np.array([0.5, 0.5, 0.0])
    cost = (denoiser.errors(q[None]) - denoiser.errors(p[None]))[0, 2]
    ratio = 1 / np.expm1(2 * levels[0])
    assert cost == pytest.approx(9 * ratio / 2, rel=0.02)


def test_far_states_without_mass_cost_finite_amounts():
    points = embed(np.arange(40) * 10, 40)
    denoiser = Denoiser(points, np.geomspace(1e-4, 5, 9))
    p = np.where(np.arange(40) < 3, 1 / 3, 0)
    costs = denoiser.errors(np.stack([p, np.full(40, 1 / 40)]))
    assert np.isfinite(costs).all()
    assert (np.diff(costs[0, 3:]) > 0).all()


@pytest.mark.parametrize(
    ("options", "most"),
    [
        (dict(), 2e-4),
        (dict(limit=True), 2e-4),
        (dict(limit=True, score="last"), 2e-4),
        (dict(limit=True, policy_player=Planning()), 1e-4),
        (dict(limit=True, policy_player=ExpertResets()), 1e-4),
        (dict(limit=True, policy_player=Planning(), costs="mean", score="last"), 1e-2),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_the_mixture_matches_the_experts_states(seed, options, most):
    problem, expert = drawn(seed)
    answer = run(SMILING(rounds=100, **options), problem, expert)
    assert relative_entropy(states(problem, answer.policy.to_tabular(problem)), states(problem, expert)) < most


@pytest.mark.parametrize("seed", range(3))
def test_a_score_that_is_never_trained_does_not_match(seed):
    problem, expert = drawn(seed)
    trained, frozen = (
        run(SMILING(rounds=100, limit=True, score=score), problem, expert) for score in ("last", "first")
    )
    assert trained.trace["divergence"][-1] < 1e-6 < 1e-2 < frozen.trace["divergence"][-1]


def test_in_the_limit_the_divergence_is_the_kl_divergence_of_states():
    problem, expert = drawn(4)
    trace = run(SMILING(rounds=5, limit=True), problem, expert).trace
    shown = states(problem, expert)
    for policy, law, divergence in zip(trace["policy"], trace["states"], trace["divergence"], strict=True):
        assert law == pytest.approx(states(problem, policy), abs=1e-12)
        assert divergence == pytest.approx(relative_entropy(law, shown), abs=1e-12)


@pytest.mark.parametrize("H", [2, 50])
def test_both_sides_of_the_guarantee(H):
    """Where the expert never pays, a mixture that pays with probability p per step has gap (H-1) p.

    There V = 0 and D <= 2p (H-1)/H / (2 - p).
    """
    m = choices([1, 0], [0, 1], H)
    problem, expert = m.mdp.to_float(), m.expert.to_float()
    answer = run(SMILING(rounds=60), problem, expert)
    d, e = states(problem, answer.policy.to_tabular(problem)), states(problem, expert)
    c = m.c.astype(float)
    gap = measure.value_gap(problem, expert, answer.policy).mid
    D, V = measure.triangular(d, e).mid, min(law @ c**2 - (law @ c) ** 2 for law in (d, e))
    bound = H * (np.sqrt(2 * V * D) + D)
    assert 0.95 * bound <= gap <= bound


def test_actions_of_the_demonstrations_are_ignored():
    problem, expert = drawn(1)
    shown = grant(problem, expert=expert, demonstrations=40, rng=RNG(3)).demonstrations()
    other = Trajectories(shown.obs, (shown.action + 1) % problem.A, t=shown.t, weight=shown.weight)
    tables = [
        run(SMILING(rounds=6), problem, expert, demonstrations=data).policy.to_tabular(problem).table
        for data in (shown, other)
    ]
    assert np.array_equal(*tables)


def test_sampled_demonstrations_and_episodes_suffice():
    problem, expert = drawn(2)
    learner = SMILING(rounds=10, episodes=50, policy_player=ExpertResets(rollouts_per_action=3))
    answer = run(learner, problem, expert, demonstrations=200, episodes=500, resets=20_000)
    assert answer.used.model_calls == 0
    assert answer.used.episodes == 500
    assert relative_entropy(states(problem, answer.policy.to_tabular(problem)), states(problem, expert)) < 0.1


def test_equal_laws_cost_nothing_with_any_smoothing():
    problem, expert = drawn(3)
    answer = run(SMILING(rounds=100, limit=True, score="last", smoothing="1/10"), problem, expert)
    assert relative_entropy(answer.trace["states"][-1], states(problem, expert)) < 1e-6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(rounds=0), "rounds is 0"),
        (dict(episodes=0), "episodes is 0"),
        (dict(space_nodes=0), "space_nodes is 0"),
        (dict(score="both"), "score is 'both'; expected one of aggregate, last, first"),
        (dict(costs="sum"), "costs is 'sum'; expected one of last, mean"),
        (dict(smoothing=2), r"smoothing is 2; expected a number in \[0, 1\]"),
        (dict(noise=[0.1, 0.1, 1]), r"noise\[1\] is 0.1 after noise\[0\] = 0.1; expected increasing times"),
        (dict(noise=[1, 2, "3/2"]), r"noise\[2\] is 1.5 after noise\[1\] = 2.0; expected increasing times"),
        (dict(noise=[0, 1]), r"noise\[0\] is 0.0; expected a positive time"),
        (dict(noise=[1]), r"noise has shape \(1,\); expected at least two finite times"),
        (dict(noise=[1, np.nan]), "expected at least two finite times"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, words):
    with pytest.raises(InvalidModel, match=words):
        SMILING(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(embedding=[0, 1, 0, 1]), r"not injective: states 0, 2 at \[0.0\]; states 1, 3 at \[1.0\]"),
        (dict(embedding=[[0, 1], [2, 3], [0, 1], [5, 5]]), r"states 0, 2 at \[0.0, 1.0\]"),
        (dict(embedding=[0, 1]), r"embedding has shape \(2,\); expected x\[s\] or x\[s,d\] for the 4 states"),
        (dict(embedding=[0, 1, 2, np.inf]), r"embedding\[3\] is inf; every entry must be finite"),
        (dict(embedding=np.eye(4)), "give fewer space_nodes"),
    ],
)
def test_embeddings_that_fail_are_refused(options, words):
    problem, expert = drawn(0)
    with pytest.raises(InvalidModel, match=words):
        run(SMILING(**options), problem, expert)


def test_in_the_limit_states_without_demonstrations_are_named():
    m = choices([1, 0, 0], [0, 1, 1])
    with pytest.raises(InvalidModel, match=r"states without demonstrations \(2, 3\); give a positive smoothing"):
        run(SMILING(limit=True), m.mdp, m.expert)
    answer = run(SMILING(limit=True, smoothing="1/100", rounds=30), m.mdp, m.expert)
    assert answer.trace["divergence"][-1] < 1e-3


def test_demonstrations_of_another_problem_are_refused():
    problem, expert = drawn(0)
    with pytest.raises(InvalidModel, match="obs"):
        run(SMILING(), problem, expert, demonstrations=Trajectories([7], [0], t=[0]))


def test_the_default_noise_levels_increase_and_one_state_has_some():
    for points in (np.zeros((1, 1)), np.arange(5.0)[:, None], np.array([[0.0], [1e-6], [1e6]])):
        assert (np.diff(expect_noise(noise_levels(points))) > 0).all()


def test_rational_problems_have_rational_policies():
    m = choices(H=3)
    answer = run(SMILING(rounds=4, policy_player=NaturalGradient("1/2")), m.mdp, m.expert)
    assert all(policy.exact for policy in answer.trace["policy"])
    assert answer.policy.to_tabular(m.mdp).exact
    assert objects([]).dtype == answer.policy.to_tabular(m.mdp).table.dtype
