"""The Markov chain of a stationary policy: visits, hitting times, mixing, and the value for discounts near 1.

The horizon of the problem does not matter, except for the successor matrix, which needs a discount.
"""

from itertools import product

import numpy as np

from ...base.arrays import objects
from ...base.decision import Decision
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, interval, stack
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...exact.chain import chain
from ...exact.infinite import INFINITY
from ...exact.linear import enclosed_solution
from ...exact.linear import product as matrix_product
from ...model.horizon import Discounted
from ...model.mdp import MDP
from ...model.policy import Policy, TabularPolicy, tabular
from ...solve.blackwell import blackwell_optimal
from ...solve.properness import steps_towards
from ...solve.total import name_states
from .._known import alike, enclose, law, number
from .._long_run import ProposedChain, answer, chain_matrix, long_run
from .reachability import expected_total_until

PLANS = 64
"""While proposing, the diameter of a problem of at most as many deterministic policies is found by trying them."""

STEPS = 2**20
"""Largest mixing time that is computed."""


@replaceable
def successor_matrix(problem: MDP, policy: Policy) -> Interval:
    """Discounted expected visits from each state, M = (I - gamma P)^-1, `[s,n]`: the successor representation.

    Rows sum to 1/(1-gamma); V = M r.
    Raises: InvalidModel if the problem has no discount.
    Source: Dayan, 1993.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import TabularPolicy
    >>> flip = MDP(objects([[[0, 1]], [[1, 0]]]), objects([[0], [1]]), horizon=Discounted("1/2"))
    >>> successor_matrix(flip, TabularPolicy(objects([[1], [1]]))).lower
    array([[4/3, 2/3],
           [2/3, 4/3]], dtype=object)
    """
    if not isinstance(problem.horizon, Discounted):
        raise InvalidModel(f"the horizon is {problem.horizon!r}; a successor matrix needs Discounted(gamma)")
    P = _chain_law(problem, policy)
    identity = np.eye(problem.S, dtype=int)
    if proposing():
        return np.linalg.inv(identity - problem.horizon.gamma * P)
    return enclosed_solution(identity - P * number(problem.horizon.gamma, P), interval(_like_rows(identity, problem)))


@replaceable
def hitting_times(problem: MDP, policy: Policy) -> Interval:
    """Expected number of steps until the policy first visits state n from state s, `[s,n]`, with 0 on the diagonal.

    Infinite where n is missed with positive probability.
    Source: Kemeny and Snell, Finite Markov Chains, 1960, chapter 3.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Average, TabularPolicy
    >>> lazy = MDP(objects([[["1/2", "1/2"]], [[0, 1]]]), objects([[0], [0]]), horizon=Average())
    >>> hitting_times(lazy, TabularPolicy(objects([[1], [1]]))).lower
    array([[0, 2],
           [infinity, 0]], dtype=object)
    """
    from scipy.sparse import csr_array

    if proposing() and not problem.sparse:
        plain = ProposedChain(problem, policy)
        H, n = plain.deviation(), np.arange(problem.S)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (H[n, n] - H) / plain.limit[n, n]
    states, S = _dense_chain(problem, policy), problem.S
    possible = _possible(problem, policy)
    columns = []
    for n in range(S):
        P, support = states.P.copy(), possible.copy()
        P[n], support[n] = P[n] * 0, False
        P[n, n], support[n, n] = P[n, n] + 1, True
        stopped = chain(P, support, getattr(states, "rate", 0.0))
        one = np.ones(S, dtype=int) - np.eye(S, dtype=int)[n]
        times = stopped.relative(interval(_like_rows(one, problem)), Interval(np.zeros(S, dtype=int)))
        others = (stopped.label >= 0) & (stopped.label != stopped.label[n])
        missed = others | (steps_towards(np.arange(S), csr_array(support.astype(float)), others) >= 0)
        columns.append(_infinite(times, missed))
    return answer(_transpose(columns))


@replaceable
def stationary_distribution(problem: MDP, policy: Policy) -> Interval:
    """The stationary distribution of the policy, `[s]`, where there is only one.

    Raises: InvalidModel if the policy has several recurrent classes; `occupancy` of an Average problem then gives the
        long-run fractions of time from the initial distribution.
    """
    states, _ = long_run(problem, policy)
    _expect_one_class(problem, states)
    return answer(states.stationary(interval(law(problem, "rho"))))


@replaceable
def deviation_matrix(problem: MDP, policy: Policy) -> Interval:
    """The deviation matrix H = (I - P + P*)^-1 - P*, `[s,n]`, where P* is the limit of the mean of powers of P.

    H[s,n] is the expected number of visits to n from s in excess of the long-run mean (a Cesaro limit if periodic); the
    bias is H r.
    Source: Puterman, 1994, Appendix A.
    """
    if proposing() and not problem.sparse:
        return ProposedChain(problem, policy).deviation()
    states = _dense_chain(problem, policy)
    visits = np.eye(problem.S, dtype=int)
    return answer(_transpose([states.bias(interval(_like_rows(visits[n], problem))) for n in range(problem.S)]))


