"""Preference fine-tuning: against closed forms, brute force and each other."""

import numpy as np
import pytest
from scipy.special import expit

from mdpkit import PreferenceProblem, measure, objects, solve
from mdpkit.base.arrays import floats
from mdpkit.base.errors import InvalidModel, MissingAccess, NotSolved
from mdpkit.exact.logs import log
from mdpkit.learn import (
    DPO,
    IPO,
    REBEL,
    RLHF,
    SPO,
    SRPO,
    XPO,
    BestOfN,
    BradleyTerry,
    FinitePolicies,
    GradientAscent,
    Hedge,
    HyPO,
    LogLinear,
    MultiplicativeWeights,
    OnlineDPO,
    RewardEnsemble,
    dpo_loss,
    fit,
    grant,
    ipo_loss,
    rebel_loss,
)
from mdpkit.model import Comparisons


def rng(seed=0):
    return np.random.default_rng(seed)


def exactly(problem, **options):
    return grant(problem, preferences="exact", **options)


def draw(seed, X=2, Y=4, beta=0.7):
    random = rng(seed)
    return PreferenceProblem(
        random.dirichlet(np.ones(Y), X),
        reward=random.normal(size=(X, Y)),
        data=random.dirichlet(np.ones(Y), X),
        rho=random.dirichlet(np.ones(X)),
        beta=beta,
    )


small = PreferenceProblem(objects([["1/2", "1/4", "1/4"]]), weights=objects([[1, 3, 2]]))
cycle = PreferenceProblem(
    objects([["1/3", "1/3", "1/3"]]),
    win=objects([[["1/2", "4/5", "2/5"], ["1/5", "1/2", "19/20"], ["3/5", "1/20", "1/2"]]]),
)
"""P(1, 2) = .6, P(2, 3) = .9 and P(3, 1) = .2; its minimax winner is (9, 2, 6)/17."""


# ---- access
def test_the_population_of_comparisons_has_the_problems_probabilities():
    data = exactly(small).comparisons()
    assert data.exact
    assert data.weight.sum() == 1
    for x, y, z, won in zip(data.prompt, data.first, data.second, data.won, strict=True):
        assert won == small.weights[x, y] / (small.weights[x, y] + small.weights[x, z])


def test_sampled_comparisons_are_counted_and_follow_the_data():
    problem = draw(3)
    access = grant(problem, preferences=20_000, rng=rng())
    first = access.comparisons(5_000)
    data = access.comparisons()
    assert (len(first), len(data), access.used.comparisons) == (5_000, 15_000, 20_000)
    with pytest.raises(MissingAccess, match="20000 are used"):
        access.comparisons(1)
    seen = np.zeros((2, 4))
    np.add.at(seen, (data.prompt, data.first), 1 / len(data))
    assert abs(seen - problem.rho[:, None] * problem.data).max() < 0.02


def test_given_comparisons_are_what_the_learner_sees():
    data = Comparisons([0, 0, 0], [0, 1, 2], [1, 2, 0], objects(["1/4", "1/2", "1/3"]))
    assert grant(small, preferences=data).comparisons() is data
    with pytest.raises(InvalidModel, match=r"second\[0\] is 3; expected an integer from 0 to 2"):
        grant(small, preferences=Comparisons([0], [1], [3], [1]))
    with pytest.raises(InvalidModel, match=r"won\[1\] is 2"):
        Comparisons([0, 0], [0, 1], [1, 2], [1, 2])


def test_scores_need_rewards():
    with pytest.raises(MissingAccess, match="rewards=True"):
        exactly(small).score([0], [0])
    with pytest.raises(InvalidModel, match="this problem has no rewards"):
        exactly(cycle, rewards=True)
    assert exactly(draw(1), rewards=True).score([0], [2]) == draw(1).reward[0, 2]


