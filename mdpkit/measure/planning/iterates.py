"""Value iteration, sweep by sweep, and the coefficient by which a sweep contracts spans."""

from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, stack
from ...base.replaceable import replaceable
from ...model.horizon import Discounted
from ...model.mdp import MDP
from .._known import convert, enclose, expected_next, number, row_error


@replaceable
def value_iterates(problem: MDP, start: Quantity, sweeps: int) -> Interval:
    """Value iteration from `start`: V_{k+1}(s) = max_a r(s,a) + gamma E V_k(n), `[k,s]` with k = 0..sweeps.

    Exact on rationals; on floats every iterate is enclosed.
    Args: problem: a discounted MDP in which every action exists. start: V_0, `[s]`. sweeps: at least 0.
    Raises: InvalidModel for another problem, start or number of sweeps.
    Source: Puterman, 1994, section 6.3.

    >>> from mdpkit.base.arrays import objects
    >>> stay = MDP(objects([[[1]]]), objects([[1]]), horizon=Discounted("1/2"))
    >>> value_iterates(stay, [0], 3).lower.ravel()
    array([0, 1, 3/2, 7/4], dtype=object)
    """
    if not isinstance(problem.horizon, Discounted) or problem.mask is not None:
        raise InvalidModel(f"{problem!r}: value iteration is run on a discounted MDP, where every action exists")
    if isinstance(sweeps, bool) or not isinstance(sweeps, int) or sweeps < 0:
        raise InvalidModel(f"sweeps is {sweeps!r}; expected an integer of at least 0")
    V, reward = convert(start, problem), enclose(problem.r)
    if V.shape != (problem.S,):
        raise InvalidModel(f"start has shape {V.shape}; expected ({problem.S},)")
    gamma, found = number(problem.horizon.gamma, V), [V]
    for _ in range(sweeps):
        found.append((reward + expected_next(problem, found[-1]) * gamma).max(axis=1))
    return stack(found)


@replaceable
def dobrushin_coefficient(problem: MDP) -> Interval:
    """The largest total variation distance between the transition laws of any two pairs of state and action.

    For all V and W the Bellman operator satisfies sp(TV - TW) <= gamma tau sp(V - W), where tau is this coefficient
    and sp the span, maximum minus minimum. It is 0 if and only if every action leads to the same law.
    Args: problem: an MDP with dense, stationary transitions in which every action exists.
    Raises: InvalidModel for another problem.
    Source: Puterman, 1994, section 6.6.

    >>> from mdpkit.base.arrays import objects
    >>> lazy = MDP(objects([[["3/4", "1/4"]], [["1/4", "3/4"]]]), objects([[0], [1]]), horizon=Discounted("1/2"))
    >>> dobrushin_coefficient(lazy)
    Interval(1/2, exact)
    """
    if problem.sparse or problem.mask is not None or problem.P.ndim != 3:
        raise InvalidModel(f"{problem!r}: expected dense, stationary transitions, and that every action exists")
    P = enclose(problem.P, row_error(problem)).reshape(-1, problem.S)
    return (abs(P[:, None, :] - P[None, :, :]).sum(axis=2) / 2).max()
