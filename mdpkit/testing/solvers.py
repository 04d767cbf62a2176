"""Conformance of methods of `solve`: valid bounds, correct status, certificates that verify."""

from collections.abc import Callable
from dataclasses import dataclass
from re import escape
from typing import Any

import numpy as np

from ..base.errors import MdpkitError, NotSolved
from ..base.interval import Interval
from ..solve import Method, Solution, Status, solve
from ._case import Case, check_all
from ._expect import expect, expect_error


@dataclass(frozen=True)
class SolverCase(Case):
    """A method and the rational problem on which it is checked.

    Args:
        name: name of the case, used in test ids.
        method: a `Method`: a record of settings with `run(problem, tol, before)`.
        problem: a rational problem that the method solves.
        truth: problem -> the answer by other means (enumeration, recursion, a formula), as rationals or an Interval, to
            compare with `answer(solution)`; None if `judge` decides alone.
        answer: the part of a Solution to compare with `truth`; by default the value.
        judge: (problem, solution) -> raises AssertionError if the policy, or an answer without a truth, is wrong.
        exact: whether rational problems are solved exactly.
        floats: whether float problems are solved.
        refuses: a problem of another type or horizon, which the method must refuse.
    """

    method: Method
    problem: Any
    truth: Callable[[Any], Any] | None = None
    answer: Callable[[Solution], Any] = lambda solution: solution.value
    judge: Callable[[Any, Solution], None] | None = None
    exact: bool = True
    floats: bool = True
    refuses: Any = None

    @property
    def problems(self) -> list:
        """The rational problem and, if floats are solved, its rounded copy."""
        return [self.problem, *([self.problem.to_float()] if self.floats else [])]


def the_method_implements_the_protocol(case: SolverCase) -> None:
    """The method is an object, not a class, with `run(problem, tol, before)`."""
    is_one = isinstance(case.method, Method) and not isinstance(case.method, type)
    expect(is_one, f"{case.method!r} is not a Method: expected an object with run(problem, tol, before)")


def the_answer_is_a_solution(case: SolverCase) -> None:
    """A SOLVED Solution of the problem itself, by the method itself."""
    for problem in case.problems:
        solution = solve(problem, case.method)
        expect(isinstance(solution, Solution), f"run returned {solution!r}; expected a Solution")
        expect(solution.status is Status.SOLVED, f"the status is {solution.status}; expected Status.SOLVED")
        expect(solution.problem is problem, "solution.problem is another object than the problem that was given")
        expect(solution.method is case.method, "solution.method is another object than the method that was given")
        counted = isinstance(solution.iterations, int | np.integer) and solution.iterations >= 0
        expect(counted, f"iterations is {solution.iterations!r}; expected a count")


def the_bounds_contain_the_truth(case: SolverCase) -> None:
    """The true answer lies within the bounds, on rationals and on floats."""
    if case.truth is None:
        return
    truth = case.truth(case.problem)
    for problem in case.problems:
        answer = case.answer(solve(problem, case.method))
        known = answer if isinstance(answer, Interval) else Interval(answer.astype(int))
        shape = np.shape(truth.lower if isinstance(truth, Interval) else truth)
        expect(known.shape == shape, f"the answer has shape {known.shape}; expected {shape}")
        if isinstance(truth, Interval) and not truth.exact:
            inside = (known <= truth.upper).all_yes() and (known >= truth.lower).all_yes()
        else:
            inside = known.contains(truth)
        expect(inside, f"the answer {known!r} does not contain the truth {truth!r}")


def the_requested_tolerance_is_met(case: SolverCase) -> None:
    """Rational problems are solved exactly if promised; bounds on floats are no wider than `tol`."""
    solution = solve(case.problem, case.method)
    for known in (solution.value, solution.h):
        expect(
            known is None or known.exact == case.exact,
            f"a rational problem was answered by {known!r}; exact={case.exact}",
        )
    if case.floats:
        for tol in (1e-3, 1e-9):
            asked = asked_of(solve(case.problem.to_float(), case.method, tol=tol))
            expect(asked is None or asked.width <= tol, f"tol={tol} was answered by {asked!r}")


