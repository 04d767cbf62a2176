"""Drawings of small counter-examples: state graphs, or tables of responses."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from ...ink.graph import paint
from ..style import bare, style_context, widths
from .latex import picture
from .layout import MARGIN, laid_out
from .rows import describe

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_witness(instance: SimpleNamespace, matters: Mapping[str, np.ndarray] | None = None) -> "Figure":
    """Draw an instance with every number exact, omitting irrelevant entries.

    States are boxes. An arrow is a transition, labelled by its actions ("any" if all), and by the reward unless it is
    0.
    Stochastic transitions fork, with probabilities at the branches. A star in a joint action stands for every action of
    that player. Boxes list the action of each policy, one colour per policy: expert blue, learner vermilion.

    Time-varying transitions or rewards are unrolled, one column per step, without the successors of the last step. If
    only policies vary, the box lists them step by step. Several decision problems are drawn one below another. More
    than 24 places, or arrows that cannot be kept apart, become a table of the same rows; preference problems are tables
    of responses; of any other instance every number is listed. Scalars beside a problem are in its caption; other
    arrays beside it are not drawn.

    Args:
        instance: records by name, as a claim's check receives them.
        matters: name -> boolean array over the relevant rows (or over a few leading axes of them). Names are the fields
            of the problem, `P`, `r`, `rho`, or `reference`, `weights`, ...; `model.P` for a second problem called
            "model"; and the names of policies, such as `expert`. Irrelevant transitions, rewards, actions and states
            are not drawn. Other names are ignored.

    Returns: a matplotlib Figure of width 3.25 or 6.75 in (or as set by `mdpkit.style`), not attached to a window. Save
        it inside `style.style_context()`.
    Raises: InvalidModel if nothing is relevant, if more than 60 rows or more than the width of a page remain, or if
        the shape of an array of `matters` is not that of its rows.

    >>> from types import SimpleNamespace
    >>> from mdpkit import MDP, Finite, TabularPolicy, objects
    >>> P, r = objects([[[0, 1], [1, 0]], [[0, 1], [0, 1]]]), objects([[0, 1], [0, 0]])
    >>> mdp = MDP(P, r, objects([1, 0]), horizon=Finite(2))
    >>> figure = draw_witness(SimpleNamespace(mdp=mdp, expert=TabularPolicy(objects([[0, 1], [1, 0]]))))
    >>> [patch.get_gid() for patch in figure.axes[0].patches if "->" in patch.get_gid()]
    ['start s0 -> s0', 's0 -> s1', 's0 -> s0', 's1 -> s1']
    """
    with style_context():
        return figure_of(laid_out(describe(instance, matters)))


def tikz(instance: SimpleNamespace, matters: Mapping[str, np.ndarray] | None = None) -> str:
    r"""The same drawing as a TikZ document for `pdflatex`, with fractions as \tfrac.

    Args, Raises: as `draw_witness`.

    >>> from types import SimpleNamespace
    >>> from mdpkit import PreferenceProblem, objects
    >>> text = tikz(SimpleNamespace(problem=PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))))
    >>> text.count(r"$\tfrac{1}{2}$")
    2
    """
    return picture(laid_out(describe(instance, matters)))


def figure_of(sketch):
    """Figure of a sketch, of column or page width; call it inside `style_context()`."""
    _, _, right, top = sketch.extent
    content, height = right + MARGIN, top + MARGIN
    width = widths().column if content <= widths().column else widths().page
    figure, ax = bare(width, height)
    ax.set(xlim=((content - width) / 2, (content + width) / 2), ylim=(0, height))
    paint(ax, sketch)
    return figure
