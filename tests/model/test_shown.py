"""Models, policies, solutions, intervals and verdicts in notebooks: short lines, valid tables, exact numbers exact."""

import re
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import mdpkit
from mdpkit import (
    MDP,
    Deviation,
    Discounted,
    Finite,
    Interval,
    LinearMDP,
    Outcome,
    SafetyProblem,
    TabularPolicy,
    Verdict,
    objects,
    solve,
)
from mdpkit import strategies as draws
from mdpkit.instances import bundled, double_integrator
from mdpkit.verify.controls import ControlResult

MOST_LINES = 10
NAMED = MDP(
    objects([[["1/3", "2/3"], [1, 0]], [[0, 1], ["1/4", "3/4"]]]),
    objects([["1/7", 2], [0, "-1/2"]]),
    objects([1, 0]),
    horizon=Discounted("9/10"),
    state_names=("<b>&", "50% {a_b} $x^2$"),
    action_names=("up\\down", "~'#"),
)


def arrays_fit(formula):
    """Every LaTeX array is closed, and no row of it has more cells than columns."""
    assert formula.startswith("$")
    assert formula.endswith("$")
    inner = re.sub(r"\\[{}$&#%_ ]", "", formula[1:-1].replace(r"\\", "\n"))
    assert "$" not in inner
    depth, stack = 0, []
    for token in re.findall(r"\\begin\{array\}\{l+\}|\\end\{array\}|[{}&\n]", inner):
        if token.startswith(r"\begin"):
            stack.append([token.count("l", token.rindex("{")), 1])
        elif token.startswith(r"\end"):
            stack.pop()
        elif token in "{}":
            depth += {"{": 1, "}": -1}[token]
        elif token == "&":
            stack[-1][1] += 1
        else:
            stack[-1][1] = 1
        assert depth >= 0
        assert all(used <= columns for columns, used in stack)
    assert not stack
    assert depth == 0


def shown(thing):
    """The tree of the HTML of a thing whose line, HTML and LaTeX are as they should be."""
    assert len(repr(thing).split("\n")) <= MOST_LINES
    arrays_fit(thing._repr_latex_())
    return ElementTree.fromstring(thing._repr_html_())


def cells(tree):
    return ["".join(cell.itertext()) for cell in tree.iter("td")]


@st.composite
def problems(draw):
    """One of every kind, and policies of it."""
    problem = draw(
        st.one_of(draws.mdps(), draws.mdps(discounted=True), draws.preferences(), draws.graphs(), draws.moments())
    )
    policy = draw(draws.policies(problem)) if hasattr(problem, "rho") else None
    return problem, policy


@settings(max_examples=40)
@given(problems())
def test_every_problem_and_policy_is_shown(drawn):
    problem, policy = drawn
    for each in (problem, problem.to_float(), *([policy, policy.to_float()] if policy else [])):
        shown(each)


@settings(max_examples=10)
@given(st.data())
def test_every_game_and_mediator_is_shown(data):
    game = data.draw(draws.games(players=data.draw(st.integers(1, 3)), actions=2))
    shown(game)
    shown(data.draw(draws.joint_policies(game)))


LINEAR = LinearMDP(
    objects([[[1, 0]], [[0, 1]]]), objects([[0, 1], [1, 0]]), objects([1, 0]), horizon=Discounted("9/10")
)
DEVIATION = Deviation(0, objects([[[["1/3", "2/3"], [0, 1]]]]), objects([[["1/3", "2/3"]]]))
LARGE = MDP(np.full((60, 7, 60), 1 / 60), np.ones((60, 7)), horizon=Finite(3))
VARYING = MDP(np.full((3, 2, 2, 2), 0.5), np.arange(12.0).reshape(3, 2, 2), horizon=Finite(3))
SPARSE = MDP(scipy.sparse.csr_array(np.tile(np.eye(2), (2, 1))), [[1, 2], [3, 4]], horizon=Finite(2))
MASKED = MDP(NAMED.P, NAMED.r, horizon=NAMED.horizon, mask=np.array([[True, False], [True, True]]))


@pytest.mark.parametrize(
    "record",
    [LINEAR, DEVIATION, LARGE, VARYING, SPARSE, MASKED, NAMED, bundled("frozen_lake_4x4"), bundled("cliff_walking")],
    ids=repr,
)
def test_every_other_record_is_shown(record):
    shown(record)


def test_a_decision_process_is_told_row_by_row():
    told = cells(shown(NAMED))
    assert told[:8] == ["<b>&", "up\\down", "1/7", "1/3 <b>&, 2/3 50% {a_b} $x^2$", "<b>&", "~'#", "2", "<b>&"]
    assert cells(shown(SPARSE))[:4] == ["s0", "a0", "1", "s0"]
    assert r"\tfrac{1}{3}\ \mathtt{<b>\&},\ \tfrac{2}{3}" in NAMED._repr_latex_()


