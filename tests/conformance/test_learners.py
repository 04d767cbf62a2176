"""Tabular learners keep the contract of all learners, on laws and samples, finite and discounted, masked or not."""

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, TabularPolicy, measure, objects, rational
from mdpkit.base.errors import InvalidModel
from mdpkit.instances.library.imitation.tree import tree
from mdpkit.learn import (
    FILTER,
    GUITAR,
    ICL,
    LSVI,
    MTICL,
    PSDP,
    REFUEL,
    SMILING,
    AdRIL,
    AdVIL,
    BoxRewards,
    Cloning,
    DAeQuIL,
    DAgger,
    EpisodicQLearning,
    EvIL,
    Evolution,
    ExpertResets,
    FiniteRewards,
    FollowTheLeader,
    ForwardSearch,
    GradientAscent,
    Greedy,
    Hedge,
    HyPE,
    HyPER,
    IQLearn,
    KLToClone,
    LinearRewards,
    LookaheadGradient,
    LowerConfidence,
    MaxCausalEntropy,
    MomentMatching,
    NaturalGradient,
    OpenLoopSearch,
    PessimisticIRL,
    QLearning,
    SoftBestResponse,
)
from mdpkit.testing import LEARNER_CHECKS, LearnerCase

EXACT = dict(demonstrations="exact", episodes="exact", resets="exact", queries="exact")

LAW = [[["1/2", "1/2", 0], [0, "1/3", "2/3"]], [["1/4", 0, "3/4"], [1, 0, 0]], [[0, 1, 0], ["1/5", "2/5", "2/5"]]]
PAYS = [[0, 1], ["1/2", 0], [1, "1/3"]]
finite = MDP(objects(LAW), objects(PAYS), objects([1, 0, 0]), horizon=Finite(3))
masked = MDP(objects(LAW), objects(PAYS), horizon=Finite(2), mask=np.array([[True, True], [False, True], [True, True]]))
discounted = MDP(objects(LAW), objects(PAYS), horizon=Discounted("3/4"))
expert = TabularPolicy(objects([["1/3", "2/3"], [0, 1], ["3/4", "1/4"]]))

leaf, path = tree(2, 3, leaf=5), tree(2, 3, leaf=5, shaped=True)

features = objects([[[1, 0], [0, 0], [2, 0]], [[0, 1], [1, 0], [0, -1]]])
entries = objects(np.eye(6, dtype=int).reshape(6, 3, 2))
rewards = FiniteRewards(np.concatenate([features, -features]))


def the_expert_where_it_goes(problem, shown, answer):
    """The learner visits what the expert visits, exactly."""
    return (measure.occupancy(problem, shown) == measure.occupancy(problem, answer.policy)).all_yes()


def the_gap_that_its_trace_says(problem, shown, answer):
    """No reward of the class tells the mixture from the expert by more than sup_gap, which some reward attains."""
    apart = measure.occupancy(problem, shown).lower - measure.occupancy(problem, answer.policy).lower
    return rewards.sup(apart) == answer.trace["sup_gap"][-1] <= answer.trace["sup_gap"][0]


def at_most_the_games_of_its_steps(problem, shown, answer):
    """Every reward of the class separates policy and expert by at most the sum of the values of the steps' games."""
    apart = measure.occupancy(problem, shown).lower - measure.occupancy(problem, answer.policy).lower
    return rewards.sup(apart) <= answer.trace["game_value"].sum()


def at_most_its_losses(problem, shown, answer):
    """gap <= u times the mean loss, u the most that one action of the learner's can cost."""
    loss = answer.trace["loss"].sum() / len(answer.trace["loss"])
    gap = measure.value_gap(problem, shown, answer.policy)
    return bool((gap <= measure.recoverability(problem, shown) * objects(loss)).all_yes())


def at_most_its_off_policy_payoff(problem, shown, answer):
    """gap <= H, or 1 / (1 - gamma), times the largest payoff of a moment, for rewards in [0, 1]."""
    most = problem.horizon.H if isinstance(problem.horizon, Finite) else 1 / (1 - problem.horizon.gamma)
    gap = measure.value_gap(problem, shown, answer.policy)
    return bool((gap <= most * objects(answer.trace["sup_payoff"][-1])).all_yes())


def the_distance_that_its_trace_says(problem, shown, answer):
    """The occupancies' squared distance is that of the trace, and the sum of spreads and weighted gains over N^2."""
    log, N = answer.trace, len(answer.trace["gain"])
    apart = measure.occupancy(problem, shown).lower - measure.occupancy(problem, answer.policy).lower
    told = (log["spread"].sum() + 2 * (np.arange(N) * log["gain"]).sum()) / N**2
    return (apart**2).sum() == log["distance"][-1] == told


