"""Control problems on a box of states: continuous dynamics in discrete time."""

from collections.abc import Callable
from dataclasses import KW_ONLY

import numpy as np

from ..base.arrays import freeze, is_exact
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import any_exact, numbers
from ..base.types import Array, FilledArray, Scalar, record
from .horizon import Discounted, Finite, fit_horizon


@record(eq=False, repr=False)
class ContinuousProblem:
    """Deterministic control problem on a box, with either a reward to maximise or a safety margin to keep.

    Args:
        step: `step(x, u)`, the states `[b,i]` after `dt`, for states `x[b,i]` and controls `u[b,j]`.
        low, high: corners of the box of states, `[i]`.
        control_low, control_high: corners of the box of controls, `[j]`.
        reward: `reward(x, u)`, `[b]`, per step over `horizon`. Or
        margin: `margin(x)`, `[b]`, negative on failure; the value is the largest achievable minimum margin over time.
        horizon: `Finite(H)` or `Discounted(gamma)` with a reward; None with a margin, whose horizon is infinite.
        outside: `outside(x)`, `[b]`: a step out of the box terminates with this reward (margin) from there on. If
            omitted, states are clamped to the box, which changes the dynamics.
        periodic: `[i]`, True where an axis is a circle: `high` is the same place as `low`.
        dt: seconds of one step.
        start_low, start_high: box of the uniform initial distribution; the whole box if omitted.

    The functions receive rationals if `low` is rational, else floats.

    Raises: InvalidModel for inconsistent corners, an empty box, both or neither of reward and margin, or an unsuitable
    horizon.

    >>> from mdpkit.model import Discounted
    >>> ContinuousProblem(
    ...     lambda x, u: x / 2 + u, [-1], [1], [0], [1], reward=lambda x, u: -x[:, 0] ** 2, horizon=Discounted(0.9)
    ... )
    ContinuousProblem(1 state, 1 control, clamped, Discounted(gamma=0.9))
    """

    step: Callable
    low: Array
    high: Array
    control_low: Array
    control_high: Array
    _: KW_ONLY
    reward: Callable | None = None
    margin: Callable | None = None
    horizon: Finite | Discounted | None = None
    outside: Callable | None = None
    periodic: FilledArray = None
    dt: Scalar = 1
    start_low: FilledArray = None
    start_high: FilledArray = None

    def __post_init__(self) -> None:
        if proposing():
            return self._trust()
        if (self.reward is None) == (self.margin is None):
            raise InvalidModel(
                f"{'neither' if self.reward is None else 'both'} of reward and margin are given; expected exactly one"
            )
        if not isinstance(self.horizon, Finite | Discounted if self.margin is None else type(None)):
            raise InvalidModel(
                f"horizon is {self.horizon!r}; expected Finite(H) or Discounted(gamma), beside a margin None"
            )
        ends = {"low": "i", "high": "i", "control_low": "j", "control_high": "j", "start_low": "i", "start_high": "i"}
        given = {name: getattr(self, name) for name in ends}
        given["start_low"], given["start_high"] = (
            given[box] if given[name] is None else given[name]
            for name, box in (("start_low", "low"), ("start_high", "high"))
        )
        exact = any_exact(*given.values())
        given = {name: numbers(name, value, exact, ends[name]) for name, value in given.items()}
        for lower, upper, strict in (
            ("low", "high", True),
            ("control_low", "control_high", False),
            ("start_low", "start_high", False),
        ):
            _expect_box(lower, given[lower], upper, given[upper], strict)
        inside = (given["start_low"] >= given["low"]) & (given["start_high"] <= given["high"])
        if given["start_low"].shape != given["low"].shape or not inside.all():
            raise InvalidModel(
                f"start_low and start_high are {given['start_low']} and {given['start_high']}; expected a box inside the box"
            )
        periodic = np.zeros(len(given["low"]), dtype=bool) if self.periodic is None else np.array(self.periodic)
        if periodic.dtype != bool or periodic.shape != given["low"].shape:
            raise InvalidModel(
                f"periodic has dtype {periodic.dtype} and shape {periodic.shape}; expected one bool an axis of {given['low'].shape}"
            )
        horizon = self.horizon if self.horizon is None else fit_horizon(self.horizon, exact)
        for name, value in {**given, "periodic": periodic, "horizon": horizon}.items():
            object.__setattr__(self, name, freeze(value) if isinstance(value, np.ndarray) else value)

    def _trust(self):
        still = np.zeros(len(self.low), dtype=bool) if self.periodic is None else self.periodic
        starts = (
            end if start is None else start for start, end in ((self.start_low, self.low), (self.start_high, self.high))
        )
        for name, value in zip(("start_low", "start_high", "periodic"), (*starts, still), strict=True):
            object.__setattr__(self, name, value)

    @property
    def exact(self) -> bool:
        """Whether the box is rational."""
        return is_exact(self.low)

    def confine(self, x: np.ndarray) -> np.ndarray:
        """Map states `[b,i]` into the box: modulo the period on periodic axes, else clamped."""
        turns = (
            np.floor_divide(x - self.low, self.high - self.low)
            if not self.exact
            else _floor((x - self.low) / (self.high - self.low))
        )
        return np.where(
            self.periodic, x - turns * (self.high - self.low), np.minimum(np.maximum(x, self.low), self.high)
        )

    def leaves(self, x: np.ndarray) -> np.ndarray:
        """`[b]`, True where a state lies outside the box on a non-periodic axis."""
        return np.asarray(((x < self.low) | (x > self.high)) & ~self.periodic, dtype=bool).any(axis=-1)

    def __repr__(self):
        states, controls = (
            f"{len(array)} {word}{'s' * (len(array) > 1)}"
            for array, word in ((self.low, "state"), (self.control_low, "control"))
        )
        edges = "clamped" if self.outside is None else "ends outside"
        return f"ContinuousProblem({states}, {controls}, {edges}, {'margin' if self.horizon is None else self.horizon})"


def _floor(array):
    return np.vectorize(lambda number: number.floor(), otypes=[object])(array)


def _expect_box(lower, low, upper, high, strict):
    if low.shape != high.shape or low.size == 0:
        raise InvalidModel(
            f"{lower} and {upper} have shapes {low.shape} and {high.shape}; expected the same, of at least one axis"
        )
    wrong = np.asarray(low >= high if strict else low > high, dtype=bool)
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        raise InvalidModel(
            f"{lower}[{k}] is {low[k]} and {upper}[{k}] is {high[k]}; expected {'less' if strict else 'at most as much'}"
        )
