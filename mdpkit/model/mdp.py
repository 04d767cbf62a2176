"""Finite Markov decision processes: dense, time-varying or sparse."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from ..base.arrays import bare, freeze, is_part_of_frozen, objects
from ..base.errors import InvalidModel
from ..base.markup import Symbol
from ..base.mode import proposing
from ..base.record import Record, any_exact, at, distributions, field_array, numbers, texts
from ..base.shown import MOST, Table, tabulate
from ..base.tolerance import ROW_SUM
from ..base.types import Array, FilledArray, Names, Number, OptionalArray, OptionalNames, record
from ..kernels.rows import examine, narrow
from . import _functions, _gymnasium
from .dense import LARGE, copy_law, largest_defect
from .horizon import Finite, Horizon, fit_horizon, horizon_text
from .mistaken import refuse_other_layouts

LAW, REWARD = ("san", "tsan"), ("sa", "tsa")
"""The axes that P and r may have."""

MOST_TARGETS = 6
"""Largest number of successors shown for an action."""


@record(eq=False, repr=False)
class MDP(Record):
    """Finite Markov decision process.

    Args:
        P: transition law `P[s,a,n]`, time-varying `P[t,s,a,n]`, or a scipy CSR matrix of shape (S*A, S), row s*A+a.
        r: reward `r[s,a]` or `r[t,s,a]`.
        rho: initial distribution `rho[s]`; uniform if omitted.
        horizon: `Finite(H)`, `Discounted(gamma)`, `Average()` or `Total()`.
        mask: `mask[s,a]`, True where the action exists; masked entries of P and r are ignored and stored as 0.
        state_names, action_names: one text per state and action.

    The record is rational if P, r or rho holds rationals, else float64. Float rows may sum to 1 within 1e-9 and
    then mean the row divided by its sum, which every bound takes into account.

    Raises: InvalidModel naming the entry or row, its value and what was expected.

    >>> from mdpkit.model import MDP, Finite
    >>> MDP([[[0, 1], [1, 0]], [[0, 1], [0, 1]]], [[0, 1], [0, 0]], horizon=Finite(2))
    MDP(S=2, A=2, Finite(H=2), float, 4 transitions)
    """

    laws = ("P", "rho")
    axes: ClassVar = {"rho": "s"}
    # w[n] and P w `[s,a]` for some w, where the check of a large dense law found the product
    outlook: ClassVar[tuple[np.ndarray, np.ndarray] | None] = None

    P: Array
    r: Array
    rho: FilledArray = None
    _: KW_ONLY
    horizon: Horizon
    mask: OptionalArray = None
    state_names: OptionalNames = None
    action_names: OptionalNames = None

    def __post_init__(self) -> None:
        if proposing():
            return self._trust()
        refuse_other_layouts(self.P, self.r, self.horizon)
        sparse = hasattr(self.P, "tocsr")
        exact = any_exact(None if sparse else self.P, self.r, self.rho)
        if sparse and exact:
            raise InvalidModel("P is sparse, so float64, while r or rho is rational; give a dense rational P or floats")
        given = None if self.mask is None else field_array("mask", self.mask, "sa")
        r = numbers("r", blank_missing("r", self.r, given, REWARD), exact, REWARD)
        S, A = r.shape[-2:]
        if S == 0 or A == 0:
            raise InvalidModel(f"r has shape {r.shape}; expected at least one state and one action")
        mask = _mask(given, S, A)
        P, facts, outlook = _csr(self.P, S, A, mask) if sparse else _dense(self.P, exact, r, mask)
        rho = numbers("rho", _uniform(S, exact) if self.rho is None else self.rho, exact, "s")
        if rho.shape != (S,):
            raise InvalidModel(f"rho has shape {rho.shape}; expected ({S},), one entry a state")
        distributions("rho", rho, ROW_SUM)
        horizon = fit_horizon(self.horizon, exact)
        for name, array, still in (("P", P, 3), ("r", r, 2)):
            if not sparse or name == "r":
                _steps(name, array, still, horizon)
        self._set(P=P, r=r, rho=rho, horizon=horizon, mask=mask)
        if facts:
            self.__dict__["row_facts"] = facts
        self.__dict__["outlook"] = outlook
        self._set(
            state_names=texts("state_names", self.state_names, S),
            action_names=texts("action_names", self.action_names, A),
        )

    def _trust(self):
        P, r = (bare(x, float) for x in (self.P, self.r))
        rho = np.full(P.shape[-1], 1 / P.shape[-1]) if self.rho is None else bare(self.rho, float)
        self._set(P=P, r=r, rho=rho)

    def _with_reward(self, r) -> "MDP":
        """This problem with another reward, which the caller has checked."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__ | {"r": bare(r) if proposing() else freeze(r)})
        return other

    # ---- where it comes from
    @classmethod
    def from_functions(
        cls,
        states: Iterable[Any],
        actions: Iterable[Any] | Callable[[Any], Iterable[Any]],
        transition: Callable[[Any, Any], Mapping[Any, Number]],
        reward: Callable[[Any, Any], Number],
        *,
        horizon: Horizon,
        start: Mapping[Any, Number] | None = None,
        sparse: bool = False,
    ) -> "MDP":
        """Build a problem from functions of named states and actions.

        Args:
            states: the states in order, each a dictionary key; their texts become `state_names`.
            actions: the actions in order; or a function that returns those available in a state.
            transition: `transition(state, action)`, a mapping from next states to probabilities.
            reward: `reward(state, action)`.
            horizon: `Finite(H)`, `Discounted(gamma)`, `Average()` or `Total()`.
            start: a mapping from states to probabilities; uniform if omitted.
            sparse: P as a CSR matrix, for floats only.

        The problem is rational if no float appears (integers, Fractions, "p/q"), else float64.

        Raises: InvalidModel naming the state and action, the returned value and what was expected.

        >>> from mdpkit.model import MDP, Discounted
        >>> def step(place, move):
        ...     return {"shore": 1} if move == "wait" else {"shore": "1/3", "sea": "2/3"}
        >>> places, moves = ["shore", "sea"], ["wait", "swim"]
        >>> MDP.from_functions(places, moves, step, lambda place, move: place == "sea", horizon=Discounted("9/10"))
        MDP(S=2, A=2, Discounted(9/10), rational, 6 transitions)
        """
        return _functions.process_from_functions(
            cls, states, actions, transition, reward, horizon=horizon, start=start, sparse=sparse
        )

    @classmethod
    def from_gymnasium(
        cls,
        environment: Any,
        *,
        horizon: Horizon,
        state_names: Names | None = None,
        action_names: Names | None = None,
        **options: Any,
    ) -> "MDP":
        """Build the problem of a gymnasium environment's transition table, with its state and action indices.

        Args:
            environment: an id such as "FrozenLake-v1", or an environment; it must have a table `P[state][action]`.
            horizon: `Finite(H)`, `Discounted(gamma)`, `Average()` or `Total()`; a step limit is not part of the table.
            state_names, action_names: texts; known for FrozenLake, CliffWalking and Taxi.
            options: for `gymnasium.make`, such as map_name="8x8".

        A float distribution becomes rational if its rationals are identified: if fractions with denominators up to
        1000, each within a few roundings of its number, sum to exactly 1 (0.33333333333333337 is read as 1/3), or if
        the decimals as written do. Rewards are read as decimals. If some distribution is not identified, or the law has
        more than 2^22 entries, the whole problem is float64. Changed numbers are logged at INFO.

        Terminal states become absorbing with reward 0. If one of them is also an initial state, or entered within an
        episode, terminal states stay as they are, and termination leads to an additional absorbing state, the last one.

        Raises: InvalidModel if there is no such environment, it has no table, or an entry of the table is invalid; also
            if
        the environment's steps do not follow its table: Taxi with `fickle_passenger=True`, and environments in a
        wrapper that may change rewards, actions, observations or dynamics.
        Source: gymnasium, in the extra `io`.

        >>> from mdpkit.model import MDP, Discounted
        >>> MDP.from_gymnasium("FrozenLake-v1", map_name="8x8", horizon=Discounted("99/100"))
        MDP(S=64, A=4, Discounted(99/100), rational, 674 transitions)
        """
        names = {"state_names": state_names, "action_names": action_names}
        return _gymnasium.from_gymnasium(cls, environment, horizon=horizon, **names, **options)

    # ---- what it is
    @property
    def S(self) -> int:
        return self.r.shape[-2]

    @property
    def A(self) -> int:
        return self.r.shape[-1]

    @property
    def sparse(self) -> bool:
        return hasattr(self.P, "tocsr")

    def to_exact(self) -> Self:
        """The rational problem represented by the floats, as for other records; a sparse law becomes a dense one."""
        if not self.sparse:
            return super().to_exact()
        return replace(self, P=self.P.toarray().reshape(self.S, self.A, self.S)).to_exact()

    @property
    def available(self) -> np.ndarray:
        """`mask`, or True everywhere."""
        return np.ones((self.S, self.A), dtype=bool) if self.mask is None else self.mask

    def sizes(self) -> dict:
        finite = {"H": self.horizon.H} if isinstance(self.horizon, Finite) else {}
        return {**finite, "S": self.S, "A": self.A}

    @cached_property
    def defect(self) -> float:
        """Largest deviation of a float row's sum from 1."""
        if self.exact:
            return 0.0
        return self.row_facts.off + self.row_facts.longest * 2.0**-52

    @cached_property
    def row_facts(self) -> "RowFacts":
        """Facts of a float law, at every step."""
        return row_facts(self.P, self.mask)

    def _axis_names(self):
        return {"s": self.state_names, "a": self.action_names}

    def _tables(self):
        return _transitions(self), tabulate("rho", self.rho, "s", self._axis_names())

    def __repr__(self):
        kind = "rational" if self.exact else "float"
        count = self.P.nnz if self.sparse else int((self.P != 0).sum())
        return f"MDP(S={self.S}, A={self.A}, {horizon_text(self.horizon)}, {'sparse ' if self.sparse else ''}{kind}, {count} transitions)"