def test_a_tilt_with_another_beta_has_the_bradley_terry_probabilities_of_its_rewards():
    """r = beta log weights, so that the weights themselves do not give the probabilities."""
    tilt = PreferenceProblem([[0.5, 0.5]], weights=[[1.0, 9.0]], beta=0.5)
    same = PreferenceProblem([[0.5, 0.5]], reward=[[0.0, np.log(3)]], beta=0.5)
    assert np.allclose(exactly(tilt).compare_law([0], [1], [0]), 3 / 4)
    assert np.allclose(exactly(tilt).comparisons().won, exactly(same).comparisons().won)
    assert abs(fit(DPO(), exactly(tilt), rng=None).policy.table - [[0.1, 0.9]]).max() < 1e-9


# ---- offline
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("learner", [DPO(), RLHF(), HyPO(penalty="1/10000000000")])
def test_with_full_coverage_the_population_optimum_is_found(learner, seed):
    problem = draw(seed)
    found = fit(learner, exactly(problem), rng=None).policy
    assert abs(found.table - solve(problem).policy.table).max() < 1e-6


def test_rational_problems_are_fitted_as_their_floats():
    assert abs(fit(DPO(), exactly(small), rng=None).policy.table - [[2 / 7, 3 / 7, 2 / 7]]).max() < 1e-9


def test_unseen_responses_keep_the_log_ratio_that_gradient_descent_leaves_them():
    problem = PreferenceProblem([[0.4, 0.4, 0.2]], reward=[[1.0, 0.0, -5.0]], data=[[0.5, 0.5, 0.0]], beta=0.5)
    answer = fit(DPO(), exactly(problem), rng=None)
    h = np.log(answer.policy.table / problem.reference)[0]
    assert np.isclose(h[0] - h[1], 2)
    assert np.isclose(answer.trace["implied"][0][0], [0.5, -0.5, 0]).all()


def test_the_hybrid_limit_is_the_closest_policy_without_error():
    """The golden numbers: (.85654, .11592, .02754), divergence .32008."""
    weights = np.exp([[2.0, 0.0, -10.0]])
    problem = PreferenceProblem([[0.49, 0.49, 0.02]], weights=weights, data=[[0.5, 0.5, 0.0]], beta=0.5)
    answer = fit(HyPO(penalty="1/1000000"), exactly(problem), rng=None)
    assert abs(answer.policy.table - [[0.85654, 0.11592, 0.02754]]).max() < 1e-4
    assert abs(answer.trace["divergence"][0] - 0.32008) < 1e-4
    mass = measure.closest_mass(problem).mid[0]
    assert abs(answer.policy.table[0, :2].sum() - mass) < 1e-4


def test_log_linear_descent_reaches_the_bad_minimiser():
    """Golden: probability .6625 for the third response, which is never shown."""
    features = LogLinear([[[1.0, 0.0], [0.0, 0.0], [3.0, 1.0]]])
    problem = PreferenceProblem([[0.49, 0.49, 0.02]], reward=[[1.0, 0.0, -5.0]], data=[[0.5, 0.5, 0.0]], beta=0.5)
    assert abs(fit(DPO(features), exactly(problem), rng=None).policy.table[0, 2] - 0.6625) < 1e-4


def test_misspecification_can_reverse_a_preference():
    """Golden: theta = .4006 if the pair (1, 3) has ten times the weight of the others, -.426 if not."""
    features = LogLinear([[[1.0], [-1.0], [0.0]]])
    problem = PreferenceProblem([[1 / 3, 1 / 3, 1 / 3]], reward=[[1.0, 2.0, 0.0]])
    for heavy, theta in ((10, 0.4006), (1, -0.426)):
        data = Comparisons(
            [0] * 3, [0, 1, 0], [1, 2, 2], [expit(-1), expit(2), expit(1)], weight=np.array([1, 1, heavy]) / (2 + heavy)
        )
        table = fit(DPO(features), grant(problem, preferences=data), rng=None).policy.table[0]
        assert abs(np.log(table[0] / table[2]) - theta) < 2e-3


