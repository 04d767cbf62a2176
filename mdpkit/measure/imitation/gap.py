"""Value gap, cloning error and recoverability."""

from ...base.interval import Interval, stack
from ...base.replaceable import replaceable
from ...model.game import MarkovGame
from ...model.mdp import MDP
from ...model.policy import Policy, policy_table
from ...model.preference import PreferenceProblem
from ...model.tokens import TokenProblem
from .._known import dynamics
from ..games.regret import most_recoverable
from ..planning.occupancy import occupancy
from ..planning.value import action_value, value
from .divergence import total_variation


@replaceable
def value_gap(
    problem: MDP | MarkovGame | PreferenceProblem | TokenProblem, expert: Policy, learner: Policy
) -> Interval:
    """Value gap J(expert) - J(learner), a scalar; per player `[i]` for a game."""
    return value(problem, expert) - value(problem, learner)


@replaceable
def cloning_error(problem: MDP | MarkovGame, expert: Policy, learner: Policy) -> Interval:
    """Cloning error e_t = E[TV(expert, learner)] under the expert's state occupancy at step t, `[t]`, each in [0, 1].

    Discounted: the scalar sum_t gamma^t e_t. Average: the scalar long-run mean.
    Args: problem: an MDP, or a MarkovGame, in which the policies are mediators. expert, learner: its policies.
    Raises: InvalidModel if a policy belongs to a different problem.
    """
    policy_table(dynamics(problem), learner)
    states = occupancy(problem, expert).sum(axis=-1)
    return (states * total_variation(expert, learner)).sum(axis=-1)


@replaceable
def recoverability(problem: MDP | MarkovGame, expert: Policy) -> Interval:
    """Recoverability u: the largest range over actions of the expert's action values, over all steps and states.

    MDP: u = max_{t,s} (max_a Q(t,s,a) - min_a Q(t,s,a)). MarkovGame: values depend on the deviation, and u is the
    largest range over all players, swap deviations, steps and states; an upper bound on it where
    `recoverability_is_exact(game)` is False.

    A bound |advantage| <= u' implies u <= 2 u'.
    Source: the game's form is adapted from Tang, Swamy, Fang and Wu, 2024.
    """
    if isinstance(problem, MarkovGame):
        return most_recoverable(problem, expert)
    Q = action_value(problem, expert)
    if problem.mask is not None:
        rows = [Q[..., s, problem.mask[s].nonzero()[0]] for s in range(problem.S)]
        return stack([(row.max(axis=-1) - row.min(axis=-1)).max() for row in rows]).max()
    return (Q.max(axis=-1) - Q.min(axis=-1)).max()
