"""One small example of every record, and of every way to give its arrays, shared by tests."""

from fractions import Fraction

import mdpkit.model
from mdpkit.base.record import Record
from mdpkit.model import (
    MDP,
    Average,
    Comparisons,
    Deviation,
    Discounted,
    Finite,
    JointPolicy,
    LinearMDP,
    LinearMixture,
    LinearQuadratic,
    LinearQuadraticGame,
    MarginProblem,
    MarkovGame,
    MomentProblem,
    PreferenceProblem,
    SafetyProblem,
    TabularPolicy,
    TokenProblem,
    Total,
    Trajectories,
)

P = [[["1/2", "1/2"], [1, 0]], [[0, 1], ["1/4", "3/4"]]]
R = [["-1/3", 2], [0, "1/2"]]
MASK = [[True, False], [True, True]]
RHO = ["1/3", "2/3"]

EVERY = {
    "MDP": (MDP, {"P": P, "r": R, "rho": RHO}, {"horizon": Finite(3)}),
    "discounted MDP": (MDP, {"P": P, "r": R}, {"horizon": Discounted("9/10")}),
    "average MDP": (MDP, {"P": P, "r": R}, {"horizon": Average()}),
    "total MDP": (MDP, {"P": P, "r": R}, {"horizon": Total()}),
    "masked MDP": (MDP, {"P": P, "r": R}, {"horizon": Finite(3), "mask": MASK}),
    "time-varying MDP": (MDP, {"P": [P, P], "r": [R, R]}, {"horizon": Finite(2), "state_names": ("x", "y")}),
    "LinearMDP": (
        LinearMDP,
        {"features": [[[1, 0]], [["1/2", "1/2"]]], "mu": [[0, 1], ["1/2", "1/2"]], "theta": ["1/3", 1], "rho": RHO},
        {"horizon": Finite(2)},
    ),
    "LinearMixture": (
        LinearMixture,
        {"kernels": [[[RHO], [[0, 1]]], [[[1, 0]], [[0, 1]]]], "theta": RHO, "r": [["1/3"], [1]], "rho": RHO},
        {"horizon": Finite(2)},
    ),
    "LinearQuadratic": (
        LinearQuadratic,
        {name: [[1, "1/3"], ["1/3", 2]] for name in "ABQRP"},
        {"gamma": Fraction(9, 10)},
    ),
    "LinearQuadraticGame": (
        LinearQuadraticGame,
        {
            "A": [[1, "1/3"], [0, 1]],
            "B": [[1, 0], [0, "1/2"]],
            **{name: [[[1, "1/3"], ["1/3", 2]]] * 2 for name in ("Q", "R", "final")},
        },
        {"controls": (1, 1), "horizon": Finite(2)},
    ),
    "MarginProblem": (MarginProblem, {"margin": [1, "-1/3"], "P": [[RHO], [[0, 0]]], "ended": [["1/7"], [2]]}, {}),
    "TabularPolicy": (TabularPolicy, {"table": [["1/3", "2/3"], [1, 0]]}, {}),
    "MarkovGame": (
        MarkovGame,
        {"P": [[["1/3", "2/3"]] * 4] * 2, "r": [[[1, 0, 0, "1/7"]] * 2] * 2, "rho": RHO},
        {"horizon": Finite(2), "actions": (2, 2)},
    ),
    "masked MarkovGame": (
        MarkovGame,
        {"P": [[["1/3", "2/3"]] * 4] * 2, "r": [[[1, 0, 0, "1/7"]] * 2] * 2, "rho": RHO},
        {"horizon": Finite(2), "actions": (2, 2), "mask": [MASK, [[True, True]] * 2]},
    ),
    "JointPolicy": (JointPolicy, {"table": [["1/3", 0, 0, "2/3"], [0, 1, 0, 0]]}, {}),
    "Deviation": (Deviation, {"table": [[[RHO, [0, 1]], [[1, 0], RHO]]], "after": [[RHO, [1, 0]]]}, {"player": 1}),
    "MomentProblem": (MomentProblem, {"A": [["1/3", 0], [0, 1]], "b": [1, "1/3"], "weights": RHO}, {}),
    "PreferenceProblem": (
        PreferenceProblem,
        {"reference": [RHO, RHO], "reward": [["1/7", -1], [0, 2]], "data": [["1/5", "4/5"], RHO], "rho": RHO},
        {"beta": Fraction(1, 2)},
    ),
    "PreferenceProblem by weights": (PreferenceProblem, {"reference": [RHO, RHO], "weights": [["1/7", 2], [1, 3]]}, {}),
    "PreferenceProblem by wins": (
        PreferenceProblem,
        {"reference": [RHO, RHO], "win": [[["1/2", "1/4"], ["3/4", "1/2"]]] * 2},
        {},
    ),
    "TokenProblem": (
        TokenProblem,
        {"reference": [RHO, RHO], "reward": [["1/7", -1], [0, 2]]},
        {"next": [[1, 2], [2, 2]], "beta": Fraction(1, 2), "token_names": ("so", "no")},
    ),
    "TokenProblem by weights": (
        TokenProblem,
        {"reference": [RHO, [1, 0]], "weights": [["1/7", 2], [1, 1]]},
        {"next": [[1, 1], [2, 2]]},
    ),
    "Trajectories": (Trajectories, {"weight": RHO}, {"obs": [0, 1], "action": [1, 0]}),
    "Trajectories of one episode": (
        Trajectories,
        {},
        {"obs": [0, 1], "action": [1, 0], "t": [0, 1], "reward": [0, 1], "ended": [False, True], "episode": [0, 0]},
    ),
    "continuous Trajectories": (
        Trajectories,
        {},
        {name: [[0, 1], [1, 2]] for name in ("obs", "action", "following", "state")},
    ),
    "Comparisons": (
        Comparisons,
        {"won": ["1/4", 1], "weight": RHO},
        {"prompt": [0, 0], "first": [0, 1], "second": [1, 0]},
    ),
    "SafetyProblem": (SafetyProblem, {"P": [[RHO], [[0, 1]]]}, {"failure": [False, True]}),
    "deterministic SafetyProblem": (SafetyProblem, {}, {"failure": [False, True], "successors": [[0, 1], [1, 1]]}),
}
"""Name -> class, numbers (any of which may be rational or float), and the rest."""


def kinds(kind=Record) -> set[type]:
    """Every public class of records."""
    public = {kind} if getattr(mdpkit.model, kind.__name__, None) is kind else set()
    return public.union(*(kinds(below) for below in kind.__subclasses__()))
