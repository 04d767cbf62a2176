"""Traced arrays answer as numpy does, inside a batch too, and refuse what hangs on values."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mdpkit.base.arrays import bare, like  # noqa: E402
from mdpkit.base.compiling import compiled  # noqa: E402
from mdpkit.base.errors import MdpkitError, NotTraceable  # noqa: E402
from mdpkit.base.interval import stack  # noqa: E402
from mdpkit.deep.gradients.traced import Traced  # noqa: E402
from mdpkit.kernels import finite  # noqa: E402

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(3, 2, 4)), RNG.random(size=(3, 2, 4)) + 0.5
SQUARE = RNG.normal(size=(3, 3)) + 3 * np.eye(3)

SAME = {
    "arithmetic": lambda x, y: (x + y) * 2 - x / y - (-x) + 1 / y,
    "absolute": lambda x, y: abs(x),
    "powers": lambda x, y: x**2 + y**0.5 + y**x,
    "maximum and minimum": lambda x, y: np.maximum(x, 0) + np.minimum(x, y),
    "exp, log and sqrt": lambda x, y: np.exp(x) + np.log(y) + np.sqrt(y),
    "comparisons": lambda x, y: np.where((x < y) & ~(x >= 0) | (x == 0), x, 1),
    "differ": lambda x, y: (x != 0) * y,
    "not a number": lambda x, y: np.where(np.isnan(np.log(x - 10)), y, x),
    "matmul": lambda x, y: x @ np.moveaxis(Y, 1, 2) + Y @ X.swapaxes(1, 2),
    "sums": lambda x, y: x.sum() + x.sum(axis=(1, 2), keepdims=True) + y.sum(axis=-1)[..., None],
    "extremes": lambda x, y: x.max() + y.min(axis=0) + x.max(axis=(0, 1), keepdims=True),
    "flags": lambda x, y: (x > 0).any(axis=1) * 1.0 + (y > 0.6).all() * 2.0,
    "a row by numbers": lambda x, y: x[np.array([2, 0]), :, np.array([[1, 3], [0, 0]])],
    "slices": lambda x, y: x[1:, None, ..., -1] + y[0, 1, 2],
    "a mask of numpy's": lambda x, y: x[np.array([True, False, True])],
    "stack": lambda x, y: np.stack([x, y], axis=1),
    "stacked": lambda x, y: stack([x.sum(), y.sum()]),
    "repeat": lambda x, y: np.repeat(x[:, None], 3, axis=1),
    "broadcast": lambda x, y: np.broadcast_to(x[:, :1], (5, 3, 2, 4)),
    "broadcast two": lambda x, y: np.broadcast_arrays(x, y[0])[1],
    "clip": lambda x, y: np.clip(x, -0.3, y),
    "solve": lambda x, y: np.linalg.solve(SQUARE, x[:, 0]) + np.linalg.solve(x[0, 0, 0] + SQUARE, y[:, 1]),
    "transpose and reshape": lambda x, y: x.T.reshape(8, 3) @ SQUARE,
    "integers divided": lambda x, y: y * ((x > 0).astype(int) / 2),
    "numpy first": lambda x, y: Y * x - np.float64(2) * y + np.arange(4) * x,
    "glue": lambda x, y: bare(x, float) + like(y, np.zeros(1)),
    "shape": lambda x, y: x * len(x) + x.ndim + x.size + y.shape[1] + np.ndim(x) + np.shape(y)[2],
    "one by one": lambda x, y: sum(part * k for k, part in enumerate(x)),
}


@pytest.mark.parametrize("f", SAME.values(), ids=SAME)
def test_it_answers_as_numpy_does(f):
    with np.errstate(all="ignore"):
        wanted = f(X, Y)
    found = f(Traced(torch.tensor(X)), Traced(torch.tensor(Y)))
    assert isinstance(found, Traced)
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found.tensor, wanted, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("f", SAME.values(), ids=SAME)
def test_inside_a_batch_axes_are_those_of_one_instance(f):
    scale = np.array([1.0, -0.5])
    with np.errstate(all="ignore"):
        wanted = [f(c * X, Y) for c in scale]
    found = torch.func.vmap(lambda c: f(Traced(c * torch.tensor(X)), Traced(torch.tensor(Y))).tensor)(
        torch.tensor(scale)
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-13)


def stored(x):
    out = np.zeros(3)
    out[:] = x[:, 0, 0]


REFUSED = {
    "a branch": lambda x: 1 if x[0, 0, 0] > 0 else 2,
    "the larger of two": lambda x: max(x[0, 0, 0], x[0, 0, 1]),
    "a number": lambda x: float(x.sum()),
    "an array": np.asarray,
    "stored into an array": stored,
    "indexed by its own flags": lambda x: x[x > 0],
    "its places": lambda x: np.flatnonzero(x > 0),
    "an unknown function": lambda x: np.linalg.svd(x),
    "an unknown ufunc": lambda x: np.arctan2(x, x),
    "a reduction": lambda x: np.add.reduce(x),
    "texts": lambda x: x + np.array(["a"]),
    "rationals": lambda x: x + np.array([None], dtype=object),
}


@pytest.mark.parametrize("f", REFUSED.values(), ids=REFUSED)
def test_what_hangs_on_values_is_refused(f):
    with pytest.raises(NotTraceable):
        f(Traced(torch.tensor(X)))
    assert issubclass(NotTraceable, MdpkitError)


def test_a_kernel_without_a_twin_is_named():
    lonely = compiled(lambda x: x, "f8[1] (f8[1])")
    lonely.__name__ = "_lonely"
    with pytest.raises(NotTraceable, match="kernel lonely has no torch counterpart"):
        lonely(Traced(torch.tensor(X)))


def test_a_kernel_is_answered_wherever_the_traced_argument_stands():
    P, r, pi = np.full((1, 2, 1, 2), 0.5), np.ones((1, 2, 1)), np.ones((1, 2, 1))
    found = finite.policy_value(P, r, Traced(torch.tensor(pi)), 3)
    np.testing.assert_allclose(found.tensor, finite.policy_value(P, r, pi, 3), rtol=1e-15)


def test_a_system_without_an_answer_is_not_a_number_and_stops_nobody_else():
    matrices = torch.tensor(np.stack([np.zeros((2, 2)), np.eye(2)]))
    found = torch.func.vmap(lambda a: np.linalg.solve(Traced(a), np.ones(2)).tensor)(matrices)
    assert torch.isnan(found[0]).all()
    assert torch.equal(found[1], torch.ones(2, dtype=torch.float64))
