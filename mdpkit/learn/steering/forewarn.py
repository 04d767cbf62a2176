"""FOREWARN: steering of a frozen policy by a verifier that sees the predicted outcomes of its plans."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import floats, like, zeros
from ...base.errors import InvalidModel
from ...base.mode import propose
from ...base.record import expect_counts
from ...measure import best_of_n
from ...model.access import Access
from ...model.mdp import MDP, at_step
from ...model.policy import TabularPolicy, policy_table
from .._finite import visits
from .._tabular import number_pattern, sizes, steps
from ..learner import Policy
from ..mixture import Mixture
from .verifiers import BinaryVerifier, ScoredVerifier, Verifier

FORESIGHT = "mean", "sample", "label"


@dataclass(frozen=True, eq=False)
class FOREWARN:
    """FOREWARN: of n plans drawn from a frozen policy, execute the one whose predicted outcome a verifier prefers.

    Every `replan` steps n plans are drawn from the base policy, the model predicts the state that each of them reaches,
    the verifier judges it, and the best plan is executed until the next decision. The base policy is not trained.

    Args:
        base: the frozen policy. The plans of a Mixture are its members, drawn by its weights for each decision anew;
            those of another policy are its actions, each followed by the policy itself until the next decision.
        verifier: a ScoredVerifier or a BinaryVerifier of outcomes, which may be wrong. Equal scores, and several
            accepted plans, are resolved in proportion to the base policy.
        n: number of plans drawn for each decision. With 1 the base policy is executed as it is, except for a Mixture
            and more than one decision: a Mixture draws one member for the whole episode.
        replan: number of steps between decisions.
        model: an MDP that predicts outcomes, of the same states, actions and horizon; defaults to the granted one.
        foresight: what the verifier sees of a plan. "mean": its expected score over the predicted outcomes; "sample":
            the score of one predicted outcome; "label": which plan it is, with its expected score averaged over the
            states that the base policy visits at this step. For a BinaryVerifier the first two are the same.

    The steered policy is computed in closed form. With replan > 1 execution remembers the plan; the policy that is
    returned is the Markov policy with the same occupancy in the granted problem, and the same return. It plays no
    action that none of the plans plays. One decision with a ScoredVerifier, "mean" and a model at total variation
    at most e loses at most 2 e (max score - min score) in expected score against the same decision with the true model
    (claim `foresight_errors_cost_twice_their_size`).
    Source: adapted from Wu, Tian, Swamy and Bajcsy, 2025.
    """

    base: Policy
    verifier: Verifier
    n: int = 4
    replan: int = 1
    model: MDP | None = None
    foresight: str = "mean"

    needs: ClassVar = ("model",)

    def __post_init__(self) -> None:
        expect_counts(n=self.n, replan=self.replan)
        if self.foresight not in FORESIGHT:
            raise InvalidModel(f"foresight is {self.foresight!r}; expected one of {', '.join(FORESIGHT)}")
        if not isinstance(self.verifier, BinaryVerifier | ScoredVerifier):
            raise InvalidModel(f"verifier is {self.verifier!r}; expected a ScoredVerifier or a BinaryVerifier")
        if not callable(getattr(self.base, "to_tabular", None)):
            raise InvalidModel(f"base is {self.base!r}; expected a policy")

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The steered policy, and a trace with one row per decision.

        Columns t: step of the decision; law: `[s,m]`, probability that plan m is executed; score: `[s,m]`, its
        predicted expected score, or its probability of acceptance.
        Raises: InvalidModel unless the horizon is finite, and the model and the verifier fit the problem.
        """
        setting, H = access.setting, steps(access.setting)
        if H is None:
            raise InvalidModel(f"plans are executed over a finite horizon; the horizon is {setting.horizon}")
        S, A = sizes(setting)
        problem = access.model(zeros((S, A), number_pattern(setting)))
        model = problem if self.model is None else self._check_model(problem)
        values = self.verifier.table(S, H, setting.exact)
        weights, first, later = _plans(self.base, problem)
        seen = visits(model, self.base.to_tabular(model)).sum(axis=-1) if self.foresight == "label" else None
        d, table = problem.rho, zeros((H, S, A), problem.P)
        trace: dict[str, list] = {"t": [], "law": [], "score": []}
        for start in range(0, H, self.replan):
            steps_ahead = range(start, min(start + self.replan, H))
            plans = [first[t] if t == start else later[t] for t in steps_ahead]
            predicted = _predict(model, plans, start)
            score = predicted @ values[start + len(plans)]
            if seen is not None:
                score = np.broadcast_to(_average(score, seen[start][:, None] * weights[start]), score.shape)
            law = self._choose(weights[start], predicted, values[start + len(plans)], score)
            running = d[:, None] * law
            for t, plan in zip(steps_ahead, plans, strict=True):
                table[t], running = _execute(at_step(_dense(problem), t), plan, running, law, t == start)
            d = running.sum(axis=1)
            for name, entry in zip(trace, (start, law, score), strict=True):
                trace[name].append(entry)
        if not setting.exact:
            table = table / table.sum(axis=-1, keepdims=True)
        return TabularPolicy(table), trace

    def _check_model(self, problem):
        given = self.model
        if (given.S, given.A, given.horizon) != (problem.S, problem.A, problem.horizon):
            raise InvalidModel(f"the model is {given!r}; expected the states, actions and horizon of {problem!r}")
        return given.to_exact() if problem.exact else given.to_float()

    def _choose(self, weights, predicted, values, score):
        """The law `[s,m]` of the executed plan: the best of n candidates, each a plan and what is seen of it."""
        if isinstance(self.verifier, BinaryVerifier):
            shares, marks = np.stack([1 - score, score], axis=-1), np.array([0, 1])
        elif self.foresight == "sample":
            shares, marks = predicted, values
        else:
            shares, marks = score[..., None] * 0 + 1, score[..., None]
        candidates = weights[..., None] * shares
        scores = np.broadcast_to(marks, candidates.shape)
        flat = len(candidates), -1
        law = _best_of_n(candidates.reshape(flat), scores.reshape(flat), self.n)
        return law.reshape(candidates.shape).sum(axis=-1)


