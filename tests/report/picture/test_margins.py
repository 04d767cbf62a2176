"""Pictures of margins to failure: the failure set and the tube on a grid."""

import numpy as np
import pytest

from mdpkit import draw, objects, solve
from mdpkit.base.errors import InvalidModel
from mdpkit.instances.grid import grid
from mdpkit.model import ContinuousProblem, MarginProblem


def cart(x, u):
    return np.stack([x[:, 0] + 0.05 * x[:, 1], x[:, 1] + 0.05 * u[:, 0]], axis=1)


def points(n=21):
    """A cart between two walls: failure is |position| > .8."""
    return grid(
        ContinuousProblem(cart, [-1.0, -1.0], [1.0, 1.0], [-1.0], [1.0], margin=lambda x: 0.8 - abs(x[:, 0])), (n, n), 3
    )


def ids(figure):
    return {artist.get_gid() for artist in figure.axes[0].get_children()} - {None}


def test_a_grid_of_margins_shows_the_edges_of_the_failure_set_and_of_the_tube():
    problem = points()
    value = solve(problem.finite, throw=False).value.upper
    figure = draw(problem, value=value)
    assert {"states", "contour failure set", "contour tube"} <= ids(figure)
    (contour,) = [artist for artist in figure.axes[0].get_children() if artist.get_gid() == "contour tube"]
    tube = problem.read(value, np.concatenate([path.vertices for path in contour.get_paths()]))
    assert np.abs(tube).max() < 0.02
    assert figure.axes[0].get_xlabel() == "$x_0$"


def test_without_a_value_there_is_no_tube():
    assert {"contour failure set"} == {name for name in ids(draw(points())) if name.startswith("contour")}


def test_a_policy_drifts_but_where_the_problem_ends():
    problem = MarginProblem([1.0, 2.0, -1.0], [[[0, 1, 0]], [[0, 0, 0]], [[0, 0, 1]]])
    policy = solve(problem, throw=False).policy
    figure = draw(problem, policy, coordinates={"x": [0.0, 1.0, 2.0], "y": [0.0, 0.0, 1.0]})
    (drift,) = [artist for artist in figure.axes[0].get_children() if artist.get_gid() == "drift"]
    assert (drift.X.tolist(), drift.U.tolist()) == ([0.0], [1.0])


def test_a_small_problem_of_margins_is_listed_as_a_graph():
    words = [
        text.get_text()
        for text in draw(MarginProblem(objects([1, "-1/2"]), objects([[[0, 1]], [[0, 1]]]))).axes[0].texts
    ]
    assert "margins.margin" in words


def test_a_grid_that_no_plane_shows_is_refused():
    line = grid(ContinuousProblem(lambda x, u: x, [-1.0], [1.0], [0.0], [0.0], margin=lambda x: x[:, 0]), 3, 1)
    with pytest.raises(InvalidModel, match="the grid has 1 axes; expected 2"):
        draw(line)
