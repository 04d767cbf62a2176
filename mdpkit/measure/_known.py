"""Counts of rounding errors, and what measures lift their arguments with."""

from ..base.lifting import alike as alike
from ..base.lifting import convert as convert
from ..base.lifting import enclose as enclose
from ..base.lifting import law as law
from ..base.lifting import number as number
from ..base.lifting import row_error as row_error
from ..base.mode import proposing
from ..base.record import defect as row_defect
from ..base.tolerance import UNIT
from ..model.expectation import expected_next as expected_next
from ..model.expectation import transition as transition
from ..model.game import MarkovGame


def step_roundings(problem, *policies) -> float:
    """Number of rounding errors in one term of a one-step recursion, input errors included; see settle()."""
    if proposing() or problem.exact:
        return 0
    defects = problem.defect + sum(policy.defect for policy in policies)
    return problem.S + problem.A * (1 + len(policies)) + 8 + 2 * defects / UNIT


def start_roundings(problem) -> float:
    """Number of rounding errors that accounts for the defect of the initial distribution."""
    return 0 if proposing() or problem.exact else 2 + 2 * row_defect(problem.rho) / UNIT


def dynamics(problem):
    """The MDP that the policy controls; for a game any player's, since transitions depend on the joint action alone."""
    return problem.player(0) if isinstance(problem, MarkovGame) else problem
