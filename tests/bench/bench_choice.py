"""The default method against the best of all methods and peers, on graphs for which no method was tuned.

    python tests/bench/bench_choice.py [NAME...]

Each row is a family of random models; its seeds are digests of the commit's hash, and each draws a size and a discount
too. `excess` is the geometric mean over seeds of the default's CPU seconds over those of the fastest method whose
bounds meet the tolerance, or of the fastest peer whose values do; `worst` is the largest. Every call builds its model.
"""

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numpy as np
import scipy.sparse as sp

from mdpkit.bench.compare import clock, outside
from mdpkit.bench.instances import grid
from mdpkit.bench.origin import commit, seeds
from mdpkit.bench.peers import interior_point, quantecon_by
from mdpkit.model import MDP, Discounted, Finite
from mdpkit.solve import BackwardInduction, ModifiedPolicyIteration, PolicyIteration, solve

REPEATS, SEEDS = int(os.environ.get("REPEATS", "5")), int(os.environ.get("SEEDS", "8"))
DISCOUNTS = 0.9, 0.99, 0.999, 0.9999
SLOW = 0.3
"""CPU seconds: a side whose first call took longer is called once more, one that took ten times as long is not."""


class Drawn:
    """A float model: `P` sparse or dense, `r`, `horizon`, `mask` and the tolerance of its values."""

    def __init__(self, P, r, horizon, mask=None):
        self.P, self.r, self.horizon, self.mask = P, r, horizon, mask
        self.S, self.A = r.shape[-2:]
        self.tol = 1e-10 / (1 - horizon.gamma) if isinstance(horizon, Discounted) else 1e-9

    @property
    def gamma(self):
        return self.horizon.gamma

    @property
    def rows(self):
        return sp.csr_matrix(self.P if sp.issparse(self.P) else self.P.reshape(-1, self.S))

    def by(self, method):
        return lambda: solve(
            MDP(self.P, self.r, horizon=self.horizon, mask=self.mask), method, tol=self.tol, throw=False
        )


def sparse(rng, S, A, targets, weights=None, gamma=None):
    """A model of rows with these targets `[s*A+a, k]`; uniform rewards, laws uniform on the simplex."""
    weights = rng.exponential(size=targets.shape) if weights is None else weights
    weights = weights / weights.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(S * A), targets.shape[1])
    P = sp.csr_array((weights.ravel(), (rows, targets.ravel())), shape=(S * A, S))
    return Drawn(P, rng.random((S, A)), Discounted(rng.choice(DISCOUNTS) if gamma is None else gamma))


# ---- families of models
def random_geometric(rng):
    """Points in the unit square; an action leads to some of the eight nearest."""
    from scipy.spatial import cKDTree

    S, A, b = int(rng.integers(500, 4000)), int(rng.integers(2, 6)), 3
    points = rng.random((S, 2))
    near = cKDTree(points).query(points, 9)[1]
    return sparse(rng, S, A, near[np.repeat(np.arange(S), A)[:, None], rng.integers(0, 9, (S * A, b))])


def power_law(rng):
    """Successors are drawn in proportion to 1 / rank, so that a few states are entered from everywhere."""
    S, A, b = int(rng.integers(500, 8000)), int(rng.integers(2, 6)), int(rng.integers(2, 8))
    share = 1 / np.arange(1, S + 1)
    return sparse(rng, S, A, rng.permutation(S)[rng.choice(S, (S * A, b), p=share / share.sum())])


def grid_with_holes(rng):
    """A slippery square with absorbing cells; the reward is in one corner."""
    slip, share = rng.uniform(0.05, 0.6), rng.uniform(0, 0.3)
    model = grid(int(rng.integers(20, 80)), float(rng.choice(DISCOUNTS)), share, int(rng.integers(2**31)), slip)
    return Drawn(model.P, model.r, model.horizon)