def at_most_its_moments(problem, shown, answer):
    """gap <= u times the mean loss, for moments that contain the expert's action values divided by u."""
    loss = answer.trace["loss"].sum() / len(answer.trace["loss"])
    gap = measure.value_gap(problem, shown, answer.policy)
    return bool((gap <= measure.recoverability(problem, shown) * objects(loss)).all_yes())


def the_likelihood_that_its_trace_says(problem, shown, answer):
    """The objective is the log-likelihood minus the penalty, at every step of the optimiser."""
    log = answer.trace
    return np.allclose(log["objective"], -log["loss"] - 0.1 * log["squares"], rtol=0, atol=1e-12)


def its_features(problem, shown, answer):
    """The features of the expert, up to the tolerance, as the enclosure in the trace says too."""
    d, e = (measure.occupancy(problem, each) for each in (shown, answer.policy))
    off = max(abs(float(((d.mid - e.mid) * f).sum())) for f in features.astype(float))
    return bool(answer.trace["feature_gap"][-1] <= 1e-6) and off <= 1.01e-6


def as_good_as_the_expert(problem, shown, answer):
    return bool((measure.value(problem, answer.policy) >= measure.value(problem, shown)).all_yes())


def no_worse_than_without_a_potential(problem, shown, answer):
    """The evolved potential has the highest fitness of all centres, the first of which is a potential of 0."""
    at = answer.trace["stage"] == "shaping"
    fitness = answer.trace["fitness"][at]
    reward = answer.trace["reward"][-1]
    task = MDP(problem.P, reward, problem.rho, horizon=problem.horizon, mask=problem.mask)
    trained = LookaheadGradient().on(task)
    return max(fitness) >= trained.fitness(np.zeros((1, 3)))[0] - 1e-12


def evil(**options):
    return lambda: EvIL(rounds=4, members=2, evolution=Evolution(pairs=2, generations=2), **options)


def state_laws_that_differ_by_little(problem, shown, answer):
    """No state tells the mixture from the expert by more than 1/50, and the trace's divergence falls."""
    d, e = (measure.occupancy(problem, each).lower.sum(axis=-1) for each in (shown, answer.policy))
    d, e = (each.reshape(-1, problem.S).sum(axis=0) / each.sum() for each in (d, e))
    return (abs(d - e) < rational("1/50")).all() and answer.trace["divergence"][-1] <= answer.trace["divergence"][0]


def matching(*players, **options):
    return lambda: MomentMatching(rewards, *players, rounds=8, **options)


