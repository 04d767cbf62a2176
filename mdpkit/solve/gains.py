"""Rigorous bounds on optimal gains from relative values in each end component."""

import numpy as np

from ..base.interval import Interval
from ..base.record import defect
from ..base.tolerance import UNIT
from ..exact.chain import chain, mean
from ..exact.gain_certificate import GainCertificate
from .bounds import deterministic, down, up
from .solution import Solution, judge

BIAS_STATES = 20_000
"""Largest number of states for which the bias of a float policy is computed, by linear solves."""


def answer(problem, parts, method, h, tol, otherwise, used) -> Solution:
    """The Solution from relative values `h` of the states in end components.

    In a component the gain lies between the extremes of T h - h. Let w be the maximum expected final gain, and `time` a
    function whose mean decreases by at least 1 at every move. If w increases by at most d at a move, w + d time never
    increases, and bounds the final gain of any policy; the moves of the policy played bound it from below in the same
    way.
    """
    change, kept = parts.step.greedy(h)
    error, S = parts.step.rounding(h), parts.S
    low, high = parts.extremes(change)
    low, high = down(low - error), up(high + error)
    base = low[0] / 2 + high[0] / 2
    centre = low / 2 + high / 2 - base
    (ends, picked), (times, _) = parts.best_total(centre, 0), parts.best_total(np.zeros(parts.count), 1)
    if not np.isfinite([*ends, *times]).all() or (times < 0).any():
        gain, policy = (
            Interval(*np.outer([-np.inf, np.inf], np.ones(S)), "float"),
            deterministic(problem, problem.available.argmax(axis=1)),
        )
        return Solution(problem, method, judge(gain, tol, otherwise, centre), policy, gain[0], used, gain=gain)
    w, time = ends[parts.nodes], times[parts.nodes]
    choice, final = _final_policy(parts, kept, picked)
    pairs = np.arange(S) * parts.A + choice
    turns = pairs[~parts.inner.ravel()[pairs]]
    won, lost = (_tilt(parts, moves, rise, time) for moves, rise in ((parts.moves, w), (turns, -w)))
    own, staying = ends[: parts.count], picked[: parts.count] < 0
    above = max(float(up(up(high - base) - own).max()), 0)
    below = max(float(up(own - down(low - base))[staying].max()), 0)
    middle = Interval(w, w, "float") + base
    lower, upper = middle - below - _drift(parts, lost, time), middle + above + _drift(parts, won, time)
    gain = Interval(lower.lower, upper.upper, "float")
    policy, proof, left = deterministic(problem, choice), None, parts.arrival(pairs, final)
    if np.isfinite(gain.width) and np.isfinite(left).all() and (left >= 0).all():
        relative = np.zeros(S)
        relative[parts.members] = h
        pay = parts.problem.r.ravel()
        above_bias = _steep(parts, parts.moves, pay - gain.upper.repeat(parts.A), relative, time)
        below_bias = -_steep(parts, pairs[~final], gain.lower.repeat(parts.A) - pay, -relative, left)
        below_gain = w, np.full(S, base), np.full(S, -below), -lost * time
        above_gain = w, np.full(S, base), np.full(S, above), won * time
        proof = GainCertificate(
            problem, policy, (below_gain, (relative, below_bias)), (above_gain, (relative, above_bias))
        )
    value = mean(_start(parts.problem.rho), gain)
    widest = value if value.width > gain.width else gain  # the mean is rounded outwards, and may be wider
    return Solution(
        problem,
        method,
        judge(widest, tol, otherwise, w),
        policy,
        value,
        used,
        proof,
        gain=gain,
        bias=_bias(parts, pairs),
    )


def _final_policy(parts, kept, picked):
    """The policy `[s]`, and the states `[s]` of the components in which it stays."""
    choice = np.zeros(parts.S, dtype=np.int64)
    choice[parts.members] = kept
    leaving = np.flatnonzero(picked[: parts.count] >= 0)
    for c in leaving:
        way = parts.towards(parts.moves[picked[c]] // parts.A)
        choice = np.where(way >= 0, way, choice)
    turns = parts.moves[picked[picked >= 0]]
    choice[turns // parts.A] = turns % parts.A
    return choice, (parts.label >= 0) & ~np.isin(parts.label, leaving)


def _fall(parts, pairs, time):
    """Smallest mean decrease of `time` over the steps `pairs`, less rounding; at most 1."""
    after, s = parts.rows[pairs] @ time, pairs // parts.A
    return float((time[s] - after - parts.rate * (2 * after + time[s])).min(initial=1))


def _tilt(parts, pairs, w, time):
    """d such that w + d time increases in none of the steps `pairs`; infinite if float64 does not suffice."""
    rows, s = parts.rows[pairs], pairs // parts.A
    rise = max(float((rows @ w - w[s] + 2 * parts.rate * (rows @ np.abs(w) + np.abs(w[s]))).max(initial=0)), 0)
    fall = _fall(parts, pairs, time)
    return rise / fall * (1 + 2**-20) if fall > 0 else np.inf


def _drift(parts, tilt, time):
    """tilt * time; where the tilt is infinite, infinite in the states that moves leave, whatever their `time` is."""
    if not np.isfinite(tilt):
        left = np.isin(parts.nodes, parts.nodes[parts.moves // parts.A])
        tilt, time = 1.0, np.where(left, np.inf, 0.0)
    return Interval(time, time, "float") * tilt


def _steep(parts, pairs, lack, h, time):
    """Multiple of `time`, `[s]`, such that adding it to h makes h - P h at least `lack[s*A+a]` in the steps `pairs`."""
    rows, s = parts.rows[pairs], pairs // parts.A
    rounding = 4 * parts.rate * (np.abs(lack[pairs]) + rows @ np.abs(h) + np.abs(h[s]))
    most = max(float((lack[pairs] + rows @ h - h[s] + rounding).max(initial=0)), 0)
    return 2 * most / max(_fall(parts, pairs, time), UNIT) * time


def _start(rho):
    """The initial distribution, enclosed as by `enclose` of the measures."""
    slack = rho * (2 * defect(rho) + 2 * UNIT)
    return Interval(rho - slack, rho + slack, "float")


def _bias(parts, pairs):
    """Bounds on the bias of a policy; None for more states than BIAS_STATES."""
    if parts.S > BIAS_STATES:
        return None
    law, pay = parts.rows[pairs], parts.problem.r.ravel()[pairs]
    law = law if parts.problem.sparse else law.toarray()
    slack = 2 * UNIT * np.abs(pay)
    return chain(law, law != 0, parts.rate).bias(Interval(pay - slack, pay + slack, "float"))
