"""What is shown of an instance: exact numbers, tables, names, and what is refused."""

import re
from types import SimpleNamespace as Models

import numpy as np
import pytest
from flint import fmpq

import mdpkit
from mdpkit import (
    MDP,
    Discounted,
    Finite,
    JointPolicy,
    MarkovGame,
    MomentProblem,
    PreferenceProblem,
    TabularPolicy,
    objects,
    rational,
)
from mdpkit.base.errors import InvalidModel
from mdpkit.base.interval import Interval
from mdpkit.claims.coverage.coverage_bounds_the_preference_gap import two_responses
from mdpkit.instances.library.imitation.cliff import cliff
from mdpkit.report import draw_witness
from mdpkit.report.style import COLOURS, COLUMN
from mdpkit.report.witness.layout import laid_out
from mdpkit.report.witness.rows import MOST_PLACES, MOST_ROWS, Graph, Table, describe
from mdpkit.report.witness.words import MINUS, number_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (rational("1/3"), "1/3"),
        (rational("-7/2"), f"{MINUS}7/2"),
        (rational(12), "12"),
        (3, "3"),
        (1 / 3, "0.333"),
        (-2e-7, f"{MINUS}2e{MINUS}07"),
        (True, "True"),
        (rational(2) ** 64, "$2^{64}$"),
        (rational(2) ** 64 - 1, "$2^{64}-1$"),
        (1 / rational(10) ** 12, "$10^{-12}$"),
        (1 - 1 / rational(3) ** 30, "$1-3^{-30}$"),
        (rational("1234567891/2"), "1234567891/2"),
        (rational(10) ** 10 + 7, "10000000007"),
    ],
)
def test_numbers_are_exact(number, text):
    assert number_text(number) == text


def test_long_numbers_are_shortened_to_the_same_number():
    for base, power in ((2, 40), (6, 21), (10, 33)):
        for number in (
            fmpq(base) ** power,
            1 / fmpq(base) ** power,
            1 - 1 / fmpq(base) ** power,
            fmpq(base) ** power - 1,
        ):
            text = re.sub(r"(\d+)\^\{(-?\d+)\}", r"F(\1)**\2", number_text(number).strip("$"))
            parts = [part for part in re.split(r"(?<=\d)(?=-)", text) if part]
            assert sum(_value(part) for part in parts) == number


def _value(part):
    sign, part = (-1, part[1:]) if part.startswith("-") else (1, part)
    found = re.fullmatch(r"F\((\d+)\)\*\*(-?\d+)", part)
    return sign * (fmpq(int(found[1])) ** int(found[2]) if found else rational(part))


# ---- tables
def test_responses_are_a_table_of_exact_numbers():
    (table,) = describe(two_responses(64, "1/64", ("1/100", "99/100")))
    assert [head for head, _ in table.heads] == ["response", "reference", "data", r"$e^{r/\beta}$", "policy"]
    assert [[words for words, _ in row] for row in table.rows] == [
        ["$y_{0}$", "1/2", "1/100", "1", "63/64"],
        ["$y_{1}$", "1/2", "99/100", "$2^{64}-1$", "1/64"],
    ]
    assert dict(table.rows[0])["63/64"] == dict(table.heads)["policy"] == COLOURS[2]


def test_responses_that_do_not_matter_are_dots_or_not_there():
    win = objects([[["1/2", 1], [0, "1/2"]]] * 2)
    m = Models(
        problem=PreferenceProblem(objects([["1/3", "2/3"]] * 2), win=win), learner=TabularPolicy(objects([[1, 0]] * 2))
    )
    (table,) = describe(
        m,
        dict(
            reference=np.array([False, True]), data=False, win=np.array([False, True]), learner=np.array([False, True])
        ),
    )
    assert [head for head, _ in table.heads] == [
        "prompt",
        "response",
        "reference",
        "beats $y_{0}$",
        "beats $y_{1}$",
        "learner",
    ]
    assert [[words for words, _ in row] for row in table.rows] == [
        ["$x_{1}$ (1/2)", "$y_{0}$", "1/3", "1/2", "1", "1"],
        ["", "$y_{1}$", "2/3", "0", "1/2", "0"],
    ]
    (table,) = describe(m, dict(reference=False))
    assert {row[2][0] for row in table.rows} == {r"$\cdot$"}


def test_an_unknown_instance_lists_every_number():
    problem = MomentProblem(objects([[1, "1/2"], [0, "-1/3"]]), objects([1, 2]), objects(["1/4", "3/4"]))
    (table,) = describe(Models(problem=problem, eps=rational("1/7"), chosen=np.array([True, False])))
    assert [tuple(words for words, _ in row) for row in table.rows] == [
        ("problem.A[0]", "1, 1/2"),
        ("problem.A[1]", f"0, {MINUS}1/3"),
        ("problem.b", "1, 2"),
        ("problem.weights", "1/4, 3/4"),
        ("eps", "1/7"),
        ("chosen", "True, False"),
    ]
    assert draw_witness(Models(problem=problem)).get_figwidth() == COLUMN


