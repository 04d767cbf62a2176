"""A drawn counterexample, read back, says what its instance says; nothing covers anything; TikZ draws the same."""

import os
import re
import subprocess
import sys
from functools import cache
from io import BytesIO
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace as Models

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mdpkit import MDP, Discounted, TabularPolicy, objects, rational
from mdpkit.claims.coverage.coverage_bounds_the_preference_gap import two_responses
from mdpkit.claims.imitation.cloning_bound_is_attained_at_finite_error import disjoint_slips
from mdpkit.ink.graph import overlap
from mdpkit.instances.library.games import TWO_PLAYERS, hidden_stakes, matching_pennies, rare_pennies
from mdpkit.instances.library.imitation.cliff import cliff
from mdpkit.instances.library.imitation.families import TWO_POLICIES
from mdpkit.report import draw_claim, draw_witness, read, tikz
from mdpkit.report.style import COLOURS, COLUMN, PAGE, style_context
from mdpkit.report.witness.latex import latex
from mdpkit.report.witness.layout import laid_out
from mdpkit.report.witness.rows import describe
from mdpkit.report.witness.words import DASH, MINUS
from mdpkit.verify.register import place as place_of

WITNESSES = {
    "pennies": lambda: matching_pennies(1),
    "cliff": lambda: cliff(5, "1/20"),
    "slips": lambda: disjoint_slips(3),
    "stakes": lambda: hidden_stakes(4),
    "rare pennies": lambda: rare_pennies(3, "1/4", strays=True),
    "responses": lambda: two_responses(8, "1/2"),
}
GRAPHS = [name for name in WITNESSES if name != "responses"]


def drawn(family, seed, **sizes):
    raw = np.random.default_rng(seed).integers(0, 256, family.byte_count(sizes), dtype=np.uint8).tobytes()
    return family.build(family.from_bytes(raw, sizes))


@cache
def figure_of(name):
    figure = draw_witness(WITNESSES[name]())
    figure.canvas.draw()
    return figure


@cache
def sketch_of(name):
    return laid_out(describe(WITNESSES[name]()))


def arrows(figure):
    return [gid for patch in figure.axes[0].patches if "->" in (gid := patch.get_gid())]


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


# ---- reading a drawing back
def actions_in(text, counts):
    """Indices of the joint actions that a text names, a star standing for every action."""
    if text == "any":
        return list(range(int(np.prod(counts))))
    found = []
    for name in re.findall(r"\$a_\{(.*?)\}\$", text.replace(r"{\ast}", "*")):
        parts = list(name) if len(counts) > 1 else [name]
        choices = [range(count) if part == "*" else [int(part)] for part, count in zip(parts, counts, strict=True)]
        found += [
            int(np.ravel_multi_index(each, counts))
            for each in np.array(np.meshgrid(*choices)).reshape(len(counts), -1).T
        ]
    return found


def effects_in(text, counts, players):
    """action -> rewards, from the words of an arrow."""
    found = {}
    for line in text.replace(",\n", ", ").split("\n"):
        named, _, reward = line.partition(": ")
        values = re.findall(rf"[\d/{MINUS}]+", reward) or ["0"] * players
        for a in actions_in(named, counts):
            assert a not in found
            found[a] = [rational(value.replace(MINUS, "-")) for value in values]
    return found


def law_in(lines, letter, counts):
    """The one law that a box says a policy plays."""
    said = " ".join(
        line for line, _ in lines if line.startswith(f"{letter}: ") or (":" not in line and line != lines[0][0])
    )
    said = said.removeprefix(f"{letter}: ")
    row = objects([0] * int(np.prod(counts)))
    if said.endswith(" each"):
        return row + rational(said.removesuffix(" each"))
    for term in said.split(", "):
        chance, _, name = term.strip().rpartition(" ")
        (a,) = actions_in(name, counts)
        row[a] = rational(chance or "1")
    return row


