"""Twins answer as the kernels do, and their derivatives are those of the kernels."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mdpkit.deep.gradients.recursions import TWINS, sharing  # noqa: E402
from mdpkit.kernels import backward, finite, recoverability, regret  # noqa: E402
from mdpkit.measure.games.parts import parts_of_joint_actions  # noqa: E402

H, S, ACTIONS = 3, 4, (2, 3)
J = 6
OWN, SWAPPED = parts_of_joint_actions(ACTIONS, 1)
STEP = 1e-6


def law(rng, *shape, zeros=0.4):
    rows = rng.exponential(size=shape) * (rng.random(shape) >= zeros)
    rows[..., 0] += rows.sum(axis=-1) == 0
    return rows / rows.sum(axis=-1, keepdims=True)


def arguments(rng, steps, zeros):
    """Arrays by name; each has `steps` or one, at random."""

    def length():
        return int(rng.choice(steps))

    return {
        "P": law(rng, length(), S, J, S, zeros=zeros),
        "r": rng.normal(size=(length(), S, J)),
        "pi": law(rng, length(), S, J, zeros=zeros),
        "rho": law(rng, S, zeros=zeros),
        "mask": (rng.random((S, J)) < 0.7) | (np.arange(J) == 0),
        "own": OWN,
        "swapped": SWAPPED,
        "high": rng.normal(size=(H + 1, S)) + 1,
        "low": rng.normal(size=(H + 1, S)) - 1,
        "state": law(rng, H, S, zeros=zeros),
        "H": H,
    }


PLAYER = ("P", "r", "pi", "own", "swapped")
NAMES = {
    finite.policy_value: ("P", "r", "pi", "H"),
    finite.occupancy: ("P", "rho", "pi", "H"),
    backward.optimal: ("P", "r", "mask", "H"),
    regret.swap: (*PLAYER, "H"),
    regret.coarse: (*PLAYER, "H"),
    regret.trigger: (*PLAYER, "high", "H"),
    regret.one_shot: (*PLAYER, "state", "high", "H"),
    regret.extremes: (*PLAYER, "H"),
    regret.spread: ("P", "r", "high", "low", "H"),
    recoverability.widest_range: (*PLAYER, "H"),
}


def called(kernel, found):
    return [found[name] for name in NAMES[kernel]]


def tensors(args):
    return [torch.tensor(x) if isinstance(x, np.ndarray) else x for x in args]


def as_tuple(answer):
    return answer if isinstance(answer, tuple) else (answer,)


def test_every_twin_is_tested():
    assert set(NAMES) == set(TWINS)


@pytest.mark.parametrize("kernel", TWINS, ids=lambda kernel: kernel.__name__)
@pytest.mark.parametrize("steps", [(1,), (H,), (1, H)], ids=["stationary", "time-varying", "mixed"])
@pytest.mark.parametrize("zeros", [0, 0.5])
def test_a_twin_answers_as_its_kernel_does(kernel, steps, zeros):
    rng = np.random.default_rng(0)
    for _ in range(12):
        args = called(kernel, arguments(rng, steps, zeros))
        wanted, found = as_tuple(kernel(*args)), as_tuple(TWINS[kernel](*tensors(args)))
        assert len(wanted) == len(found)
        for right, mine in zip(wanted, found, strict=True):
            assert mine.shape == np.shape(right)
            if np.asarray(right).dtype.kind == "f":
                np.testing.assert_allclose(mine, right, rtol=1e-12, atol=1e-12)
            elif not zeros:  # where a law has zeros rounding may break a tie the other way
                np.testing.assert_array_equal(mine, right)


@pytest.mark.parametrize("kernel", TWINS, ids=lambda kernel: kernel.__name__)
def test_the_derivative_of_a_twin_is_that_of_its_kernel(kernel):
    rng = np.random.default_rng(1)
    args = called(kernel, arguments(rng, (1, H), 0))
    shapes = [np.shape(part) for part in as_tuple(kernel(*args)) if np.asarray(part).dtype.kind == "f"]
    weights = [rng.normal(size=shape) for shape in shapes]

    def total(answer):
        return sum((part * weight).sum() for part, weight in zip(as_tuple(answer), weights, strict=False))

    for place, array in enumerate(args):
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            continue
        given = tensors(args)
        given[place].requires_grad_()
        answer = zip(as_tuple(TWINS[kernel](*given)), weights, strict=False)
        (slope,) = torch.autograd.grad(
            sum((part * torch.tensor(weight)).sum() for part, weight in answer), given[place]
        )
        direction = rng.normal(size=array.shape)
        ends = [total(kernel(*args[:place], array + sign * STEP * direction, *args[place + 1 :])) for sign in (1, -1)]
        assert float((slope * torch.tensor(direction)).sum()) == pytest.approx(
            (ends[0] - ends[1]) / (2 * STEP), rel=1e-6, abs=1e-7
        )


def test_what_is_shared_is_the_same():
    found = arguments(np.random.default_rng(2), (1, H), 0.3)
    args = tensors([found[name] for name in NAMES[regret.swap]])
    alone = TWINS[regret.swap](*args)[0]
    with sharing():
        first, second = (TWINS[regret.swap](*args)[0] for _ in range(2))
        other = TWINS[regret.swap](args[0].flip(0).roll(1, dims=-1), *args[1:])[0]
    assert torch.equal(alone, first)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
