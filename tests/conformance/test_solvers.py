"""Every method of `solve` keeps the contract, against brute force on small problems."""

import inspect
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

import mdpkit.solve
from mdpkit import (
    MDP,
    Average,
    Discounted,
    Finite,
    Interval,
    MarginProblem,
    MarkovGame,
    MomentProblem,
    PreferenceProblem,
    SafetyProblem,
    TabularPolicy,
    TokenProblem,
    Total,
    measure,
    objects,
)
from mdpkit.base.arrays import floats, nearest
from mdpkit.exact.linear import solve_linear
from mdpkit.exact.logs import log
from mdpkit.solve import (
    AGMM,
    LSTD,
    SBEED,
    AvoidMargin,
    AvoidProbability,
    AvoidTube,
    BackwardInduction,
    CoarseCorrelatedEquilibrium,
    ConstrainedPlanning,
    CorrelatedEquilibrium,
    CVaRPlanning,
    EntropicPlanning,
    HoffmanKarp,
    IntervalIteration,
    IntervalSet,
    KLBall,
    LemkeHowson,
    MagneticMirrorDescent,
    MarkovCorrelatedEquilibrium,
    Method,
    MinimaxWinner,
    ModifiedPolicyIteration,
    MomentGame,
    MultichainPolicyIteration,
    NashEquilibria,
    PolicyIteration,
    ProperPolicyIteration,
    RelativeValueIteration,
    RobustPlanning,
    ShapleyIteration,
    SoftPlanning,
    Tilting,
    TokenPlanning,
    TriggerEquilibrium,
    TwoStageLeastSquares,
    TwoStageRLHF,
    UtilityPlanning,
    VisitEntropy,
)
from mdpkit.testing import SOLVER_CHECKS, SolverCase

LAW = objects(
    [[["1/2", "1/2", 0], [0, "1/3", "2/3"]], [["1/4", 0, "3/4"], [1, 0, 0]], [[0, 1, 0], ["1/5", "2/5", "2/5"]]]
)
PAYS = objects([[0, 1], ["1/2", 0], [1, "1/3"]])
MASK = np.array([[True, True], [False, True], [True, True]])
START = objects(["1/2", "1/4", "1/4"])

finite = MDP(LAW, PAYS, START, horizon=Finite(3), mask=MASK)
discounted = MDP(LAW, PAYS, START, horizon=Discounted("4/5"), mask=MASK)
average = MDP(LAW, PAYS, START, horizon=Average(), mask=MASK)
shortest = MDP(
    np.concatenate([objects([[[1, 0, 0]] * 2]), LAW[1:]]),
    np.concatenate([objects([[0, 0]]), -1 - PAYS[1:]]),
    START,
    horizon=Total(),
    mask=MASK,
)
margins = MarginProblem(objects([2, 1, -1, "1/2"]), objects(np.eye(4, dtype=int)[[[1, 3], [0, 2], [2, 2], [3, 1]]]))
game = MarkovGame(objects([[[1]] * 4]), objects([[[6, 2, 7, 0]], [[6, 7, 2, 0]]]), horizon=Finite(2), actions=(2, 2))
fought = objects([[[4, 0, 0, 3]], [[-4, 0, 0, -3]]])
duels = MarkovGame(objects([[[1]] * 4]), fought, horizon=Finite(3), actions=(2, 2))
endless = MarkovGame(
    objects([[[1, 0], [0, 1], [0, 1], [1, 0]], [[0, 1]] * 4]),
    np.stack([objects([[1, 0, 0, 2], [0] * 4]), -objects([[1, 0, 0, 2], [0] * 4])]),
    horizon=Discounted("1/2"),
    actions=(2, 2),
)
prompts = PreferenceProblem(
    objects([["1/2", "1/4", "1/4"], ["1/3", "1/3", "1/3"]]), weights=objects([[1, 3, 2], [2, 2, 5]])
)
duel = PreferenceProblem(
    prompts.reference[:1], win=objects([[["1/2", "4/5", "2/5"], ["1/5", "1/2", "19/20"], ["3/5", "1/20", "1/2"]]])
)
prefixes = TokenProblem(
    [[1, 2, -1], [3, 2, 3], [3, 3, -1]],
    objects([["1/2", "1/2", 0], ["1/3", "1/3", "1/3"], ["1/4", "3/4", 0]]),
    weights=objects([[1, 3, 1], [1, 2, 5], [7, 1, 1]]),
    beta="1/2",
)
from_one = PreferenceProblem(prompts.reference, weights=objects([[1, 3, 2], [1, 1, "5/2"]]))
moments = MomentProblem(objects([[1, 0], [1, 2], [0, 1]]), objects([1, 3, 0]), objects(["1/2", "1/4", "1/4"]))
graph = SafetyProblem([False, False, True, False, False], [[1, 3], [2, 2], [2, 2], [3, 2], [1, 2]])
slippery = SafetyProblem(
    [False, False, True, False],
    P=objects(
        [
            [[0, "1/2", 0, "1/2"], [0, 0, "1/3", "2/3"]],
            [[0, 0, "3/4", "1/4"], [0, 0, 1, 0]],
            [[0, 0, 1, 0]] * 2,
            [[0, 0, 0, 1]] * 2,
        ]
    ),
)