def read_back(graph, shape, counts, players):
    """P and r as a graph tells them, rewards of every player; states that are left out lead nowhere."""
    P, r = objects(np.zeros((*shape, shape[-2]), dtype=int)), objects(np.zeros((players, *shape), dtype=int))
    at = {place.name: (place.state if place.step is None else (place.step, place.state)) for place in graph.places}
    for way in graph.ways:
        here = at[way.place] if isinstance(at[way.place], tuple) else (at[way.place],)
        for a, paid in effects_in(way.words, counts, players).items():
            r[(slice(None), *here, a)] = paid
            for name, chance in way.law:
                target = at[name] if isinstance(at[name], int) else at[name][1]
                P[(*here, a, target)] += rational(chance or "1")
    return P, r


@pytest.mark.parametrize("name", [name for name in GRAPHS if name != "pennies"])
def test_rows_read_back_from_the_drawing_are_the_rows_of_the_instance(name):
    m = WITNESSES[name]()
    problem = getattr(m, "game", None) or m.mdp
    counts = getattr(problem, "actions", (problem.r.shape[-1],))
    (graph,) = describe(m)
    rewards = problem.r if hasattr(m, "game") else problem.r[None]
    P, r = read_back(graph, problem.r.shape[-2:], counts, len(rewards))
    assert (problem.P.reshape(P.shape) == P).all()
    assert (rewards == r).all()
    starts = objects([0] * problem.S)
    for place, chance in graph.starts:
        starts[int(place[1:])] = rational(chance or "1")
    assert (starts == problem.rho).all()


def test_the_last_of_one_step_leads_nowhere():
    (graph,) = describe(matching_pennies(1))
    (way,) = graph.ways
    assert way.law == ()
    assert effects_in(way.words, (2, 2), 2) == {0: [1, 0], 1: [0, 1], 2: [0, 1], 3: [1, 0]}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("family", "sizes"), [(TWO_POLICIES, dict(H=3, S=2, A=3)), (TWO_PLAYERS, dict(H=2, S=3, A=2, B=2))]
)
def test_unrolled_rows_read_back(family, sizes, seed):
    m = drawn(family, seed, **sizes)
    problem = getattr(m, "game", None) or m.mdp
    H, S, J = problem.P.shape[:3]
    (graph,) = describe(m)
    assert graph.steps == H
    rewards = problem.r.swapaxes(0, 1) if hasattr(m, "game") else problem.r[None]
    P, r = read_back(graph, (H, S, J), getattr(problem, "actions", (J,)), len(rewards))
    assert (P[:-1] == problem.P[:-1]).all()
    assert not P[-1].any()
    assert (rewards == r).all()
    for place in graph.places:
        for letter, policy in (("E", m.expert), ("L", m.learner)):
            lines = [place.lines[0], *(line for line in place.lines[1:] if line[1] == COLOURS["EL".index(letter)])]
            assert (
                law_in(lines, letter, getattr(problem, "actions", (J,))) == policy.table[place.step, place.state]
            ).all()


@pytest.mark.parametrize("name", GRAPHS)
def test_artists_are_the_sketch(name):
    figure, sketch = figure_of(name), sketch_of(name)
    assert arrows(figure) == [f"{curve.arrow.source} -> {curve.arrow.target}" for curve in sketch.curves]
    lines = [
        line
        for text in (*(text for box in sketch.boxes for text in box.texts), *sketch.texts)
        for line in text.words.split("\n")
    ]
    assert sorted(words(figure)) == sorted(lines)
    for curve in sketch.curves:
        for line in filter(None, curve.arrow.words.split("\n")):
            assert line in lines
    (graph,) = describe(WITNESSES[name]())
    led = {(way.place, target) for way in graph.ways for target, _ in way.law}
    stems = {curve.arrow.target: curve.arrow.source for curve in sketch.curves if not curve.arrow.head}
    ends = [
        (stems.get(curve.arrow.source, curve.arrow.source), curve.arrow.target)
        for curve in sketch.curves
        if curve.arrow.head
    ]
    states = {place.name for place in graph.places}
    assert {end for end in ends if set(end) <= states} == led


