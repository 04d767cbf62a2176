"""Maximum-entropy policies for linear rewards, and the parameters at which they match features, by ball arithmetic."""

import numpy as np

from ..base.arrays import exactly
from ..base.balls import balls, ends
from ..base.errors import InvalidModel, NotSolved
from ..base.interval import Interval, Quantity, interval
from ..base.lifting import convert, enclose, law, row_error
from ..base.mode import propose, proposing
from ..base.replaceable import replaceable
from ..model.horizon import Finite
from ..model.mdp import MDP, at_step

BITS = 192
KINDS = "causal", "trajectory"


@replaceable
def match_features(
    problem: MDP, features: Quantity, moments: Quantity, kind: str = "causal", rounds: int = 100
) -> Interval:
    """The theta `[k]` at which the maximum-entropy policy has the given feature expectations `moments[k]`.

    With kind "trajectory" the expectations match in its own model, whose transitions are tilted towards reward.

    Returns: a box that contains exactly one such theta, by Krawczyk's operator.
    Raises: NotSolved if Krawczyk's test fails: possibly no policy has these moments, or only a limit of policies does.
    """
    moments = convert(moments, problem)
    with propose():
        soft = Soft(problem.to_float(), _middle(convert(features, problem)), kind)
        near = np.zeros(len(features))
        for _ in range(rounds):  # Newton's method, in steps of at most 1
            step = np.linalg.lstsq(soft.jacobian(near), soft.collect(near, own=True) - _middle(moments), rcond=None)[0]
            near = near - step / max(1.0, np.abs(step).max())
        inverse = np.linalg.pinv(soft.jacobian(near))
    if proposing():
        return near
    return answer_softly(
        problem,
        features,
        Interval(exactly(near)),
        lambda soft, theta: soft.krawczyk(theta, balls(moments), inverse),
        kind,
    )


class Soft:
    """Soft (log-sum-exp) backward induction, on arrays of floats, of balls, or of power series over balls."""

    def __init__(self, problem, features, kind):
        H, P, rho = problem.horizon.H, enclose(problem.P, row_error(problem)), law(problem, "rho")
        self.balls = not proposing()
        self.P, self.rho, self.features = ((balls(x) if self.balls else x) for x in (P, rho, features))
        self.P = [at_step(self.P, t) for t in range(H)]
        self.exp, self.log, self.kind = *((_EXP, _LOG) if self.balls else (np.exp, np.log)), kind

    def plan(self, theta):
        """Initial value, policy table per step, and its own model's initial and per-step transition distributions."""
        r = (theta[:, None, None] * self.features).sum(axis=0)
        V, tables, laws = 0 * r[:, 0], [], []
        for P in self.P[::-1]:
            if self.kind == "trajectory":
                tilted = P * self.exp(V)
                total = tilted.sum(axis=2)
                Q, P = r + self.log(total), tilted / total[:, :, None]
            else:
                Q = r + (P * V).sum(axis=2)
            weights = self.exp(Q)
            total = weights.sum(axis=1)
            V = self.log(total)
            tables.insert(0, weights / total[:, None])
            laws.insert(0, P)
        if self.kind == "causal":
            return (self.rho * V).sum(), tables, self.rho, laws
        tilted = self.rho * self.exp(V)
        total = tilted.sum(keepdims=True)
        return self.log(total)[0], tables, tilted / total, laws

    def value(self, theta):
        return self.plan(theta)[0]

    def collect(self, theta, own=False):
        """The policy's feature expectations `[k]` in the problem or, if `own`, in the policy's own model."""
        _, tables, state, laws = self.plan(theta)
        state, laws = (state, laws) if own else (self.rho, self.P)
        total = 0 * theta
        for pi, P in zip(tables, laws, strict=True):
            d = state[:, None] * pi
            total = total + (self.features * d).sum(axis=(1, 2))
            state = (d[:, :, None] * P).sum(axis=(0, 1))
        return total

    def derivatives(self, f, theta):
        """Partial derivatives of f at theta, stacked along the first axis."""
        return np.stack([self._along(f, theta, k) for k in range(len(theta))])

    def jacobian(self, theta):
        return self.derivatives(lambda each: self.collect(each, own=True), theta).T

    def _along(self, f, theta, k):
        if not self.balls:  # complex-step differentiation, free of cancellation
            return np.imag(f(theta + 1e-30j * (np.arange(len(theta)) == k))) / 1e-30
        from flint import arb_series, ctx

        cap, ctx.cap = ctx.cap, 2
        try:
            moved = theta.copy()
            moved[k] = arb_series([theta[k], 1])
            found = f(moved)
            return _SLOPE(found) if isinstance(found, np.ndarray) else found[1]  # numpy would treat a series as a list
        finally:
            ctx.cap = cap

    def krawczyk(self, near, moments, inverse):
        from flint import arb

        radius = arb(0, 1e-9)
        Y = balls(interval(exactly(inverse)))
        off = (Y * (self.collect(near, own=True) - moments)).sum(axis=1)
        slope = (Y[:, :, None] * self.jacobian(near + radius)).sum(axis=1)
        moved = near - off + ((np.eye(len(near), dtype=int) - slope) * radius).sum(axis=1)
        if not all((centre + radius).contains_interior(ball) for ball, centre in zip(moved, near, strict=True)):
            raise NotSolved(
                "no theta was proved to have these moments; possibly no policy has them, or only a limit of policies does"
            )
        return moved


# ---- arrays of balls
_EXP, _LOG = (np.vectorize(f, otypes=[object]) for f in (lambda x: x.exp(), lambda x: x.log()))
_SLOPE = np.vectorize(lambda x: x[1] if hasattr(x, "derivative") else 0 * x, otypes=[object])


def answer_softly(problem, features, theta, f, kind="causal") -> Interval:
    """f(soft, theta) as an Interval, in ball arithmetic at 192 bits; while proposing, on floats."""
    if not isinstance(problem.horizon, Finite) or problem.sparse or problem.mask is not None:
        raise InvalidModel(
            f"causal entropy is computed for a dense Finite-horizon MDP without masked actions; got {problem!r}"
        )
    if kind not in KINDS:
        raise InvalidModel(f"the kind is {kind!r}; expected {' or '.join(map(repr, KINDS))}")
    features = convert(features, problem)
    if proposing():
        return f(Soft(problem, features, kind), theta)
    from flint import ctx

    with ctx.workprec(BITS):
        theta = theta if isinstance(theta, Interval) else convert(theta, problem)
        found = np.asarray(f(Soft(problem, features, kind), balls(theta)), dtype=object)
        lower, upper = np.zeros(found.shape), np.zeros(found.shape)
        for index in np.ndindex(found.shape):
            lower[index], upper[index] = ends(found[index])
    return Interval(lower, upper, "enclosed" if problem.exact else "float")


def _middle(known):
    return known.mid if isinstance(known, Interval) else known