def chain_with_jumps(rng):
    """A ring of which an action moves a few states, or with a small probability anywhere; states in random order."""
    S, A, b = int(rng.integers(500, 6000)), int(rng.integers(2, 5)), 3
    s, width, order = np.repeat(np.arange(S), A)[:, None], int(rng.integers(1, 6)), rng.permutation(S)
    targets = (s + rng.integers(-width, width + 1, (S * A, b))) % S
    targets = np.where(
        rng.random(targets.shape) < rng.choice([0, 0.001, 0.03]), rng.integers(0, S, targets.shape), targets
    )
    named = np.empty((S, A, b), dtype=int)
    named[order] = order[targets].reshape(S, A, b)
    return sparse(rng, S, A, named.reshape(S * A, b))


def layered(rng):
    """Layers, each of which leads to the next; the last leads back to the first."""
    layers, width, A, b = int(rng.integers(5, 60)), int(rng.integers(10, 120)), 3, 4
    S = layers * width
    following = (np.repeat(np.arange(S), A) // width + 1) % layers
    return sparse(rng, S, A, following[:, None] * width + rng.integers(0, width, (S * A, b)))


def lazy(rng):
    """Each action stays with a large probability, else leads anywhere."""
    S, A, b = int(rng.integers(500, 6000)), 4, 4
    targets, stay = rng.integers(0, S, (S * A, b)), rng.choice([0.5, 0.9, 0.99])
    targets[:, 0] = np.arange(S * A) // A
    weights = rng.exponential(size=targets.shape)
    weights[:, 0] = weights[:, 1:].sum(axis=1) * stay / (1 - stay)
    return sparse(rng, S, A, targets, weights)


def masked(rng):
    """A random sparse model of which a third of the actions are missing."""
    S, A, b = int(rng.integers(500, 8000)), int(rng.integers(3, 8)), 4
    model = sparse(rng, S, A, rng.integers(0, S, (S * A, b)))
    model.mask = rng.random((S, A)) < 2 / 3
    model.mask[np.arange(S), rng.integers(0, A, S)] = True
    return model


def float_rationals(rng):
    """Probabilities are multiples of 1/12 in float64, and rewards of 1/3, so that many actions are tied."""
    S, A = int(rng.integers(200, 4000)), int(rng.integers(2, 6))
    cuts = np.sort(rng.integers(0, 13, (S * A, 3)), axis=1)
    weights = np.diff(cuts, axis=1, prepend=0, append=12).astype(float)
    model = sparse(rng, S, A, rng.integers(0, S, (S * A, 4)), weights)
    model.r = rng.integers(0, 4, (S, A)) / 3
    return model


def dense(rng):
    """Dense random laws."""
    S, A = int(rng.integers(50, 600)), int(rng.integers(2, 8))
    return Drawn(rng.dirichlet(np.full(S, 0.3), (S, A)), rng.random((S, A)), Discounted(rng.choice(DISCOUNTS)))


def time_varying(rng):
    """A finite horizon with rewards that change at every step, dense laws."""
    S, A, H = int(rng.integers(50, 500)), int(rng.integers(2, 8)), int(rng.integers(10, 60))
    return Drawn(rng.dirichlet(np.full(S, 0.3), (S, A)), rng.random((H, S, A)), Finite(H))


FAMILIES = {
    each.__name__: each
    for each in (
        random_geometric,
        power_law,
        grid_with_holes,
        chain_with_jumps,
        layered,
        lazy,
        masked,
        float_rationals,
        dense,
        time_varying,
    )
}
QUICK = ()


# ---- the other sides
def masked_quantecon(model):
    from quantecon.markov import DiscreteDP

    s, a = np.nonzero(model.mask)
    r, P = model.r[s, a], model.rows[s * model.A + a]
    given = {"epsilon": model.tol, "max_iter": 10**6}
    return lambda: DiscreteDP(r, P, model.gamma, s, a).solve("modified_policy_iteration", **given).v


def induction(model):
    law = model.P.reshape(-1, model.S)

    def run():
        V = np.zeros(model.S)
        for r in model.r[::-1]:
            V = (r + (law @ V).reshape(r.shape)).max(axis=1)
        return V

    return run


def other_methods(model):
    if isinstance(model.horizon, Finite):
        return {"backward induction": BackwardInduction()}
    return {"MPI": ModifiedPolicyIteration(), "PI": PolicyIteration()}


def peers(model):
    """Functions that return values, by the name of the package."""
    if isinstance(model.horizon, Finite):
        return {"numpy": induction(model)}
    try:
        if model.mask is not None:
            return {"quantecon MPI": masked_quantecon(model)}
        found = {"quantecon MPI": quantecon_by("modified_policy_iteration", max_iter=10**6)(model, model.tol)}
    except ModuleNotFoundError:
        return {}
    if model.gamma > 0.99 and model.rows.nnz < 30_000:
        found["HiGHS interior point"] = interior_point(model, model.tol)
    return found


def race(model):
    """Smallest CPU seconds of the default, those of the fastest other side that is right, and its name."""
    methods, others = {"default": None, **other_methods(model)}, peers(model)
    calls = {name: model.by(method) for name, method in methods.items()} | others
    best, answers, limit = {}, {}, dict.fromkeys(calls, REPEATS)
    for k in range(REPEATS):
        for name, call in calls.items():
            if k < limit[name]:
                seconds, answers[name] = clock(call)
                best[name] = min(best.get(name, np.inf), seconds) if k > 1 else seconds
                if k == 0:
                    limit[name] = REPEATS if seconds < SLOW else 2 if seconds < 10 * SLOW else 1
    default = answers["default"]
    if default.status.name != "SOLVED":
        return best["default"], None, f"{default.status.name} {default.value.width:.1e} of {model.tol:.0e}"
    value = default.value if default.value.ndim == 1 else default.value[0]
    right = {
        name: best[name]
        for name in calls
        if name != "default"
        and (answers[name].status.name == "SOLVED" if name in methods else outside(value, answers[name]) <= model.tol)
    }
    fastest = min(right, key=right.get)
    return best["default"], right[fastest], fastest


def rows(*names):
    for name, draw in FAMILIES.items():
        if names and name not in names:
            continue
        ratios, ours, theirs, notes = [], [], [], []
        for seed in seeds(commit(), SEEDS):
            model = draw(np.random.default_rng(seed))
            own, other, who = race(model)
            if os.environ.get("SHOW"):
                print(
                    f"  {name} S={model.S} {model.horizon} {own * 1e3:.2f} ms, {who} {(other or 0) * 1e3:.2f}",
                    flush=True,
                )
            if other is None:
                notes.append(who)
                continue
            ratios.append(own / other)
            ours.append(own)
            theirs.append(other)
        yield {
            "name": name,
            "seconds": float(np.exp(np.mean(np.log(ours)))),
            "peer": float(np.exp(np.mean(np.log(theirs)))),
            "excess": float(np.exp(np.mean(np.log(ratios)))),
            "worst": max(ratios),
            "models": len(ratios),
            "not solved": "; ".join(notes),
        }


def summary(found):
    """Geometric mean over all models of the default's seconds over the best other's, and the largest of the ratios."""
    weights = [row["models"] for row in found]
    mean = np.exp(np.average([np.log(row["excess"]) for row in found], weights=weights))
    return float(mean), max(row["worst"] for row in found)


if __name__ == "__main__":
    found = []
    for row in rows(*sys.argv[1:]):
        found.append(row)
        print(
            f"{row['name']:18} {row['seconds'] * 1e3:9.2f} ms, best other {row['peer'] * 1e3:9.2f} ms, "
            f"excess {row['excess']:.2f}, worst {row['worst']:.2f} of {row['models']} {row['not solved']}",
            flush=True,
        )
    print("all: geometric mean {:.2f}, worst {:.2f}".format(*summary(found)))
