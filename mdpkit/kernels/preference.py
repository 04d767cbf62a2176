"""Losses of preference fine-tuning and their gradients, summed over rows (prompt, first, second, won, weight)."""

import numpy as np

from ..base.compiling import compiled


def _logistic_gradient(power, prompt, first, second, won, weight):
    """Gradient in s[x,y] of the logistic loss of score differences s[x,y] - s[x,z], for power = e^s.

    The probability of a difference is a ratio of two entries of `power`, so that no row needs an exponential.
    """
    out = np.zeros(power.shape, power.dtype)
    for k in range(len(prompt)):
        x, y, z = prompt[k], first[k], second[k]
        chance = power[x, y] / (power[x, y] + power[x, z])
        pull = weight[k] * (chance - won[k])
        out[x, y] += pull
        out[x, z] -= pull
    return out


logistic_gradient = compiled(_logistic_gradient, "f8[2] (f8[2], u4[1], u4[1], u4[1], f8[1], f8[1])")


def _logistic_value(s, prompt, first, second, won, weight):
    """Sum of weight * (log(1 + e^d) - won d), d = s[x,y] - s[x,z]."""
    total = s[0, 0] * 0
    for k in range(len(prompt)):
        d = s[prompt[k], first[k]] - s[prompt[k], second[k]]
        total += weight[k] * (np.log1p(np.exp(-abs(d))) + max(d, d * 0) - won[k] * d)
    return total


logistic_value = compiled(_logistic_value, "f8 (f8[2], u4[1], u4[1], u4[1], f8[1], f8[1])")


def _squared_gradient(h, prompt, first, second, won, weight, slope, shift):
    """Gradient in h[x,y] of the squares (h[x,y] - h[x,z] - slope * won - shift)^2."""
    out = np.zeros(h.shape, h.dtype)
    for k in range(len(prompt)):
        x, y, z = prompt[k], first[k], second[k]
        pull = 2 * weight[k] * (h[x, y] - h[x, z] - slope * won[k] - shift)
        out[x, y] += pull
        out[x, z] -= pull
    return out


squared_gradient = compiled(_squared_gradient, "f8[2] (f8[2], u4[1], u4[1], u4[1], f8[1], f8[1], f8, f8)")


def _squared_value(h, prompt, first, second, won, weight, slope, shift):
    """Sum of weight * (h[x,y] - h[x,z] - slope * won - shift)^2."""
    total = h[0, 0] * 0
    for k in range(len(prompt)):
        error = h[prompt[k], first[k]] - h[prompt[k], second[k]] - slope * won[k] - shift
        total += weight[k] * error * error
    return total


squared_value = compiled(_squared_value, "f8 (f8[2], u4[1], u4[1], u4[1], f8[1], f8[1], f8, f8)")
