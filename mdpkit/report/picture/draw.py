"""`draw(problem)`: pictures of a problem."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...base.errors import InvalidModel
from ...instances.grid import Grid
from ...model import (
    MDP,
    LinearMDP,
    LinearMixture,
    MarkovGame,
    MomentProblem,
    PreferenceProblem,
    SafetyProblem,
    TokenProblem,
)
from ...model.margin import MarginProblem
from ..style import style_context
from .grid import draw_grid, named_cells
from .payoffs import draw_payoffs
from .plane import draw_plane
from .scene import Scene
from .simplex import draw_simplex
from .tokens import draw_tokens
from .transitions import draw_graph
from .visits import draw_occupancy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ANY = (MDP, MarkovGame, SafetyProblem, MarginProblem, PreferenceProblem, MomentProblem)
KINDS = {
    "graph": (draw_graph, (), ANY),
    "grid": (draw_grid, ("grid", "directions"), (MDP, SafetyProblem, MarginProblem)),
    "occupancy": (draw_occupancy, ("grid",), (MDP, MarkovGame)),
    "simplex": (draw_simplex, ("trajectories", "state"), (MDP, MarkovGame, PreferenceProblem)),
    "tokens": (draw_tokens, (), (TokenProblem,)),
    "payoffs": (draw_payoffs, (), (MarkovGame,)),
    "plane": (draw_plane, ("coordinates", "trajectories"), (MDP, SafetyProblem, MarginProblem)),
}
"""For each kind: the drawing function, its arguments, and the problem types."""


def draw(
    problem: Any,
    policy: Any = None,
    value: Any = None,
    kind: str | None = None,
    *,
    step: int = 0,
    grid: tuple[int, int] | None = None,
    directions: Any = None,
    coordinates: Mapping[str, Any] | None = None,
    trajectories: Any = None,
    state: int | None = None,
) -> "Figure":
    """Draw a problem, a policy, and values.

    Args:
        problem: an MDP, LinearMDP, LinearMixture, MarkovGame, SafetyProblem, MarginProblem, PreferenceProblem or
            TokenProblem, or a Grid of two axes, drawn in its plane; of a MomentProblem, and of a MarginProblem as a
            graph, every number is listed.
            Where the points of a MarginProblem fill a rectangle, contours bound the failure set (margin below 0) and
            the tube (value below 0).
        policy: a record with a `table`, or several of them by name.
        value: an Interval or array `[s]` or `[t,s]`, such as `solve(problem).value`; of a safety problem `tube` will
            do.
        kind: "graph", states and transitions with probabilities on the edges, as by `draw_witness`, or a table if that
            exceeds a page; "grid", cells with arrows whose lengths are action probabilities, and values; "occupancy",
            the policy's occupancy over the whole horizon; "simplex", distributions over three outcomes as points of a
            triangle; "plane", states as points, with the expected step of the policy; "tokens", the prefixes of a
            TokenProblem with the probabilities of the next token and, with a policy, its implicit rewards; "payoffs",
            those of the Nash, correlated and coarse correlated equilibria of a game of two players that is played once,
            and of the policies. By default
            plane if coordinates are given, simplex if only trajectories are, grid if `grid` is or the state names are
            "(row, column)", tokens for a TokenProblem, else graph.
        step: for grid, simplex and plane, the step of a time-varying policy or value.
        grid: (rows, columns) of states listed row by row from the top; an additional last absorbing state is not drawn.
        directions: `[a,2]`, right and up components of each action; by default from names left, right, up, down, stay.
        coordinates: for a plane {"position": x, "speed": v}, two named arrays `[s]`.
        trajectories: by name, or a single one: distributions `[k,3]` on a simplex, points `[k,2]` in a plane.
        state: on a simplex, the state (prompt) whose distributions are drawn; by default all.

    Returns: a matplotlib Figure as wide as a column or the page (3.25 and 6.75 in, or as `mdpkit.style` says) that
        belongs to no window; matplotlib alone is used. `mdpkit.report.tikz` has the state graph in LaTeX.
    Raises: InvalidModel naming an argument that is missing, or inconsistent with problem or kind, or exceeds a page.

    >>> from mdpkit import solve
    >>> from mdpkit.instances import bundled
    >>> lake = bundled("frozen_lake_4x4")
    >>> solution = solve(lake)
    >>> figure = draw(lake, solution.policy, solution.value)
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_gid() == "value 3 2"]
    ['0.863']
    """
    if isinstance(problem, Grid):
        problem, coordinates = problem.finite, _axes(problem) if coordinates is None else coordinates
    if isinstance(problem, LinearMDP | LinearMixture):
        problem = problem.tabular()
    if not isinstance(problem, (*ANY, TokenProblem)):
        raise InvalidModel(f"draw takes a problem of mdpkit.model; got {type(problem).__name__}")
    options = dict(grid=grid, directions=directions, coordinates=coordinates, trajectories=trajectories, state=state)
    given = {name: option for name, option in options.items() if option is not None}
    kind = kind or _usual(problem, given)
    if kind not in KINDS:
        raise InvalidModel(f"no picture is of kind {kind!r}; expected one of {', '.join(map(repr, KINDS))}")
    function, taken, drawn = KINDS[kind]
    for name in given:
        if name not in taken:
            kinds = ", ".join(repr(each) for each, (_, its, _) in KINDS.items() if name in its)
            raise InvalidModel(f"kind={kind!r} takes no {name}; it belongs to {kinds}")
    if not isinstance(problem, drawn):
        names = " or ".join(each.__name__ for each in drawn)
        raise InvalidModel(f"kind={kind!r} draws {names}; got {type(problem).__name__}")
    with style_context():
        return function(Scene(problem, policy, value, step), **given)


def _axes(grid):
    """Coordinates of the points of a grid, by name.

    Raises: InvalidModel unless there are two, and every state is a grid point.
    """
    if len(grid.shape) != 2:
        raise InvalidModel(f"the grid has {len(grid.shape)} axes; expected 2, or a problem and coordinates of your own")
    if grid.finite.S != grid.S:
        raise InvalidModel(
            "the grid has a terminal state outside the box, which has no coordinates; expected a problem whose states stay in the box"
        )
    return {f"$x_{i}$": grid.points[:, i] for i in range(2)}


def _usual(problem, given):
    if isinstance(problem, TokenProblem):
        return "tokens"
    if "coordinates" in given:
        return "plane"
    if "grid" in given or "directions" in given:
        return "grid"
    if "trajectories" in given or "state" in given:
        return "simplex"
    return "grid" if named_cells(problem) else "graph"