def test_the_identity_objective_tilts_by_the_chance_to_win_and_depends_on_the_data():
    problem = draw(7, beta=0.3)
    chance = 1 / (1 + np.exp(problem.reward[:, None, :] - problem.reward[:, :, None]))
    even = PreferenceProblem(problem.reference, reward=problem.reward, data=np.full((2, 4), 0.25), beta=0.3)
    tilted = even.reference * np.exp(chance.mean(axis=-1) / 0.3)
    found = fit(IPO(), exactly(even), rng=None).policy.table
    assert abs(found - tilted / tilted.sum(axis=-1, keepdims=True)).max() < 1e-9
    assert abs(found - fit(IPO(), exactly(problem), rng=None).policy.table).max() > 1e-3


def test_self_improvement_does_not_depend_on_how_often_pairs_are_compared():
    """Golden: on the cycle (.9, .8, .8) at beta = .2, (.379, .247, .373) for every law of the data; IPO moves."""
    win = np.array([[[0.5, 0.9, 0.2], [0.1, 0.5, 0.8], [0.8, 0.2, 0.5]]])
    found, moved = [], []
    for law in ([1 / 3] * 3, [0.8, 0.1, 0.1], [0.1, 0.2, 0.7]):
        problem = PreferenceProblem([[1 / 3] * 3], win=win, data=[law], beta=0.2)
        answer = fit(SRPO(), exactly(problem), rng=None)
        found.append(answer.policy.table[0])
        moved.append(fit(IPO(), exactly(problem), rng=None).policy.table[0])
        improver = answer.trace["improver"][0][0]
        joint = np.exp((win[0].T - 0.5) / 0.2) / 3
        assert np.allclose(improver, joint / joint.sum(axis=-1, keepdims=True))
    assert np.allclose(found, found[0])
    assert np.allclose(found[0], [0.379, 0.247, 0.373], atol=1e-3)
    assert np.allclose(moved[:2], [[0.39, 0.28, 0.33], [0.25, 0.06, 0.69]], atol=1e-2)


def test_self_improvement_is_a_saddle_point():
    """No improver raises, and no generator lowers, the objective."""
    problem = PreferenceProblem([[0.5, 0.3, 0.2]], win=floats(cycle.win), beta=0.3)
    answer = fit(SRPO(), exactly(problem), rng=None)
    base, beaten = problem.reference[0], problem.win[0].T

    def objective(p, s):
        inner = (s * (beaten - 0.3 * np.log(s / base))).sum(axis=-1)
        return p @ inner + 0.3 * (p * np.log(p / base)).sum()

    p, s, random = answer.policy.table[0], answer.trace["improver"][0][0], rng(0)
    for _ in range(50):
        assert objective(p, random.dirichlet(np.ones(3), 3)) <= objective(p, s) + 1e-12
        assert objective(random.dirichlet(np.ones(3)), s) >= objective(p, s) - 1e-12


def test_pairs_that_were_never_compared_count_as_ties():
    data = Comparisons([0], [0], [1], [1])
    even = PreferenceProblem([[1 / 3] * 3], win=floats(cycle.win), beta=1)
    improver = fit(SRPO(), grant(even, preferences=data), rng=None).trace["improver"][0][0]
    assert np.allclose(improver[2], 1 / 3)
    assert np.isclose(improver[1, 0] / improver[1, 1], np.exp(1 / 2))


def test_finite_classes_are_enumerated_and_ties_go_to_the_first():
    best, other = solve(small).policy.to_float().table, small.to_float().reference
    for tables, chosen in (([other, best], best), ([other, other], other), ([np.eye(3)[:1], other], other)):
        assert np.allclose(fit(DPO(FinitePolicies(tables)), exactly(small), rng=None).policy.table, chosen)


def test_losses_are_those_of_the_formulas():
    margin, won = np.array([0.3, -1.0]), np.array([1.0, 0.0])
    assert np.allclose(dpo_loss(margin, won, 2.0), [np.log1p(np.exp(-0.6)), np.log1p(np.exp(-2.0))])
    assert np.allclose(ipo_loss(margin, won, 0.5), [(0.3 - 1) ** 2, 0.0])
    assert np.allclose(rebel_loss(margin, np.array([1.0, 1.0]), 0.5), [0.16, 9.0])


