"""Minimax winners of preference problems, by linear programming."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import exactly, floats, is_exact, nearest, objects
from ..base.interval import Interval
from ..base.record import defect
from ..base.tolerance import UNIT
from ..exact.stage import matrix_game
from ..exact.winner_certificate import WinnerCertificate
from ..model.policy import TabularPolicy
from ..model.preference import PreferenceProblem
from ._expects import expects
from .solution import Solution, Status, judge


@dataclass(frozen=True)
class MinimaxWinner:
    """Minimax winner: a policy that no response beats on average, at any prompt.

    It is an optimal strategy of the symmetric zero-sum game in which y receives the margin 2 P(y beats z) - 1 against
    z, whose value is 0: the von Neumann winner, or maximal lottery. There always is one. A Condorcet winner, which
    beats every other response, is the only one; on a cycle it mixes. The reference, the data and beta play no part.

    The policy is found by an exact linear program per prompt (if several exist, the one that the program returns), and
    its certificate is checked. `value` bounds E_x of the margin that the policy guarantees against every response. A
    rational problem with `win` is solved exactly. With `reward` or `weights` it is the first response of highest
    reward. On floats the policy is rounded, and the bounds include that.
    Source: adapted from Swamy, Dann, Kidambi, Wu and Agarwal, 2024.

    >>> win = objects([[["1/2", "4/5", "2/5"], ["1/5", "1/2", "19/20"], ["3/5", "1/20", "1/2"]]])
    >>> MinimaxWinner().run(PreferenceProblem(objects([["1/3"] * 3]), win=win)).policy.table
    array([[9/17, 2/17, 6/17]], dtype=object)
    """

    def run(self, problem: PreferenceProblem, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects(self, problem, PreferenceProblem)
        if problem.win is None:
            table, certificate, slack = _best_reward(problem)
        else:
            exact = problem.win if is_exact(problem.win) else exactly(problem.win)
            margin = exact - exact.swapaxes(1, 2)
            found = np.stack([matrix_game(each).row for each in margin])
            certificate = WinnerCertificate(margin, found)
            certificate.verify()
            table, slack = (found, 0) if problem.exact else _round(problem, margin, found)
        value = Interval(objects(0)) if problem.exact else Interval(-slack, 0.0, "float")
        status = judge(value, tol, Status.FLOOR_REACHED, value.mid if problem.exact else -slack)
        return Solution(problem, self, status, TabularPolicy(table), value, 1, certificate)


def _best_reward(problem):
    """The first response of highest reward, and a bound on its margin of defeat due to the rounding of the input."""
    score = problem.reward if problem.weights is None else problem.weights
    best = np.array([max(range(problem.Y), key=row.__getitem__) for row in score])
    table = (np.arange(problem.Y) == best[:, None]).astype(int)
    if problem.exact:
        return objects(table), None, 0
    size = np.abs(floats(score)).max() if problem.weights is None else 2 * floats(np.asarray(problem.beta))[()]
    return table.astype(float), None, float(min(1, 4 * UNIT * size))


def _round(problem, margin, found):
    """The winner in floats, and a bound on its margin of defeat."""
    table = floats(found)
    table = table / table.sum(axis=-1)[:, None]
    rounded = exactly(table)
    beaten = max(nearest((each @ law).max()) for each, law in zip(margin, rounded, strict=True))
    off = np.abs(floats(problem.win) + floats(problem.win).swapaxes(1, 2) - 1).max()
    return table, float(max(beaten, 0) + 2 * off + 2 * defect(table) + 8 * UNIT)
