"""Losses of preference fine-tuning over many comparisons and their gradients, in one pass over blocks of rows.

A policy is given by its log-ratio h `[x,y]`, log(pi / reference) up to a constant for each prompt; all gradients are
with respect to h. Blocks of Comparisons are read one at a time, so that the rows need not fit into memory. The weights
of all blocks are normalised together: blocks of different lengths need explicit weights, such as 1 for each row. Rows
in the order of their prompts are read fastest.

>>> from mdpkit.model import Comparisons
>>> row = Comparisons([0], [0], [1], [1.0])
>>> dpo_gradient(np.zeros((1, 2)), [row, row], beta=1.0)
array([[-0.5,  0.5]])
"""

from collections.abc import Iterable

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...kernels import preference as kernels
from ...model.comparisons import COLUMNS, Comparisons
from ._pairs import divergence

Blocks = Comparisons | Iterable[Comparisons]
WIDEST = 1400
"""Largest range of beta * h at a prompt, in nats: e^700 and e^-700 are float64 numbers."""


def dpo_value(log_ratio: np.ndarray, blocks: Blocks, beta: float) -> float:
    """Mean of `dpo_loss` over the comparisons, in nats."""
    scores = beta * _finite(log_ratio)
    return _mean(kernels.logistic_value, scores, blocks)


def dpo_gradient(log_ratio: np.ndarray, blocks: Blocks, beta: float) -> np.ndarray:
    """Gradient `[x,y]` of `dpo_value` in the log-ratio.

    Raises: InvalidModel if beta times the log-ratio has a range above WIDEST at a prompt.
    """
    scores = beta * _finite(log_ratio)
    high, low = scores.max(axis=-1, keepdims=True), scores.min(axis=-1, keepdims=True)
    wide = np.flatnonzero(high - low > WIDEST)
    if wide.size:
        raise InvalidModel(
            f"beta * log_ratio[{wide[0]}] has range {(high - low)[wide[0], 0]:.4g} nats; expected at most {WIDEST}"
        )
    return beta * _mean(kernels.logistic_gradient, np.exp(scores - (high + low) / 2), blocks)


def ipo_value(log_ratio: np.ndarray, blocks: Blocks, tau: float) -> float:
    """Mean of `ipo_loss` over the comparisons."""
    h = _finite(log_ratio)

    def kernel(h, prompt, first, second, won, weight):
        squares = kernels.squared_value(h, prompt, first, second, won, weight, 1 / tau, -1 / (2 * tau))
        return squares + float(weight @ (won * (1 - won))) / tau**2

    return _mean(kernel, h, blocks)


def ipo_gradient(log_ratio: np.ndarray, blocks: Blocks, tau: float) -> np.ndarray:
    """Gradient `[x,y]` of `ipo_value` in the log-ratio."""
    h = _finite(log_ratio)
    return _mean(kernels.squared_gradient, h, blocks, 1 / tau, -1 / (2 * tau))


def hypo_value(
    log_ratio: np.ndarray, reference: np.ndarray, rho: np.ndarray, blocks: Blocks, beta: float, penalty: float
) -> float:
    """`dpo_value` plus penalty * E_x KL(pi || reference), pi = reference * e^h / Z."""
    h = _finite(log_ratio)
    return dpo_value(h, blocks, beta) + penalty * float(floats(rho) @ divergence(floats(reference), h)[0])


def hypo_gradient(
    log_ratio: np.ndarray, reference: np.ndarray, rho: np.ndarray, blocks: Blocks, beta: float, penalty: float
) -> np.ndarray:
    """Gradient `[x,y]` of `hypo_value` in the log-ratio.

    Raises: InvalidModel as `dpo_gradient`.
    """
    h = _finite(log_ratio)
    slope = divergence(floats(reference), h)[1]
    return dpo_gradient(h, blocks, beta) + penalty * floats(rho)[:, None] * slope


def _mean(kernel, array, blocks, *constants):
    """Sum of a kernel over the rows of all blocks, divided by the sum of their weights."""
    total, weights = 0.0, 0.0
    for data in [blocks] if isinstance(blocks, Comparisons) else blocks:
        for name, size in zip(COLUMNS, (*array.shape, array.shape[1]), strict=True):
            if getattr(data, name).max() >= size:
                data.check(*array.shape)
        columns = (np.ascontiguousarray(getattr(data, name), np.uint32) for name in COLUMNS)
        weight = floats(data.weight)
        total = total + kernel(array, *columns, floats(data.won), weight, *constants)
        weights += float(weight.sum())
    if not weights > 0:
        raise InvalidModel(f"the weights of the comparisons sum to {weights}; expected a number above 0")
    return total / weights


def _finite(log_ratio):
    h = floats(np.asarray(log_ratio))
    if h.ndim != 2 or not np.isfinite(h).all():
        raise InvalidModel(f"log_ratio has shape {h.shape}; expected finite numbers log_ratio[x,y]")
    return np.ascontiguousarray(h)
