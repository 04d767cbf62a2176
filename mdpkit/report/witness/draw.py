"""Small counter-examples drawn: states and what actions do there, or a table of responses."""

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
    """An instance as a reader checks it: every number exact, nothing that does not count.

    States are boxes. An arrow is what some actions do, "any" if all of them; it says which, and the reward unless it is 0. Where chance
    decides it forks, with the probabilities at its branches. A star in a joint action stands for every action of that player.
    Boxes hold what each policy plays, one colour a policy: expert blue, learner vermilion.

    Transitions or rewards that differ between steps are unrolled, a column a step; there, what the last step leads to is left
    out. Policies alone that differ are told step by step inside the box. Several decision problems stand one below
    another. More than 24 places, or arrows that no page holds apart, become a table of the same rows; preference problems are
    tables of responses; of any other instance every number is listed. Numbers beside a problem stand in its caption; other arrays
    beside it are not drawn.

    Args:
        instance: records by name, as a claim's check sees them.
        matters: name -> boolean array over the rows that count (or over a few leading axes of them). Names are the fields
            of the problem, `P`, `r`, `rho`, or `reference`, `weights`, ...; `model.P` for a second problem called "model"; and the
            names of policies, such as `expert`. What counts for nothing is not drawn: transitions, rewards, plays, and states
            that nothing else needs. Other names are not looked at.

    Returns: a matplotlib Figure of 3.25 or 6.75 in width (or as `mdpkit.style` says) which belongs to no window. To be saved inside
        `style.style_context()`.
    Raises: InvalidModel where nothing counts, where more than 60 rows or more than the width of a page are left, or where
        an array of `matters` has not the shape of its rows.

    >>> from types import SimpleNamespace
    >>> from mdpkit import MDP, Finite, TabularPolicy, objects
    >>> mdp = MDP(objects([[[0, 1], [1, 0]], [[0, 1], [0, 1]]]), objects([[0, 1], [0, 0]]), objects([1, 0]), horizon=Finite(2))
    >>> figure = draw_witness(SimpleNamespace(mdp=mdp, expert=TabularPolicy(objects([[0, 1], [1, 0]]))))
    >>> [patch.get_gid() for patch in figure.axes[0].patches if "->" in patch.get_gid()]
    ['start s0 -> s0', 's0 -> s1', 's0 -> s0', 's1 -> s1']
    """
    with style_context():
        return figure_of(laid_out(describe(instance, matters)))


def tikz(instance: SimpleNamespace, matters: Mapping[str, np.ndarray] | None = None) -> str:
    r"""The same drawing as a TikZ document for `pdflatex`, everything at the same place, fractions as \tfrac.

    Args, Raises: as `draw_witness`.

    >>> from types import SimpleNamespace
    >>> from mdpkit import PreferenceProblem, objects
    >>> text = tikz(SimpleNamespace(problem=PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))))
    >>> text.count(r"$\tfrac{1}{2}$")
    2
    """
    return picture(laid_out(describe(instance, matters)))


def figure_of(sketch):
    """A sketch on a page of its own, as wide as a column or as the page; to be called inside `style_context()`."""
    _, _, right, top = sketch.extent
    content, height = right + MARGIN, top + MARGIN
    width = widths().column if content <= widths().column else widths().page
    figure, ax = bare(width, height)
    ax.set(xlim=((content - width) / 2, (content + width) / 2), ylim=(0, height))
    paint(ax, sketch)
    return figure
