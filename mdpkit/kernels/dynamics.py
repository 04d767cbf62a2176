"""Learning dynamics of one-shot games: players that see the expected payoff of each of their actions every round.

Throughout, `U[i,j]` are payoffs of joint action j, `own[i,j]` is player i's part of it, and strategies `x[i,a]` have
zeros beyond the player's `sizes[i]` actions.
"""

import numpy as np

from ..base.compiling import compiled, inner

GRID = 2**24
"""Probabilities computed from exponentials are rounded to positive multiples of 1/GRID."""
LEADER, LAST_BEST, HEDGE, OPTIMISTIC_HEDGE, GRADIENT, OPTIMISTIC_GRADIENT, MATCHING, SWAP, WEIGHTS = range(9)


@inner
def action_gains(U, own, x, gains):
    """Expected payoff gains[i,a] of every action against the others' strategies."""
    players, J = U.shape
    for i in range(players):
        for a in range(x.shape[1]):
            gains[i, a] = U[0, 0] * 0
        for j in range(J):
            chance = U[0, 0] * 0 + 1
            for k in range(players):
                if k != i:
                    chance *= x[k, own[k, j]]
            if chance != 0:
                gains[i, own[i, j]] += chance * U[i, j]


@inner
def first_best(values, size):
    """The first maximiser among `size` values."""
    best = 0
    for a in range(size):
        if values[a] > values[best]:
            best = a
    return best


@inner
def inner_product(x, values, size):
    total = values[0] * 0
    for a in range(size):
        total += x[a] * values[a]
    return total


@inner
def tilt(exponents, size, x):
    """Distribution proportional to e^exponents, in positive multiples of 1/GRID; the heaviest takes what is left."""
    top = exponents[first_best(exponents, size)]
    total = exponents[0] * 0
    for a in range(size):
        x[a] = np.exp(exponents[a] - top)
        total += x[a]
    left = GRID
    for a in range(size):
        units = max(int(np.floor(x[a] / total * GRID)), 1)
        x[a] = units
        left -= units
    x[first_best(x, size)] += left
    for a in range(size):
        x[a] = x[a] / GRID


@inner
def project(point, size, x):
    """Euclidean projection of the point onto the simplex."""
    falling = np.zeros(size, point.dtype)
    for a in range(size):  # insertion, largest first
        k = a
        while k > 0 and falling[k - 1] < point[a]:
            falling[k] = falling[k - 1]
            k -= 1
        falling[k] = point[a]
    total, threshold = point[0] * 0, point[0] * 0
    for k in range(size):
        total += falling[k]
        if falling[k] > (total - 1) / (k + 1):
            threshold = (total - 1) / (k + 1)
    for a in range(size):
        x[a] = max(point[a] - threshold, point[0] * 0)


@inner
def stationary(M, size, x):
    """Stationary distribution of the positive stochastic matrix M, by elimination without subtractions."""
    for k in range(size - 1, 0, -1):
        out = M[0, 0] * 0
        for b in range(k):
            out += M[k, b]
        for a in range(k):
            M[a, k] = M[a, k] / out
            for b in range(k):
                M[a, b] += M[a, k] * M[k, b]
    x[0] = M[0, 0] * 0 + 1
    total = x[0]
    for k in range(1, size):
        x[k] = M[0, 0] * 0
        for a in range(k):
            x[k] += x[a] * M[a, k]
        total += x[k]
    for a in range(size):
        x[a] = x[a] / total


@inner
def largest_swap(switched, size):
    """Swap regret from switched[a,b], the payoff that b would have earned in place of a."""
    total = switched[0, 0] * 0
    for a in range(size):
        total += switched[a, first_best(switched[a], size)] - switched[a, a]
    return total


@inner
def gap(gains, x, sizes):
    """NashConv: sum over players of the best action's gain over the strategy's."""
    total = gains[0, 0] * 0
    for i in range(len(sizes)):
        total += gains[i, first_best(gains[i], sizes[i])] - inner_product(x[i], gains[i], sizes[i])
    return total