FINITE = {
    "cloning": (Cloning, the_expert_where_it_goes),
    "smoothed cloning": (lambda: Cloning(smoothing="1/10"), None),
    "DAgger": (lambda: DAgger(iterations=4, episodes=20), at_most_its_losses),
    "DAgger from demonstrations": (
        lambda: DAgger(iterations=3, episodes=20, demonstrated=True),
        the_expert_where_it_goes,
    ),
    "hedge against planning": (matching(Hedge()), the_gap_that_its_trace_says),
    "planning against a box": (lambda: MomentMatching(BoxRewards(), rounds=6), None),
    "gradient ascent against natural gradient": (
        matching(GradientAscent(), NaturalGradient()),
        the_gap_that_its_trace_says,
    ),
    "gradient ascent against natural gradient, primal": (
        lambda: MomentMatching(LinearRewards(features), GradientAscent(), NaturalGradient(), 6, "primal"),
        None,
    ),
    "hedge against expert resets": (matching(Hedge(), ExpertResets()), the_gap_that_its_trace_says),
    "EvIL": (evil(), no_worse_than_without_a_potential),
    "SMILING": (lambda: SMILING(rounds=20), state_laws_that_differ_by_little),
    "SMILING in the limit": (
        lambda: SMILING(rounds=20, limit=True, smoothing="1/1000"),
        state_laws_that_differ_by_little,
    ),
    "AdRIL": (lambda: AdRIL(rounds=6), the_distance_that_its_trace_says),
    "AdRIL by soft planning": (lambda: AdRIL(policy_player=SoftBestResponse("1/10"), rounds=3), None),
    "AdVIL": (lambda: AdVIL(rounds=20), at_most_its_off_policy_payoff),
    "AdVIL, linear moments": (lambda: AdVIL(LinearRewards(features), rounds=10), None),
    "DAeQuIL": (lambda: DAeQuIL(iterations=4, episodes=20), at_most_its_moments),
    "PSDP": (lambda: PSDP(reward=objects(PAYS), rollouts_per_action=None), as_good_as_the_expert),
    "FILTER": (lambda: FILTER(rewards=rewards, reward_player=Hedge(), rounds=8), the_gap_that_its_trace_says),
    "FILTER, a stationary policy": (lambda: FILTER(game="nrmm", order="primal", rewards=rewards, rounds=8), None),
    "FILTER, step by step": (
        lambda: FILTER(alpha=1, order="primal", rewards=rewards),
        at_most_the_games_of_its_steps,
    ),
    "FILTER, step by step against a box": (lambda: FILTER(alpha=1, order="primal"), the_expert_where_it_goes),
    "GUITAR": (lambda: GUITAR(rewards=rewards, reward_player=Hedge(), rounds=8), the_gap_that_its_trace_says),
    "HyPE": (lambda: HyPE(rewards, rounds=8), the_gap_that_its_trace_says),
    "HyPE on the last round": (lambda: HyPE(rounds=4, keep="last", expert_share="1/4", unseen="optimistic"), None),
    "HyPER": (lambda: HyPER(rewards, rounds=8), the_gap_that_its_trace_says),
    "HyPER with stationary dynamics": (lambda: HyPER(rounds=4, stationary=True, unseen="optimistic"), None),
    "pessimistic IRL": (lambda: PessimisticIRL(rewards=rewards, rounds=8), the_gap_that_its_trace_says),
    "pessimistic IRL near the clone": (
        lambda: PessimisticIRL(KLToClone("1/10"), rewards, rounds=8),
        None,
    ),
    "greedy offline planning": (lambda: PessimisticIRL(Greedy(), rounds=4), None),
}
HYBRID = {
    "HyPE": lambda: HyPE(rounds=4),
    "HyPE without demonstrations in its batches": lambda: HyPE(rounds=4, expert_share=0, keep="last"),
    "HyPER": lambda: HyPER(rounds=4, stationary=True),
    "pessimistic IRL": lambda: PessimisticIRL(LowerConfidence("1/2"), rounds=4),
    "pessimistic IRL near the clone": lambda: PessimisticIRL(KLToClone(1), rounds=4),
}
ANY_HORIZON = (
    "SMILING",
    "cloning",
    "smoothed cloning",
    "hedge against planning",
    "gradient ascent against natural gradient",
    "EvIL",
    "AdRIL",
    "AdVIL",
)


def on(problem, name):
    """The learner on a problem's laws, and its guarantee."""
    make, says = FINITE[name]
    return make, problem, expert, EXACT, True, says