def _best_of_n(candidates, scores, n):
    """Law of the best of n candidates, as plain numbers."""
    if candidates.dtype == object:
        return best_of_n(TabularPolicy(candidates), scores, n).lower
    with propose():
        law = np.asarray(best_of_n(TabularPolicy(candidates), scores, n))
    return law / law.sum(axis=-1, keepdims=True)


def _plans(base, problem):
    """The plans of a base policy: weights `[t,s,m]`, and laws of actions `[t,s,m,a]` at their first step and later."""
    H, S, A = problem.horizon.H, problem.S, problem.A
    if isinstance(base, Mixture):
        tables = [np.broadcast_to(policy_table(problem, member), (H, S, A)) for member in base.members]
        laws = np.stack(tables, axis=2)
        weights = base._rational(problem) if problem.exact else floats(base.weights) / floats(base.weights).sum()
        return np.broadcast_to(weights, (H, S, len(weights))), laws, laws
    table = np.broadcast_to(policy_table(problem, base), (H, S, A))
    first = np.broadcast_to(like(np.eye(A, dtype=int), problem.P), (H, S, A, A))
    return table, first, np.broadcast_to(table[:, :, None], (H, S, A, A))


def _predict(model, plans, start):
    """The law `[s,m,n]` of the state that each plan reaches from each state, in the model."""
    P, (S, M, _) = _dense(model), plans[0].shape
    reached = np.broadcast_to(like(np.eye(S, dtype=int), model.P), (M, S, S))
    for t in reversed(range(len(plans))):  # backwards: the kernel of the later steps is composed with that of step t
        step = plans[t] @ at_step(P, start + t)
        reached = step.transpose(1, 0, 2) @ reached
    return reached.transpose(1, 0, 2)


def _execute(P, plan, running, law, deciding):
    """The table of a step `[s,a]`, and the joint law `[n,m]` of the next state and the plan that is executed."""
    mixed = running[..., None] * plan
    total = running.sum(axis=1)
    reached = np.asarray(total > 0) & (not deciding)
    table = np.where(
        reached[:, None], mixed.sum(axis=1) / np.where(reached, total, 1)[:, None], (law[..., None] * plan).sum(axis=1)
    )
    S, M, A = mixed.shape
    return table, P.reshape(S * A, S).T @ mixed.transpose(0, 2, 1).reshape(S * A, M)


def _average(score, weights):
    """The mean of each column under weights `[s,m]`, or over all states where a column has no weight."""
    total = weights.sum(axis=0)
    reached = np.asarray(total > 0)
    return np.where(
        reached, (weights * score).sum(axis=0) / np.where(reached, total, 1), score.sum(axis=0) / len(score)
    )


def _dense(problem):
    P = problem.P
    return P.toarray().reshape(problem.S, problem.A, problem.S) if hasattr(P, "toarray") else P