def test_missing_actions_are_not_told_and_steps_are_counted():
    assert "~'#" not in cells(shown(MASKED))
    told = cells(shown(MASKED))
    assert [told[k] for k in (0, 4, 8)] == ["s0", "s1", "s1"]
    assert [cells(shown(VARYING))[k] for k in (0, 5, 10, 15, 20)] == ["0", "0", "0", "0", "1"]
    assert "410 more rows are not shown" in "".join(shown(LARGE).itertext())


ANSWERS = {
    "discounted": lambda: solve(NAMED),
    "float": lambda: solve(NAMED.to_float()),
    "finite": lambda: solve(VARYING),
    "lake": lambda: solve(bundled("frozen_lake_4x4")),
    "tube": lambda: solve(double_integrator(1, 3, 5)),
    "chance": lambda: solve(SafetyProblem([False, True], P=[[[0.5, 0.5]], [[0, 1]]])),
    "moments": lambda: solve(mdpkit.MomentProblem([[1, 0], [1, 2]], [1, 3], [0.5, 0.5])),
    "preference": lambda: solve(mdpkit.PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))),
    "game": lambda: solve(
        mdpkit.MarkovGame(
            np.ones((1, 4, 1)), [[[1, 0, 0, 1]], [[0, 1, 1, 0]]], horizon=Finite(1), actions=(2, 2)
        ).to_exact()
    ),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_every_solution_is_shown(answer):
    shown(answer())


def test_a_solution_tells_its_policy_and_exact_value_by_the_names_of_the_problem():
    solution = solve(NAMED)
    told, heads = cells(shown(solution)), ["".join(head.itertext()) for head in shown(solution).iter("th")]
    assert told[-2:] == [str(x) for x in solution.value.lower]
    assert told[0] == NAMED.state_names[0]
    assert heads == ["", *NAMED.action_names, *NAMED.state_names]


INTERVALS = {
    "exact": Interval(objects("1/3")),
    "exact array": Interval(objects([["1/3", 2], [0, "-1/7"]])),
    "float": Interval(0.1, 0.2, "float"),
    "infinite": Interval(-np.inf, np.inf, "float"),
    "column": Interval(np.zeros((200, 1)), np.ones((200, 1)), "float"),
    "cube": Interval(np.zeros((9, 9, 9)), np.ones((9, 9, 9)), "sampled"),
    "long": Interval(np.zeros(2000), np.ones(2000), "enclosed"),
    "nothing": Interval(np.zeros(0), np.zeros(0), "float"),
}


@pytest.mark.parametrize("interval", INTERVALS.values(), ids=INTERVALS)
def test_every_interval_is_shown(interval):
    shown(interval)


def test_a_scalar_interval_is_a_number_or_two_ends():
    assert INTERVALS["exact"]._repr_latex_() == r"$\tfrac{1}{3}$"
    assert INTERVALS["infinite"]._repr_latex_() == r"$[-\infty,\ \infty]$"
    low, high = map(float, re.findall(r"[\d.]+", INTERVALS["float"]._repr_latex_()))
    assert (low, high) == (0.1, 0.2)
    assert cells(shown(INTERVALS["exact array"])) == ["0", "1/3", "2", "1", "0", "-1/7"]


def verdict(outcome, bites=True, **more):
    control = ControlResult("drops <it>", "drops", bites, "says $why$ & how_much", ())
    given = dict(
        evidence="exact",
        instances=3,
        degenerate=0,
        tightest=0.5,
        widest=0.0,
        rows=(),
        seconds=0.1,
        seed=0,
        profile="quick",
    )
    return Verdict(claim="a_claim", theme="user", outcome=outcome, controls=(control,) * 6, **{**given, **more})


@pytest.mark.parametrize("outcome", Outcome)
def test_every_verdict_is_shown_in_a_colour_that_says_whether_it_passed(outcome):
    witness = SimpleNamespace(
        mdp=LARGE, policy=TabularPolicy([[0.5, 0.5]]), x=np.zeros((50, 50)), a=1, b="two\nlines", c=None
    )
    silent = outcome is Outcome.CONTROL_SILENT
    tree = shown(verdict(outcome, bites=not silent, witness=witness, note="one\ntwo\n" * 20, tightest=None))
    told = cells(tree)
    assert {"drops <it>", "says $why$ & how_much", "no" if silent else "yes", repr(LARGE)} <= set(told)
    assert "tightest" not in told
    assert outcome.value in "".join(tree.itertext())
    passed, colour = verdict(Outcome.SURVIVED), verdict(outcome)._colour()
    assert colour in verdict(outcome)._repr_html_()
    assert (colour == passed._colour()) == verdict(outcome).passed