def _transitions(problem) -> Table:
    """The first rows of P and r, for display."""
    P, r = None if problem.sparse else stepwise(problem.P, 3), stepwise(problem.r, 2)
    steps, pairs = max(len(r), 1 if P is None else len(P)), np.argwhere(problem.available).tolist()
    names = problem._axis_names()

    def name_of(letter, k):
        return names[letter][k] if names[letter] else Symbol(letter, k)

    rows = []
    for k in range(min(MOST, steps * len(pairs))):
        t, (s, a) = k // len(pairs), pairs[k % len(pairs)]
        row = problem.P[[s * problem.A + a]].toarray()[0] if P is None else P[t % len(P), s, a]
        targets = np.flatnonzero(row).tolist()
        law = [name_of("s", n) if row[n] == 1 else (row[n], name_of("s", n)) for n in targets[:MOST_TARGETS]]
        when = (str(t),) if steps > 1 else ()
        rows.append(
            (*when, name_of("s", s), name_of("a", a), r[t % len(r), s, a], law + [None] * (len(targets) > MOST_TARGETS))
        )
    heads = (*(["step"] if steps > 1 else []), "state", "action", "reward", "leads to")
    left = steps * len(pairs) - len(rows)
    return Table("", heads, tuple(rows), f"{left} more rows are not shown" if left else "")


