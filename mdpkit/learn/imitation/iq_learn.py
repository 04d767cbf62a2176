"""Inverse soft-Q learning (IQ-Learn)."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel, NotSolved
from ...base.record import expect_counts
from ...base.types import Number
from ...model.access import Access
from ...model.mdp import at_step
from ...model.policy import TabularPolicy
from .._tabular import empirical_occupancy, exists, sizes, steps
from ..players.no_regret import expect_number, fraction


@dataclass(frozen=True)
class IQLearn:
    """Inverse soft-Q learning (IQ-Learn): likelihood with a temporal-difference penalty, on the demonstrations alone.

    With V = logsumexp_a Q and pi_Q = exp(Q - V) it maximises

        sum_t E_D[Q_t(s,a) - gamma V_{t+1}(s')] - E V_0(s_0) - penalty * sum_t E_D[(Q_t(s,a) - gamma V_{t+1}(s'))^2],

    gamma = 1 and V_H = 0 over a finite horizon. The first two terms equal sum_t E_D log pi_Q(a|s): the objective is the
    log-likelihood minus a temporal-difference penalty on the reward Q - gamma V'.

    Args:
        penalty: weight of the squares, at least 0. With 0 the policy is that of Cloning, Q is determined up to
            functions of the state only, and the maximum is approached but not attained if the expert is deterministic.
        modelled: take the next states' law from the granted model, as for exact demonstrations, which do not hold
            `following`; otherwise the demonstrations must hold it.
        tolerance: largest entry of the gradient at which the objective counts as maximised.
        rounds: maximum number of L-BFGS steps.

    The optimiser is deterministic, starts from Q = 0, and its results are floats even on rational problems, since V is
    a logarithm; Q stays 0, hence the policy uniform, at states without demonstrations. Against any Q' that reproduces
    the demonstrated frequencies, the demonstrations' average KL from them to a maximiser's policy, per episode, is at
    most penalty times the sum of squares above at Q'.
    Finite-horizon and discounted problems.
    Raises: InvalidModel for a missing `following`; NotSolved if the gradient stays above the tolerance.
    Source: adapted from Garg, Chakraborty, Cundy, Song and Ermon, 2021; Wulfmeier and others, 2024.
    """

    penalty: Number = 0.1
    modelled: bool = False
    tolerance: float = 1e-6
    rounds: int = 10_000

    def __post_init__(self) -> None:
        expect_number("penalty", self.penalty, positive=False)
        expect_number("tolerance", self.tolerance)
        expect_counts(rounds=self.rounds)

    @property
    def needs(self) -> tuple[str, ...]:
        return ("demonstrations", "model") if self.modelled else ("demonstrations",)

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(modelled=True)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy pi_Q, and a trace with one row per step of the optimiser.

        Its columns: Q `[(t,)s,a]`. objective: the objective above. loss: negative log-likelihood of the demonstrations
        in nats per episode. squares: sum_t E_D[(Q - gamma V')^2]. objective = -loss - penalty * squares.
        """
        from scipy.optimize import minimize

        objective = Objective(transitions(access, self.modelled), exists(access.setting), float(fraction(self.penalty)))
        met, rows = {}, []

        def descend(flat):
            met[flat.tobytes()] = row = objective.at(flat)
            return -row.objective, -row.gradient.ravel()

        def on_accept(flat):
            rows.append(met[flat.tobytes()])
            met.clear()

        start = np.zeros(objective.shape).ravel()
        descend(start)
        on_accept(start)
        options = {
            "gtol": float(self.tolerance),
            "ftol": 0.0,
            "maxiter": self.rounds,
            "maxfun": 10 * self.rounds,
            "maxcor": 30,
        }
        minimize(descend, start, jac=True, method="L-BFGS-B", callback=on_accept, options=options)
        rest = float(np.abs(rows[-1].gradient).max())
        if not rest <= self.tolerance:
            raise NotSolved(
                f"IQLearn: the gradient is {rest:.1e} after {len(rows) - 1} steps; expected at most {float(self.tolerance):.1e}. "
                "A larger tolerance, more rounds or a larger penalty may help"
            )
        names = ("Q", "objective", "loss", "squares")
        return TabularPolicy(rows[-1].policy), {name: [getattr(row, name) for row in rows] for name in names}


