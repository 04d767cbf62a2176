"""What imitation loses, and what the loss is bounded by."""

from ..base.interval import Interval, stacked
from ..base.replaceable import replaceable
from ..model.game import MarkovGame
from ..model.mdp import MDP
from ..model.policy import Policy, policy_table
from ..model.preference import PreferenceProblem
from ._known import dynamics
from .divergence import total_variation
from .occupancy import occupancy
from .regret import most_recoverable
from .value import action_value, value


@replaceable
def value_gap(problem: MDP | MarkovGame | PreferenceProblem, expert: Policy, learner: Policy) -> Interval:
    """J(expert) - J(learner), a scalar; `[i]` for a game."""
    return value(problem, expert) - value(problem, learner)


@replaceable
def cloning_error(problem: MDP | MarkovGame, expert: Policy, learner: Policy) -> Interval:
    """e_t = E over the expert's states at step t of TV(expert, learner), `[t]`, each in [0, 1].

    Discounted: the scalar sum_t gamma^t e_t. Average: the scalar mean in the long run.
    Args: problem: an MDP, or a MarkovGame, where the policies are mediators. expert, learner: its policies.
    Raises: InvalidModel where a policy belongs to another problem.
    """
    policy_table(dynamics(problem), learner)
    states = occupancy(problem, expert).sum(axis=-1)
    return (states * total_variation(expert, learner)).sum(axis=-1)


@replaceable
def recoverability(problem: MDP | MarkovGame, expert: Policy) -> Interval:
    """u: the widest range over actions of the expert's action value, at any step and state.

    MDP: u = max_{t,s} (max_a Q(t,s,a) - min_a Q(t,s,a)), exactly. MarkovGame: the deviators may move the values, and
    the number returned is at least the widest range over every player, swap deviation, step and state.

    A bound |advantage| <= u' implies u <= 2 u'.
    Source: the game's form is adapted from Tang, Swamy, Fang and Wu, 2024.
    """
    if isinstance(problem, MarkovGame):
        return most_recoverable(problem, expert)
    Q = action_value(problem, expert)
    if problem.mask is not None:
        rows = [Q[..., s, problem.mask[s].nonzero()[0]] for s in range(problem.S)]
        return stacked([(row.max(axis=-1) - row.min(axis=-1)).max() for row in rows]).max()
    return (Q.max(axis=-1) - Q.min(axis=-1)).max()