@replaceable
def laurent_coefficients(problem: MDP, policy: Policy, count: int = 3) -> Interval:
    """Coefficients y of V_gamma = (1 + x) sum_k x^(k-1) y[k], x = (1-gamma)/gamma: gain, bias, and further, `[k,s]`.

    y[0] is the gain, y[1] the bias, and y[k+1] = -H y[k] from then on, with the deviation matrix H. The series
    converges for gamma near 1; with the bias, V_gamma = gain / (1-gamma) + bias + O(1-gamma).
    Args: count: number of coefficients, at least 1.
    Source: adapted from Miller and Veinott, 1969; Puterman, 1994, Theorem 8.2.3.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Average, TabularPolicy
    >>> once = MDP(objects([[[0, 1]], [[0, 1]]]), objects([[1], [0]]), horizon=Average())
    >>> laurent_coefficients(once, TabularPolicy(objects([[1], [1]]))).lower
    array([[0, 0],
           [1, 0],
           [-1, 0]], dtype=object)
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InvalidModel(f"count is {count!r}; expected an integer of at least 1")
    if proposing() and not problem.sparse:
        states = ProposedChain(problem, policy)
        reward = states.reward
    else:
        states, reward = long_run(problem, policy)
    found = [states.gain(reward), states.bias(reward)]
    while len(found) < count:
        found.append(-states.bias(found[-1]))
    coefficients = stack(found[:count])
    return answer(coefficients) if isinstance(coefficients, Interval) else coefficients


@replaceable
def kemeny_constant(problem: MDP, policy: Policy) -> Interval:
    """Expected time until a state drawn from the stationary distribution is visited, the same from every state.

    K = sum_n mu(n) T(s, n) with hitting times T(n, n) = 0. It is the trace of the deviation matrix; counting the return
    time instead, T(n, n) = 1 / mu(n), adds 1.
    Raises: InvalidModel if the policy's chain is not irreducible: from transient states the mean depends on the state.
    Source: Kemeny and Snell, Finite Markov Chains, 1960, Theorem 4.4.10.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Average, TabularPolicy
    >>> flip = MDP(objects([[[0, 1]], [[1, 0]]]), objects([[0], [1]]), horizon=Average())
    >>> kemeny_constant(flip, TabularPolicy(objects([[1], [1]])))
    Interval(1/2, exact)
    """
    states, _ = long_run(problem, policy)
    _expect_one_class(problem, states)
    transient = np.flatnonzero(states.label < 0)
    if len(transient):
        where = name_states(problem, transient)
        raise InvalidModel(f"the chain of the policy is not irreducible; transient: {where}")
    H = deviation_matrix(problem, policy)
    return stack([H[s, s] for s in range(problem.S)]).sum() if isinstance(H, Interval) else np.trace(H)


@replaceable
def mixing_time(problem: MDP, policy: Policy, epsilon: Quantity = "1/4") -> Interval:
    """Smallest t such that after t steps from any state the total variation to the stationary law is at most epsilon.

    The distance does not increase with t, so t is found by bisection on powers of P: exact on rationals. On floats the
    bounds are integers between which the distance and epsilon agree up to rounding.
    Args: epsilon: a positive number, exact such as "1/4".
    Returns: an integer; infinite if the chain is periodic or has several recurrent classes.
    Raises: InvalidModel for an epsilon that is not positive, or if the time exceeds 2^20 steps.
    Source: Levin, Peres and Wilmer, Markov Chains and Mixing Times, 2009, section 4.5.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Average, TabularPolicy
    >>> lazy = MDP(objects([[["3/4", "1/4"]], [["1/4", "3/4"]]]), objects([[0], [0]]), horizon=Average())
    >>> mixing_time(lazy, TabularPolicy(objects([[1], [1]])))
    Interval(1, exact)
    """
    (epsilon,) = alike(epsilon)
    epsilon = interval(epsilon)
    if (epsilon > 0) is not Decision.YES:
        raise InvalidModel(f"epsilon is {epsilon!r}; expected a positive number")
    states, _ = long_run(problem, policy)
    if states.classes > 1 or _is_periodic(_possible(problem, policy), states.label):
        return answer(Interval(objects(INFINITY)))
    mu = states.stationary(interval(law(problem, "rho")))
    P = interval(_chain_law(problem, policy))

    def distance(power):
        return (abs(power - mu[None, :]).sum(axis=1) / 2).max()

    identity = interval(_like_rows(np.eye(problem.S, dtype=int), problem))
    high = _first(P, identity, lambda power: (distance(power) <= epsilon) is Decision.YES)
    low = high if P.exact else _first(P, identity, lambda power: (distance(power) > epsilon) is not Decision.YES)
    return answer(Interval(objects(high)) if low == high else Interval(float(low), float(high), "float"))


@replaceable
def diameter(problem: MDP) -> Interval:
    """The largest over pairs of states of the least expected time to get from one to the other.

    Infinite unless the problem is communicating. Exact on rationals, rigorous bounds on floats.
    Source: Jaksch, Ortner and Auer, 2010, Definition 1.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Average
    >>> diameter(MDP(objects([[["3/4", "1/4"]], [[1, 0]]]), objects([[0], [1]]), horizon=Average()))
    Interval(4, exact)
    """
    if proposing() and not problem.sparse and problem.A**problem.S <= PLANS:
        plans = product(range(problem.A), repeat=problem.S)
        tables = [TabularPolicy(np.eye(problem.A)[list(plan)]) for plan in plans]
        return stack([hitting_times(problem, table) for table in tables]).min(axis=0).max()
    timed = problem._with_reward(problem.r * 0 + 1)
    return stack([expected_total_until(timed, [n]).max() for n in range(problem.S)]).max()


@replaceable
def blackwell_factor(problem: MDP) -> Interval:
    """The smallest discount from which on a Blackwell optimal policy is optimal in every state.

    Exact if it is rational, else enclosed; see `mdpkit.solve.blackwell_optimal`, which also returns the policy.
    Raises: InvalidModel for a time-varying, float or larger problem.
    Source: adapted from Grand-Clément and Petrik, 2023; Hordijk, Dekker and Kallenberg, 1985.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Average
    >>> wait = MDP(objects([[[1, 0], [0, 1]], [[1, 0], [1, 0]]]), objects([[1, 0], [3, 3]]), horizon=Average())
    >>> blackwell_factor(wait)
    Interval(1/2, exact)
    """
    return blackwell_optimal(problem)[1]


def _dense_chain(problem, policy):
    states, _ = long_run(problem, policy)
    if problem.sparse:
        return chain(states.P.toarray(), _possible(problem, policy), states.rate)
    return states


def _chain_law(problem, policy):
    """The transition matrix of the policy, `[s,n]`, dense: an Interval, or an array while proposing."""
    policy = tabular(problem, policy)
    if problem.exact or proposing():
        return enclose(chain_matrix(problem, policy.table, problem.P))
    P = problem.P.toarray().reshape(problem.S, problem.A, problem.S) if problem.sparse else problem.P
    return (law(policy, "table")[:, :, None] * enclose(P, problem.defect)).sum(axis=1)


def _possible(problem, policy):
    """The possible transitions of the policy, `[s,n]` booleans."""
    played = np.asarray(tabular(problem, policy).table > 0, dtype=float)
    found = chain_matrix(problem, played, problem.P != 0)
    return np.asarray((found.toarray() if problem.sparse else found) > 0, dtype=bool)


def _like_rows(array, problem):
    return objects(array) if problem.exact else np.asarray(array, dtype=float)


def _transpose(columns):
    """An Interval `[s,n]` from its columns."""
    return stack(columns).T


def _infinite(known, where):
    if known.exact:
        end = known.lower.copy()
        end[where] = INFINITY
        return Interval(end)
    return Interval(*(np.where(where, np.inf, end) for end in (known.lower, known.upper)), known.how)


def _expect_one_class(problem, states):
    if states.classes > 1:
        first, second = (name_states(problem, np.flatnonzero(states.label == c)) for c in (0, 1))
        raise InvalidModel(
            f"the policy has {states.classes} recurrent classes, among them {first} and {second}; expected one"
        )


def _is_periodic(possible, label):
    """Whether the recurrent class has a period above 1: no power of its transitions is positive."""
    inside = np.flatnonzero(label >= 0)
    step = possible[np.ix_(inside, inside)].astype(int)
    for _ in range(max(1, (len(inside) ** 2).bit_length())):
        step = np.minimum(step @ step, 1)
    return not step.all()


def _times(A, B):
    return Interval(A.lower @ B.lower) if A.exact and B.exact else matrix_product(A, B)


def _first(P, identity, met):
    """The smallest t for which met(P^t), if met stays true, by doubling and then bisection.

    Raises: InvalidModel if it exceeds STEPS.
    """
    if met(identity):
        return 0
    powers = [P]
    while not met(powers[-1]):
        if 2 ** len(powers) > STEPS:
            raise InvalidModel(f"the mixing time exceeds {STEPS} steps, or float64 cannot tell it")
        powers.append(_times(powers[-1], powers[-1]))
    t, now = 0, identity
    for k in range(len(powers) - 2, -1, -1):
        ahead = _times(now, powers[k])
        if not met(ahead):
            t, now = t + 2**k, ahead
    return t + 1