class Transitions(NamedTuple):
    """Weighted transitions: rows (t, s, a, n) with weight and the factor of V(n), and the law of the initial state.

    Attributes: shape: of Q, `[t,s,a]`; one step if the problem has no finite horizon.
    """

    t: np.ndarray
    s: np.ndarray
    a: np.ndarray
    n: np.ndarray
    weight: np.ndarray
    factor: np.ndarray
    start: np.ndarray
    shape: tuple[int, int, int]


def transitions(access, modelled) -> Transitions:
    """The demonstrated transitions: of the sample, or by the model's law of the next state at each demonstrated pair.

    Raises: InvalidModel if the demonstrations do not hold `following` and the model is not to be used.
    """
    setting, data = access.setting, access.demonstrations()
    (S, A), H = sizes(setting), steps(setting)
    if modelled:
        return _by_model(access, np.atleast_3d(floats(empirical_occupancy(setting, data))), S, A, H)
    if data.following is None:
        raise InvalidModel(
            "the demonstrations do not hold `following`, the next state of each row; IQLearn expects sampled demonstrations, "
            'Trajectories with `following`, or modelled=True and episodes="exact"'
        )
    weight, starts = floats(data.weight), data.t == 0
    start = np.bincount(data.obs[starts], weight[starts], minlength=S)
    t = data.t if H else np.zeros(len(data), dtype=np.int64)
    if H:
        factor = (data.t < H - 1).astype(float)
    else:
        factor = np.full(len(data), float(setting.horizon.gamma)) if data.ended is None else 1.0 - data.ended
    ended = np.zeros(len(data), dtype=np.int64) if data.ended is None else data.ended.astype(np.int64)
    keys = np.stack([t, data.obs, data.action, data.following, ended])
    rows, inverse = np.unique(keys, axis=1, return_inverse=True)
    total, scaled = (np.bincount(inverse.ravel(), each) for each in (weight, weight * factor))
    return Transitions(*rows[:4], total, scaled / total, start, (H or 1, S, A))


def _by_model(access, d, S, A, H):
    d = d.reshape(H or 1, S, A)
    problem = access.model(np.zeros((S, A)))
    rows = []
    for t in range(H or 1):
        P = at_step(problem.P, t)
        dense = floats(P.todense() if problem.sparse else P).reshape(S, A, S)
        s, a, n = np.nonzero(dense * (d[t] > 0)[..., None])
        factor = float(t < H - 1) if H else float(floats(np.asarray(problem.horizon.gamma)))
        rows.append((np.full(len(s), t), s, a, n, d[t, s, a] * dense[s, a, n], np.full(len(s), factor)))
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    return Transitions(*columns, floats(problem.rho), (H or 1, S, A))


class Objective:
    """The objective of IQ-Learn, its parts and its gradient."""

    def __init__(self, data: Transitions, there: np.ndarray, penalty: float) -> None:
        self.data, self.there, self.penalty = data, there, penalty
        H, S, A = data.shape
        self.shape = data.shape if H > 1 else (S, A)
        self.shown = np.zeros(data.shape)
        np.add.at(self.shown, (data.t, data.s, data.a), data.weight)

    def at(self, flat) -> "Point":
        d, (H, S, A) = self.data, self.data.shape
        Q = flat.reshape(H, S, A)
        kept = np.where(self.there, Q, -np.inf)
        top = kept.max(axis=-1, keepdims=True)
        weights = np.exp(kept - top)
        total = weights.sum(axis=-1, keepdims=True)
        V, policy = (top + np.log(total))[..., 0], weights / total
        ahead = (d.t + 1) % H, d.n
        difference = Q[d.t, d.s, d.a] - d.factor * V[ahead]
        squares = float((d.weight * difference**2).sum())
        value = float((d.weight * difference).sum() - d.start @ V[0]) - self.penalty * squares
        slope = d.weight * (1 - 2 * self.penalty * difference)  # of the objective in each difference
        on_Q, on_V = np.zeros((H, S, A)), np.zeros((H, S))
        np.add.at(on_Q, (d.t, d.s, d.a), slope)
        np.add.at(on_V, ahead, -slope * d.factor)
        on_V[0] -= d.start
        log_policy = np.where(self.shown > 0, Q - V[..., None], 0)
        loss = -float((self.shown * log_policy).sum())
        gradient = on_Q + on_V[..., None] * policy
        return Point(
            Q.reshape(self.shape).copy(), value, loss, squares, gradient, (policy if H > 1 else policy[0]).copy()
        )


class Point(NamedTuple):
    Q: np.ndarray
    objective: float
    loss: float
    squares: float
    gradient: np.ndarray
    policy: np.ndarray
