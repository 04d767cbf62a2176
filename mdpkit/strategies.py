"""Hypothesis strategies for exact rational instances, which shrink to small numbers.

Each function returns a strategy of records. Rows are normalised integer weights, so they sum to 1 exactly.
"""

from collections.abc import Sequence

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from .base.arrays import objects
from .instances.blocks import Box, Choice, Simplex
from .instances.family import Drawn, Family
from .instances.instance import Instance
from .model import (
    MDP,
    Discounted,
    Finite,
    JointPolicy,
    MarkovGame,
    MomentProblem,
    PreferenceProblem,
    SafetyProblem,
    TabularPolicy,
    TokenProblem,
)


def instances(family: Family) -> st.SearchStrategy[Instance]:
    """Instances (namespaces of models) of a claim's family."""
    return draws(family).map(family.build)


@st.composite
def draws(draw: st.DrawFn, family: Family) -> Drawn:
    """Draws of a family: sizes first, then all entries from one byte string."""
    sizes = {axis: draw(st.integers(low, high)) for axis, (low, high) in family.sizes.items()}
    count = family.byte_count(sizes)
    return family.from_bytes(draw(st.binary(min_size=count, max_size=count)), sizes)


def mdps(
    states: tuple[int, int] = (1, 3),
    actions: tuple[int, int] = (1, 3),
    horizon: tuple[int, int] = (1, 4),
    discounted: bool = False,
) -> st.SearchStrategy[MDP]:
    """Rational MDPs with rewards in [-1, 1]: time-varying over `horizon` steps, or discounted.

    Args: states, actions, horizon: (smallest, largest).
    """
    sizes = dict(S=states, A=actions)
    if discounted:
        discounts = Choice(of=("1/2", "9/10", "99/100"))
        blocks = dict(P=Simplex("S", "A", to="S"), r=Box("S", "A", lower=-1), rho=Simplex(to="S"), gamma=discounts)
        build = dict(mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Discounted(x.gamma)))
        return _only(Family(blocks, sizes, build))
    blocks = dict(P=Simplex("H", "S", "A", to="S"), r=Box("H", "S", "A", lower=-1), rho=Simplex(to="S"))
    return _only(
        Family(blocks, dict(H=horizon, **sizes), dict(mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"]))))
    )


def policies(problem: MDP | PreferenceProblem | TokenProblem) -> st.SearchStrategy[TabularPolicy]:
    """Rational policies within a problem's mask (or its reference's support), time-varying if its horizon is finite."""
    if isinstance(problem, PreferenceProblem | TokenProblem):
        block, sizes = (
            Simplex(*list(problem.sizes())[:1], to=list(problem.sizes())[1], within="support"),
            {axis: (size, size) for axis, size in problem.sizes().items()},
        )
        return _only(
            Family(dict(table=block), sizes, dict(policy=lambda x: TabularPolicy(x.table)), given={"problem": problem})
        )
    axes, sizes = _policy_axes(problem)
    block = Simplex(*axes, to="A", within="mask")
    return _only(
        Family(dict(table=block), sizes, dict(policy=lambda x: TabularPolicy(x.table)), given={"problem": problem})
    )


def games(
    players: int = 2,
    actions: int | tuple[int, ...] = (2, 2),
    states: tuple[int, int] = (1, 2),
    horizon: tuple[int, int] = (1, 3),
) -> st.SearchStrategy[MarkovGame]:
    """Rational Markov games with rewards in [-1, 1]; `actions` is one number for all players, or one per player."""
    counts = (actions,) * players if isinstance(actions, int) else tuple(actions)
    J = int(np.prod(counts))
    blocks = dict(P=Simplex("H", "S", J, to="S"), r=Box("H", len(counts), "S", J, lower=-1), rho=Simplex(to="S"))
    make = dict(game=lambda x: MarkovGame(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"]), actions=counts))
    return _only(Family(blocks, dict(H=horizon, S=states), make))


def joint_policies(game: MarkovGame) -> st.SearchStrategy[JointPolicy]:
    """Rational mediators (correlated joint policies) of a game, time-varying if its horizon is finite."""
    axes, sizes = _policy_axes(game)
    blocks = dict(table=Simplex(*axes, to=game.J))
    sizes.pop("A", None)
    return _only(Family(blocks, sizes, dict(policy=lambda x: JointPolicy(x.table))))


def preferences(
    prompts: tuple[int, int] = (1, 3), responses: tuple[int, int] = (1, 4)
) -> st.SearchStrategy[PreferenceProblem]:
    """Rational preference problems in tilt form: weights in [1/8, 8], data distribution on the reference's support."""
    law = Simplex("X", to="Y")

    def problem(x):
        data = law.restrict(x.data, x.reference != 0)
        return PreferenceProblem(x.reference, weights=x.weights, data=data, rho=x.rho, beta=x.beta)

    blocks = dict(
        reference=law,
        weights=Box("X", "Y", lower="1/8", upper=8),
        data=law,
        rho=Simplex(to="X"),
        beta=Choice(of=("1/3", 1, 2)),
    )
    return _only(Family(blocks, dict(X=prompts, Y=responses), dict(problem=problem)))


@st.composite
def tokens(
    draw: st.DrawFn, states: tuple[int, int] = (1, 5), tokens: tuple[int, int] = (1, 3), merged: bool = False
) -> TokenProblem:
    """Rational token problems in tilt form on random trees with missing tokens; states may merge if `merged`."""
    S, A = draw(st.integers(*states)), draw(st.integers(*tokens))
    slots, following = [(0, a) for a in range(A)], np.full((S, A), S)
    for n in range(1, S):
        s, a = slots.pop(draw(st.integers(0, len(slots) - 1)))
        following[s, a] = n
        slots += [(n, b) for b in range(A)]
    for s, a in slots:
        kinds = [S, -1, *range(s + 1, S)] if merged else [S, -1]
        following[s, a] = draw(st.sampled_from(kinds))
    empty = (following == -1).all(axis=1)
    following[empty, 0] = S
    available = following != -1
    counts = np.array(draw(st.lists(st.integers(0, 4), min_size=S * A, max_size=S * A))).reshape(S, A) * available
    counts[np.arange(S), available.argmax(axis=1)] += counts.sum(axis=1) == 0
    weights = np.array(draw(st.lists(st.integers(1, 9), min_size=S * A, max_size=S * A))).reshape(S, A)
    return TokenProblem(
        following,
        objects(counts) / objects(counts.sum(axis=1, keepdims=True)),
        weights=objects(weights) / 3,
        beta=draw(st.sampled_from(["1/3", 1, 2])),
    )


@st.composite
def graphs(draw: st.DrawFn, states: tuple[int, int] = (1, 6), actions: tuple[int, int] = (1, 3)) -> SafetyProblem:
    """Safety problems on deterministic graphs."""
    S, A = draw(st.integers(*states)), draw(st.integers(*actions))
    failure = draw(st.lists(st.booleans(), min_size=S, max_size=S))
    successors = draw(st.lists(st.lists(st.integers(0, S - 1), min_size=A, max_size=A), min_size=S, max_size=S))
    return SafetyProblem(np.array(failure), np.array(successors))


def moments(
    instruments: tuple[int, int] = (1, 4), parameters: tuple[int, int] = (1, 3)
) -> st.SearchStrategy[MomentProblem]:
    """Rational linear moment restrictions with entries in [-2, 2]."""
    blocks = dict(A=Box("Z", "K", lower=-2, upper=2), b=Box("Z", lower=-2, upper=2), weights=Simplex(to="Z"))
    make = dict(problem=lambda x: MomentProblem(x.A, x.b, x.weights))
    return _only(Family(blocks, dict(Z=instruments, K=parameters), make))


def rationals(lower: int = -1, upper: int = 1, denominators: Sequence[int] = (1, 2, 3, 12)) -> st.SearchStrategy[fmpq]:
    """Rational scalars between two integers."""
    return st.sampled_from(denominators).flatmap(
        lambda q: st.integers(lower * q, upper * q).map(lambda p: objects(p)[()] / q)
    )


def _policy_axes(problem):
    sizes = {axis: (size, size) for axis, size in problem.sizes().items() if axis in "HSA"}
    return (("H", "S") if "H" in sizes else ("S",)), sizes


def _only(family):
    """Strategy of the single model that a family builds."""
    name = next(iter(family.models))
    return instances(family).map(lambda models: getattr(models, name))
