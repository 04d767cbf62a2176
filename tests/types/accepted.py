"""User code that a type checker accepts, with the types that it must see. Nothing here is run."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, ClassVar, assert_type

import numpy as np

import mdpkit
from mdpkit import (
    MDP,
    Bound,
    Box,
    Claim,
    Control,
    Discounted,
    Family,
    Finite,
    Interval,
    PreferenceProblem,
    SafetyProblem,
    Simplex,
    TabularPolicy,
    fit,
    grant,
    objects,
    solve,
    value,
    verify,
)
from mdpkit.base.decision import Decision, Decisions
from mdpkit.learn import PSDP, Cloning, DAgger, Fit, Learner, LinearRewards, Mixture, MomentMatching
from mdpkit.solve import Method, PolicyIteration, Solution
from mdpkit.testing import LearnerCase, check_learner


def records() -> None:
    mdp = MDP([[[0.0, 1.0]], [["1/2", "1/2"]]], [[1], [0]], horizon=Discounted("9/10"))
    assert_type(mdp.P, np.ndarray)
    assert_type(mdp.rho, np.ndarray)
    assert_type(mdp.mask, np.ndarray | None)
    assert_type(mdp.state_names, tuple[str, ...] | None)
    assert_type(mdp.to_exact(), MDP)
    assert_type(mdp.S, int)
    assert_type(TabularPolicy([[1.0]]).table, np.ndarray)
    assert_type(mdpkit.MarkovGame([[[1]]], [[[1]]], horizon=Finite(1), actions=(1,)).player(0), MDP)


def answers(mdp: MDP) -> None:
    solution = solve(mdp)
    assert_type(solution.policy, TabularPolicy)
    assert_type(solution.value, Interval)
    assert_type(value(mdp, solution.policy), Interval)
    tried = solve(mdp, throw=False)
    assert_type(tried, Solution)
    assert_type(tried.policy, TabularPolicy | None)
    method: Method = PolicyIteration()
    solve(mdp, method)


def bounds(J: Interval) -> None:
    assert_type(J <= 1, Decision | Decisions)
    assert_type(J[0] + 1 == J * objects("1/2"), Decision | Decisions)
    assert_type((J <= 1).all_yes(), bool)
    assert_type(J.lower, np.ndarray)
    assert_type(J.how, str)


def learning(mdp: MDP, rng: np.random.Generator) -> None:
    access = grant(mdp, expert=solve(mdp).policy, demonstrations=3, rng=rng)
    assert_type(access, mdpkit.Access)
    answer = fit(Cloning(), access, rng=rng)
    assert_type(answer, Fit[TabularPolicy])
    assert_type(answer.policy.table, np.ndarray)
    assert_type(value(mdp, answer.policy), Interval)
    assert_type(answer.used.queries, int)


def claims() -> None:
    verdict = verify("performance_difference_lemma", "full", seed=1)
    assert_type(verdict, mdpkit.Verdict)
    assert_type(verdict.outcome, mdpkit.Outcome)
    assert_type(verdict.tightest, float | None)


@dataclass(frozen=True)
class Uniform:
    """A learner of one's own, as CONTRIBUTING.md describes it."""

    needs: ClassVar[tuple[str, ...]] = ("episodes",)

    def learn(self, access: mdpkit.Access, rng: np.random.Generator) -> tuple[TabularPolicy, dict[str, list[float]]]:
        return TabularPolicy([[1]]), {"loss": []}


@dataclass(frozen=True)
class Enumeration:
    """A method of one's own."""

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        return PolicyIteration().run(problem, tol, before)


def extensions(mdp: MDP, access: mdpkit.Access, rng: np.random.Generator) -> None:
    learners: list[Learner[TabularPolicy]] = [Uniform(), Cloning(), PSDP()]
    assert_type(fit(learners[0], access, rng=None).policy, TabularPolicy)
    assert_type(fit(DAgger(smoothing=Fraction(1, 2)), access, rng=rng).policy, Mixture)
    assert_type(fit(MomentMatching(rewards=LinearRewards([[[1]]], lower=0)), access, rng=rng).policy, Mixture)
    assert_type(value(mdp, fit(mdpkit.deep.Cloning(width=8), access, rng=rng).policy), Interval)
    assert_type(solve(mdp, Enumeration()).policy, TabularPolicy)
    case = LearnerCase("uniform", Uniform, mdp, TabularPolicy([[1.0]]))
    check_learner(case)


def other_problems(rng: np.random.Generator) -> None:
    safety = SafetyProblem([False, True], [[0, 1], [1, 1]])
    assert_type(solve(safety).tube, np.ndarray)
    assert_type(mdpkit.tube(safety), Interval)
    moments = mdpkit.MomentProblem([[1]], [0], [1])
    assert_type(solve(moments).h, Interval)
    taste = PreferenceProblem([["1/2", "1/2"]], weights=[[1, 3]], beta=Fraction(1, 2))
    assert_type(value(taste, solve(taste).policy), Interval)
    halves = [["1/2", "1/2"], ["1/2", "1/2"]]
    words = mdpkit.TokenProblem([[1, 2], [2, 2]], halves, weights=[[1, 1], [1, 3]], token_names=["so", "no"])
    assert_type(value(words, solve(words).policy), Interval)
    assert_type(mdpkit.path_sums(words, mdpkit.implicit_reward(words, solve(words).policy)), Interval)
    assert_type(words.problem(), PreferenceProblem)
    graph = MDP.from_functions(range(3), ["left", "right"], lambda s, a: {s: 1}, lambda s, a: 0, horizon=Finite(2))
    assert_type(graph.like([1, "1/3"]), np.ndarray)
    assert_type(mdpkit.instances.garnet(5, 2, 3, 0.9, rng=rng), MDP)
    assert_type(replace(graph, horizon=mdpkit.Average()), MDP)
    assert_type(mdpkit.load("problem.json"), Any)


def a_claim() -> None:
    family = Family(
        {"P": Simplex("S", "A", to="S"), "r": Box("S", "A")},
        {"S": (1, 2), "A": (1, 2)},
        {"mdp": lambda x: MDP(x.P, x.r, horizon=Discounted("1/2"))},
    )
    claim = Claim(
        "value_is_linear",
        check=lambda m: Bound(value(m.mdp, m.expert), 1),
        instances=family,
        controls=(Control("no discount", lambda: mdpkit.Instance(mdp=None), tightens=lambda m: Bound(0, 1)),),
        sides=("$J$", "1"),
    )
    assert_type(verify(claim), mdpkit.Verdict)

    @mdpkit.holds(claim)
    def test(verdict: mdpkit.Verdict) -> None: ...

    test()