def asked_of(solution) -> Interval | None:
    """The part of a Solution to which `tol` applies: `h` for moments, else the value."""
    return solution.h if solution.h is not None else solution.value


def the_policy_is_correct(case: SolverCase) -> None:
    """`judge` accepts the solution, on rationals and on floats."""
    if case.judge is not None:
        for problem in case.problems:
            case.judge(problem, solve(problem, case.method))


def the_certificate_verifies(case: SolverCase) -> None:
    """A certificate, if there is one, proves the bounds in exact arithmetic."""
    for problem in case.problems:
        certificate = solve(problem, case.method).certificate
        if certificate is not None:
            certificate.verify()


def solving_is_repeatable_and_changes_nothing(case: SolverCase) -> None:
    """The problem keeps its digest, and a second call has the same bits."""
    for problem in case.problems:
        before = problem.digest()
        one, two = solve(problem, case.method), solve(problem, case.method)
        expect(problem.digest() == before, "solving changed the problem")
        expect(one.policy == two.policy, "two calls returned different policies")
        for first, second in ((one.value, two.value), (one.h, two.h)):
            expect((first is None) == (second is None), "two calls returned different parts")
            same = first is None or (
                np.array_equal(first.lower, second.lower) and np.array_equal(first.upper, second.upper)
            )
            expect(same, f"two calls returned {first!r} and {second!r}")


def other_problems_are_refused(case: SolverCase) -> None:
    """An unsuitable problem raises a TypeError or an error of mdpkit with a message, not NotSolved."""
    if case.refuses is not None:
        expect_refusal(case.refuses, case.method)
    if not case.floats and case.problem.to_float() != case.problem:
        expect_refusal(case.problem.to_float(), case.method)


def expect_refusal(problem, method):
    """Raise AssertionError unless the method refuses the problem with a message."""
    error = expect_error(lambda: solve(problem, method), (TypeError, MdpkitError))
    expect(str(error), f"the refusal of {problem!r} has no message")
    expect(not isinstance(error, NotSolved), f"{problem!r} was tried and not solved; expected a refusal: {error}")


def unreachable_tolerance_is_reported(case: SolverCase) -> None:
    """With tol=0 on floats the answer is exact, or its status explains why not and `solve` raises NotSolved."""
    if not case.floats:
        return
    problem = case.problem.to_float()
    tried = solve(problem, case.method, tol=0, throw=False)
    if tried.status is Status.SOLVED:
        asked = asked_of(tried)
        expect(asked is None or asked.width == 0, f"the status is SOLVED for tol=0 with {asked!r}")
    else:
        expect_error(lambda: solve(problem, case.method, tol=0), NotSolved, escape(tried.status.value))


SOLVER_CHECKS = (
    the_method_implements_the_protocol,
    the_answer_is_a_solution,
    the_bounds_contain_the_truth,
    the_requested_tolerance_is_met,
    the_policy_is_correct,
    the_certificate_verifies,
    solving_is_repeatable_and_changes_nothing,
    other_problems_are_refused,
    unreachable_tolerance_is_reported,
)


def check_solver(case: SolverCase) -> None:
    """Run every check of a method of `solve`.

    Args: case: a SolverCase.
    Raises: AssertionError naming what differs, from the first check that fails; any error of the method.

    >>> from mdpkit import MDP, Discounted, objects
    >>> from mdpkit.solve import PolicyIteration
    >>> wait = MDP(objects([[[1], [1]]]), objects([[0, 1]]), horizon=Discounted("1/2"))
    >>> check_solver(SolverCase("policy iteration", PolicyIteration(), wait, lambda problem: objects([2])))
    """
    check_all(SOLVER_CHECKS, case)
