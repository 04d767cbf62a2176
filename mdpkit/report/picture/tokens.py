"""Pictures of token problems: prefixes from left to right, with probabilities, values and implicit rewards."""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...ink.graph import BLACK, Arrow, Box, connect, measure_text
from ..style import widths
from ..witness.draw import figure_of
from ..witness.layout import MARGIN, move
from ..witness.words import number_text, plain, symbol

MOST_ENDS = 16
"""Largest number of ends of responses that a page has room for."""
ROW = 0.44
"""Distance of two ends, in inches."""
LONG = 7
"""Length above which exact numbers are shown to three digits."""


def draw_tokens(scene):
    """Draw a Scene of a token problem: an arrow for every token, a box for every prefix and every end.

    An arrow shows the token, its probability under the reference, and the reward if it is not 0; with a policy its
    probability under the policy and the implicit reward. Boxes show values if given, and returns at the ends of a tree.

    Raises: InvalidModel if the problem has too many ends for a page.
    """
    problem = scene.problem
    ends = np.argwhere(problem.next == problem.S)
    if len(ends) > MOST_ENDS or problem.S > 2 * MOST_ENDS:
        raise InvalidModel(
            f"{problem.S} prefixes with {len(ends)} ends are more than a picture shows; expected at most "
            f"{2 * MOST_ENDS} and {MOST_ENDS}"
        )
    labels = {(s, a): _label(scene, s, a) for s, a in np.argwhere(problem.available).tolist()}
    texts = {str(s): _lines(scene, s) for s in range(problem.S)} | _end_lines(problem, ends)
    boxes = _place(problem, labels, texts)
    arrows = [Arrow(str(s), _target(problem, s, a), words) for (s, a), words in labels.items()]
    sketch = connect(boxes, arrows)
    x0, y0, x1, _ = sketch.extent
    if x1 - x0 > widths().page - 2 * MARGIN:
        raise InvalidModel(
            f"the picture is {x1 - x0:.1f} in wide; expected at most {widths().page - 2 * MARGIN:.1f} in"
        )
    return figure_of(move(sketch, MARGIN - x0, MARGIN - y0))


def _target(problem, s, a):
    return f"end {s} {a}" if problem.next[s, a] == problem.S else str(problem.next[s, a])


def _number(x):
    text = number_text(x)
    return text if len(text) <= LONG else f"{float(floats(np.asarray(x))[()]):.3g}"


def _label(scene, s, a):
    """Token, probabilities and reward of an arrow."""
    problem = scene.problem
    name = plain(problem.token_names[a]) if problem.token_names else symbol("a", a)
    words = f"{name}: {_number(problem.reference[s, a])}"
    if scene.policy is not None:
        implicit = float(measure.implicit_reward(problem, scene.policy)[s, a].mid)
        shown = f"{implicit:+.2f}" if abs(implicit) > 1e-9 else "0"
        return rf"{words} $\to$ {_number(scene.policy.table[s, a])}, {shown}"
    reward = float(measure.token_reward(problem)[s, a].mid)
    return f"{words}, $r$ = {reward:.3g}" if abs(reward) > 1e-12 else words


def _lines(scene, s):
    value = [] if scene.values is None else [(f"{float(scene.values[s]):.3g}", BLACK)]
    return ((symbol("s", s), BLACK), *value)


def _end_lines(problem, ends):
    """The boxes of the ends: returns on a tree, dots where states merge."""
    if not problem.is_tree:
        return {f"end {s} {a}": () for s, a in ends.tolist()}
    returns = measure.path_sums(problem, measure.token_reward(problem)).mid
    return {f"end {s} {a}": ((f"$R$ = {returns[s, a]:.3g}", BLACK),) for s, a in ends.tolist()}


def _place(problem, labels, texts):
    """Boxes in columns by the largest number of tokens before them, each beside the middle of what follows it."""
    column, height, row = np.zeros(problem.S, dtype=int), {}, 0
    for s, a in labels:
        if problem.next[s, a] < problem.S:
            column[problem.next[s, a]] = max(column[problem.next[s, a]], column[s] + 1)

    def visit(s):
        nonlocal row
        below = []
        for a in np.flatnonzero(problem.available[s]).tolist():
            name = _target(problem, s, a)
            if name.startswith("end"):
                height[name] = -ROW * row
                row += 1
            elif name not in height:
                visit(int(name))
            below.append(height[name])
        height[str(s)] = float(np.mean(below))

    visit(0)
    columns = {str(s): int(column[s]) for s in range(problem.S)}
    columns |= {name: columns[name.split()[1]] + 1 for name in texts if name.startswith("end")}
    boxes = [Box(name, (columns[name], height[name]), texts[name]) for name in texts]
    widest = max(box.size[0] for box in boxes)
    wanted = max(measure_text(words)[0] for words in labels.values()) + widest + 0.1
    step = min(wanted, (widths().page - 2 * MARGIN - widest) / max(columns.values()))
    return [replace(box, at=(step * box.at[0], box.at[1])) for box in boxes]