def choices(problem):
    """Every deterministic stationary policy, as `[s]`."""
    return [np.array(plan) for plan in product(*(np.flatnonzero(row) for row in problem.available))]


def table(problem, plan):
    return TabularPolicy(problem.like(np.eye(problem.A, dtype=int)[plan]))


def best_plan(problem):
    """V[t,s] of the best deterministic Markov policy, each evaluated by itself."""
    plans = [
        measure.state_value(problem, table(problem, np.array(plan))).lower
        for plan in product(choices(problem), repeat=problem.horizon.H)
    ]
    return np.max(plans, axis=0)


def best_choice(problem):
    """V[s] of the best deterministic stationary policy."""
    return np.max([measure.state_value(problem, table(problem, plan)).lower for plan in choices(problem)], axis=0)


def attains(problem, solution):
    """The policy's own value lies where the solution says that the optimum is."""
    own = measure.state_value(problem, solution.policy)
    assert not (own <= solution.value).any_no()
    assert not (own >= solution.value).any_no()
    assert own.width <= 1e-6


def best_gain(problem):
    """The highest gain of a deterministic stationary policy."""
    return max(measure.value(problem, table(problem, plan)).lower[()] for plan in choices(problem))


def has_that_gain(problem, solution):
    own = measure.value(problem, solution.policy)
    assert not (own[None] <= solution.value[None]).any_no()
    assert not (own[None] >= solution.value[None]).any_no()


def soft_by_recursion(problem):
    """V[t,s] = log of the mean over existing actions of e^Q, in float64, and what 3 steps of it may be off."""
    P, r, V = problem.to_float().P, problem.to_float().r, np.zeros((problem.horizon.H + 1, problem.S))
    for t in range(problem.horizon.H - 1, -1, -1):
        Q = r + P @ V[t + 1]
        V[t] = [np.log(np.exp(Q[s, problem.available[s]]).mean()) for s in range(problem.S)]
    return Interval(V - 1e-12, V + 1e-12, "float")


def earns_its_soft_value(problem, solution):
    meant = problem.to_float()
    d = measure.occupancy(meant, solution.policy).mid
    uniform = meant.available / meant.available.sum(axis=1, keepdims=True)
    pi = solution.policy.table
    with np.errstate(divide="ignore", invalid="ignore"):
        price = np.where(pi > 0, np.log(pi / uniform), 0)
    first = solution.value[0] if isinstance(meant.horizon, Finite) else solution.value
    assert (d * (meant.r - price)).sum() == pytest.approx(meant.rho @ first.mid, abs=1e-9)