def test_policies_of_other_steps_are_told_in_the_box():
    (graph,) = describe(disjoint_slips(3))
    assert [words for words, _ in graph.places[1].lines] == [
        "$s_{1}$",
        "E: $a_{0}$",
        "L: $a_{0}$ at $t$ = 0, 2",
        "L: $a_{1}$ at $t$ = 1",
    ]
    long = disjoint_slips(7)
    assert "L: $a_{0}$ at $t$ = 0, 1, 3" + DASH + "6" in [words for words, _ in describe(long)[0].places[2].lines]


# ---- what does not count
def test_rows_that_do_not_matter_are_not_drawn():
    m = cliff(5, "1/20")
    whole = draw_witness(m)
    assert arrows(whole) == ["start s0 -> s0", "s0 -> s0", "s0 -> s1", "s1 -> s1"]
    matters = dict(
        P=np.array([[True, True], [False, False]]),
        r=np.zeros((2, 2), dtype=bool),
        rho=np.array(False),
        expert=np.array([True, False]),
        learner=np.array([True, False]),
    )
    figure = draw_witness(m, matters)
    assert arrows(figure) == ["s0 -> s0", "s0 -> s1"]
    assert not any("$r$" in text or "any" in text for text in words(figure))
    assert sum(text.startswith(("E: $", "L: ")) and "learner" not in text for text in words(figure)) == 2
    assert any("$r$ = 1" in text for text in words(whole))
    assert tikz(m, matters).count("controls") == 2


def test_a_state_that_nothing_needs_is_left_out():
    m = disjoint_slips(3)
    kept = np.arange(m.mdp.S) < 2
    matters = dict(P=kept, r=kept, rho=False, expert=np.tile(kept, (3, 1)), learner=np.tile(kept, (3, 1)))
    figure = draw_witness(m, matters)
    assert arrows(figure) == ["s0 -> s0", f"s0 -> s{m.mdp.S - 1}", "s1 -> s1", f"s1 -> s{m.mdp.S - 1}"]
    assert "$s_{2}$" not in words(figure)


def test_a_reward_that_counts_where_the_step_does_not_ends_an_arrow():
    matters = dict(P=np.array([[False, True], [True, True]]))
    (graph,) = describe(cliff(5, "1/20"), matters)
    assert [(way.words, way.law) for way in graph.ways[:2]] == [("$a_{0}$: $r$ = 1", ()), ("$a_{1}$", (("s1", ""),))]


def test_only_rewards_that_count_are_told():
    m = matching_pennies(2)
    matters = dict(r=np.array([[[True] * 4], [[False] * 4]]))
    (graph,) = describe(m, matters)
    assert graph.ways[0].words == r"$a_{00}$, $a_{11}$: $r$ = (1, $\cdot$)" + "\n$a_{01}$, $a_{10}$"


def test_unrolled_states_that_nothing_needs_are_left_out():
    m = drawn(TWO_POLICIES, 0, H=3, S=2, A=2)
    kept = np.zeros((3, 2), dtype=bool)
    kept[1, 0] = True
    (graph,) = describe(m, dict(P=kept, r=kept, rho=False, expert=kept, learner=kept))
    targets = {name for way in graph.ways for name, _ in way.law}
    assert {place.name for place in graph.places} == {"t1 s0", *targets}
    assert {way.place for way in graph.ways} == {"t1 s0"}


def test_a_second_problem_has_a_heading_and_its_own_rows():
    m = cliff(3, "1/20")
    both = Models(mdp=m.mdp, model=m.mdp, expert=m.expert)
    first, second = describe(
        both, {"model.P": np.array([[True, False], [False, False]]), "model.r": False, "model.rho": False}
    )
    assert (first.heading, second.heading) == ("mdp", "model")
    assert len(first.ways) == 3
    assert [(way.words, way.law) for way in second.ways] == [("$a_{0}$", (("s0", ""),))]
    assert {"mdp", "model"} <= set(words(draw_witness(both)))