@pytest.mark.parametrize("learner", [DPO(), RLHF(), DPO(LogLinear([[[1.0], [0.0], [0.0]]]))])
def test_separated_comparisons_are_refused_without_a_ridge(learner):
    data = Comparisons([0, 0], [0, 0], [1, 2], [1, 1])
    with pytest.raises(NotSolved, match="some scores separate the comparisons"):
        fit(learner, grant(small, preferences=data), rng=None)
    ridged = fit(DPO(ridge="1/100"), grant(small, preferences=data), rng=None).policy.table
    assert ridged[0, 0] > 1 / 2


def test_a_response_that_the_reference_excludes_is_named():
    problem = PreferenceProblem([[0.5, 0.5, 0.0]], reward=[[0.0, 1.0, 2.0]], data=[[0.4, 0.3, 0.3]])
    with pytest.raises(InvalidModel, match="shows response 2 to prompt 0, which has probability 0 under the reference"):
        fit(DPO(), exactly(problem), rng=None)


def test_fits_converge_at_the_rate_of_samples():
    errors = []
    for n in (400, 40_000):
        tables = [
            fit(DPO(), grant(small, preferences=n, rng=rng(seed)), rng=None).policy.table
            - solve(small).policy.to_float().table
            for seed in range(20)
        ]
        errors.append(np.sqrt(np.mean(np.square(tables))))
    assert 5 < errors[0] / errors[1] < 20


def test_an_ensemble_is_pessimistic_where_its_members_disagree():
    data = grant(draw(2), preferences=300, rng=rng(5)).comparisons()
    heads = {
        head: RewardEnsemble(members=8, head=head).fit(data, (2, 4), rng(1)) for head in ("mean", "worst", "variance")
    }
    assert (heads["worst"] <= heads["mean"]).all()
    assert (heads["variance"] <= heads["mean"]).all()
    with pytest.raises(InvalidModel, match="give fit"):
        fit(RLHF(RewardEnsemble()), exactly(small), rng=None)


def test_a_bounded_reward_model_keeps_the_policy_near_the_reference():
    problem = draw(4, beta=0.2)
    policy = fit(RLHF(BradleyTerry(bound=1)), exactly(problem), rng=None).policy
    assert (measure.divergence_from_reference(problem, policy) <= 5).all_yes()
    scores = BradleyTerry(bound=1).fit(exactly(problem).comparisons(), (2, 4), None)
    assert (np.ptp(scores, axis=-1) <= 1 + 1e-12).all()


# ---- best of n
@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_best_of_n_is_what_enumeration_says(n):
    law, scores = np.array([0.1, 0.2, 0.3, 0.4]), np.array([1.0, 0.0, 1.0, -1.0])
    problem = PreferenceProblem(law[None], reward=scores[None])
    brute = np.zeros(4)
    for drawn in np.ndindex(*(4,) * n):
        top = max(scores[list(drawn)])
        winners = [y for y in drawn if scores[y] == top]
        for y in winners:
            brute[y] += np.prod(law[list(drawn)]) / len(winners)
    found = fit(BestOfN(n), grant(problem, rewards=True), rng=None).policy
    assert np.allclose(found.table[0], brute)


def test_the_divergence_of_the_best_of_n_is_bounded_and_reached_without_ties():
    problem = PreferenceProblem(np.full((1, 2000), 1 / 2000), reward=np.arange(2000.0)[None])
    policy = fit(BestOfN(8), grant(problem, rewards=True), rng=None).policy
    divergence, bound = measure.divergence_from_reference(problem, policy).mid, np.log(8) - 7 / 8
    assert 0.99 * bound < divergence <= bound


# ---- online
def test_rebel_over_all_policies_is_mirror_descent():
    problem = draw(9)
    trace = fit(REBEL(rounds=4, eta="1/2"), exactly(problem, rewards=True), rng=None).trace
    table = problem.reference
    for policy in trace["policy"]:
        assert abs(policy.table - table).max() < 1e-9
        table = table * np.exp(problem.reward / 2)
        table = table / table.sum(axis=-1, keepdims=True)
    assert trace["error"].max() < 1e-12