def by_mixture(problem):
    """The best mixture of two deterministic policies under one limit: where an optimum of one limit lies."""
    points, plans = [], choices(problem)
    for plan in product(plans, repeat=problem.horizon.H) if isinstance(problem.horizon, Finite) else plans:
        d = measure.occupancy(problem, table(problem, np.array(plan))).lower
        points.append(((d * COST).sum(), (d * problem.r).sum()))
    best = [gain for cost, gain in points if cost <= LIMIT]
    for (low, gain), (high, more) in product(points, repeat=2):
        if low < LIMIT < high:
            best.append(gain + (more - gain) * (LIMIT - low) / (high - low))
    return max(best)


def keeps_its_limit(problem, solution):
    d = measure.occupancy(problem, solution.policy)
    cost, earned = (d * problem.like(COST)).sum(), (d * problem.r).sum()
    assert not (cost <= problem.like([LIMIT])[0]).any_no()
    assert not (earned == solution.value).any_no()


COST, LIMIT = objects([[1, 0], [0, 0], [0, 2]]), objects("3/2")[()]


def least_squares(problem):
    """h of the normal equations."""
    weighted = problem.A.T * problem.weights
    return solve_linear(weighted @ problem.A, weighted @ problem.b)


def trapped(problem):
    """Whether every sequence of S actions meets a failure, by trying all."""
    lost = []
    for s in range(problem.S):
        paths = product(range(problem.A), repeat=problem.S)
        lost.append(all(any(problem.failure[place] for place in walk(problem, s, path)) for path in paths))
    return objects(np.array(lost, dtype=int))


def walk(problem, s, actions):
    yield s
    for a in actions:
        s = problem.successors[s, a]
        yield s


def best_least_margin(problem):
    """The largest least margin of any path of 2 S steps, by looking at all of them."""

    def least(s, steps):
        if steps == 0:
            return problem.margin[s]
        return min(
            problem.margin[s], max(least(int(np.flatnonzero(problem.P[s, a])[0]), steps - 1) for a in range(problem.A))
        )

    return objects([least(s, 2 * problem.S) for s in range(problem.S)])


def avoided(problem):
    """In a problem without cycles but at its ends: the best chance, from the last state to the first."""
    p = objects([0, 0, 0, 1])
    for s in (1, 0):
        p[s] = (problem.P[s] @ p).max()
    return p


def worth(problem):
    """J of the tilted policy, by the formula beta sum_x rho log sum_y reference weight."""
    inside = (problem.reference * problem.weights).sum(axis=1)
    return problem.beta * sum(chance * log(mass) for chance, mass in zip(problem.rho, inside, strict=True))


def worth_of_continuations(problem):
    """V(s) = beta log of the sum over all continuations of s of their probability times their weight."""

    def mass(s):
        if s == problem.S:
            return 1
        here = zip(problem.next[s], problem.reference[s], problem.weights[s], strict=True)
        return sum(p * w * mass(n) for n, p, w in here if n >= 0)

    return objects([problem.beta * log(mass(s)) for s in range(problem.S)])


def is_worth_its_first_value(problem, solution):
    own = measure.value(problem, solution.policy)
    assert not (own[None] <= solution.value[:1]).any_no()
    assert not (own[None] >= solution.value[:1]).any_no()


def leaves_no_regret(deviations):
    def judge(problem, solution):
        solution.certificate.verify()
        gain, own = measure.regret(problem, solution.policy, deviations), measure.value(problem, solution.policy)
        expected = (solution.value[:, 0] * problem.rho).sum(axis=-1)
        if problem.exact:
            assert (gain <= 0).all_yes()
            assert (own == expected).all_yes()
        else:
            assert (gain.lower <= nearest(solution.certificate.slack)).all()
            assert not (own == expected).any_no()

    return judge


def sums_of_the_stage(problem):
    """V[i,t,s] where every step is the same game of value 12/7, and the last row is 0."""
    V = objects([[[12 * (3 - t)] for t in range(4)]]) / 7
    return np.concatenate([V, -V])


