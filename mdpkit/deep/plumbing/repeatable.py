# ruff: noqa: NPY002 (the generators of the process are what is borrowed)
"""Training that repeats bit by bit, and leaves the process as it found it."""

import random
from contextlib import contextmanager

import numpy as np
import torch

from ...base.errors import InvalidModel
from ...model.access import expect_generator


def seeds(rng, count) -> list[int]:
    """Seeds of independent streams, from a numpy Generator."""
    expect_generator(rng)
    root = np.random.SeedSequence(rng.integers(2**32, size=4).tolist())
    return [int(child.generate_state(1, np.uint64)[0] >> 1) for child in root.spawn(count)]


def generator(seed) -> torch.Generator:
    """A torch.Generator of one's own."""
    return torch.Generator().manual_seed(seed)


def drawing(weights, drawn):
    """`draw(count)`: row numbers, each drawn by a torch.Generator with probability in proportion to its weight.

    Raises: InvalidModel where all weights are 0.
    """
    sums = torch.tensor(weights).cumsum(0)
    if not sums[-1] > 0:
        raise InvalidModel("every weight of the demonstrations is 0; expected one above 0")

    def draw(count):
        u = torch.rand(count, generator=drawn, dtype=torch.float64) * sums[-1]
        return torch.searchsorted(sums, u, right=True).clamp(max=len(sums) - 1)

    return draw


@contextmanager
def threads(count):
    """So many threads of torch inside; None leaves them. One is the number that repeats on every machine of a kind."""
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def borrowed_globals(seed):
    """Inside, the global generators of Python, numpy and torch, from which stable-baselines3 draws, start at `seed`; then they are
    put back."""
    python, numpy = random.getstate(), np.random.get_state()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    with torch.random.fork_rng():
        try:
            random.seed(seed)
            np.random.seed(seed % 2**32)
            torch.manual_seed(seed)
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn


def device_named(name) -> torch.device:
    """Raises: InvalidModel for a device that torch does not have here."""
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InvalidModel(f"device is {name!r}, which torch does not have here: {error}") from error
    return device