def test_rebel_in_a_log_linear_class_is_natural_policy_gradient():
    """theta moves by eta F^+ grad J, F the Fisher matrix; with a base other than the policy it does not."""
    problem, features = draw(11), rng(3).normal(size=(2, 4, 2))
    moved = {}
    for base in ("policy", "reference"):
        _, second, third = fit(
            REBEL(LogLinear(features), 3, base=base), exactly(problem, rewards=True), rng=None
        ).trace["policy"]
        pi = second.table
        centred = features - np.einsum("xy,xyk->xk", pi, features)[:, None]
        fisher = np.einsum("x,xy,xyk,xyl->kl", problem.rho, pi, centred, centred)
        slope = np.einsum("x,xy,xyk,xy->k", problem.rho, pi, centred, problem.reward)
        step = np.linalg.pinv(fisher) @ slope
        expected = pi * np.exp(features @ step)
        moved[base] = abs(third.table - expected / expected.sum(axis=-1, keepdims=True)).max()
    assert moved["policy"] < 1e-8 < 1e-3 < moved["reference"]


def test_rebel_does_not_learn_about_a_response_that_no_round_draws():
    problem = PreferenceProblem([[0.5, 0.5, 0.0]], reward=[[0.0, 0.1, 1.0]])
    policy = fit(REBEL(rounds=50), exactly(problem, rewards=True), rng=None).policy
    assert policy.table[0, 2] == 0


def test_self_play_reaches_the_minimax_winner_at_its_regret():
    """max_y E P(y, average) equals the regret over the rounds, to rounding, and is below sqrt(2 log Y / N)."""
    answer = fit(SPO(rounds=4000), exactly(cycle), rng=None)
    P = 2 * cycle.win.astype(float)[0] - 1
    gains = np.array([gain[0] for gain in answer.trace["gain"]])
    played = np.array([policy.table[0] for policy in answer.trace["policy"]])
    regret = gains.sum(axis=0).max() - (gains * played).sum()
    exploitability = (P @ answer.policy.table[0]).max()
    assert np.isclose(exploitability, regret / 4000, atol=1e-12)
    assert exploitability <= np.sqrt(2 * np.log(3) / 4000)
    assert abs(answer.policy.table[0] - np.array([9, 2, 6]) / 17).max() < 0.05
    assert (P @ played[-1]).max() > 5 * exploitability


def test_the_guarantee_of_self_play_on_the_cycle():
    """Both sides of the guarantee, exploitability = Reg/N <= sqrt(2 log Y / N), in exact arithmetic and in floats."""
    for player, rate in ((GradientAscent("1/4"), None), (Hedge("1/4"), "1/4"), (MultiplicativeWeights("1/2"), None)):
        rounds = 6 if isinstance(player, MultiplicativeWeights) else 40
        answer = fit(SPO(rounds=rounds, player=player), exactly(cycle), rng=None)
        gains, played = (objects(np.stack(rows)) for rows in (answer.trace["gain"], [
            policy.table for policy in answer.trace["policy"]
        ]))  # fmt: skip
        regret = (gains.sum(axis=0).max(axis=-1) - (gains * played).sum(axis=(0, 2)))[0]
        reached = measure.exploitability(cycle, answer.policy)
        assert reached.exact
        assert reached == regret / rounds
        if rate is not None:  # log Y / rate + rate N / 2, since gains have range 2
            assert (reached * rounds <= log(3) * 4 + objects(rounds)[()] / 8 + objects("1/1000")[()]).all_yes()
    near = cycle.to_float()
    for rounds in (100, 1000):
        answer = fit(SPO(rounds=rounds), exactly(near), rng=None)
        assert (measure.exploitability(near, answer.policy) <= np.sqrt(2 * np.log(3) / rounds)).all_yes()