# ---- how it looks
def boxes_of_words(figure):
    renderer = FigureCanvasAgg(figure).get_renderer()
    return [(text, text.get_window_extent(renderer)) for text in figure.axes[0].texts if text.get_text()]


@pytest.mark.parametrize("name", WITNESSES)
def test_no_words_cover_words_or_leave_the_page(name):
    figure = figure_of(name)
    found = boxes_of_words(figure)
    slack = figure.dpi / 72 * 0.75
    for (one, a), (two, b) in combinations(found, 2):
        apart = overlap((a.x0 + slack, a.y0 + slack, a.x1 - slack, a.y1 - slack), (b.x0, b.y0, b.x1, b.y1))
        assert not apart, (one.get_text(), two.get_text())
    for text, box in found:
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width, text.get_text()
        assert 0 <= box.y0 < box.y1 <= figure.bbox.height, text.get_text()


@pytest.mark.parametrize("name", GRAPHS)
def test_no_arrow_runs_through_words_or_through_a_strange_box(name):
    figure, transform = figure_of(name), figure_of(name).axes[0].transData
    runs = [(curve.arrow, transform.transform(along(curve.points))) for curve in sketch_of(name).curves]
    for text, box in boxes_of_words(figure):
        for arrow, run in runs:
            if text.get_gid() not in (f"in {arrow.source}", f"in {arrow.target}"):
                assert not any(box.contains(*point) for point in run), (text.get_text(), arrow)
    for arrow, run in runs:
        for box in sketch_of(name).boxes:
            if box.name not in (arrow.source, arrow.target):
                (x0, y0), (x1, y1) = transform.transform(np.reshape(box.extent, (2, 2)))
                assert not ((run > (x0, y0)) & (run < (x1, y1))).all(axis=1).any(), (box.name, arrow)


def along(points):
    u = np.linspace(0, 1, 101)[:, None]
    return (
        (1 - u) ** 3 * points[0] + 3 * (1 - u) ** 2 * u * points[1] + 3 * (1 - u) * u**2 * points[2] + u**3 * points[3]
    )


@pytest.mark.parametrize("name", WITNESSES)
def test_width_size_and_colours(name):
    figure = figure_of(name)
    assert figure.get_figwidth() in (COLUMN, PAGE)
    assert {text.get_size() for text in figure.axes[0].texts} == {8}
    for text in figure.axes[0].texts:
        meaning = {"E": COLOURS[0], "L": COLOURS[1]}.get(text.get_text()[:1]) if text.get_text()[1:2] == ":" else None
        assert meaning is None or text.get_color() == meaning


def test_columns_are_steps():
    m = drawn(TWO_POLICIES, 1, H=3, S=2, A=2)
    sketch = laid_out(describe(m))
    assert sketch.curves, "an unrolled graph of this size is drawn"
    x = {box.name: box.at[0] for box in sketch.boxes if re.fullmatch(r"t\d s\d", box.name)}
    assert all(x[f"t{t} s0"] == x[f"t{t} s1"] < x[f"t{t + 1} s0"] for t in range(2))
    heads = {text.words: text.at[0] for text in sketch.texts if text.words.startswith("$t$")}
    assert heads == {f"$t$ = {t}": x[f"t{t} s0"] for t in range(3)}


DRAW = """
import sys
from mdpkit.instances.library.games import rare_pennies
from mdpkit.report import draw_claim, draw_witness, read, tikz
from mdpkit.report.style import style_context

m = rare_pennies(3, "1/4", strays=True)
figure = draw_witness(m)
with style_context():
    figure.savefig(sys.stdout.buffer, format="svg", metadata={"Date": None, "Creator": None})
sys.stdout.buffer.write(tikz(m).encode())
"""


def test_two_processes_draw_the_same_bytes():
    m, content = WITNESSES["rare pennies"](), BytesIO()
    figure = draw_witness(m)
    with style_context():
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    expected = content.getvalue() + tikz(m).encode()
    surroundings = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}
    run = subprocess.run([sys.executable, "-c", DRAW], env=surroundings, check=True, capture_output=True)
    assert run.stdout == expected