def root_of_the_stage(problem):
    """The value v = (1 + v/2)(2 + v/2) / (3 + v) of `endless`: the root of 3 v^2 + 6 v - 8, sqrt(11/3) - 1."""
    v = (11 / 3) ** 0.5 - 1
    return Interval(np.array([[v, 0], [-v, 0]]) - 1e-8, np.array([[v, 0], [-v, 0]]) + 1e-8, "float")


def is_a_saddle_point(problem, solution):
    leaves_no_regret("swap")(problem.to_exact(), solution) if problem.exact else None
    solution.certificate.verify()


def is_a_softmax(problem, solution):
    """In every step: both policies are softmaxes at temperature 1 of the expected payoffs of the stage."""
    game, value = problem.to_float(), solution.value.mid[0]
    for t, table in enumerate(solution.unflatten()):
        Q = (game.r[0] + game.P @ value[t + 1]).reshape(game.S, 2, 2)
        for s in range(game.S):
            x, y = table[s].sum(axis=1), table[s].sum(axis=0)
            for law, score in ((x, Q[s] @ y), (y, -x @ Q[s])):
                np.testing.assert_allclose(law, np.exp(score) / np.exp(score).sum(), atol=1e-3)


def is_never_beaten(problem, solution):
    beaten = measure.exploitability(problem, solution.policy)
    assert not (beaten <= -solution.value.lower[()]).any_no()


def is_worth_its_value(problem, solution):
    own = measure.value(problem, solution.policy)
    assert not (own[None] <= solution.value[None]).any_no()
    assert not (own[None] >= solution.value[None]).any_no()


def minimiser(solution):
    return solution.h


TESTS = objects([[1, 1], [1, 0], [0, 2]])
PLAN = np.array([0, 1, 1])


def moment_matrices(problem):
    """T'WT, T'WA and T'Wb for the test functions T."""
    weighted = TESTS.T * problem.weights
    return weighted @ TESTS, weighted @ problem.A, weighted @ problem.b


def penalised_least_squares(problem):
    """Where the gradient of (d - C h)' (G + I/2)^-1 (d - C h) + h'h vanishes."""
    G, C, d = moment_matrices(problem)
    M = solve_linear(G + objects(np.eye(2, dtype=int)) / 2, objects(np.eye(2, dtype=int)))
    return solve_linear(C.T @ M @ C + objects(np.eye(2, dtype=int)), C.T @ M @ d)


def twice_regressed(problem):
    """As many test functions as coefficients: the moments vanish."""
    return solve_linear(*moment_matrices(problem)[1:])


def value_of_the_plan(problem):
    return measure.state_value(problem, table(problem, PLAN)).lower


penalised = AGMM(TESTS, penalty="1/2", ridge=1)
of_the_plan = LSTD(table(discounted, PLAN), np.eye(3, dtype=int))


def best_of_worst_ends(problem):
    """The best deterministic policy where nature picks each law from the two ends of `UNSURE`, each pair by itself."""
    pairs, best = list(zip(*np.nonzero(problem.available), strict=True)), None
    for plan in choices(problem):
        worst = None
        for picked in product((0, 1), repeat=len(pairs)):
            P = problem.P.copy()
            for (s, a), end in zip(pairs, picked, strict=True):
                P[s, a, 0] += objects(SHIFT * (2 * end - 1))[()]
                P[s, a, 2] -= objects(SHIFT * (2 * end - 1))[()]
            V = measure.state_value(MDP(P, problem.r, START, horizon=problem.horizon), table(problem, plan)).lower
            worst = V if worst is None else np.minimum(worst, V)
        best = worst if best is None else np.maximum(best, worst)
    return best


def replays_in_its_model(problem, solution):
    own = measure.state_value(solution.model, solution.policy)
    assert not (own <= solution.value).any_no()
    assert not (own >= solution.value).any_no()
    assert not (mdpkit.solve(solution.model).value == solution.value).any_no()