def test_optimistic_hedge_reaches_the_winner_where_hedge_circles_it():
    skewed = PreferenceProblem([[0.6, 0.3, 0.1]], win=floats(cycle.win))
    last = {}
    for optimistic in (False, True):
        player = Hedge(1, optimistic=optimistic)
        trace = fit(SPO(rounds=800, player=player), exactly(skewed), rng=None).trace
        last[optimistic] = measure.exploitability(skewed, trace["policy"][-1]).mid
    assert last[True] < 1e-3 < 0.1 < last[False]


def test_self_play_with_rewards_is_computed_in_floats():
    tilted = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]), beta=2)
    answer = fit(SPO(rounds=3, player=GradientAscent("1/2")), exactly(tilted), rng=None)
    assert not answer.policy.exact
    assert answer.policy.table[0, 1] > 1 / 2


def test_self_play_refuses_a_rate_beside_a_player_and_a_rate_that_is_too_large():
    with pytest.raises(InvalidModel, match="expected the rate in the player"):
        SPO(rate=1, player=Hedge())
    with pytest.raises(InvalidModel, match=r"1 \+ rate \* gain is .* for member 2; expected a rate"):
        fit(SPO(rounds=4, player=MultiplicativeWeights(9)), exactly(cycle), rng=None)


def test_sampled_self_play_counts_its_comparisons():
    access = grant(cycle, preferences=10_000, rng=rng())
    answer = fit(SPO(rounds=1000, opponents=2), access, rng=rng())
    assert answer.used.comparisons == 1000 * 2 * 3
    assert abs(answer.policy.table[0] - np.array([9, 2, 6]) / 17).max() < 0.15


def test_a_policy_without_a_compared_response_has_infinite_loss_for_every_learner():
    tables = [[[1.0, 0.0, 0.0]], [[0.2, 0.5, 0.3]]]
    for order in (tables, tables[::-1]):
        for learner in (DPO(FinitePolicies(order)), HyPO(FinitePolicies(order)), XPO(FinitePolicies(order))):
            found = fit(learner, grant(small, preferences=400, rng=rng()), rng=rng())
            assert np.allclose(found.policy.table, tables[1])
    with pytest.raises(NotSolved, match="every policy of the class has infinite loss"):
        fit(DPO(FinitePolicies(tables[:1])), exactly(small), rng=None)


def test_online_learners_sample():
    for learner in (OnlineDPO(), SPO(rounds=1)):
        with pytest.raises(InvalidModel, match="sampling was requested"):
            fit(learner, grant(small, preferences=200, rng=rng()), rng=None)
    with pytest.raises(InvalidModel, match="OnlineDPO samples: expected preferences as a count"):
        fit(OnlineDPO(), exactly(small), rng=rng())
    for learner in (OnlineDPO(), XPO()):
        access = grant(small, preferences=200, rng=rng())
        table = fit(learner, access, rng=rng()).policy.table
        assert access.used.comparisons == 200
        assert abs(table - solve(small).policy.to_float().table).max() < 0.25


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: DPO(beta=0), "beta is 0; expected a number above 0"),
        (lambda: HyPO(penalty=-1), "penalty is -1; expected a number above 0"),
        (lambda: REBEL(base="data"), "base is 'data'; expected one of policy, reference, or a TabularPolicy"),
        (lambda: RewardEnsemble(head="median"), "head is 'median'; expected one of mean, worst, variance"),
        (lambda: LogLinear([[1.0]]), r"features has shape \(1, 1\); expected finite features\[x,y,k\]"),
        (lambda: FinitePolicies([[[0.5, 0.2]]]), "expected distributions"),
        (lambda: fit(DPO(LogLinear([[[1.0]]])), exactly(small), rng=None), r"expected \(1, 3, 'k'\)"),
        (lambda: fit(HyPO(LogLinear([[[1.0]]])), exactly(small), rng=None), r"expected \(1, 3, 'k'\)"),
    ],
)
def test_bad_settings_are_refused(build, words):
    with pytest.raises(InvalidModel, match=words):
        build()
