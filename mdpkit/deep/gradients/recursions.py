"""Torch counterparts of the kernels: vectorised over states and actions, looping over steps, without in-place writes.

Each agrees with its kernel up to rounding; at ties between actions the derivative is shared.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import product

import torch

from ...kernels import backward, finite, recoverability, regret

_kept = ContextVar("kept", default=None)


@contextmanager
def sharing():
    """Context in which intermediates shared by several kernels (such as the chain of a policy) are computed once."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def _once(derive, *tensors):
    kept = _kept.get()
    if kept is None:
        return derive(*tensors)
    key = derive, *map(id, tensors)
    if key not in kept:
        kept[key] = derive(*tensors), tensors  # the tensors are kept alive, so that their ids are not reused
    return kept[key][0]


def _steps(array, H):
    """The array at every step t = 0..H-1, read periodically."""
    parts = array.unbind(0)
    return [parts[t % len(parts)] for t in range(H)]


def _backwards(step, last, H):
    """Backward recursion V[t] = step(t, V[t+1]) from V[H] = last, stacked."""
    V = [last]
    for t in range(H - 1, -1, -1):
        V.append(step(t, V[-1]))
    return torch.stack(V[::-1])


def _nothing(r):
    """Zero terminal values `[s]`."""
    return torch.zeros_like(r[0, :, 0])


def _chain(P, pi):
    """Transition matrix P_pi[s,n], one per step."""
    return (pi[..., None] * P).sum(dim=2).unbind(0)


def policy_value(P, r, pi, H):
    chain, reward = _once(_chain, P, pi), _steps((pi * r).sum(dim=2), H)
    return _backwards(lambda t, V: reward[t] + chain[t % len(chain)] @ V, _nothing(r), H)


def occupancy(P, rho, pi, H):
    chain, states = _once(_chain, P, pi), [rho]
    for t in range(H - 1):
        states.append(states[-1] @ chain[t % len(chain)])
    return torch.stack(states)[:, :, None] * pi


def optimal(P, r, mask, H):
    laws, paid, choice = _steps(P, H), _steps(r, H), [None] * H

    def step(t, V):
        Q = torch.where(mask, paid[t] + laws[t] @ V, -torch.inf)
        choice[t] = Q.argmax(dim=1)
        return Q.amax(dim=1)

    return _backwards(step, _nothing(r), H), torch.stack(choice)


# ---- gains of deviations
@cache
def _turns(own, swapped):
    """turns[j, (a, b, k)]: 1 if joint action j recommends a, and becomes k if b is played instead."""
    J, B = len(own), len(swapped[0])
    turns = torch.zeros((J, B, B, J), dtype=torch.float64)
    for j in range(J):
        for b in range(B):
            turns[j, own[j], b, swapped[j][b]] = 1
    return turns.flatten(1)


def _recommend(sigma, turns):
    """recommended[t,s,(a,b),k]: probability that a is recommended and playing b results in joint action k."""
    return (sigma @ turns).unflatten(2, (-1, sigma.shape[2]))


def _next_law(P, recommended):
    """Next-state weights law[(s,a,b),n], one per step."""
    return (recommended @ P).flatten(1, 2).unbind(0)


def _disobedience(P, r, sigma, own, swapped):
    """gain(t, W)[s,a,b]: sigma-weighted value of playing b when a is recommended at step t, with continuation W[n]."""
    B = swapped.shape[1]
    recommended = _once(_recommend, sigma, _turns(tuple(own.tolist()), tuple(map(tuple, swapped.tolist()))))
    law, now = _once(_next_law, P, recommended), (recommended @ r[..., None]).flatten(1).unbind(0)

    def gain(t, W):
        return (now[t % len(now)] + law[t % len(law)] @ W).unflatten(0, (-1, B, B))

    return gain


def _best(gain):
    """Maximum of gain[...,a,b] over b, and a maximiser: a itself if it is one, else the first."""
    most, obey = gain.amax(dim=-1), gain.diagonal(dim1=-2, dim2=-1)
    return most, torch.where(obey == most, torch.arange(gain.shape[-1]), gain.argmax(dim=-1))


def swap(P, r, sigma, own, swapped, H):
    gain, choice = _disobedience(P, r, sigma, own, swapped), [None] * H

    def step(t, W):
        most, choice[t] = _best(gain(t, W))
        return most.sum(dim=1)

    return _backwards(step, _nothing(r), H), torch.stack(choice)


def coarse(P, r, sigma, own, swapped, H):
    gain, choice = _disobedience(P, r, sigma, own, swapped), [None] * H

    def step(t, W):
        total = gain(t, W).sum(dim=1)
        choice[t] = total.argmax(dim=1)
        return total.amax(dim=1)

    return _backwards(step, _nothing(r), H), torch.stack(choice)


def trigger(P, r, sigma, own, swapped, alone, H):
    gain, choice = _disobedience(P, r, sigma, own, swapped), [None] * H
    obeys = torch.eye(swapped.shape[1], dtype=torch.bool)

    def step(t, U):
        most, choice[t] = _best(torch.where(obeys, gain(t, U), gain(t, alone[t + 1])))
        return most.sum(dim=1)

    return _backwards(step, _nothing(r), H), torch.stack(choice)


def one_shot(P, r, sigma, own, swapped, state, V, H):
    gain = _disobedience(P, r, sigma, own, swapped)
    gains = torch.stack([gain(t, V[t + 1]) for t in range(H)])
    most, choice = _best(gains)
    won = most - gains.diagonal(dim1=2, dim2=3)
    return (state * won.sum(dim=2)).sum(dim=1), choice


def extremes(P, r, sigma, own, swapped, H):
    gain = _disobedience(P, r, sigma, own, swapped)
    high = _backwards(lambda t, W: gain(t, W).amax(dim=2).sum(dim=1), _nothing(r), H)
    low = _backwards(lambda t, W: gain(t, W).amin(dim=2).sum(dim=1), _nothing(r), H)
    return high, low


def widest_range(P, r, sigma, own, swapped, H):
    gain, S = _disobedience(P, r, sigma, own, swapped), r.shape[1]

    def ends(picked):
        W = _nothing(r)
        high, low = [W], [W]
        for t in range(H - 1, 0, -1):
            gains = gain(t, W)
            high.append(gains.amax(dim=2).sum(dim=1))
            low.append(gains.amin(dim=2).sum(dim=1))
            W = torch.where(picked[t], high[-1], low[-1])
        high.append(W)
        low.append(W)  # the values at the first step enter no range
        return torch.stack(high[::-1]), torch.stack(low[::-1])

    every = product((False, True), repeat=S * max(H - 2, 0))
    tables = (torch.tensor([True] * (2 * S) + list(choice)).reshape(-1, S) for choice in every)
    return torch.stack([spread(P, r, *ends(picked), H) for picked in tables]).amax()


def spread(P, r, high, low, H):
    gap, shift = r[..., :, None] - r[..., None, :], P[..., :, None, :] - P[..., None, :, :]
    upwards = shift.clamp(min=0)
    ends = upwards.flatten(1, 3) @ high[1:, :, None] + (shift - upwards).flatten(1, 3) @ low[1:, :, None]
    return (gap + ends.unflatten(1, gap.shape[1:])[..., 0]).amax()


TWINS = {
    finite.policy_value: policy_value,
    finite.occupancy: occupancy,
    backward.optimal: optimal,
    regret.swap: swap,
    regret.coarse: coarse,
    regret.trigger: trigger,
    regret.one_shot: one_shot,
    regret.extremes: extremes,
    regret.spread: spread,
    recoverability.widest_range: widest_range,
}
