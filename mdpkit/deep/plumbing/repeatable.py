# ruff: noqa: NPY002 (the global generators of the process are set and restored)
"""Bit-reproducible training that restores the global state of the process."""

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
    """A new torch.Generator with the given seed."""
    return torch.Generator().manual_seed(seed)


def drawing(weights, drawn):
    """Sampler `draw(count)` of row indices with probability proportional to their weights, from a torch.Generator.

    Raises: InvalidModel if all weights are 0.
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
    """Context with `count` torch threads; unchanged if None. One thread is reproducible across machines of a kind."""
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def borrowed_globals(seed):
    """Context with seeded global generators of Python, numpy and torch, for stable-baselines3; restored afterwards."""
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
    """The torch device of this name.

    Raises: InvalidModel if torch cannot use it on this machine.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InvalidModel(f"device is {name!r}, which torch cannot use on this machine: {error}") from error
    return device
