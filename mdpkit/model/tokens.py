"""Token-level preference problems: responses are paths through prefixes."""

from collections.abc import Sequence
from dataclasses import KW_ONLY
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..base.arrays import bare, like
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, at, defect, distributions, field_array, numbers, texts
from ..base.tolerance import ROW_SUM
from ..base.types import Array, OptionalArray, OptionalNames, Scalar, record
from .policy import Policy, TabularPolicy
from .preference import PreferenceProblem, bare_number, positive_number

MISSING = -1
"""The `next` of a token that does not exist in a state."""
MOST_RESPONSES = 100_000
"""Largest number of responses that are listed."""


@record(eq=False, repr=False)
class TokenProblem(Record):
    """Responses to one prompt, written token by token, with a KL penalty to a reference policy.

    J(pi) = E_pi sum over the tokens of a response of [ r(s,a) - beta KL(pi(.|s) || reference(.|s)) ].

    States are prefixes in an order in which each comes after the prefixes that it continues; state 0 is the prompt.
    In a tree every state is reached by one token only. Where states merge, such as the prefixes that end in the same
    two tokens, policies and rewards do not see which prefix it was, and the states form a directed acyclic graph.

    Args:
        next: `next[s,a]`, the state after token a: above s; S, the number of states, if the response ends there; -1
            if the token does not exist in s.
        reference: `reference[s,a]`, the policy that fine-tuning starts from, 0 at missing tokens.
        reward: `reward[s,a]` of a token. The reward of a response is the sum over its tokens, and responses are
            compared by Bradley-Terry.
        weights: `weights[s,a]` = e^(r/beta) > 0, instead of `reward`. If they are rational, so is the optimal policy.
        beta: KL coefficient, above 0.
        token_names: one text per token.

    Entries of reward and weights at missing tokens are replaced by 0 and 1. Policies are TabularPolicy with
    `table[s,a]`.

    Raises: InvalidModel naming the entry, its value and what was expected: a successor that does not come later, a
        state that no token reaches, a reference that gives a missing token positive probability, unequal shapes.

    >>> from mdpkit.base.arrays import objects
    >>> halves = objects([["1/2", "1/2"]] * 2)
    >>> TokenProblem([[1, 2], [2, 2]], halves, weights=objects([[1, 1], [1, 3]]))
    TokenProblem(S=2, A=2, 3 responses, tree, weights, beta=1, rational)
    """

    laws = ("reference",)
    axes: ClassVar = dict.fromkeys(("next", "reference", "reward", "weights"), "sa")

    next: Array
    reference: Array
    _: KW_ONLY
    reward: OptionalArray = None
    weights: OptionalArray = None
    beta: Scalar = 1
    token_names: OptionalNames = None

    def __post_init__(self) -> None:
        if proposing():
            return self._trust()
        if (self.reward is None) == (self.weights is None):
            given = "neither" if self.reward is None else "both"
            raise InvalidModel(f"{given} of reward and weights are given; expected exactly one of them")
        kind = "reward" if self.weights is None else "weights"
        following = _successors(self.next)
        exact = any_exact(self.reference, getattr(self, kind))
        reference = numbers("reference", self.reference, exact, "sa")
        given = numbers(kind, getattr(self, kind), exact, "sa")
        for name, array in (("reference", reference), (kind, given)):
            if array.shape != following.shape:
                raise InvalidModel(
                    f"{name} has shape {array.shape}; expected {following.shape} beside next of that shape"
                )
        distributions("reference", reference, ROW_SUM)
        missing = following == MISSING
        _refuse("reference", reference, np.asarray(reference != 0) & missing, "the token is missing there, so it is 0")
        if kind == "weights":
            _refuse("weights", given, np.asarray(given <= 0) & ~missing, "a weight e^(r/beta) is above 0")
        given = np.where(missing, like(0 if kind == "reward" else 1, given), given)
        values = {"next": following, "reference": reference, kind: given, "beta": positive_number(self.beta, exact)}
        self._set(**values, token_names=texts("token_names", self.token_names, following.shape[1]))

    def _trust(self):
        values = {name: getattr(self, name) for name in ("reference", "reward", "weights")}
        values = {name: None if value is None else bare(value, float) for name, value in values.items()}
        self._set(next=np.asarray(self.next, dtype=np.int64), **values, beta=bare_number(self.beta))

    @property
    def S(self) -> int:
        return self.next.shape[0]

    @property
    def A(self) -> int:
        return self.next.shape[1]

    @property
    def available(self) -> np.ndarray:
        """`[s,a]`, True where the token exists."""
        return self.next != MISSING

    @property
    def support(self) -> np.ndarray:
        """`[s,a]`, True on the reference's support."""
        return self.reference != 0

    def sizes(self) -> dict:
        return {"S": self.S, "A": self.A}

    @cached_property
    def defect(self) -> float:
        """Largest deviation of a float row of the reference from 1."""
        return defect(self.reference)

    # ---- prefixes and responses
    @cached_property
    def is_tree(self) -> bool:
        """Whether every state is reached by one token only, so that it determines its prefix."""
        return bool((self._arrivals == 1).all())

    @cached_property
    def _arrivals(self):
        return np.bincount(self.next[(self.next > 0) & (self.next < self.S)], minlength=self.S)[1:]

    def expect_tree(self, what: str) -> None:
        """Check that no states merge.

        Raises: InvalidModel naming a state that several tokens reach, and what needs a tree.
        """
        if not self.is_tree:
            n = int(np.argmax(self._arrivals > 1)) + 1
            (s, a), (other, b), *_ = np.argwhere(self.next == n).tolist()
            raise InvalidModel(
                f"state {n} is reached by token {a} of state {s} and by token {b} of state {other}; {what} needs a tree"
            )

    @cached_property
    def parents(self) -> np.ndarray:
        """`[s,2]`, the state and token that lead to each state of a tree; -1 and -1 for the prompt.

        Raises: InvalidModel where states merge.
        """
        self.expect_tree("the last token of a prefix")
        found = np.full((self.S, 2), -1)
        inner = np.argwhere((self.next > 0) & (self.next < self.S))
        found[self.next[tuple(inner.T)]] = inner
        return found

    @cached_property
    def depth(self) -> np.ndarray:
        """`[s]`, the number of tokens of each prefix of a tree.

        Raises: InvalidModel where states merge.
        """
        parents, found = self.parents[:, 0], np.zeros(self.S, dtype=np.int64)
        for s in range(1, self.S):
            found[s] = found[parents[s]] + 1
        return found

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """`[s]`, the number of continuations of each state to a whole response."""
        found = [0] * self.S + [1]
        for s in range(self.S - 1, -1, -1):
            found[s] = sum(found[n] for n in self.next[s].tolist() if n != MISSING)
        return tuple(found[:-1])

    @cached_property
    def responses(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Every response as the (state, token) pairs along it, in the lexicographic order of the tokens.

        Raises: InvalidModel if there are more than 100,000.
        """
        if self.counts[0] > MOST_RESPONSES:
            raise InvalidModel(f"there are {self.counts[0]} responses; expected at most {MOST_RESPONSES} to list them")
        paths, found = [[] for _ in range(self.S)], []
        paths[0].append(())
        for s, a in np.argwhere(self.next != MISSING).tolist():
            longer = [(*path, (s, a)) for path in paths[s]]
            (found if self.next[s, a] == self.S else paths[self.next[s, a]]).extend(longer)
        return tuple(sorted(found, key=lambda path: [a for _, a in path]))

    def along(self, array: np.ndarray) -> list[np.ndarray]:
        """The entries of `array[s,a]` along each response."""
        return [array[tuple(np.array(path).T)] for path in self.responses]

    def problem(self, data: "np.ndarray | None" = None) -> PreferenceProblem:
        """The same problem over whole responses: one prompt, and one response per path.

        Args: data: law `[y]` of the compared responses, in the order of `responses`; the reference's if omitted.
        Raises: InvalidModel if there are more than 100,000 responses.
        """
        if self.weights is None:
            given = {"reward": np.stack([each.sum() for each in self.along(self.reward)])[None]}
        else:
            given = {"weights": np.stack([each.prod() for each in self.along(self.weights)])[None]}
        reference = np.stack([each.prod() for each in self.along(self.reference)])[None]
        return PreferenceProblem(reference, **given, data=None if data is None else data[None], beta=self.beta)

    def _axis_names(self):
        return {"a": self.token_names}

    def __repr__(self):
        shape = "tree" if self.is_tree else "merged states"
        kind = "reward" if self.weights is None else "weights"
        number = "rational" if self.exact else "float"
        return (
            f"TokenProblem(S={self.S}, A={self.A}, {self.counts[0]} responses, {shape}, {kind}, beta={self.beta}, "
            f"{number})"
        )


def token_table(problem: TokenProblem, policy: Policy) -> np.ndarray:
    """The policy's `table[s,a]`, checked against a token problem.

    Raises: InvalidModel naming the shapes or the number kinds that differ, or the missing token that is played.
    """
    table = policy.table
    if proposing():
        return table
    if table.shape != problem.next.shape:
        raise InvalidModel(f"the policy has a table of shape {table.shape}; the problem has {problem.next.shape} [s,a]")
    if policy.exact != problem.exact:
        kinds = {True: "rational", False: "float"}
        raise InvalidModel(
            f"the policy is {kinds[policy.exact]} and the problem {kinds[problem.exact]}; convert one with .to_exact() "
            "or .to_float()"
        )
    _refuse("table", table, np.asarray(table != 0) & ~problem.available, "the token is missing there, so it is 0")
    return table


def response_policy(problem: TokenProblem, policy: Policy) -> TabularPolicy:
    """The law of whole responses under a policy of tokens, as a policy of `problem.problem()`."""
    table = token_table(problem, policy)
    law = np.stack([each.prod() for each in problem.along(table)])[None]
    return TabularPolicy(law if law.dtype == object or proposing() else law / law.sum())


def token_policy(problem: TokenProblem, law: np.ndarray | Sequence) -> TabularPolicy:
    """The token policy of a law of whole responses on a tree; prefixes of probability 0 follow the reference.

    Args: law: `[y]`, in the order of `responses`.
    Raises: InvalidModel where states merge, or if the law has another length.
    """
    problem.expect_tree("a policy of any law of responses")
    law = law if proposing() else like(law, problem.reference)
    if len(law) != len(problem.responses):
        raise InvalidModel(f"the law has {len(law)} entries; the problem has {len(problem.responses)} responses")
    through = [[[] for _ in range(problem.A)] for _ in range(problem.S)]
    for y, path in enumerate(problem.responses):
        for s, a in path:
            through[s][a].append(y)
    mass = np.stack([np.stack([law[np.array(y, dtype=int)].sum() + law[0] * 0 for y in row]) for row in through])
    total = mass.sum(axis=1)[:, None]
    return TabularPolicy(np.where(total == 0, problem.reference, mass / np.where(total == 0, total + 1, total)))


def _successors(given):
    following = field_array("next", given, "sa")
    if following.dtype.kind not in "iu" or following.ndim != 2 or following.size == 0:
        raise InvalidModel(
            f"next has dtype {following.dtype} and shape {following.shape}; expected integers next[s,a], at least one"
        )
    following = following.astype(np.int64)
    S = len(following)
    _refuse("next", following, (following < MISSING) | (following > S), f"expected a state up to {S - 1}, {S} or -1")
    early = (following <= np.arange(S)[:, None]) & (following != MISSING)
    _refuse("next", following, early, "a prefix grows, so that the next state is above its own")
    reached = np.isin(np.arange(1, S), following)
    if not reached.all():
        raise InvalidModel(f"state {int(np.argmin(reached)) + 1} is not reached by any token")
    return following


def _refuse(name, array, wrong, words):
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise InvalidModel(f"{at(name, where)} is {array[where]}; {words}")