def blank_missing(name, array, mask, axes, after=0):
    """`array` with the entries of missing actions, which are ignored, set to 0."""
    if mask is None or mask.dtype != bool:
        return array
    array = field_array(name, array, axes).copy()
    if array.shape[array.ndim - after - 2 : array.ndim - after] == mask.shape:
        array[(Ellipsis, *np.nonzero(~mask), *[slice(None)] * after)] = 0
    return array


def _mask(mask, S, A):
    if mask is None:
        return None
    if mask.dtype != bool or mask.shape != (S, A):
        raise InvalidModel(f"mask has dtype {mask.dtype} and shape {mask.shape}; expected bool of shape ({S}, {A})")
    if not mask.any(axis=1).all():
        raise InvalidModel(
            f"state {int(np.flatnonzero(~mask.any(axis=1))[0])} has no action: its row of mask is all False"
        )
    return None if mask.all() else mask


def _dense(P, exact, r, mask):
    """A checked dense law; its row facts and its product with some w, if they were found on the way."""
    S, A = r.shape[-2:]
    P = field_array("P", blank_missing("P", P, mask, LAW, after=1), LAW)
    fits = P.ndim in map(len, LAW) and P.shape[-3:] == (S, A, S)
    if fits and not exact and P.dtype == np.float64 and P.size >= LARGE:
        best = r if mask is None else np.where(mask, r, -np.inf)
        w = center(best.max(axis=-1)) if r.ndim == 2 and P.ndim == 3 else np.zeros(S)
        found = copy_law(P, mask, w)
        if found:
            P, off, products = found
            return P, RowFacts(S, off, S - 1), (w, products) if w.any() else None
    P = numbers("P", P, exact, LAW)
    if not fits:
        raise InvalidModel(f"P has shape {P.shape}; expected (..., {S}, {A}, {S}) beside r of shape {r.shape}")
    distributions("P", P, ROW_SUM, mask)
    return P, None, None