def has_that_entropy(problem, solution):
    q = (1 - problem.horizon.gamma) * measure.occupancy(problem, solution.policy).sum(axis=1)
    q = q.mid
    assert -(q * np.log(q)).sum() == pytest.approx(solution.value.mid, abs=1e-8)


def best_equivalent(problem):
    """The best deterministic Markov policy from each state and step on, by the law of its return in float64."""
    equivalents = []
    for plan in product(choices(problem), repeat=problem.horizon.H):
        policy = table(problem, np.array(plan))
        equivalents.append([*(equivalent(problem, policy, t) for t in range(problem.horizon.H)), np.zeros(problem.S)])
    best = np.max(equivalents, axis=0)
    return Interval(best - 1e-12, best + 1e-12, "float")


def equivalent(problem, policy, t):
    """-2 log E e^(-G/2) from each state, G the rewards from step t on."""
    H, out = problem.horizon.H - t, []
    for s in range(problem.S):
        start = objects([int(n == s) for n in range(problem.S)])
        rest = MDP(problem.P, problem.r, start, horizon=Finite(H), mask=problem.mask)
        returns, law = measure.return_law(rest, TabularPolicy(policy.table[t:]))
        out.append(-2 * np.log(floats(law) @ np.exp(-floats(returns) / 2)))
    return out


def earns_it(problem, solution):
    own = measure.entropic_value(problem, solution.policy, "1/2")
    assert not (own <= solution.value).any_no()
    assert not (own >= solution.value).any_no()


def replays_that_tail(problem, solution):
    assert not (measure.cvar(solution.model, solution.policy, "1/3")[None] == solution.value[None]).any_no()
    for plan in product(choices(problem), repeat=problem.horizon.H):
        other = measure.cvar(problem, table(problem, np.array(plan)), "1/3")
        assert not (other[None] <= solution.value[None]).any_no()


