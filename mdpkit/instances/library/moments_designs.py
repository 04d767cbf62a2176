"""Designs of instrumental-variable benchmarks, discretised so that every quantity is rational."""

from itertools import product

import numpy as np

from ...base.arrays import objects, rational
from ...base.errors import InvalidModel
from ...model import MomentProblem
from ..catalogue import expect_integer, named_instance
from ..instance import Instance
from ..restrictions import instrumental

SHAPES = ("step", "sin", "abs", "linear")


@named_instance
def deepgmm_zoo(shape: str = "step", points: int = 5) -> Instance:
    """The low-dimensional designs of DeepGMM: X = Z + E, Y = g(X) + 2 E, a confounder E that regression cannot see.

    The original draws Z uniform on [-3, 3] (the first of two instruments), E normal, X = Z + E + noise and
    Y = g(X) + 2 E + noise. Here Z is uniform on `points` equally spaced values of [-3, 3], E is -1 or 1 times their
    distance with probability 1/4 each, else 0, and X is Z + E, clipped to [-3, 3]; both noises of size .1 are left out.
    Values of sin are rounded to multiples of 1/1024.

    Args: shape: the response g: "step", "sin", "abs" or "linear". points: number of values, odd and at least 3.

    Returns: `joint[z,u,x]`, `outcome[u,x]`, `problem`, the true `h0[x]`, the `causes` x, and `version`, the code that
        was read.
    Source: adapted from Bennett, Kallus and Schnabel, 2019.

    >>> deepgmm_zoo("abs", 3).h0
    array([3, 0, 3], dtype=object)
    """
    expect_integer("points", points, 3)
    if shape not in SHAPES or points % 2 == 0:
        raise InvalidModel(
            f"shape={shape!r} and points={points}; expected one of {', '.join(SHAPES)}, and an odd number"
        )
    middle, distance = points // 2, rational(6) / (points - 1)
    causes = objects([(k - middle) * distance for k in range(points)])
    joint = np.zeros((points, 3, points), dtype=int)
    for z, u in product(range(points), range(3)):
        joint[z, u, min(max(z + u - 1, 0), points - 1)] += 2 if u == 1 else 1
    response = {
        "step": lambda x: rational("5/2") if x >= 0 else rational(1),
        "sin": lambda x: rational(round(1024 * float(np.sin(float(x))))) / 1024,
        "abs": abs,
        "linear": lambda x: x,
    }[shape]
    h0 = objects([response(x) for x in causes])
    outcome = h0[None, :] + objects([[-2], [0], [2]]) * distance
    return _design(objects(joint) / (4 * points), outcome, h0).replace(
        causes=causes, version="CausalML/DeepGMM efcc53fa4d7b8664c498cff03d3622d50d6c4679, scenarios/toy_scenarios.py"
    )


@named_instance
def hartford_demand(prices: int = 10, times: int = 10, types: int = 7) -> Instance:
    """Demand for tickets by price, time of the year and type of customer, of Deep IV, with a confounded price.

    The original has sales 100 + (10 + price) type psi(t) - 2 price up to scale and offset, where psi(t) is 2 ((t -
    5)^4 / 600 + e^(-4 (t - 5)^2) + t/10 - 2), a price 25 + (fuel + 3) psi(t) + v, and an error correlated with v.
    Here the fuel cost z takes as many values as the price, with a triangular law, and v moves the price's index from
    that of z by -1, 0 or 1 with probabilities 1/4, 1/2, 1/4, but not beyond the ends; A is nonsingular, and the error
    is 2 v. psi is rounded to multiples of 1/1024. The conditioning variables are (fuel, t, type), the causes (price,
    t, type): A has at most three entries in each row, and is given by its rows, columns and entries.

    Args: prices: number of prices and of fuel costs. times: number of times. types: number of types.

    Returns: `rows`, `columns` and `entries` of A; `b[i]`, `weights[i]`, the true `h0[i]` and the regression `biased[i]`
        at every cause; `law[z,v,price]` of every t and type, and the `error[v]`; `problem`, the moment restriction of
        the first t and type alone; and `version`, the code that was read.
    Source: adapted from Hartford, Lewis, Leyton-Brown and Taddy, 2017.

    >>> m = hartford_demand()
    >>> len(m.h0), len(m.entries), m.problem
    (700, 1960, MomentProblem(Z=10, K=10, rational))
    """
    for name, size, least in (("prices", prices, 2), ("times", times, 2), ("types", types, 1)):
        expect_integer(name, size, least)
    law = np.zeros((prices, 3, prices), dtype=int)
    for z, v in product(range(prices), range(3)):
        law[z, v, min(max(z + v - 1, 0), prices - 1)] += 2 if v == 1 else 1
    channel = law.sum(axis=1)
    error = objects([-2, 0, 2])
    shares = np.minimum(np.arange(prices) + 1, prices - np.arange(prices))
    joint = shares[:, None, None] * law
    seen = joint.sum(axis=0)
    bias = (error[:, None] * objects(seen)).sum(axis=0) / objects(seen.sum(axis=0))
    block = objects(channel) / 4
    months = [rational(10 * t) / (times - 1) for t in range(times)]
    h0 = objects(
        [
            100 + (10 + price) * (kind + 1) * _season(t) - 2 * price
            for price in (rational(10 + 30 * k) / (prices - 1) for k in range(prices))
            for t in months
            for kind in range(types)
        ]
    )
    count = times * types
    z, price = (np.repeat(index, count) for index in np.nonzero(channel))
    cell = np.tile(np.arange(count), np.count_nonzero(channel))
    b = (block @ h0.reshape(prices, count)).reshape(-1)
    laws = objects(shares) / int(shares.sum())
    return Instance(
        problem=MomentProblem(block, b.reshape(prices, count)[:, 0], laws),
        rows=z * count + cell,
        columns=price * count + cell,
        entries=objects(channel[z, price]) / 4,
        b=b,
        weights=np.repeat(laws, count) / count,
        h0=h0,
        biased=h0 + np.repeat(bias, count),
        law=objects(joint) / int(joint.sum()),
        error=error,
        version="jhartford/DeepIV 0b8d80551c2d660b8bfb4f3467355e7c5d08839e, experiments/data_generator.py",
    )


def _season(t):
    x = float(t)
    return rational(round(1024 * 2 * ((x - 5) ** 4 / 600 + float(np.exp(-4 * (x - 5) ** 2)) + x / 10 - 2))) / 1024


def _design(joint, outcome, h0):
    return Instance(joint=joint, outcome=outcome, problem=instrumental(joint, outcome), h0=h0)