def center(w):
    """w less the middle of its range."""
    return w - (w.max() / 2 + w.min() / 2)


def _uniform(S, exact):
    return objects([f"1/{S}"] * S) if exact else np.full(S, 1 / S)


def _csr(P, S, A, mask):
    """A checked copy of P as CSR with sorted rows; its row facts where nothing had to be changed; and None."""
    import scipy.sparse

    given = P if type(P) is scipy.sparse.csr_array else scipy.sparse.csr_array(P)
    if given.dtype.kind not in "biuf":
        raise InvalidModel(f"P holds {given.dtype}, not real numbers")
    indices, starts = (_narrow(given, part) for part in (given.indices, given.indptr))
    data = given.data
    if given.dtype != np.float64 or not is_part_of_frozen(data):
        data = data.astype(np.float64)
    P = scipy.sparse.csr_array((data, indices, starts), shape=given.shape)
    if P.shape != (S * A, S):
        raise InvalidModel(f"P has shape {P.shape}; expected ({S * A}, {S}), row s*A+a, beside r of shape ({S}, {A})")
    fits, *facts = _examine(P)
    facts = RowFacts(*facts)
    if clean := mask is None and fits and facts.off <= ROW_SUM:
        P.has_canonical_format = True
    else:
        _expect_subscripts(given)
        P = P.copy()  # what is frozen stays as it is
        _tidy(P, A, np.ones(S * A, dtype=bool) if mask is None else mask.ravel())
    for part in (P.data, P.indices, P.indptr):
        part.flags.writeable = False
    return P, facts if clean else None, None


def _narrow(P, integers):
    """A copy of row or column numbers of a CSR matrix, in 32 bits if they fit; those numbers themselves if frozen."""
    width = np.int32 if P.nnz < 2**31 else np.int64
    if integers.dtype == np.int64 and width is np.int32:
        narrower, fits = narrow(np.ascontiguousarray(integers), min(max(P.shape[1], P.nnz + 1), 2**31))
        if fits:
            return narrower.view(np.int32)
    if is_part_of_frozen(integers) and integers.dtype == width:
        return integers
    if integers.dtype.itemsize > 4:
        _expect_subscripts(P)
    return integers.astype(width)  # a copy


def _expect_subscripts(P):
    """Raise InvalidModel if a row or column number of a CSR matrix is outside it."""
    try:
        P.check_format(full_check=True)
    except ValueError as error:
        raise InvalidModel(f"P is no valid CSR matrix: {error}") from error