unsure = MDP(
    objects([[["1/2", 0, "1/2"], ["1/4", "1/2", "1/4"]], [["1/3", "1/3", "1/3"]] * 2, [["1/5", "2/5", "2/5"]] * 2]),
    PAYS,
    START,
    horizon=Discounted("4/5"),
)
SHIFT = Fraction(1, 8)
MOVE = objects([Fraction(1, 8), 0, Fraction(1, 8)])
between = IntervalSet(unsure.P - MOVE, unsure.P + MOVE)
limited = ConstrainedPlanning(COST[None], objects([LIMIT]))
CASES = [
    SolverCase("backward induction", BackwardInduction(), finite, best_plan, judge=attains, refuses=discounted),
    SolverCase("policy iteration", PolicyIteration(), discounted, best_choice, judge=attains, refuses=finite),
    SolverCase("modified policy iteration", ModifiedPolicyIteration(), discounted, best_choice, judge=attains, exact=False, refuses=finite),
    SolverCase("multichain policy iteration", MultichainPolicyIteration(), average, best_gain, judge=has_that_gain, refuses=finite),
    SolverCase("relative value iteration", RelativeValueIteration(), average, best_gain, judge=has_that_gain, exact=False, refuses=finite),
    SolverCase("proper policy iteration", ProperPolicyIteration(), shortest, best_choice, judge=attains, refuses=finite),
    SolverCase("interval iteration", IntervalIteration(), shortest, best_choice, judge=attains, exact=False, refuses=finite),
    SolverCase("avoid margin", AvoidMargin(), margins, best_least_margin, refuses=graph),
    SolverCase("soft planning", SoftPlanning(1.0), finite, soft_by_recursion, judge=earns_its_soft_value, exact=False, refuses=game),
    SolverCase("soft planning, discounted", SoftPlanning(1.0), discounted, judge=earns_its_soft_value, exact=False, refuses=game),
    SolverCase("constrained planning", limited, discounted, by_mixture, judge=keeps_its_limit, refuses=average),
    SolverCase("constrained planning, finite", limited, finite, by_mixture, judge=keeps_its_limit, refuses=average),
    SolverCase("robust planning", RobustPlanning(between), unsure, best_of_worst_ends, judge=replays_in_its_model, refuses=average),
    SolverCase("robust planning, KL", RobustPlanning(KLBall("1/10")), finite, judge=replays_in_its_model, exact=False, refuses=average),
    SolverCase("utility planning", UtilityPlanning(VisitEntropy()), discounted, judge=has_that_entropy, exact=False, refuses=average),
    SolverCase("entropic planning", EntropicPlanning("1/2"), finite, best_equivalent, judge=earns_it, exact=False, refuses=average),
    SolverCase("CVaR planning", CVaRPlanning("1/3"), finite, judge=replays_that_tail, refuses=average),
    SolverCase("correlated equilibrium", CorrelatedEquilibrium(), game, judge=leaves_no_regret("swap"), refuses=finite),
    SolverCase("coarse equilibrium", CoarseCorrelatedEquilibrium(), game, judge=leaves_no_regret("coarse"), refuses=finite),
    SolverCase("trigger equilibrium", TriggerEquilibrium("egalitarian"), game, judge=leaves_no_regret("trigger"), refuses=finite),
    SolverCase("Nash equilibria", NashEquilibria(), game, judge=leaves_no_regret("swap"), refuses=finite),
    SolverCase("Lemke-Howson", LemkeHowson(), game, judge=leaves_no_regret("swap"), refuses=finite),
    SolverCase("Shapley iteration", ShapleyIteration(), duels, sums_of_the_stage, judge=is_a_saddle_point, refuses=game),
    SolverCase("Shapley iteration, discounted", ShapleyIteration(), endless, root_of_the_stage, exact=False, refuses=game),
    SolverCase("Hoffman-Karp", HoffmanKarp(), endless, root_of_the_stage, exact=False, refuses=duels),
    SolverCase("mirror descent", MagneticMirrorDescent(1.0), duels, judge=is_a_softmax, exact=False, refuses=game),
    SolverCase("mirror descent, discounted", MagneticMirrorDescent(1.0), endless, exact=False, refuses=game),
    SolverCase("Markov equilibrium", MarkovCorrelatedEquilibrium(), game, judge=leaves_no_regret("swap"), floats=False, refuses=finite),
    SolverCase("tilting", Tilting(), prompts, worth, judge=is_worth_its_value, refuses=finite),
    SolverCase("minimax winner", MinimaxWinner(), duel, lambda problem: objects(0), judge=is_never_beaten, refuses=finite),
    SolverCase("token planning", TokenPlanning(), prefixes, worth_of_continuations, judge=is_worth_its_first_value, refuses=finite),
    SolverCase("two stages", TwoStageRLHF(width=6, unseen=0), from_one, worth, judge=is_worth_its_value, refuses=finite),
    SolverCase("moment game", MomentGame(), moments, least_squares, answer=minimiser, refuses=finite),
    SolverCase("AGMM", penalised, moments, penalised_least_squares, answer=minimiser, refuses=finite),
    SolverCase("2SLS", TwoStageLeastSquares(TESTS), moments, twice_regressed, answer=minimiser, refuses=finite),
    SolverCase("LSTD", of_the_plan, discounted, value_of_the_plan, answer=minimiser, refuses=finite),
    SolverCase("SBEED", SBEED(1.0), discounted, judge=earns_its_soft_value, exact=False, refuses=finite),
    SolverCase("tube", AvoidTube(), graph, trapped, answer=lambda solution: solution.tube, floats=False, refuses=slippery),
    SolverCase("avoid probability", AvoidProbability(), slippery, avoided, refuses=graph),
]  # fmt: skip


@pytest.mark.parametrize("check", SOLVER_CHECKS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_method_keeps_the_contract(case, check):
    check(case)


def test_no_method_is_left_out():
    methods = {
        thing
        for thing in vars(mdpkit.solve).values()
        if inspect.isclass(thing) and issubclass(thing, Method) and thing is not Method
    }
    assert methods == {type(case.method) for case in CASES}
    assert len(methods) >= 12
