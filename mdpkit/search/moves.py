"""Moves of single rows to simple values, a whole batch of them scored at once."""

import numpy as np

from .population import repeat

GAIN = 1e-6
"""Relative gain from which a move counts."""
KEPT = 0.995
"""Fraction of the score that a simplification keeps."""
SAME = 1e-12
"""Difference from an end up to which a row is at it."""
MOST = 800
"""Number of moves scored at once; of more, a random choice."""


def polish(score, member, rng, rounds=6, most=MOST):
    """The member after its best moves, and its score.

    In every round all moves of one row to a simple value are scored. The best moves of all rows are made together if
    that gains more than the best single move, which is made otherwise.
    """
    best = score(member)
    for _ in range(rounds):
        moves = _some(_moves(score, member), most // score.price, rng)
        found = _scores(score, member, moves)
        gaining = [k for k in np.argsort(-found, kind="stable") if found[k] > best + GAIN * abs(best)]
        if not gaining:
            break
        alone, together = _apply_moves(member, moves[gaining[0]]), _apply_moves(member, *_one_a_row(moves, gaining))
        both = score(together)
        member, best = (together, both) if both > found[gaining[0]] else (alone, float(found[gaining[0]]))
    return member, best


def simplify(score, member, rng, rounds=3, most=MOST):
    """The member with as many rows as possible at simple values while keeping `KEPT` of its score, and its score.

    A search stops on plateaus where many rows do not matter; once these are simple, `polish` finds further gains.
    """
    best = score(member)
    for _ in range(rounds):
        moves = _some(_moves(score, member, inner=True), most // score.price, rng)
        found = _scores(score, member, moves)
        keeping = [k for k in np.argsort(-found, kind="stable") if found[k] >= KEPT * best]
        chosen = _one_a_row(moves, keeping)
        while chosen:
            simpler = _apply_moves(member, *chosen)
            reached = score(simpler)
            if reached >= KEPT * best:
                member, best = simpler, max(best, reached)
                break
            chosen = chosen[: len(chosen) // 2]
        if not chosen:
            break
    return member, best


def _moves(score, member, inner=False):
    """(block, row, value) of every change of one row to a simple value.

    Args: inner: only of rows that lie strictly between the ends of their block.
    """
    moves = []
    for name, block in score.family.blocks.items():
        if inner and not block.continuous:
            continue
        array, values = member[name], np.array(block.corners(score.sizes))
        ends = block.ends(score.sizes)
        for row in np.ndindex(array.shape[: array.ndim - block.row_axes]):
            away = np.abs(values - array[row])
            away = away.max(axis=-1) if block.row_axes else away
            if not (inner and (away[:ends] <= SAME).any()):
                moves += [(name, row, values[k]) for k in np.flatnonzero(away)]
    return moves


def _some(moves, most, rng):
    if len(moves) <= most:
        return moves
    return [moves[k] for k in sorted(rng.choice(len(moves), most, replace=False))]


def _scores(score, member, moves):
    if not moves:
        return np.empty(0)
    population = repeat(member, len(moves))
    for k, (name, row, value) in enumerate(moves):
        population[name][(k, *row)] = value
    return score.of_population(population)


def _one_a_row(moves, order):
    """The first move of every row, in the given order."""
    chosen = {}
    for k in order:
        chosen.setdefault(moves[k][:2], moves[k])
    return list(chosen.values())


def _apply_moves(member, *moves):
    changed = {name: np.array(array) for name, array in member.items()}
    for name, row, value in moves:
        changed[name][row] = value
    return changed
