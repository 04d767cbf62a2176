"""Responses as sequences of tokens, and the prefixes that a network over them is evaluated at."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...model.tokens import MOST_RESPONSES, TokenProblem

END = -1
"""Token after the last one of a sequence."""


@dataclass(frozen=True)
class Sequences:
    """The class of policies that write a response token by token, with one network for all prompts and prefixes.

    Its logits are added to those of the reference policy, and are 0 at first: training starts from the reference, and
    a token that the reference excludes stays excluded. Inputs are the prompt, the prefix and its length, one-hot.

    Args:
        tokens: `tokens[y,h]`, the tokens of response y, -1 after its last one; or a pair (K, H) for all sequences of H
            tokens out of K, in lexicographic order, as those of a full TokenProblem; None: each response is one token.
        width: width of both hidden layers; None for a linear map of the one-hot (prompt, prefix), which is the class of
            all policies, with one parameter for each prompt, prefix and token.

    Raises: InvalidModel for tokens that are no integers of at least -1, two equal responses, or one that continues
        another, so that its end would be unknown.

    >>> Sequences((2, 3)).tokens_of(8)[5]
    array([1, 0, 1])
    """

    tokens: tuple | np.ndarray | None = None
    width: int | None = 64

    def __post_init__(self) -> None:
        if self.width is not None:
            expect_counts(width=self.width)
        if self._full:
            K, H = self.tokens
            expect_counts(K=K, H=H)
            if K**H > MOST_RESPONSES:
                raise InvalidModel(f"tokens is {self.tokens}: {K**H} responses; expected at most {MOST_RESPONSES}")

    @classmethod
    def of(cls, problem: TokenProblem, width: int | None = 64) -> "Sequences":
        """The responses of a token problem, in the order of `problem.problem()`.

        Args: problem: a TokenProblem that is a tree. width: as above.
        Raises: InvalidModel where states merge.
        """
        problem.expect_tree("a network that reads the whole prefix")
        found = [[a for _, a in path] for path in problem.responses]
        H = max(map(len, found))
        return cls(tuple((*each, *[END] * (H - len(each))) for each in found), width)

    @property
    def _full(self):
        return self.tokens is not None and len(self.tokens) == 2 and all(np.ndim(end) == 0 for end in self.tokens)

    def tokens_of(self, Y: int) -> np.ndarray:
        """`tokens[y,h]` of Y responses.

        Raises: InvalidModel if there is another number of responses.
        """
        if self.tokens is None:
            return np.arange(Y)[:, None]
        if self._full:
            K, H = self.tokens
            found = np.stack(np.unravel_index(np.arange(K**H), (K,) * H), axis=-1)
        else:
            found = np.asarray(self.tokens)
        if len(found) != Y:
            raise InvalidModel(f"tokens has {len(found)} responses; the problem has {Y}")
        return found

    def prefixes(self, X: int, Y: int) -> "Prefixes":
        """The tree of prefixes of X prompts with Y responses."""
        return Prefixes(X, self.tokens_of(Y))


@dataclass(frozen=True, eq=False)
class Prefixes:
    """The tree of all prefixes of sequences; prefix s of prompt x has the number x * S + s, the empty one is s = 0.

    Args: X: number of prompts. tokens: `tokens[y,h]`, -1 after the last token.
    """

    X: int
    tokens: np.ndarray

    def __post_init__(self) -> None:
        tokens = self.tokens
        if tokens.ndim != 2 or tokens.size == 0 or tokens.dtype.kind not in "iu" or (tokens < END).any():
            raise InvalidModel(
                f"tokens has dtype {tokens.dtype} and shape {tokens.shape}; expected integers tokens[y,h] of at least -1"
            )
        there = tokens != END
        if not there[:, 0].all() or (there[:, 1:] & ~there[:, :-1]).any():
            y = int(np.argmax(~there[:, 0] | (there[:, 1:] & ~there[:, :-1]).any(axis=1)))
            raise InvalidModel(f"tokens[{y}] is {tokens[y]}; expected at least one token, and -1 only after the last")
        _ = self.paths

    @property
    def Y(self) -> int:
        return len(self.tokens)

    @property
    def H(self) -> int:
        return self.tokens.shape[1]

    @property
    def K(self) -> int:
        return int(self.tokens.max()) + 1

    @property
    def S(self) -> int:
        """Number of prefixes."""
        return len(self._tree[1])

    @property
    def paths(self) -> np.ndarray:
        """`[y,h]`, the prefix before token h of response y; -1 after its last token."""
        return self._tree[0]

    @property
    def after(self) -> np.ndarray:
        """`[s,a]`, the prefix after token a, S + y if response y ends there, -1 if the token is missing."""
        return self._tree[1]

    @cached_property
    def _tree(self):
        Y, H = self.tokens.shape
        paths, after, S = np.full((Y, H), -1), [], 1
        here = np.zeros(Y, dtype=np.int64)  # the prefix of each response, while it goes on
        for h in range(H):
            alive = self.tokens[:, h] != END
            ends = alive & (self.tokens[:, h + 1] == END if h + 1 < H else True)
            paths[alive, h] = here[alive]
            key = here * self.K + self.tokens[:, h]
            first, count = S, 0
            longer, place = np.unique(key[alive & ~ends], return_inverse=True)
            count = len(longer)
            _expect_distinct(key, ends, longer)
            start = int(here[alive].min())
            rows = np.full((first - start, self.K), -1)
            rows.reshape(-1)[longer - start * self.K] = first + np.arange(count)
            rows.reshape(-1)[key[ends] - start * self.K] = -2 - np.flatnonzero(ends)
            after.append(rows)
            here[alive & ~ends] = first + place.reshape(-1)
            S += count
        after = np.concatenate(after)
        return paths, np.where(after < -1, S - 2 - after, after)

    def rows(self) -> np.ndarray:
        """`[n,d]`, inputs of a network: prompt, if there are several, prefix, and its length, one-hot."""
        S, H, K = self.S, self.H, self.K
        prefix, length = np.zeros((S, H - 1, K), dtype=np.float32), np.zeros((S, H), dtype=np.float32)
        for h in range(H):
            on = self.paths[:, h] >= 0
            s, before = self.paths[on, h], self.tokens[on, :h]
            length[s, h] = 1
            for g in range(h):
                prefix[s, g, before[:, g]] = 1
        own = np.concatenate([prefix.reshape(S, -1), length], axis=1)
        if self.X == 1:
            return own
        prompts = np.repeat(np.eye(self.X, dtype=np.float32), S, axis=0)
        return np.concatenate([prompts, np.tile(own, (self.X, 1))], axis=1)

    def log_conditionals(self, law: np.ndarray) -> np.ndarray:
        """`[n,a]`, log-probabilities of tokens given the prefix under a law `[x,y]` of responses.

        Missing tokens have -inf; a prefix of probability 0 has logits 0 at the tokens that exist.
        """
        mass = np.zeros((self.X, self.S, self.K))
        for h in range(self.H):
            on = self.paths[:, h] >= 0
            for x in range(self.X):
                np.add.at(mass[x], (self.paths[on, h], self.tokens[on, h]), law[x, on])
        total = mass.sum(axis=-1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(total > 0, np.log(mass) - np.log(total), np.where(self.after != -1, 0.0, -np.inf))
        return logs.reshape(-1, self.K)


def _expect_distinct(key, ends, longer):
    """Refuse two equal sequences, and one that is the beginning of another."""
    own = key[ends]
    values, count = np.unique(own, return_counts=True)
    wrong = np.concatenate([values[count > 1], np.intersect1d(values, longer)])
    if wrong.size:
        y = int(np.flatnonzero(ends & (key == wrong[0]))[0])
        what = "equals another response" if (count > 1).any() else "is the beginning of another response"
        raise InvalidModel(f"tokens[{y}] {what}; expected sequences of which none continues another")
