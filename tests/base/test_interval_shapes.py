"""Intervals of dimension 0, and the shapes of intervals."""

import numpy as np
import pytest
from tools.intervals import AROUND

from mdpkit.base.arrays import objects
from mdpkit.base.interval import How, Interval

METHODS = {
    "exact": lambda X: X.exact is (X.how == "exact"),
    "shape": lambda X: X.shape == (),
    "ndim": lambda X: X.ndim == 0,
    "mid": lambda X: type(X.mid) is float,
    "width": lambda X: type(X.width) is float,
    "reshape": lambda X: X.reshape(1).shape == (1,) and X.reshape(1, 1).shape == (1, 1) and X.reshape(()).shape == (),
    "T": lambda X: X.T.shape == (),
    "max": lambda X: X.max().shape == () and X.max().contains(X),
    "min": lambda X: X.min().shape == () and X.min().contains(X),
    "sum": lambda X: X.sum().shape == () and X.sum().contains(X),
    "contains": lambda X: X.contains(X),
    "enclose": lambda X: X.enclose().contains(X) and X.enclose().shape == () and not X.enclose().exact,
    "lower": lambda X: isinstance(X.lower, np.ndarray) and X.lower.shape == (),
    "upper": lambda X: isinstance(X.upper, np.ndarray) and X.upper.shape == (),
    "how": lambda X: X.how in How.__members__,
}
SCALARS = {name: X for name, X in AROUND.items() if X.shape == ()}


def test_every_public_member_is_tried_at_dimension_0():
    assert {name for name in vars(Interval) if not name.startswith("_")} == set(METHODS)


@pytest.mark.parametrize(
    "X", [*SCALARS.values(), Interval(objects(["1/3", 2]))[0], Interval(objects([["1/3", 2]])).sum()], ids=repr
)
def test_dimension_0_goes_through_everything(X):
    assert [name for name in METHODS if not METHODS[name](X)] == []
    results = [
        X + X,
        X - X,
        X * X,
        X / X,
        X**2,
        X**3,
        -X,
        abs(X),
        X + 1,
        1 - X,
        2 * X,
        1 / X,
        X[()],
        X[...],
        X[None][0],
        X.reshape(1)[0],
    ]
    for result in results:
        assert isinstance(result, Interval)
        assert result.shape == ()
        assert isinstance(result.lower, np.ndarray)
        assert result.exact == X.exact
    assert (X[None]).shape == (1,)
    assert repr(X).startswith("Interval(")
    with pytest.raises(TypeError, match="no length"):
        len(X)
    with pytest.raises(TypeError, match="no length"):
        iter(X)


def test_arrays_are_indexed_transposed_and_walked_like_their_ends():
    for how, ends in (("exact", objects([[1, 2, 3], [4, 5, 6]])), ("float", np.arange(6.0).reshape(2, 3))):
        X = Interval(ends, how=how)
        assert (len(X), X.ndim, X.T.shape, X.reshape(3, 2).shape) == (2, 2, (3, 2), (3, 2))
        for key in (
            0,
            (0, 1),
            slice(1),
            (..., 0),
            (None, 1),
            [1, 0],
            np.array([[True, False, True], [False, True, False]]),
        ):
            assert np.array_equal(X[key].lower, ends[key])
        assert [row.shape for row in X] == [(3,), (3,)]
        assert X.max(axis=0).shape == (3,)
        assert X.sum(axis=(0, 1)).shape == ()
        assert "shape=(2, 3)" in repr(X)


@pytest.mark.parametrize("how", ["exact", "float"])
def test_nothing_sums_to_zero_and_has_no_largest_entry(how):
    X = Interval(objects([]) if how == "exact" else np.zeros(0), how=how)
    assert X.sum().contains(0)
    assert X.width == 0
    with pytest.raises(ValueError, match="zero-size"):
        X.max()