def chain(S):
    ahead = np.minimum(np.arange(S) + 1, S - 1)
    P = np.eye(S, dtype=int)[ahead][:, None]
    return Models(
        mdp=MDP(objects(P), objects(np.ones((S, 1), dtype=int)), objects([1, *[0] * (S - 1)]), horizon=Finite(2))
    )


def test_what_is_too_much_for_a_graph_is_a_table_of_the_same_rows():
    S = MOST_PLACES + 1
    sketch = laid_out(describe(chain(S)))
    assert not sketch.curves
    shown = [text.words for text in sketch.texts]
    for s in range(S):
        assert shown.count(f"$s_{{{s}}}$") == 1 + (s > 0) + (s == S - 1), "once as a state, once where it is led to"
    assert "start" in shown
    assert shown.count("any: $r$ = 1") == S


def test_what_fits_no_page_is_refused():
    with pytest.raises(InvalidModel, match=f"{MOST_ROWS + 1} rows to show; expected at most {MOST_ROWS}"):
        draw_witness(chain(MOST_ROWS + 1))
    with pytest.raises(InvalidModel, match=r"in wide; expected at most 6\.6"):
        draw_witness(Models(long=objects([10**19 + 1] * 8)))


def test_matters_of_another_shape_are_refused():
    with pytest.raises(InvalidModel, match=r"matters\['P'\] has shape \(3,\).*shape is \(2, 2, 2\)"):
        draw_witness(cliff(5, "1/20"), dict(P=np.ones(3, dtype=bool)))
    with pytest.raises(InvalidModel, match="no row of the instance matters"):
        draw_witness(cliff(5, "1/20"), dict(P=False, r=False, rho=False, expert=False, learner=False))


def test_actions_that_are_missing_are_not_drawn():
    mask = np.array([[True, False], [True, True]])
    mdp = MDP(
        objects([[[0, 1], [0, 0]], [[1, 0], [0, 1]]]), objects([[1, 5], [0, 0]]), horizon=Discounted("1/2"), mask=mask
    )
    (graph,) = describe(Models(mdp=mdp, data=TabularPolicy(objects([[1, 0], [0, 1]]))))
    assert [(way.place, way.words, way.law) for way in graph.ways] == [
        ("s0", "any: $r$ = 1", (("s1", ""),)),
        ("s1", "$a_{0}$", (("s0", ""),)),
        ("s1", "$a_{1}$", (("s1", ""),)),
    ]
    assert [len(place.lines) for place in graph.places] == [1, 2], "where there is one action there is nothing to play"
    assert graph.caption[0][0] == r"$\gamma$ = 1/2"


def test_sparse_problems_are_drawn_like_dense_ones():
    sparse = mdpkit.instances.families.garnet(3, 2, 2, 0.9, rng=np.random.default_rng(0), sparse=True)
    dense = MDP(sparse.P.toarray().reshape(3, 2, 3), sparse.r, horizon=sparse.horizon)
    assert describe(Models(mdp=sparse)) == describe(Models(mdp=dense))


def test_many_actions_of_a_player_are_separated():
    game = MarkovGame(
        objects(np.ones((1, 22, 1), dtype=int)),
        objects(np.eye(22, dtype=int)[[11]][None].repeat(2, 0)),
        horizon=Finite(1),
        actions=(11, 2),
    )
    (graph,) = describe(Models(game=game, expert=JointPolicy(objects([[0] * 21 + [1]]))))
    assert graph.ways[0].words == "$a_{5,1}$: $r$ = (1, 1)"
    assert graph.places[0].lines[1] == ("E: $a_{10,1}$", COLOURS[0])


def test_kinds_of_what_is_told():
    assert isinstance(describe(cliff(2, "1/2"))[0], Graph)
    assert isinstance(describe(two_responses(2, "1/2"))[0], Table)


def test_numbers_of_dimension_0_beside_a_problem_are_drawn_unless_they_count_for_nothing():
    m = cliff(5, "1/20")
    instance = Models(**vars(m), scale=objects("2/3"), known=Interval(objects("1/7")), idle=objects(3))
    (graph,) = describe(instance, {"idle": np.array(False)})
    words = [words for words, _ in graph.caption]
    assert {"scale = 2/3", "known = 1/7"} <= set(words)
    assert not any("idle" in each for each in words)
    assert "scale = 2/3" in [text.get_text() for text in draw_witness(instance).axes[0].texts]