CASES = [
    *(LearnerCase(f"{name}, law", *on(finite, name)) for name in FINITE),
    *(LearnerCase(f"{name}, masked law", *on(masked, name)) for name in FINITE),
    *(LearnerCase(f"{name}, discounted law", *on(discounted, name)) for name in ANY_HORIZON),
    *(
        LearnerCase(f"{name}, sample", make, finite, expert)
        for name, make in {
            **{
                name: FINITE[name][0]
                for name in ("cloning", "smoothed cloning", "DAgger", "DAgger from demonstrations")
            },
            "hedge against planning": matching(Hedge()),
            "hedge against probed expert resets": matching(Hedge(), ExpertResets(rollouts_per_action=2), episodes=20),
            "EvIL": evil(),
            "EvIL by Q-learning": evil(
                policy_player=ExpertResets(rollouts_per_action=1), inner=EpisodicQLearning(episodes=5)
            ),
            "SMILING against probed expert resets": lambda: SMILING(
                policy_player=ExpertResets(rollouts_per_action=2), rounds=6, episodes=20
            ),
            "PSDP": lambda: PSDP(rollouts_per_action=2),
            "FILTER": lambda: FILTER(rewards=rewards, rounds=4, rollouts=10, episodes=20),
            "FILTER, a stationary policy": lambda: FILTER(game="nrmm", rewards=rewards, rounds=4, rollouts=10),
            "GUITAR": lambda: GUITAR(rewards=rewards, rounds=4, rollouts=10),
            **HYBRID,
            **{name: FINITE[name][0] for name in ("AdRIL", "AdVIL", "DAeQuIL")},
        }.items()
    ),
    LearnerCase(
        "REFUEL, law", lambda: REFUEL(rounds=3, pairs=None, reward=objects(PAYS)), finite, expert, EXACT, False
    ),
    LearnerCase("REFUEL, sample", lambda: REFUEL(rounds=3, pairs=20), finite, expert, rational=False),
    *(
        LearnerCase(
            f"causal entropy, {name}", lambda: MaxCausalEntropy(features), problem, expert, EXACT, False, its_features
        )
        for name, problem in (("finite", finite), ("masked", masked), ("discounted", discounted))
    ),
    LearnerCase(
        "causal entropy, sample", lambda: MaxCausalEntropy(features, ridge=0.1), finite, expert, rational=False
    ),
    *(
        LearnerCase(
            f"IQ-Learn, {name}",
            lambda: IQLearn(modelled=True),
            problem,
            expert,
            EXACT,
            False,
            the_likelihood_that_its_trace_says,
        )
        for name, problem in (("finite", finite), ("masked", masked), ("discounted", discounted))
    ),
    *(
        LearnerCase(name, lambda make=make: make(rounds=4), discounted, expert, EXACT, recovers=as_good_as_the_expert)
        for name, make in (("ICL", ICL), ("MTICL", MTICL))
    ),
    LearnerCase(
        "MTICL, sample", lambda: MTICL(rounds=3, slack=2, constraint_player=FollowTheLeader()), discounted, expert
    ),
    LearnerCase("MTICL, floats", lambda: MTICL(rounds=3), discounted.to_float(), expert.to_float(), EXACT),
    LearnerCase("IQ-Learn, sample", IQLearn, finite, expert, rational=False),
    LearnerCase("IQ-Learn, discounted sample", IQLearn, discounted, expert, rational=False),
    LearnerCase("open-loop search", lambda: OpenLoopSearch(8), leaf.mdp, leaf.expert, recovers=as_good_as_the_expert),
    LearnerCase("forward search", ForwardSearch, path.mdp, path.expert, recovers=as_good_as_the_expert),
    LearnerCase(
        "optimistic Q-learning",
        lambda: QLearning(60, exploration=0, initial=2),
        leaf.mdp,
        leaf.expert,
        recovers=as_good_as_the_expert,
    ),
    LearnerCase("Q-learning, masked", lambda: QLearning(300, rate=0.2), masked, expert),
    LearnerCase("Q-learning, floats", lambda: QLearning(300, rate=0.2), finite.to_float(), expert.to_float()),
    LearnerCase(
        "least squares", lambda: LSVI(np.moveaxis(entries, 0, -1), 300), finite, expert, recovers=as_good_as_the_expert
    ),
    LearnerCase("least squares, masked", lambda: LSVI(np.moveaxis(features, 0, -1), 100, ridge=1), masked, expert),
    LearnerCase(
        "least squares, floats",
        lambda: LSVI(np.moveaxis(features, 0, -1), 100, explorer=expert.to_float(), pooled=True),
        finite.to_float(),
        expert.to_float(),
    ),
    *(
        LearnerCase(f"{name}, floats", make, finite.to_float(), expert.to_float(), EXACT)
        for name, make in HYBRID.items()
    ),
    LearnerCase("cloning, floats", Cloning, finite.to_float(), expert.to_float()),
    LearnerCase("hedge against planning, floats", matching(Hedge()), finite.to_float(), expert.to_float(), EXACT),
]


@pytest.mark.parametrize("check", LEARNER_CHECKS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_learner_keeps_the_contract(case, check):
    check(case)


class Overplaying(Cloning):
    """Plays episodes that it did not say it needs."""

    def learn(self, access, rng):
        if "episodes" in access.granted:
            access.reset()
        return super().learn(access, rng)


class Unseeded(Cloning):
    """Draws from a generator of its own."""

    def learn(self, access, rng):
        _, trace = super().learn(access, rng)
        weights = objects(np.random.default_rng().integers(1, 10**9, (3, 2)))
        return TabularPolicy(weights / weights.sum(axis=1, keepdims=True)), trace


class Peeping(PSDP):
    """Reads the rewards behind the access."""

    needs = ("demonstrations", "model")

    def learn(self, access, rng):
        return PSDP(reward=access._simulator.problem.r, rollouts_per_action=None).learn(access, rng)


class Rounding(Cloning):
    """Forgets that the problem is rational."""

    def learn(self, access, rng):
        policy, trace = super().learn(access, rng)
        return policy.to_float(), trace


class Uneven(Cloning):
    """A trace that stops early."""

    def learn(self, access, rng):
        policy, _ = super().learn(access, rng)
        return policy, {"loss": []}


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (Overplaying, "more_access_does_not_change_what_is_used"),
        (Unseeded, "the_same_seed_gives_the_same_fit"),
        (Peeping, "rewards_that_were_not_granted_have_no_effect"),
        (Rounding, "the_policy_is_rational_where_promised"),
        (Uneven, "the_trace_has_columns_of_one_positive_length"),
    ],
)
def test_the_suite_finds_what_breaks_the_contract(broken, found):
    case = LearnerCase("broken", broken, finite, expert, EXACT)
    check = next(check for check in LEARNER_CHECKS if check.__name__ == found)
    with pytest.raises((AssertionError, InvalidModel)):
        check(case)
