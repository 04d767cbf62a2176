"""Gains of one player of a Markov game from deviating from a mediator's recommendations.

Throughout, `own[j]` is the player's component of joint action j and `swapped[j,b]` the joint action with that component
replaced by b. Rewards `r[t,s,j]` are those of the deviating player. `choice` arrays give a maximising action; ties go
to obedience where the recommendation is observed, and then to the first action.
"""

import numpy as np

from ..base.compiling import compiled, inner
from .finite import expectation


@inner
def joint_values(law, reward, following):
    """Joint action values Q[j] at one state: reward plus expected continuation value `following`."""
    Q = np.zeros(len(reward), following.dtype)
    for j in range(len(reward)):
        Q[j] = reward[j] + expectation(law[j], following)
    return Q


@inner
def swap_gain(sigma, Q, own, swapped):
    """gain[a,b]: contribution to the value of the event that a is recommended, when b is played instead."""
    B = swapped.shape[1]
    gain = np.zeros((B, B), Q.dtype)
    for j in range(len(sigma)):
        if sigma[j] != 0:
            for b in range(B):
                gain[own[j], b] += sigma[j] * Q[swapped[j, b]]
    return gain


@inner
def obedient(gain):
    """Value of obeying every recommendation."""
    total = gain[0, 0] * 0
    for a in range(len(gain)):
        total += gain[a, a]
    return total


@inner
def best_swap(gain, choice):
    """Value of the best action after each recommendation; stored in choice[a]."""
    total = gain[0, 0] * 0
    for a in range(len(gain)):
        best = a
        for b in range(len(gain)):
            if gain[a, b] > gain[a, best]:
                best = b
        choice[a] = best
        total += gain[a, best]
    return total


@inner
def best_commitment(gain):
    """Value of the best single action against all recommendations, and the action."""
    best, most = 0, gain[0, 0] * 0
    for b in range(len(gain)):
        total = gain[0, 0] * 0
        for a in range(len(gain)):
            total += gain[a, b]
        if b == 0 or total > most:
            best, most = b, total
    return most, best


@inner
def best_trigger(obey, leave, choice):
    """Value of the best choice after each recommendation a: to obey, obey[a,a], or to leave for b, leave[a,b]."""
    total = obey[0, 0] * 0
    for a in range(len(obey)):
        best, value = a, obey[a, a]
        for b in range(len(obey)):
            if b != a and leave[a, b] > value:
                best, value = b, leave[a, b]
        choice[a] = best
        total += value
    return total


def _swap(P, r, sigma, own, swapped, H):
    """Swap deviations: values W[t,s] and choice[t,s,a], where the deviator observes the recommendation a."""
    S, B = r.shape[1], swapped.shape[1]
    W = np.zeros((H + 1, S), r.dtype)
    choice = np.zeros((H, S, B), np.int64)
    for t in range(H - 1, -1, -1):
        for s in range(S):
            Q = joint_values(P[t % len(P), s], r[t % len(r), s], W[t + 1])
            W[t, s] = best_swap(swap_gain(sigma[t % len(sigma), s], Q, own, swapped), choice[t, s])
    return W, choice


swap = compiled(_swap, "f8[2]&i8[3] (f8[4], f8[3], f8[3], i8[1], i8[2], i8)")


def _coarse(P, r, sigma, own, swapped, H):
    """Coarse deviations: values W[t,s] and choice[t,s], where the deviator observes the state but no recommendation."""
    S = r.shape[1]
    W = np.zeros((H + 1, S), r.dtype)
    choice = np.zeros((H, S), np.int64)
    for t in range(H - 1, -1, -1):
        for s in range(S):
            Q = joint_values(P[t % len(P), s], r[t % len(r), s], W[t + 1])
            gain = swap_gain(sigma[t % len(sigma), s], Q, own, swapped)
            W[t, s], choice[t, s] = best_commitment(gain)
    return W, choice


coarse = compiled(_coarse, "f8[2]&i8[2] (f8[4], f8[3], f8[3], i8[1], i8[2], i8)")


def _trigger(P, r, sigma, own, swapped, alone, H):
    """Trigger deviations: values U[t,s] and choice[t,s,a]; no recommendation after disobeying (values alone[t,s])."""
    S, B = r.shape[1], swapped.shape[1]
    U = np.zeros((H + 1, S), r.dtype)
    choice = np.zeros((H, S, B), np.int64)
    for t in range(H - 1, -1, -1):
        for s in range(S):
            obeying = joint_values(P[t % len(P), s], r[t % len(r), s], U[t + 1])
            leaving = joint_values(P[t % len(P), s], r[t % len(r), s], alone[t + 1])
            obey = swap_gain(sigma[t % len(sigma), s], obeying, own, swapped)
            leave = swap_gain(sigma[t % len(sigma), s], leaving, own, swapped)
            U[t, s] = best_trigger(obey, leave, choice[t, s])
    return U, choice


trigger = compiled(_trigger, "f8[2]&i8[3] (f8[4], f8[3], f8[3], i8[1], i8[2], f8[2], i8)")


