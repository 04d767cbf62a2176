"""Strings of bits whose reward is a simple function of the whole string."""

from itertools import product

import numpy as np

from ....base.arrays import objects, rational
from ....model import PreferenceProblem
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


@named_instance
def parity_verifier(H: int = 2, parity: Exact = "3/2", count: Exact = "7/10") -> Instance:
    """Completions of H bits with the reward parity * (sum of the bits mod 2) + count * (number of ones - H/2).

    The reward has two parameters, a tabular policy 2^H - 1. A policy of the form of the optimal one needs the parity of
    the prefix: it is a table of two states at each of H steps, log-linear in the transitions of an automaton.

    Args:
        H: number of bits.
        parity: reward of an odd number of ones.
        count: reward of each one.

    Returns: `problem`, with a uniform reference, and features `[x,y,k]`: `verifier` (parity and centred count),
    `mistaken` (of all bits but the last) and `automaton` (one for every step, state of the parity and bit).
    Source: adapted from Swamy, Choudhury, Sun, Wu and Bagnell, 2026.

    >>> parity_verifier(2).problem.reward
    array([[-7/10, 3/2, 3/2, 7/10]], dtype=object)
    """
    expect_integer("H", H, 1, 12)
    bits = np.array(list(product((0, 1), repeat=H)))
    before = (bits.cumsum(axis=1) - bits) % 2
    automaton = np.zeros((len(bits), H, 2, 2), dtype=int)
    rows, steps = np.indices(bits.shape)
    automaton[rows, steps, before, bits] = 1
    verifier, mistaken = (_features(bits[:, :h]) for h in (H, H - 1))
    reward = verifier[:, 0] * rational(parity) + verifier[:, 1] * rational(count)
    reference = objects([[f"1/{2**H}"] * 2**H])
    return Instance(
        problem=PreferenceProblem(reference, reward=reward[None]),
        verifier=verifier[None],
        mistaken=mistaken[None],
        automaton=automaton.reshape(1, len(bits), 4 * H),
    )


def _features(bits):
    """Parity and centred number of ones, `[y,k]`."""
    ones = bits.sum(axis=1)
    return np.stack([objects(ones % 2), objects(ones) - rational(bits.shape[1]) / 2], axis=-1)