def _examine(P) -> tuple[bool, int, float, int]:
    """What `kernels.rows.examine` says of a CSR matrix."""
    return examine(P.data, as_uint32(P.indices), as_uint32(P.indptr), P.shape[1])


class RowFacts(NamedTuple):
    """Of a float law.

    Attributes:
        longest: the largest number of entries of a row.
        off: the largest |sum - 1| of the rows that exist.
        half: the largest |n - s| of a transition from s to n.
    """

    longest: int
    off: float
    half: int


def row_facts(P, mask) -> RowFacts:
    if not hasattr(P, "tocsr"):
        return RowFacts(P.shape[-1], largest_defect(P, mask), P.shape[-1] - 1)
    _, longest, off, half = _examine(P)
    if mask is not None:
        off = float(np.abs(np.asarray(P.sum(axis=1)).ravel()[mask.ravel()] - 1).max())
    return RowFacts(longest, off, half)


def as_uint32(indices):
    """Indices for the kernels, without a copy where they have 32 bits."""
    return indices.view(np.uint32) if indices.dtype.itemsize == 4 else indices.astype(np.uint32)


def _tidy(P, A, present):
    """Sort the rows, add up duplicates, drop zeros and the rows that are not present; and check what remains."""
    with np.errstate(over="ignore"):
        P.sum_duplicates()
    rows = np.repeat(np.arange(P.shape[0]), np.diff(P.indptr))
    P.data[~present[rows]] = 0
    P.eliminate_zeros()
    rows = np.repeat(np.arange(P.shape[0]), np.diff(P.indptr))
    for wrong, words in (
        (~np.isfinite(P.data), "every entry must be finite"),
        (P.data < 0, "a probability is at least 0"),
    ):
        if wrong.any():
            k = int(np.flatnonzero(wrong)[0])
            where = (*(int(i) for i in divmod(rows[k], A)), int(P.indices[k]))
            raise InvalidModel(f"{at('P', where)} is {P.data[k]}; {words}")
    with np.errstate(over="ignore"):
        sums = np.asarray(P.sum(axis=1)).ravel()
    off = (abs(sums - 1) > ROW_SUM) & present
    if off.any():
        k = int(np.flatnonzero(off)[0])
        where = tuple(int(i) for i in divmod(k, A))
        raise InvalidModel(f"{at('P', where)} sums to {sums[k]:.12g}, not 1 (off by {abs(sums[k] - 1):.1e})")


def _steps(name, array, still, horizon):
    """Check that a leading time axis has the length of a finite horizon."""
    if array.ndim == still:
        return
    if not isinstance(horizon, Finite):
        raise InvalidModel(
            f"{name} varies with time (shape {array.shape}); {type(horizon).__name__} needs it stationary"
        )
    if len(array) != horizon.H:
        raise InvalidModel(f"{name} has {len(array)} steps (shape {array.shape}); the horizon has {horizon.H}")


def at_step(P: np.ndarray, t: int) -> np.ndarray:
    """The transition law of step t, `[s,a,n]`, or the whole matrix of a sparse law, which is the same at every step.

    Args: P: `P[s,a,n]`, time-varying `P[t,s,a,n]`, or a CSR matrix of shape (S*A, S); for a game, with j in place of a.
        t: the step, from 0 on.
    Raises: InvalidModel where a time-varying law has no step t.

    >>> P = np.array([[[[0.0, 1.0]], [[1.0, 0.0]]], [[[1.0, 0.0]], [[1.0, 0.0]]]])
    >>> at_step(P, 0)[0], at_step(P, 1)[0], at_step(P[0], 1)[0]
    (array([[0., 1.]]), array([[1., 0.]]), array([[0., 1.]]))
    """
    if hasattr(P, "tocsr") or P.ndim == 3:
        return P
    if not 0 <= t < len(P):
        raise InvalidModel(f"P has no step {t}; expected 0 to {len(P) - 1}")
    return P[t]


def stepwise(array, still):
    """A view with a leading time axis, of length 1 if stationary: kernels index it by t % length."""
    return array if array.ndim > still else array[None]