def _one_shot(P, r, sigma, own, swapped, state, V, H):
    """One-shot deviations: gain[t] and choice[t,s,a] for disobeying at step t only.

    `state[t,s]` and `V[t,s]` are the state occupancy and values under obedience.
    """
    S, B = r.shape[1], swapped.shape[1]
    total = np.zeros(H, r.dtype)
    choice = np.zeros((H, S, B), np.int64)
    for t in range(H):
        for s in range(S):
            Q = joint_values(P[t % len(P), s], r[t % len(r), s], V[t + 1])
            gain = swap_gain(sigma[t % len(sigma), s], Q, own, swapped)
            total[t] += state[t, s] * (best_swap(gain, choice[t, s]) - obedient(gain))
    return total, choice


one_shot = compiled(_one_shot, "f8[1]&i8[3] (f8[4], f8[3], f8[3], i8[1], i8[2], f8[2], f8[2], i8)")


def _extremes(P, r, sigma, own, swapped, H):
    """Maximum and minimum over modifications of the continuation value W[t,s]."""
    S, B = r.shape[1], swapped.shape[1]
    high = np.zeros((H + 1, S), r.dtype)
    low = np.zeros((H + 1, S), r.dtype)
    for t in range(H - 1, -1, -1):
        for s in range(S):
            law, reward, mediator = P[t % len(P), s], r[t % len(r), s], sigma[t % len(sigma), s]
            top = swap_gain(mediator, joint_values(law, reward, high[t + 1]), own, swapped)
            bottom = swap_gain(mediator, joint_values(law, reward, low[t + 1]), own, swapped)
            for a in range(B):
                most, least = top[a, 0], bottom[a, 0]
                for b in range(B):
                    most = max(most, top[a, b])
                    least = min(least, bottom[a, b])
                high[t, s] += most
                low[t, s] += least
    return high, low


extremes = compiled(_extremes, "f8[2]&f8[2] (f8[4], f8[3], f8[3], i8[1], i8[2], i8)")


def _spread(P, r, high, low, H):
    """Maximum of r(j) - r(k) + E_j W - E_k W over steps, states, pairs j, k and `low` <= W <= `high`.

    Pairs whose largest value of j and smallest value of k are no further apart than the widest so far are passed over.
    """
    S, J = r.shape[1], r.shape[2]
    widest = r[0, 0, 0] * 0
    for t in range(H):
        for s in range(S):
            law, reward = P[t % len(P), s], r[t % len(r), s]
            top = joint_values(law, reward, high[t + 1])
            bottom = joint_values(law, reward, low[t + 1])
            for j in range(J):
                for k in range(J):
                    if not top[j] - bottom[k] > widest:
                        continue
                    gap = reward[j] - reward[k]
                    for n in range(S):
                        shift = law[j, n] - law[k, n]
                        if shift != 0:
                            gap += shift * (high[t + 1, n] if shift > 0 else low[t + 1, n])
                    widest = max(widest, gap)
    return widest


spread = compiled(_spread, "f8 (f8[4], f8[3], f8[2], f8[2], i8)")


# ---- one step of all states, with expected continuation values `following[s,j,k]` of several functions k
def _expectations(law, functions):
    """Expected values `[row,k]` of functions[k,n] under law[row,n]; the number of functions is a multiple of three.

    Four rows at a time with three functions: every row is read from memory once, and sums stay in registers.
    """
    rows, S = law.shape
    found = np.zeros((rows, len(functions)), functions.dtype)
    zero = functions[0, 0] * 0
    for k in range(0, len(functions), 3):
        f, g, h = functions[k], functions[k + 1], functions[k + 2]
        for row in range(rows - rows % 4, rows):
            pf = pg = ph = zero
            for n in range(S):
                pf += law[row, n] * f[n]
                pg += law[row, n] * g[n]
                ph += law[row, n] * h[n]
            found[row, k], found[row, k + 1], found[row, k + 2] = pf, pg, ph
    for row in range(0, rows - rows % 4, 4):
        p, q, r, s = law[row], law[row + 1], law[row + 2], law[row + 3]
        for k in range(0, len(functions), 3):
            f, g, h = functions[k], functions[k + 1], functions[k + 2]
            pf = pg = ph = qf = qg = qh = rf = rg = rh = sf = sg = sh = zero
            for n in range(S):
                pf += p[n] * f[n]
                pg += p[n] * g[n]
                ph += p[n] * h[n]
                qf += q[n] * f[n]
                qg += q[n] * g[n]
                qh += q[n] * h[n]
                rf += r[n] * f[n]
                rg += r[n] * g[n]
                rh += r[n] * h[n]
                sf += s[n] * f[n]
                sg += s[n] * g[n]
                sh += s[n] * h[n]
            found[row, k], found[row, k + 1], found[row, k + 2] = pf, pg, ph
            found[row + 1, k], found[row + 1, k + 1], found[row + 1, k + 2] = qf, qg, qh
            found[row + 2, k], found[row + 2, k + 1], found[row + 2, k + 2] = rf, rg, rh
            found[row + 3, k], found[row + 3, k + 1], found[row + 3, k + 2] = sf, sg, sh
    return found


