"""State graphs in the style of drawn witnesses, with values in the boxes."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from ...base.arrays import zeros
from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...ink.graph import BLACK
from ...model import MDP, Discounted, SafetyProblem
from ...model.margin import MarginProblem
from ..style import COLOURS
from ..witness.draw import figure_of
from ..witness.layout import laid_out
from ..witness.rows import MOST_PLACES, MOST_ROWS, Graph, describe, entries
from ..witness.words import number_text

FAILING, DOOMED = COLOURS[1], COLOURS[5]
LONG = 12
"""Length above which exact numbers are shown to three digits."""


def draw_graph(scene):
    """Draw a Scene as a state graph, or as a table."""
    problem = scene.problem
    if scene.S is not None and scene.S > MOST_ROWS:
        raise InvalidModel(
            f"{scene.S} states are more than a graph shows; expected at most {MOST_PLACES}, or {MOST_ROWS} rows of a table: "
            "draw it as a grid, a plane or its occupancy, or a part of it by draw_witness(instance, matters)"
        )
    if isinstance(problem, MarginProblem):
        return figure_of(laid_out([entries(SimpleNamespace(margins=problem))]))
    if isinstance(problem, SafetyProblem):
        return figure_of(laid_out([_safety(scene)]))
    shown = describe(SimpleNamespace(**{"the problem": problem, **scene.policies}))
    return figure_of(laid_out([_add_values(scene, part) for part in shown]))


def _add_values(scene, part):
    """Add the state's value as a line in each box."""
    if scene.value is None or not isinstance(part, Graph):
        return part
    return replace(part, places=tuple(_add_line(place, _value(scene, place)) for place in part.places))


def _add_line(place, words):
    return replace(place, lines=(place.lines[0], (words, BLACK), *place.lines[1:]))


def _value(scene, place):
    varies = len(scene.value.shape) == 2
    at = (place.step or 0, place.state) if varies else place.state
    name = "$V_0$" if varies and place.step is None else "$V$"
    known = scene.value[at]
    if isinstance(known, Interval):
        exact = number_text(known.lower) if known.exact else ""
        return f"{name} = {exact if 0 < len(exact) <= LONG else number_text(known.mid)}"
    return f"{name} = {number_text(known)}"


def _safety(scene):
    """A safety problem: failure states and the tube in colour, without initial states and rewards."""
    problem, S, A = scene.problem, scene.S, scene.A
    P = problem.P
    if P is None:
        P = np.zeros((S, A, S))
        P[np.arange(S)[:, None], np.arange(A), problem.successors] = 1
    process = MDP(P, zeros((S, A), P), horizon=Discounted(0))
    (graph,) = describe(SimpleNamespace(**{"the problem": process, **scene.policies}), {"rho": np.zeros(S, dtype=bool)})
    doomed = np.asarray(scene.value) & ~problem.failure if scene.answers else np.zeros(S, dtype=bool)
    places = []
    for place in graph.places:
        colour = FAILING if problem.failure[place.state] else DOOMED if doomed[place.state] else BLACK
        told_place = place if scene.value is None or scene.answers else _add_line(place, _value(scene, place))
        places.append(replace(told_place, lines=((place.lines[0][0], colour), *told_place.lines[1:])))
    legend = [("failure", FAILING)] * bool(problem.failure.any()) + [("inevitable", DOOMED)] * bool(doomed.any())
    return replace(graph, places=tuple(places), starts=(), caption=(*legend, *graph.caption[1:]))
