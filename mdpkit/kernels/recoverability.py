"""The widest range of a player's action values over all swap deviations, over every corner of the later values."""

import numpy as np

from ..base.compiling import compiled, inner
from .regret import joint_values, swap_gain


@inner
def extreme_values(law, reward, sigma, own, swapped, W, high, low):
    """Largest and smallest values of deviations at one step, in high[s] and low[s], given those W[s] after it."""
    B = swapped.shape[1]
    for s in range(len(reward)):
        gain = swap_gain(sigma[s], joint_values(law[s], reward[s], W), own, swapped)
        most, least = gain[0, 0] * 0, gain[0, 0] * 0
        for a in range(B):
            best, worst = gain[a, 0], gain[a, 0]
            for b in range(B):
                best = max(best, gain[a, b])
                worst = min(worst, gain[a, b])
            most += best
            least += worst
        high[s], low[s] = most, least


@inner
def widest_at(law, reward, high, low, widest):
    """The larger of `widest` and max r(j) - r(k) + E_j W - E_k W over states, pairs j, k and low <= W <= high.

    Pairs whose largest value of j and smallest value of k are no further apart than the widest so far are passed over.
    """
    S, J = reward.shape
    for s in range(S):
        top, bottom = joint_values(law[s], reward[s], high), joint_values(law[s], reward[s], low)
        for j in range(J):
            for k in range(J):
                if not top[j] - bottom[k] > widest:
                    continue
                gap = reward[s, j] - reward[s, k]
                for n in range(S):
                    shift = law[s, j, n] - law[s, k, n]
                    if shift != 0:
                        gap += shift * (high[n] if shift > 0 else low[n])
                widest = max(widest, gap)
    return widest


def _widest_range(P, r, sigma, own, swapped, H):
    """Widest range of action values over all swap deviations, steps and states.

    Each value W[t,s] at t >= 2 is the largest or the smallest given those after it: all 2^(S (H - 2)) choices are
    tried, as a binary counter whose fastest digits belong to step 2, so that later steps are seldom computed again.
    """
    S = r.shape[1]
    picked = np.zeros(S * max(H - 2, 0), np.bool_)
    high, low, W = np.zeros((H + 1, S), r.dtype), np.zeros((H + 1, S), r.dtype), np.zeros((H + 1, S), r.dtype)
    widest = r[0, 0, 0] * 0
    widest = widest_at(P[(H - 1) % len(P)], r[(H - 1) % len(r)], high[H], low[H], widest)
    known = H
    while True:
        for t in range(known - 1, 0, -1):
            extreme_values(P[t % len(P)], r[t % len(r)], sigma[t % len(sigma)], own, swapped, W[t + 1], high[t], low[t])
            widest = widest_at(P[(t - 1) % len(P)], r[(t - 1) % len(r)], high[t], low[t], widest)
            for s in range(S):
                if t >= 2:
                    W[t, s] = high[t, s] if picked[(t - 2) * S + s] else low[t, s]
        digit = 0
        while digit < len(picked) and picked[digit]:
            picked[digit] = False
            digit += 1
        if digit == len(picked):
            return widest
        picked[digit] = True
        known = 2 + digit // S
        for s in range(S):
            W[known, s] = high[known, s] if picked[(known - 2) * S + s] else low[known, s]


widest_range = compiled(_widest_range, "f8 (f8[4], f8[3], f8[3], i8[1], i8[2], i8)")
