"""Token problems: random trees and graphs as claims draw them, an answer with one bad token, and merged prefixes."""

from collections.abc import Sequence

import numpy as np

from ....base.arrays import objects, rational
from ....model import TokenProblem
from ...blocks import Box, Choice, Simplex
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance

ROWS = Simplex("S", to="A")
"""A law of the next token for each prefix."""
WEIGHTS = Box("S", "A", lower="1/8", upper=8)
"""e^(r/beta) of every token, so that optimal policies are rational."""
BETA = Choice(of=("1/4", 1, 3))
"""The strength of the KL penalty."""
GRAPHS = dict(S=(1, 4), A=(2, 3), K=(1, 2))
"""Sizes of a family: states, tokens, and 1 for trees or 2 for graphs with merged states."""


def heap(S: int, A: int) -> np.ndarray:
    """`next[s,a]` of the tree whose states are numbered level by level, with A tokens everywhere."""
    return np.minimum(np.arange(S * A).reshape(S, A) + 1, S)


def skips(S: int, A: int) -> np.ndarray:
    """`next[s,a]` where token a leads a + 1 states on, so that states merge."""
    return np.minimum(np.arange(S)[:, None] + np.arange(A) + 1, S)


def graph(x) -> np.ndarray:
    """`next[s,a]` of a draw: a tree, or a graph with merged states if its axis K has length 2."""
    return (heap if x.sizes.get("K", 1) == 1 else skips)(x.sizes["S"], x.sizes["A"])


def mix_with_uniform(rows: np.ndarray) -> np.ndarray:
    """The rows mixed in equal parts with the uniform law, so that every token has positive probability."""
    return (rows * rows.shape[-1] + 1) / (2 * rows.shape[-1])


def drawn_tokens(x) -> TokenProblem:
    """The token problem of a draw, with full support."""
    return TokenProblem(graph(x), mix_with_uniform(x.reference), weights=x.weights, beta=x.beta)


@named_instance
def bad_token(H: int = 3, p: Exact = "1/2", weight: Exact = "1/9") -> Instance:
    """Responses of H tokens, each good or bad, with a reward at the end: a penalty if any token was bad.

    The optimal policy's implicit rewards find the token that cost the reward: they are negative at the first bad token
    and 0 after it, although the reward is given at the end only.

    Args:
        H: number of tokens.
        p: probability of the bad token under the reference.
        weight: e^(r/beta) of a response with a bad token; 1 of the others.

    Returns: `problem`, a tree whose token 0 is good and token 1 bad.
    Source: adapted from Rafailov, Hejna, Park and Finn, 2024.

    >>> bad_token(2).problem
    TokenProblem(S=3, A=2, 4 responses, tree, weights, beta=1, rational)
    """
    expect_integer("H", H, 1, 12)
    S = 2**H - 1
    weights, p = np.full((S, 2), rational(1), dtype=object), rational(p)
    weights[S // 2 :] = rational(weight)
    weights[S // 2, 0] = rational(1)
    reference = objects([[1 - p, p]] * S)
    return Instance(problem=TokenProblem(heap(S, 2), reference, weights=weights, token_names=("good", "bad")))


@named_instance
def merged_prefixes(
    first: Sequence[Exact] = (1, 1), second: Sequence[Exact] = (1, 1), returns: Sequence[Exact] = (1, 1, 1, 7)
) -> Instance:
    """Two tokens, of which the second is chosen without sight of the first, and weights of whole responses.

    Rewards of tokens, and the implicit rewards of policies, are sums of a term of each token; a reward of the pair is
    not, unless w(00) w(11) = w(01) w(10).

    Args:
        first: e^(r/beta) of the first token.
        second: e^(r/beta) of the second token.
        returns: w, e^(R/beta) of the responses 00, 01, 10 and 11 that are compared.

    Returns: `problem`, with both states' rewards, and `returns`.
    Source: adapted from Rafailov, Hejna, Park and Finn, 2024.

    >>> merged_prefixes().problem
    TokenProblem(S=2, A=2, 4 responses, merged states, weights, beta=1, rational)
    """
    weights = objects([list(first), list(second)])
    problem = TokenProblem([[1, 1], [2, 2]], objects([["1/2", "1/2"]] * 2), weights=weights)
    return Instance(problem=problem, returns=objects(list(returns)))