@inner
def respond(rule, rate, k, size, gains, total, switched, memory, x):
    """The strategy after k rounds, written to x.

    Args: gains: of the last round. total: sum of gains. memory: of regret matching and of optimistic gradient steps.
    """
    if rule in (LEADER, LAST_BEST):
        best = first_best(total if rule == LEADER else gains, size)
        for a in range(size):
            x[a] = gains[0] * 0 + int(a == best)
    elif rule in (HEDGE, OPTIMISTIC_HEDGE):
        if rate == 0:
            rate = np.sqrt(np.log(size) / k)
        tilt(rate * (total + gains if rule == OPTIMISTIC_HEDGE else total), size, x)
    elif rule == GRADIENT:
        project(x + (rate if rate != 0 else 1 / np.sqrt(k)) * gains, size, x)
    elif rule == OPTIMISTIC_GRADIENT:
        project(memory + rate * gains, size, memory)
        project(memory + rate * gains, size, x)
    elif rule == MATCHING:
        earned, positive = inner_product(x, gains, size), gains[0] * 0
        for a in range(size):
            memory[a] = max(memory[a] + gains[a] - earned, gains[0] * 0)
            positive += memory[a]
        for a in range(size):
            x[a] = memory[a] / positive if positive > 0 else (gains[0] * 0 + 1) / size
    elif rule == SWAP:
        if rate == 0:
            rate = np.sqrt(size * np.log(size) / k)
        M = np.zeros((size, size), gains.dtype)
        for a in range(size):
            tilt(rate * switched[a], size, M[a])
        stationary(M, size, x)
    else:
        weight = gains[0] * 0
        for a in range(size):
            x[a] = x[a] * (1 + rate * gains[a])
            weight += x[a]
        for a in range(size):
            x[a] = x[a] / weight


def _play(U, own, sizes, rules, rates, start, rounds, every):
    """Rounds of simultaneous play, recorded after every `every` of them and after the last.

    Returns: strategies and their averages [n,i,a]; external and swap regrets [n,i]; NashConv of the last strategies and
        of the averages [n]; and the average law of joint actions [j].
    """
    players, J = U.shape
    A, count = start.shape[1], (rounds + every - 1) // every
    strategies = np.zeros((count, players, A), U.dtype)
    averages = np.zeros((count, players, A), U.dtype)
    external = np.zeros((count, players), U.dtype)
    swap = np.zeros((count, players), U.dtype)
    last_gap = np.zeros(count, U.dtype)
    average_gap = np.zeros(count, U.dtype)
    joint = np.zeros(J, U.dtype)
    x = start.copy()
    memory = start.copy()
    gains = np.zeros((players, A), U.dtype)
    total = np.zeros((players, A), U.dtype)
    played = np.zeros((players, A), U.dtype)
    switched = np.zeros((players, A, A), U.dtype)
    earned = np.zeros(players, U.dtype)
    for i in range(players):
        if rules[i] == MATCHING:
            memory[i] = memory[i] * 0
    n = 0
    for k in range(1, rounds + 1):
        action_gains(U, own, x, gains)
        for j in range(J):
            chance = U[0, 0] * 0 + 1
            for i in range(players):
                chance *= x[i, own[i, j]]
            joint[j] += chance
        for i in range(players):
            earned[i] += inner_product(x[i], gains[i], sizes[i])
            for a in range(sizes[i]):
                played[i, a] += x[i, a]
                total[i, a] += gains[i, a]
                for b in range(sizes[i]):
                    switched[i, a, b] += x[i, a] * gains[i, b]
        if k % every == 0 or k == rounds:
            strategies[n] = x
            averages[n] = played / k
            last_gap[n] = gap(gains, x, sizes)
            for i in range(players):
                external[n, i] = total[i, first_best(total[i], sizes[i])] - earned[i]
                swap[n, i] = largest_swap(switched[i], sizes[i])
            against = np.zeros((players, A), U.dtype)
            action_gains(U, own, averages[n], against)
            average_gap[n] = gap(against, averages[n], sizes)
            n += 1
        for i in range(players):
            respond(rules[i], rates[i], k, sizes[i], gains[i], total[i], switched[i], memory[i], x[i])
    return strategies, averages, external, swap, last_gap, average_gap, joint / rounds


play = compiled(_play, "f8[3]&f8[3]&f8[2]&f8[2]&f8[1]&f8[1]&f8[1] (f8[2], i8[2], i8[1], i8[1], f8[1], f8[2], i8, i8)")