expectations = compiled(_expectations, "f8[2] (f8[2], f8[2])", any_order=True)


# Joint action turned[b,o] is that in which the player plays b, and the others their combination o.
@inner
def fill_gains(r, following, k, sigma, s, turned, Q, law, gain):
    """Write the gains `[a,b]` of `swap_gain` at state s into `gain`, for the function k; Q and law are room `[b,o]`."""
    B, O = turned.shape
    for b in range(B):
        for o in range(O):
            j = turned[b, o]
            Q[b, o] = r[s, j] + following[s, j, k]
            law[b, o] = sigma[s, j]
    for a in range(B):
        for b in range(B):
            total = Q[0, 0] * 0
            for o in range(O):
                total += law[a, o] * Q[b, o]
            gain[a, b] = total


def _obedient_step(r, following, sigma, k):
    """Values V[s] of obedience for rewards r[s,j] at one step."""
    V = np.zeros(len(r), r.dtype)
    for s in range(len(r)):
        for j in range(r.shape[1]):
            V[s] += sigma[s, j] * (r[s, j] + following[s, j, k])
    return V


obedient_step = compiled(_obedient_step, "f8[1] (f8[2], f8[3], f8[2], i8)")


def _swap_step(r, following, sigma, turned, k):
    """The step of `swap`: values W[s] and choice[s,a]."""
    S, B = len(r), len(turned)
    W, choice = np.zeros(S, r.dtype), np.zeros((S, B), np.int64)
    Q, law, gain = np.zeros(turned.shape, r.dtype), np.zeros(turned.shape, r.dtype), np.zeros((B, B), r.dtype)
    for s in range(S):
        fill_gains(r, following, k, sigma, s, turned, Q, law, gain)
        W[s] = best_swap(gain, choice[s])
    return W, choice


swap_step = compiled(_swap_step, "f8[1]&i8[2] (f8[2], f8[3], f8[2], i8[2], i8)")


def _coarse_step(r, following, sigma, turned, k):
    """The step of `coarse`: values W[s] and choice[s]."""
    S, B = len(r), len(turned)
    W, choice = np.zeros(S, r.dtype), np.zeros(S, np.int64)
    Q, law, gain = np.zeros(turned.shape, r.dtype), np.zeros(turned.shape, r.dtype), np.zeros((B, B), r.dtype)
    for s in range(S):
        fill_gains(r, following, k, sigma, s, turned, Q, law, gain)
        W[s], choice[s] = best_commitment(gain)
    return W, choice


coarse_step = compiled(_coarse_step, "f8[1]&i8[1] (f8[2], f8[3], f8[2], i8[2], i8)")


def _trigger_step(r, following, sigma, turned, k, alone):
    """The step of `trigger`: values U[s] and choice[s,a]; k and `alone` are the functions before and after leaving."""
    S, B = len(r), len(turned)
    U, choice = np.zeros(S, r.dtype), np.zeros((S, B), np.int64)
    Q, law = np.zeros(turned.shape, r.dtype), np.zeros(turned.shape, r.dtype)
    obey, leave = np.zeros((B, B), r.dtype), np.zeros((B, B), r.dtype)
    for s in range(S):
        fill_gains(r, following, k, sigma, s, turned, Q, law, obey)
        fill_gains(r, following, alone, sigma, s, turned, Q, law, leave)
        U[s] = best_trigger(obey, leave, choice[s])
    return U, choice


trigger_step = compiled(_trigger_step, "f8[1]&i8[2] (f8[2], f8[3], f8[2], i8[2], i8, i8)")


def _one_shot_step(r, following, sigma, turned, k, state):
    """The step of `one_shot`: gain under the state distribution state[s], and choice[s,a]."""
    S, B = len(r), len(turned)
    total, choice = r[0, 0] * 0, np.zeros((S, B), np.int64)
    Q, law, gain = np.zeros(turned.shape, r.dtype), np.zeros(turned.shape, r.dtype), np.zeros((B, B), r.dtype)
    for s in range(S):
        fill_gains(r, following, k, sigma, s, turned, Q, law, gain)
        total += state[s] * (best_swap(gain, choice[s]) - obedient(gain))
    return total, choice


one_shot_step = compiled(_one_shot_step, "f8&i8[2] (f8[2], f8[3], f8[2], i8[2], i8, f8[1])")


def _constant_step(r, following, sigma, turned, k, b):
    """Values W[s] of a player that plays b whatever is recommended."""
    W = np.zeros(len(r), r.dtype)
    B, O = turned.shape
    for s in range(len(r)):
        for o in range(O):
            weight = r[0, 0] * 0
            for a in range(B):
                weight += sigma[s, turned[a, o]]
            W[s] += weight * (r[s, turned[b, o]] + following[s, turned[b, o], k])
    return W


constant_step = compiled(_constant_step, "f8[1] (f8[2], f8[3], f8[2], i8[2], i8, i8)")
