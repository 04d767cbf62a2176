"""What a picture shows is read back and compared with the problem; nothing sticks out; what does not fit is refused."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

import mdpkit
from mdpkit import (
    MDP,
    Discounted,
    Finite,
    JointPolicy,
    MarkovGame,
    MomentProblem,
    PreferenceProblem,
    SafetyProblem,
    TabularPolicy,
    measure,
    objects,
    solve,
)
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import bundled, double_integrator, garnet, named
from mdpkit.report import draw, draw_claim, draw_witness, read, style
from mdpkit.report.picture.simplex import CORNERS, SIDE
from mdpkit.report.picture.transitions import DOOMED, FAILING
from mdpkit.report.result.draw import as_bytes
from mdpkit.report.style import COLUMN, PAGE, STYLES
from mdpkit.verify.register import place

LAKE, CLIFF = bundled("frozen_lake_4x4"), bundled("cliff_walking")
WORDS = {"left": (-1, 0), "right": (1, 0), "up": (0, 1), "down": (0, -1)}
WALL = double_integrator(1, 7, 20)
X, V = (each.astype(float) for each in np.divmod(np.arange(WALL.S), 15))


def parts(figure, start):
    """Artists by the rest of their names."""
    found = figure.axes[0].findobj(lambda artist: (artist.get_gid() or "").startswith(start))
    return {artist.get_gid()[len(start) :].strip(): artist for artist in found}


def cell(name):
    return tuple(map(int, name.split()))


def numbers_in(figure):
    return {cell(name): text.get_text().replace("\N{MINUS SIGN}", "-") for name, text in parts(figure, "value").items()}


def arrows_in(figure):
    """(cell, direction) of every arrow."""
    arrows, squares = parts(figure, "arrows")[""], parts(figure, "square")
    boxes = {cell(name): patch.get_bbox() for name, patch in squares.items()}
    found = []
    for x, y, u, v in zip(arrows.X, arrows.Y, arrows.U, arrows.V, strict=True):
        (where,) = [at for at, box in boxes.items() if box.x0 < x < box.x1 and box.y0 < y < box.y1]
        assert boxes[where].x0 < x + u < boxes[where].x1
        assert boxes[where].y0 < y + v < boxes[where].y1
        found.append((where, (u, v)))
    return found


def tidy(figure):
    """Every word lies within the figure, and no two words overlap."""
    FigureCanvasAgg(figure).draw()
    whole = figure.bbox.padded(1)
    boxes = [
        text.get_window_extent()
        for text in figure.findobj(lambda artist: getattr(artist, "get_text", str)() and artist.get_visible())
    ]
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1 for box in boxes)
    texts = [text.get_window_extent().padded(-1.5) for text in figure.axes[0].texts]
    assert not any(one.overlaps(two) for k, one in enumerate(texts) for two in texts[:k])
    return figure


# ---- grids
@pytest.mark.parametrize("problem", [LAKE, CLIFF], ids=["lake", "cliff"])
@pytest.mark.parametrize("name", [None, *STYLES])
def test_a_grid_shows_the_policy_the_values_and_where_episodes_start_and_end(problem, name):
    solution = solve(problem)
    if name is None:
        figure = tidy(draw(problem, solution.policy, solution.value))
    else:
        with style(name):
            figure = tidy(draw(problem, solution.policy, solution.value))
        assert figure.get_figwidth() in STYLES[name]
    at = [tuple(map(int, re.findall(r"\d+", each))) for each in problem.state_names]
    assert {cell(each) for each in parts(figure, "square")} == set(at)
    ends = {s for s in range(problem.S) if (problem.P[s, :, s] == 1).all() and (problem.r[s] == 0).all()}
    played = {
        at[s]: WORDS[problem.action_names[int(solution.policy.table[s].argmax())]]
        for s in range(problem.S)
        if s not in ends
    }
    assert {where: tuple(np.sign(np.round(step, 9))) for where, step in arrows_in(figure)} == played
    told = numbers_in(figure)
    assert told in ({}, {at[s]: f"{solution.value.mid[s]:.3g}" for s in range(problem.S)})
    assert told or name == "column" or problem is CLIFF
    marks = {int(each): patch for each, patch in parts(figure, "mark").items()}
    assert {s for s, patch in marks.items() if patch.get_hatch()} == ends
    assert {s for s, patch in marks.items() if not patch.get_hatch()} == set(np.flatnonzero(problem.rho > 0).tolist())


def test_a_number_keeps_inside_its_square_and_clear_of_the_arrow():
    for name in ("neurips", "icml"):
        with style(name):
            figure = tidy(draw(CLIFF, solve(CLIFF).policy, solve(CLIFF).value))
        squares, arrows = parts(figure, "square"), dict(arrows_in(figure))
        assert len(parts(figure, "value")) == CLIFF.S
        for at, text in parts(figure, "value").items():
            box, inner = squares[at].get_window_extent(), text.get_window_extent()
            assert box.x0 <= inner.x0
            assert inner.x1 <= box.x1
            if cell(at) in arrows:
                quiver = parts(figure, "arrows")[""]
                (k,) = [k for k, (where, _) in enumerate(arrows_in(figure)) if where == cell(at)]
                ends = quiver.Y[k], quiver.Y[k] + quiver.V[k]
                assert figure.axes[0].transData.transform((0, max(ends)))[1] < inner.y0 + 2


def test_an_arrow_is_as_long_as_its_action_is_likely():
    table = np.tile([0.1, 0.2, 0.3, 0.4], (16, 1))
    figure = tidy(draw(LAKE.to_float(), TabularPolicy(table)))
    lengths = {}
    for where, step in arrows_in(figure):
        lengths.setdefault(where, []).append(np.linalg.norm(step))
    assert len(lengths) == 11
    for each in lengths.values():
        assert np.allclose(np.array(each) / each[-1], [0.25, 0.5, 0.75, 1])


def plain(names=None, actions=None, end=False):
    """A walk on two rows of three cells: left, right; with an end behind the last cell."""
    S = 7 if end else 6
    P = np.zeros((S, 2, S))
    for s in range(S):
        P[s, 0, s if end and s == 6 else max(s - 1, 0)] = P[s, 1, min(s + 1, S - 1)] = 1
    return MDP(P, np.zeros((S, 2)), horizon=Discounted(0.5), state_names=names, action_names=actions)


def test_a_grid_can_be_told_instead_of_named():
    named = plain([f"({r}, {c})" for r in range(2) for c in range(3)], ("left", "right"))
    policy, values = TabularPolicy([[0.5, 0.5]] * 6), np.arange(6.0)
    by_name = draw(named, policy, values)
    told = draw(plain(), policy, values, grid=(2, 3), directions=[(-1, 0), (1, 0)])
    assert as_bytes(by_name) == as_bytes(told)
    ended = draw(
        plain(end=True), TabularPolicy([[0.5, 0.5]] * 7), np.arange(7.0), grid=(2, 3), directions=[(-2, 0), (3, 0)]
    )
    assert numbers_in(ended) == numbers_in(told)
    staying = draw(plain(), policy, grid=(2, 3), directions=[(0, 0), (1, 0)])
    assert len(parts(staying, "staying")[""].get_xdata()) == 6


def test_a_step_of_a_finite_horizon_can_be_chosen():
    walk = plain([f"({r}, {c})" for r in range(2) for c in range(3)], ("left", "right"))
    steps = MDP(
        walk.P,
        np.arange(12.0).reshape(6, 2),
        horizon=Finite(3),
        state_names=walk.state_names,
        action_names=walk.action_names,
    )
    solution = solve(steps)
    for t in range(3):
        figure = draw(steps, solution.policy, solution.value, step=t)
        assert [numbers_in(figure)[s // 3, s % 3] for s in range(6)] == [f"{x:.3g}" for x in solution.value.mid[t]]


def test_where_numbers_have_no_room_a_bar_says_what_the_colours_mean():
    values = np.linspace(-2, 3, 900)
    process = MDP(np.broadcast_to(np.eye(900)[:, None], (900, 1, 900)), np.ones((900, 1)), horizon=Discounted(0.5))
    figure = tidy(draw(process, value=values, grid=(30, 30)))
    assert not parts(figure, "value")
    assert {"$V$ = \N{MINUS SIGN}2", "3"} <= {text.get_text() for text in figure.axes[0].texts}
    shades = [patch.get_facecolor()[0] for patch in parts(figure, "square").values()]
    assert shades == sorted(shades, reverse=True)
    assert shades[0] == 1


def test_values_that_are_not_finite_have_no_colour():
    values = np.array([0, 1, -np.inf, 2, 3, 4.0])
    figure = draw(plain(), value=values, grid=(2, 3))
    assert to_hex(parts(figure, "square 0 2")[""].get_facecolor()) == "#ffffff"
    assert numbers_in(figure)[0, 2] == "-inf"


# ---- occupancy
def test_visits_stand_in_the_cells():
    policy = solve(LAKE).policy
    visits = measure.occupancy(LAKE, policy).mid.sum(axis=1)
    told = numbers_in(tidy(draw(LAKE, policy, kind="occupancy")))
    assert told == {divmod(s, 4): f"{visits[s]:.3g}" for s in range(16)}
    assert sum(visits) == pytest.approx(100)


def test_without_a_grid_visits_are_a_table_of_states_and_actions_or_steps():
    process = garnet(4, 2, 2, 0.9, rng=np.random.default_rng(0))
    policy = TabularPolicy(np.full((4, 2), 0.5))
    visits = measure.occupancy(process, policy).mid
    assert numbers_in(tidy(draw(process, policy, kind="occupancy"))) == {
        at: f"{visits[at]:.3g}" for at in np.ndindex(4, 2)
    }
    steps = MDP(process.P, process.r, horizon=Finite(5))
    visits = measure.occupancy(steps, policy).mid.sum(axis=2)
    told = numbers_in(tidy(draw(steps, policy, kind="occupancy")))
    assert told == {(s, t): f"{visits[t, s]:.3g}" for t in range(5) for s in range(4)}


# ---- graphs
SMALL = MDP(
    objects([[["1/2", "1/2"], [1, 0]], [[0, 1], ["1/4", "3/4"]]]),
    objects([["-1/3", 2], [0, "1/2"]]),
    objects([1, 0]),
    horizon=Finite(2),
)


def test_a_state_graph_is_the_one_that_counter_examples_have_with_values_added():
    solution = solve(SMALL)
    figure = tidy(draw(SMALL, solution.policy, solution.value))
    plainly = draw_witness(SimpleNamespace(problem=SMALL, policy=solution.policy))
    gids = [[patch.get_gid() for patch in each.axes[0].patches] for each in (figure, plainly)]
    assert gids[0] == gids[1]
    told = [text.get_text() for text in figure.axes[0].texts]
    assert [each for each in told if each.startswith("$V_0$")] == [f"$V_0$ = {x}" for x in solution.value.lower[0]]
    assert {"1/2", "1/4", "3/4"} <= set(told)


def test_exact_values_too_long_for_a_box_are_rounded():
    process = MDP(SMALL.P, SMALL.r, horizon=Discounted("987654321/1987654321"))
    told = [text.get_text() for text in draw(process, value=solve(process).value).axes[0].texts]
    assert {f"$V$ = {x:.3g}" for x in solve(process).value.mid} <= set(told)


def test_unrolled_steps_have_their_own_values():
    varying = MDP(SMALL.P, np.array([SMALL.r, SMALL.r * 0]), SMALL.rho, horizon=Finite(2))
    value = solve(varying).value
    told = [text.get_text() for text in draw(varying, value=value).axes[0].texts if text.get_text().startswith("$V$")]
    assert told == [f"$V$ = {value.lower[t, s]}" for t in range(2) for s in range(2)]


def test_a_safety_problem_shows_failure_and_what_leads_there():
    corridor = SafetyProblem([False, False, False, True], [[0, 1], [2, 2], [3, 3], [3, 3]])
    figure = tidy(draw(corridor, value=solve(corridor).tube))
    colours = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert [colours[f"$s_{{{s}}}$"] for s in range(4)] == ["#000000", DOOMED, DOOMED, FAILING]
    assert not parts(figure, "start")
    chance = SafetyProblem([False, True], P=objects([[["1/2", "1/2"], ["1/3", "2/3"]], [[0, 1], [0, 1]]]))
    told = [text.get_text() for text in draw(chance, value=solve(chance).value).axes[0].texts]
    assert {"$V$ = 0", "1/3", "2/3"} <= set(told)


# ---- simplex
def barycentric(figure, at):
    """Chances of a point in the triangle, from the corners that are drawn."""
    names = {text.get_text(): text for text in figure.axes[0].texts}
    x0 = (names["$a_{0}$"].get_position()[0] + names["$a_{1}$"].get_position()[0]) / 2
    y0 = names["$a_{0}$"].get_position()[1] + 0.11
    local = (np.asarray(at) - [x0, y0]) / SIDE
    return np.linalg.solve(np.vstack([CORNERS.T, np.ones(3)]), np.array([*local, 1]))


ROCK = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
GAME = MarkovGame(
    np.ones((1, 9, 1)), np.array([ROCK.ravel(), -ROCK.ravel()])[:, None], horizon=Finite(1), actions=(3, 3)
)


def test_trajectories_are_where_their_laws_say():
    paths = {
        "row": np.array([[1, 0, 0], [0.5, 0.25, 0.25], [0, 0, 1]]),
        "column": objects([[0, 1, 0], ["1/3", "1/3", "1/3"]]),
    }
    figure = tidy(draw(GAME, trajectories=paths))
    for name, table in paths.items():
        run = parts(figure, name)[""].get_xydata()
        assert np.allclose([barycentric(figure, at) for at in run], np.array(table, dtype=float))
    row, column = (parts(figure, name)[""].get_color() for name in paths)
    assert row != column
    legend = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert (legend["row"], legend["column"]) == (row, column)


def test_a_mediator_is_drawn_as_what_each_player_plays():
    table = np.arange(9.0).reshape(3, 3) / 36
    figure = tidy(draw(GAME, JointPolicy(table.reshape(1, 9)), kind="simplex"))
    for i, axis in enumerate((1, 0)):
        (at,) = parts(figure, f"policy, player {i}")[""].get_xydata()
        assert np.allclose(barycentric(figure, at), table.sum(axis=axis))


def test_policies_of_a_preference_problem_stand_beside_the_reference():
    problem = PreferenceProblem(objects([["1/2", "1/4", "1/4"]] * 2), weights=objects([[1, 2, 4], [3, 1, 1]]))
    figure = tidy(draw(problem, solve(problem).policy, kind="simplex"))
    assert len(parts(figure, "policy")[""].get_xydata()) == 2
    assert {"$y_{0}$", "$x_{0}$, $x_{1}$", "$x_{0}$"} <= {text.get_text() for text in figure.axes[0].texts}
    one = tidy(draw(problem, solve(problem).policy, state=1))
    assert len(parts(one, "policy")[""].get_xydata()) == 1


# ---- tokens
def test_prefixes_show_probabilities_values_and_implicit_rewards():
    problem = named("bad_token", H=3, p="1/4").problem
    answer = solve(problem)
    figure = tidy(draw(problem, answer.policy, answer.value))
    words = {text.get_text() for text in figure.axes[0].texts}
    assert {r"good: 3/4 $\to$ 33/35, +0.23", r"bad: 1/4 $\to$ 2/35, -1.48", r"bad: 1/4 $\to$ 1/4, 0"} <= words
    assert {"-0.721", "$R$ = 0", "$R$ = -2.2", "$s_{6}$"} <= words
    arrows = {patch.get_gid() for patch in figure.axes[0].patches if "->" in (patch.get_gid() or "")}
    assert {"0 -> 1", "1 -> 4", "6 -> end 6 1"} <= arrows
    assert len(arrows) == 14
    plain = tidy(draw(problem, kind="tokens"))
    assert {"good: 3/4", "bad: 1/4, $r$ = -2.2"} <= {text.get_text() for text in plain.axes[0].texts}


def test_merged_states_are_drawn_once():
    problem = named("merged_prefixes", first=(1, 3)).problem
    figure = tidy(draw(problem))
    assert [text.get_text() for text in figure.axes[0].texts].count("$s_{1}$") == 1
    assert "$a_{1}$: 1/2, $r$ = 1.1" in {text.get_text() for text in figure.axes[0].texts}


# ---- planes
def test_the_plane_of_a_cart_shows_the_tube_and_where_braking_leads():
    brake = TabularPolicy(np.tile([1.0, 0, 0], (WALL.S, 1)))
    tube = solve(WALL).tube
    figure = draw(WALL, brake, tube, coordinates={"position": X, "speed": V}, trajectories=[[0, 3], [3, 2], [5, 1]])
    FigureCanvasAgg(figure).draw()
    ax = figure.axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("position", "speed")
    tiles = [to_hex(colour) for colour in parts(figure, "states")[""].get_facecolors()]
    order = np.lexsort((X, V))
    expected = np.where(WALL.failure, "#4d4d4d", np.where(tube, "#0072b2", "#ffffff"))[order]
    assert tiles == expected.tolist()
    drift, at = parts(figure, "drift")[""], {(x, v): s for s, (x, v) in enumerate(zip(X, V, strict=True))}
    for x, y, u, v in zip(drift.X, drift.Y, drift.U, drift.V, strict=True):
        after = WALL.successors[at[x, y], 0]
        assert (u, v) == (X[after] - x, V[after] - y)
        assert not WALL.failure[at[x, y]]
    assert len(drift.X) > 100
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["failure", "inevitable", "trajectory"]


def test_states_that_fill_no_rectangle_are_dots_and_drift_by_expectation():
    rng = np.random.default_rng(0)
    for sparse in (False, True):
        process = garnet(30, 2, 3, 0.9, rng=np.random.default_rng(1), sparse=sparse)
        points, policy = rng.random((30, 2)), TabularPolicy(np.full((30, 2), 0.5))
        figure = draw(process, policy, coordinates={"a": points[:, 0], "b": points[:, 1]}, value=rng.random(30))
        assert len(parts(figure, "states")[""].get_offsets()) == 30
        law = (process.P.toarray() if sparse else process.P.reshape(60, 30)).reshape(30, 2, 30).mean(axis=1)
        drift = parts(figure, "drift")[""]
        for x, y, u, v in zip(drift.X, drift.Y, drift.U, drift.V, strict=True):
            (s,) = np.flatnonzero((points == [x, y]).all(axis=1))
            assert np.allclose((law @ points - points)[s], (u, v))


# ---- which picture, and what is refused
def test_the_kind_goes_by_what_is_given():
    assert parts(draw(LAKE), "square")
    assert parts(draw(SMALL), "s0 -> ")
    assert parts(draw(plain(), grid=(2, 3)), "square")
    assert parts(draw(GAME, trajectories=[[1, 0, 0]]), "trajectory")
    assert parts(draw(WALL, coordinates={"x": X, "v": V}), "states")
    assert draw(MomentProblem([[1, 0], [1, 2]], [1, 3], [0.5, 0.5])).axes[0].texts


BIG = garnet(200, 2, 2, 0.9, rng=np.random.default_rng(0))
REFUSED = {
    "no problem": (lambda: draw(3), "draw takes a problem"),
    "unknown kind": (lambda: draw(SMALL, kind="chart"), "no picture is of kind 'chart'; expected one of 'graph'"),
    "foreign option": (
        lambda: draw(SMALL, kind="graph", grid=(1, 2)),
        "'graph' takes no grid; it belongs to 'grid', 'occupancy'",
    ),
    "kind for others": (
        lambda: draw(GAME, kind="grid", grid=(1, 1)),
        "draws MDP or SafetyProblem or MarginProblem; got MarkovGame",
    ),
    "large graph": (lambda: draw(BIG), "200 states are more than a graph shows"),
    "large occupancy": (
        lambda: draw(BIG, TabularPolicy(np.full((200, 2), 0.5)), kind="occupancy"),
        "more rows than a page holds",
    ),
    "wide grid": (lambda: draw(BIG, grid=(1, 200)), "1 rows and 200 columns of squares fit no page"),
    "other grid": (lambda: draw(SMALL, grid=(3, 3)), "has 9 cells; expected one for each of 2 states"),
    "no grid": (lambda: draw(SMALL, kind="grid"), "where the states are is not known"),
    "no direction": (lambda: draw(SMALL, solve(SMALL).policy, grid=(1, 2)), "'a0' names no direction"),
    "bad directions": (
        lambda: draw(SMALL, solve(SMALL).policy, grid=(1, 2), directions=[(1, 0)]),
        "expected \\(2, 2\\)",
    ),
    "no policy": (lambda: draw(SMALL, kind="occupancy"), "expected policy="),
    "two policies": (
        lambda: draw(LAKE, {"expert": solve(LAKE).policy, "learner": solve(LAKE).policy}),
        "2 policies are given",
    ),
    "other policy": (
        lambda: draw(LAKE, solve(CLIFF).policy),
        "the table of policy has shape \\(48, 4\\); expected \\(16, 4\\)",
    ),
    "no table": (lambda: draw(LAKE, 3), "policy is int; expected a record with a table"),
    "other value": (lambda: draw(LAKE, value=solve(CLIFF).value), "value has shape \\(48,\\); expected \\(16,\\)"),
    "value of prompts": (lambda: draw(PreferenceProblem([[1]], reward=[[1]]), value=[1]), "has no values of states"),
    "many ends": (
        lambda: draw(named("bad_token", H=6).problem),
        "63 prefixes with 64 ends are more than a picture shows; expected at most 32 and 16",
    ),
    "tokens of an MDP": (lambda: draw(SMALL, kind="tokens"), "kind='tokens' draws TokenProblem; got MDP"),
    "no such step": (lambda: draw(LAKE, solve(LAKE).policy, step=1), "step is 1; expected 0 to 0"),
    "four actions": (
        lambda: draw(LAKE, solve(LAKE).policy, kind="simplex"),
        "draws laws of three actions; the problem has 4",
    ),
    "no law": (lambda: draw(GAME, trajectories={"row": [[1, 0, 0], [1, 1, 0]]}), "trajectories\\['row'\\]\\[1\\] is"),
    "four outcomes": (lambda: draw(GAME, trajectories=[[1, 0, 0, 0]]), "expected \\(steps, 3\\)"),
    "empty simplex": (lambda: draw(GAME, kind="simplex"), "expected policy= or trajectories="),
    "no such state": (lambda: draw(GAME, JointPolicy(np.full((1, 9), 1 / 9)), state=1), "state is 1; expected 0 to 0"),
    "no coordinates": (lambda: draw(WALL, kind="plane"), "needs coordinates="),
    "short coordinates": (lambda: draw(WALL, coordinates={"x": X[:3], "v": V}), "'x'\\] has 3 entries; expected 615"),
    "bent path": (
        lambda: draw(WALL, coordinates={"x": X, "v": V}, trajectories=[[1, 2, 3]]),
        "expected \\(steps, 2\\)",
    ),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_drawn_is_refused_in_words(call, words):
    with pytest.raises(InvalidModel, match=words):
        call()


# ---- styles
def test_a_style_sets_widths_inside_and_nothing_outside():
    import matplotlib

    before = dict(matplotlib.rcParams)
    for name, widths in STYLES.items():
        with mdpkit.style(name):
            assert matplotlib.rcParams["figure.figsize"][0] == widths.column
            assert matplotlib.rcParams["pdf.fonttype"] == 42
            assert draw(SMALL).get_figwidth() in widths
    assert dict(matplotlib.rcParams) == before
    assert draw(SMALL).get_figwidth() in (COLUMN, PAGE)


def test_a_graph_is_laid_out_for_the_width_in_force():
    def width_of(name):
        with mdpkit.style(name):
            return draw(MDP(SMALL.P, SMALL.r, SMALL.rho, horizon=Finite(9)), kind="graph").get_figwidth()

    assert [width_of(name) for name in ("column", "icml", "neurips", "page")] == [3.25, 3.25, 5.5, 6.75]


def test_figures_of_claims_have_the_widths_in_force():
    folder = Path(mdpkit.__file__).parents[1] / "figures"
    one, panels = (
        read(folder / f"{place(name)}.json")
        for name in ("performance_difference_lemma", "cloning_regret_gap_scales_with_coverage")
    )
    assert [draw_claim(each).get_figwidth() for each in (one, panels)] == [COLUMN, PAGE]
    with mdpkit.style("neurips"):
        assert [draw_claim(each).get_figwidth() for each in (one, panels)] == [5.5, 5.5]


def test_an_unknown_style_names_the_known_ones():
    with pytest.raises(InvalidModel, match="'column', 'icml', 'neurips', 'page'"), mdpkit.style("nature"):
        pass


def test_a_picture_opens_no_window_and_has_the_same_bytes_in_every_process():
    program = """
import hashlib, sys
from mdpkit import draw, solve
from mdpkit.instances import bundled
from mdpkit.report.result.draw import as_bytes
lake = bundled("frozen_lake_4x4")
print(hashlib.sha256(as_bytes(draw(lake, solve(lake).policy, solve(lake).value))).hexdigest(), "matplotlib.pyplot" in sys.modules)
"""
    digest, windows = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert digest == hashlib.sha256(as_bytes(draw(LAKE, solve(LAKE).policy, solve(LAKE).value))).hexdigest()
    assert windows == "False"
