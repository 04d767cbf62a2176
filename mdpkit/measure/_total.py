"""Total reward and visits of a policy over the horizon Total()."""

import numpy as np

from ..base.arrays import objects
from ..base.errors import InvalidModel
from ..base.interval import Interval, interval
from ..exact.infinite import INFINITY
from ..model.policy import tabular
from ..solve.properness import stay_for_ever, steps_towards, transitions
from ..solve.total import name_states
from ._known import enclose, expected_next, law
from ._long_run import answer, long_run


class _Ends:
    """Where a policy ends: the states `rest[s]`, and recurrent classes of positive and of negative gain."""

    def __init__(self, problem, policy):
        self.chain, self.reward = long_run(problem, policy)
        played = np.asarray(tabular(problem, policy).table > 0, dtype=bool)
        self.steps = _steps(problem, played)
        free = ~(played & np.asarray(problem.r != 0, dtype=bool)).any(axis=1)
        self.rest = stay_for_ever(free[:, None], self.steps)
        self.endless = (self.chain.label >= 0) & ~self.rest
        self.sign = np.zeros(problem.S)
        if self.endless.any():
            gain = self.chain.gain(self.reward)
            self.sign = np.where(gain.lower > 0, 1, np.where(gain.upper < 0, -1, 0)) * self.endless
            undecided = np.flatnonzero(self.endless & (self.sign == 0))
            if len(undecided):
                raise InvalidModel(
                    f"the policy is improper: in {name_states(problem, undecided)} rewards other than 0 recur infinitely often, and "
                    "their long-run mean is not proved to differ from 0, so it has no total reward"
                )
        self.gains, self.losses = (self._reaches(self.sign == side) for side in (1, -1))

    def _reaches(self, goal):
        """Whether the policy reaches the goal with positive probability, `[s]`."""
        return goal | (steps_towards(np.arange(len(goal)), self.steps, goal) >= 0)


def total_state_value(problem, policy):
    """Expected total reward of the policy, `[s]`: infinite where rewards of a long-run mean other than 0 may recur."""
    ends = _Ends(problem, policy)
    both = np.flatnonzero(ends.gains & ends.losses)
    if len(both):
        raise InvalidModel(
            f"the policy is improper: from {name_states(problem, both)} its total is +infinity and -infinity, each with "
            "positive probability, so it has no total reward"
        )
    V = ends.chain.relative(ends.reward, Interval(np.zeros(problem.S, dtype=int)))
    return answer(_override(V, {0: ends.rest, 1: ends.gains, -1: ends.losses}))


def total_occupancy(problem, policy):
    """Expected visits `[s,a]` before the policy comes to rest, where it collects no more reward."""
    ends, policy = _Ends(problem, policy), tabular(problem, policy)
    table, chain, start = policy.table, ends.chain, interval(law(problem, "rho"))
    visits = chain._join(start[chain.home] * 0, chain.expected_visits(start[chain.off]))
    started = np.asarray(problem.rho > 0, dtype=bool)
    met = started.copy()
    if started.any():
        back = ends.steps.T.tocsr()
        met |= steps_towards(np.arange(problem.S), back, started) >= 0
    visits = _override(visits, {0: ends.rest | ~met, 1: ends.endless & met})
    pi, played = law(policy, "table"), np.asarray(table > 0, dtype=bool)
    infinite = (ends.endless & met)[:, None] & played
    finite = _override(visits, {0: ends.endless})
    return answer(_override(interval(finite[:, None] * interval(pi)), {1: infinite}))


def total_action_value(problem, V):
    """Reward plus the expected total reward `V[s]` that follows, `[s,a]`."""
    V = interval(V) if not isinstance(V, Interval) else V
    plus, minus = _surely_infinite(V)
    finite = _override(V, {0: plus | minus})
    Q = interval(enclose(problem.r)) + expected_next(problem, finite)
    edges = transitions(problem)
    reach = [(edges @ side.astype(float)).reshape(problem.S, problem.A) > 0 for side in (plus, minus)]
    both = np.argwhere(reach[0] & reach[1] & problem.available)
    if len(both):
        s, a = both[0]
        raise InvalidModel(f"after action {a} in state {s} the total reward may be infinity or minus infinity")
    return answer(_override(Q, {1: reach[0], -1: reach[1]}))


def expect_finite(problem, V):
    """Raises: InvalidModel if a total reward is known to be infinite, so that no difference to it is defined."""
    V = V if isinstance(V, Interval) else interval(V)
    infinite = np.flatnonzero(np.logical_or(*_surely_infinite(V)))
    if len(infinite):
        where = name_states(problem, infinite)
        raise InvalidModel(f"the total reward of the policy is infinite from {where}, so it has no advantages there")


def total_return(problem, V):
    """The mean of `V[s]` under the initial distribution; states of probability 0 are ignored."""
    V, started = interval(V) if not isinstance(V, Interval) else V, np.asarray(problem.rho > 0, dtype=bool)
    plus, minus = (side & started for side in _surely_infinite(V))
    if plus.any() and minus.any():
        raise InvalidModel("the total reward is infinity from some initial states and minus infinity from others")
    return answer((interval(law(problem, "rho"))[started] * V[started]).sum())


def _surely_infinite(V):
    """Where every number of an Interval is infinity, and where every one is minus infinity."""
    plus, minus = (INFINITY, -INFINITY) if V.exact else (np.inf, -np.inf)
    return np.asarray(V.lower == plus, dtype=bool), np.asarray(V.upper == minus, dtype=bool)


def _override(known, places):
    """An Interval with 0, infinity or minus infinity (keys 0, 1, -1) at the given places."""
    ends = [np.array(end, copy=True) for end in ((known.lower,) if known.exact else (known.lower, known.upper))]
    for sign, where in places.items():
        for end in ends:
            if known.exact:
                end[where] = objects(0)[()] if sign == 0 else INFINITY if sign > 0 else -INFINITY
            else:
                end[where] = sign * np.inf if sign else 0.0
    return Interval(ends[0]) if known.exact else Interval(*ends, known.how)


def _steps(problem, played):
    """Possible transitions of a policy that plays the pairs `played[s,a]`, CSR `[s,n]`."""
    from scipy.sparse import csr_array

    S, A = played.shape
    mix = csr_array((played.ravel().astype(float), np.arange(S * A), np.arange(0, S * A + 1, A)), shape=(S, S * A))
    steps = csr_array(mix @ transitions(problem))
    steps.eliminate_zeros()
    return steps