# ---- TikZ
def balanced(text):
    depth = 0
    for mark in re.sub(r"\\[\\{}]", "", re.sub(r"(?<!\\)%.*", "", text)):
        depth += (mark == "{") - (mark == "}")
        assert depth >= 0
    return depth == 0


@pytest.mark.parametrize("name", WITNESSES)
def test_tikz_draws_the_same_arrows_at_the_same_places(name):
    text, sketch = tikz(WITNESSES[name]()), sketch_of(name)
    assert text.isascii()
    assert balanced(text)
    opened, closed = (re.findall(rf"\\{verb}{{(\w+)}}", text) for verb in ("begin", "end"))
    assert opened == closed[::-1] == ["document", "tikzpicture"]
    assert all(line.count("$") % 2 == 0 for line in text.splitlines())
    assert all(line.endswith(";") for line in text.splitlines() if line.startswith(r"\node"))
    curves = re.findall(r"\\draw\[(.*?)\] (\(.*\)); % (.*)", text)
    curves = [(style, points, ends) for style, points, ends in curves if "controls" in points]
    assert [ends for *_, ends in curves] == arrows(figure_of(name))
    for (style, points, _), curve in zip(curves, sketch.curves, strict=True):
        assert (style == "->") == curve.arrow.head
        assert np.allclose(np.array(re.findall(r"-?\d+\.\d+", points), dtype=float), curve.points.ravel(), atol=6e-4)
    shown = re.findall(r"\\node\[.*?\] at \(.*?\) \{(.*)\};", text)
    assert sorted(shown) == sorted(latex(each) for each in words(figure_of(name)))


def test_words_in_latex():
    assert latex("19/20 $a_{0}$") == r"$\tfrac{19}{20}$ $a_{0}$"
    assert latex("r = (-1/2, -3)".replace("-", MINUS)) == r"r = ($-\tfrac{1}{2}$, $-$3)"
    assert latex(r"a_b 50% & #1 {x} \$3 ~ ^ \ 2:4".replace(":", DASH)) == (
        r"a\_b 50\% \& \#1 \{x\} \$3 \textasciitilde{} \textasciicircum{} \textbackslash{} 2--4"
    )
    assert latex("2024/1/3") == "2024/1/3", "a date is no fraction"


def test_names_of_states_and_actions_are_shown_as_they_stand():
    odd = r"50% of_$\{"
    mdp = MDP(
        [[[0, 1], [1, 0]], [[0, 1], [0, 1]]],
        np.eye(2),
        [1, 0],
        horizon=Discounted(0.9),
        state_names=("a&b", odd),
        action_names=("x^2", "$"),
    )
    m = Models(mdp=mdp, policy=TabularPolicy([[1, 0], [0.5, 0.5]]))
    figure = draw_witness(m)
    figure.canvas.draw()
    assert r"50% of_\$\{" in words(figure)
    assert "policy: 0.5 x^2, 0.5 \\$" not in words(figure), "letters stand for policies"
    assert "P: 0.5 x^2, 0.5 \\$" in words(figure)
    text = tikz(m)
    assert balanced(text)
    assert r"50\% of\_\$\textbackslash{}\{" in text
    assert r"a\&b" in text


def test_the_graph_of_a_claim_is_drawn_the_same_way():
    claim_id = "cloning_regret_gap_scales_with_coverage"
    figure = draw_claim(read(Path(__file__).parents[3] / "figures" / f"{place_of(claim_id)}.json"))
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    graph = figure.axes[2]
    assert [patch.get_gid() for patch in graph.patches] == ["0 -> 1", "0 -> 2", "0", "1", "2"]
    found = [text.get_window_extent(renderer).extents for text in graph.texts]
    assert len(found) > 5
    assert not any(overlap(one, two) for one, two in combinations(found, 2))
