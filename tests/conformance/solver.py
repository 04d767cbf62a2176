"""What every method of `solve` keeps to. How to use a suite: see `policy.py`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from mdpkit import Interval, Solution, Status, solve
from mdpkit.base.errors import MdpkitError, NotSolved


@dataclass(frozen=True)
class SolverCase:
    """A method and a rational problem.

    Args:
        truth: problem -> what is known of the answer otherwise (by enumeration, recursion or a formula), to be compared with
            `answer(solution)`: rationals, or an Interval.
        answer: the part of a Solution that `truth` speaks of; the value if left out.
        judge: (problem, solution) -> asserts what a policy, or an answer without a truth, must be.
        exact: whether rational problems are answered exactly. floats: whether float problems are answered.
        refuses: a problem of another type.
    """

    name: str
    method: object
    problem: object
    truth: Callable | None = None
    answer: Callable = lambda solution: solution.value
    judge: Callable | None = None
    exact: bool = True
    floats: bool = True
    refuses: object = None

    def __str__(self):
        return self.name


def number_kinds(case):
    """The rational problem and, where floats are solved, its rounded copy."""
    return [case.problem, *([case.problem.to_float()] if case.floats else [])]


def it_answers_with_a_solution(case):
    for problem in number_kinds(case):
        solution = solve(problem, case.method)
        assert isinstance(solution, Solution)
        assert solution.status is Status.SOLVED
        assert solution.problem is problem
        assert solution.method is case.method
        assert isinstance(solution.iterations, int | np.integer)
        assert solution.iterations >= 0


def it_encloses_what_is_known_otherwise(case):
    if case.truth is None:
        return
    truth = case.truth(case.problem)
    for problem in number_kinds(case):
        answer = case.answer(solve(problem, case.method))
        known = answer if isinstance(answer, Interval) else Interval(answer.astype(int))
        assert known.shape == np.shape(truth if not isinstance(truth, Interval) else truth.lower)
        if isinstance(truth, Interval) and not truth.exact:
            assert (known <= truth.upper).all_yes()
            assert (known >= truth.lower).all_yes()
        else:
            assert known.contains(truth)


def rationals_are_answered_exactly_and_floats_as_narrowly_as_was_asked(case):
    solution = solve(case.problem, case.method)
    for known in (solution.value, solution.h):
        assert known is None or known.exact == case.exact
    if case.floats:
        rough, fine = (solve(case.problem.to_float(), case.method, tol=tol) for tol in (1e-3, 1e-9))
        for solution, tol in ((rough, 1e-3), (fine, 1e-9)):
            asked = solution.h if solution.h is not None else solution.value
            assert asked is None or asked.width <= tol


def its_policy_is_what_it_promises(case):
    if case.judge is not None:
        for problem in number_kinds(case):
            case.judge(problem, solve(problem, case.method))


def its_certificate_holds(case):
    for problem in number_kinds(case):
        certificate = solve(problem, case.method).certificate
        if certificate is not None:
            certificate.verify()


def it_leaves_the_problem_alone_and_answers_alike_twice(case):
    for problem in number_kinds(case):
        before = problem.digest()
        one, two = solve(problem, case.method), solve(problem, case.method)
        assert problem.digest() == before
        assert one.policy == two.policy
        for first, second in ((one.value, two.value), (one.h, two.h)):
            assert (first is None) == (second is None)
            assert first is None or (np.array_equal(first.lower, second.lower) and np.array_equal(first.upper, second.upper))


def what_it_does_not_solve_is_refused(case):
    with pytest.raises((TypeError, MdpkitError)) as error:
        solve(case.refuses, case.method)
    assert str(error.value)
    assert not isinstance(error.value, NotSolved)
    if not case.floats and case.problem.to_float() != case.problem:
        with pytest.raises((TypeError, MdpkitError)):
            solve(case.problem.to_float(), case.method)


def what_floats_cannot_carry_is_said_and_not_claimed(case):
    if case.floats:
        tried = solve(case.problem.to_float(), case.method, tol=0, throw=False)
        asked = tried.h if tried.h is not None else tried.value
        if tried.status is not Status.SOLVED:
            with pytest.raises(NotSolved, match=tried.status.value):
                solve(case.problem.to_float(), case.method, tol=0)
        else:
            assert asked is None or asked.width == 0


CHECKS = (
    it_answers_with_a_solution,
    it_encloses_what_is_known_otherwise,
    rationals_are_answered_exactly_and_floats_as_narrowly_as_was_asked,
    its_policy_is_what_it_promises,
    its_certificate_holds,
    it_leaves_the_problem_alone_and_answers_alike_twice,
    what_it_does_not_solve_is_refused,
    what_floats_cannot_carry_is_said_and_not_claimed,
)
