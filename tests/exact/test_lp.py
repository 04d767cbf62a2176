"""Linear programs: every answer carries its proof, whatever basis was proposed, and none of them cycles."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from mdpkit.base.arrays import nearest, objects
from mdpkit.base.errors import CertificateRejected, ExactnessLost, InvalidModel
from mdpkit.exact.lp import Infeasible, LinearProgram, Optimum, Unbounded, optimise

# Beale, 1955: the largest-coefficient rule cycles on it for ever
BEALE = LinearProgram(
    objects(["3/4", -150, "1/50", -6]),
    objects([["1/4", -60, "-1/25", 9], ["1/2", -90, "-1/50", 3], [0, 0, 1, 0]]),
    objects([0, 0, 1]),
)


def drawn(seed):
    """Small integers make most programs degenerate, with rows that repeat or contradict each other."""
    rng = np.random.default_rng(seed)
    k, m, l = rng.integers(1, 6), rng.integers(0, 5), rng.integers(0, 4)
    matrices = rng.integers(-2, 3, (m, k)), rng.integers(-1, 2, (l, k))
    return LinearProgram(
        rng.integers(-2, 3, k), matrices[0], rng.integers(-1, 3, m), matrices[1], rng.integers(-1, 2, l)
    )


def peer(program):
    """What HiGHS says in floats: the optimal value, or None."""
    parts = (np.array([[float(x) for x in map(nearest, row)] for row in part]) for part in (program.A, program.E))
    A, E = (part.reshape(-1, len(program.c)) for part in parts)
    c, b, f = ([nearest(x) for x in part] for part in (program.c, program.b, program.f))
    found = linprog(-np.array(c), A, b, E, f, method="highs")
    return -found.fun if found.status == 0 else None


def test_answers_agree_with_a_float_solver_and_do_not_depend_on_the_guess():
    kinds = set()
    for seed in range(150):
        program = drawn(seed)
        columns = len(program.c) + len(program.b)
        guesses = [None, range(columns), np.random.default_rng(seed).permutation(columns)]
        answers = [optimise(program, guess) for guess in guesses]
        assert len({type(answer) for answer in answers}) == 1
        value = peer(program)
        assert (value is not None) == isinstance(answers[0], Optimum)
        if value is not None:
            assert len({answer.value for answer in answers}) == 1
            assert abs(nearest(answers[0].value) - value) < 1e-9
        kinds.add(type(answers[0]))
    assert kinds == {Optimum, Infeasible, Unbounded}


@pytest.mark.parametrize("guess", [None, [4, 5, 6, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5, 6], [3, 2, 1, 0, 6, 5, 4]])
def test_a_program_that_cycles_ends(guess):
    assert optimise(BEALE, guess).value == objects("1/20")[()]


def test_klee_and_minty():
    n = 8
    A = objects(
        np.tril(2 ** np.maximum(np.subtract.outer(np.arange(n), np.arange(n)) + 1, 0), -1) + np.eye(n, dtype=int)
    )
    program = LinearProgram(2 ** np.arange(n - 1, -1, -1), A, 5 ** np.arange(1, n + 1))
    assert optimise(program).value == optimise(program, np.arange(2 * n)[::-1]).value == 5**n


def test_fractions_below_the_float_grid_are_decided():
    tiny = objects("1/1000000000000000000000000000001")[()]
    assert optimise(LinearProgram([1], [[1], [1]], objects([1, 1 + tiny]))).value == 1
    assert isinstance(optimise(LinearProgram([1], [[1], [-1]], objects([1, -1 - tiny]))), Infeasible)
    assert optimise(LinearProgram([1], [[1], [-1]], objects([1, -1 + tiny]))).value == 1


def test_numbers_past_the_largest_float_are_solved():
    assert optimise(LinearProgram(objects([10**400, 1]), [[1, 1]], [1])).value == 10**400


def test_repeated_and_contradicting_equations():
    row = [1, 2, 3]
    assert optimise(LinearProgram([1, 0, 0], E=[row, row, [2, 4, 6]], f=[6, 6, 12])).value == 6
    assert isinstance(optimise(LinearProgram([1, 0, 0], E=[row, row], f=[6, 5])), Infeasible)


def test_no_constraint_at_all():
    assert optimise(LinearProgram([-1, 0])).value == 0
    assert isinstance(optimise(LinearProgram([0, 1])), Unbounded)


BOX = LinearProgram([1, 1], [[1, 2], [2, 1]], [3, 3])
EMPTY = LinearProgram([1], [[1]], [-1])
OPEN = LinearProgram([1, 0], [[1, -1]], [1])
WRONG = [
    (BOX, {"x": objects([2, 0])}, "x violates"),
    (BOX, {"y": objects([1, "-1/3"])}, "dual variable of an inequality"),
    (BOX, {"y": objects([0, 0])}, "dual constraint is violated"),
    (BOX, {"y": objects([1, 1])}, "differ"),
    (BOX, {"value": objects(3)[()]}, "differ"),
    (EMPTY, {"y": objects([0])}, "is not negative"),
    (EMPTY, {"y": objects([-1])}, "dual variable of an inequality"),
    (OPEN, {"ray": objects([1, 0])}, "not a recession direction"),
    (OPEN, {"ray": objects([0, 1])}, "does not increase"),
    (OPEN, {"x": objects([2, 0])}, "x violates"),
]


@pytest.mark.parametrize(("program", "change", "words"), WRONG)
def test_a_wrong_certificate_is_rejected(program, change, words):
    answer = optimise(program)
    answer.verify(program)
    with pytest.raises(CertificateRejected, match=words):
        replace(answer, **change).verify(program)


def test_a_farkas_certificate_with_a_variable_of_negative_cost_is_rejected():
    with pytest.raises(CertificateRejected, match="negative entry"):
        Infeasible(objects([1]), objects([])).verify(LinearProgram([1], [[-1]], [-1]))


def test_bad_input_is_refused():
    with pytest.raises(InvalidModel, match="shapes"):
        LinearProgram([1, 2], [[1, 2]], [1, 2])
    with pytest.raises(InvalidModel, match="shapes"):
        LinearProgram([1, 2], E=[[1]], f=[1])
    with pytest.raises(ExactnessLost):
        LinearProgram([0.5], [[1]], [1])
