"""Online DPO and XPO with finite classes on one prompt with two responses: exact laws, and many runs at once.

Each round compares a response of the policy with one of the reference, as `OnlineDPO` and `XPO` with `pairs=1` do. The
comparisons enter through four counts, so that a round costs no more than the class has members.
"""

from collections import defaultdict

import numpy as np

from ...base.arrays import floats, objects, rational
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number, Numbers
from ...exact.logs import log
from ...measure import reward
from ...model.preference import PreferenceProblem


def policy_law(problem: PreferenceProblem, tables: Numbers, rounds: int, optimism: Number = 0) -> np.ndarray:
    """Exact probability `[k]` that online DPO plays the policy `tables[k,0,y]` after `rounds` rounds.

    The policy of least loss is played; ties go to the first, and without comparisons all policies tie.

    Args:
        problem: one prompt and two responses, in rational tilt form with an integer beta.
        tables: the finite class, of positive probabilities.
        rounds: number of rounds.
        optimism: weight of XPO's bonus, the sum of log pi(z) over the reference's responses z; 0: online DPO.

    Raises: InvalidModel for another problem or class.

    >>> problem = PreferenceProblem(objects([["3/4", "1/4"]]), weights=objects([[1, 3]]))
    >>> policy_law(problem, objects([[["3/4", "1/4"]], [["1/2", "1/2"]]]), rounds=1)
    array([23/32, 9/32], dtype=object)
    """
    _expect_two(problem, tables)
    expect_counts(rounds=rounds)
    if not (problem.exact and problem.weights is not None and rational(problem.beta).q == 1):
        raise InvalidModel("exact laws need a rational problem with weights and an integer beta")
    tables, optimism, beta = objects(tables)[:, 0], rational(optimism), int(rational(problem.beta))
    odds = (tables[:, 1] / tables[:, 0] / (problem.reference[0, 1] / problem.reference[0, 0])) ** beta
    chances = odds / (1 + odds)
    truth = problem.weights[0, 1] ** beta
    truth, good = truth / (1 + truth), problem.reference[0, 1]
    chosen = {}

    def choose(state):
        if state not in chosen:
            chosen[state] = _first_best(state, chances, tables, optimism)
        return chosen[state]

    law = {(0, 0, 0, 0): rational(1)}
    for _ in range(rounds):
        after = defaultdict(lambda: rational(0))
        for state, mass in law.items():
            own = tables[choose(state), 1]
            for y, z in np.ndindex(2, 2):
                pair = mass * (own if y else 1 - own) * (good if z else 1 - good)
                for won, chance in ((1, truth), (0, 1 - truth)) if y != z else ((None, rational(1)),):
                    after[_count(state, z, won, optimism != 0)] += pair * chance
        law = after
    found = objects([0] * len(tables))
    for state, mass in law.items():
        found[choose(state)] += mass
    return found


def _count(state, z, won, bonus):
    """Wins and losses of the second response, and how often the reference gave the second and the first."""
    wins, losses, second, first = state
    drawn = (second + z, first + 1 - z) if bonus else (0, 0)
    return wins + (won == 1), losses + (won == 0), *drawn


def _first_best(state, chances, tables, optimism):
    wins, losses, second, first = state
    if optimism == 0:
        likelihoods = [p**wins * (1 - p) ** losses for p in chances]
        return likelihoods.index(max(likelihoods))
    losses_of = [
        optimism * (second * log(table[1]) + first * log(table[0])) - wins * log(p) - losses * log(1 - p)
        for p, table in zip(chances, tables, strict=True)
    ]
    return min(range(len(tables)), key=lambda k: (losses_of[k], k))


def explore(
    problem: PreferenceProblem, tables: Numbers, optimism: Numbers, rounds: int, runs: int, rng: np.random.Generator
) -> np.ndarray:
    """Which member of a finite class is played in each round, `[j,run,t]`, for many weights of the bonus at once.

    Args:
        problem: one prompt and two responses; tables: `tables[k,0,y]`, of positive probabilities.
        optimism: `optimism[j]`, weights of XPO's bonus; 0: online DPO; below 0: pessimism.
        rounds: number of rounds. runs: number of independent runs for each weight.
        rng: generator; all weights share its draws, run by run.

    Round t is played with member `[j,run,t]`, for t up to `rounds`: the last is what the learner returns.

    Raises: InvalidModel for another problem or class.
    """
    _expect_two(problem, tables)
    expect_counts(rounds=rounds, runs=runs)
    tables, beta = floats(np.asarray(tables))[:, 0], float(rational(problem.beta) if problem.exact else problem.beta)
    reference, alpha = floats(problem.reference)[0], np.atleast_1d(floats(np.asarray(optimism)))[:, None, None]
    margin = beta * np.log(tables[:, 1] / tables[:, 0] / (reference[1] / reference[0]))
    lost, won = np.logaddexp(0, margin), np.logaddexp(0, -margin)
    gain = floats(np.asarray(reward(problem).mid))[0]
    truth = 1 / (1 + np.exp(gain[0] - gain[1]))
    counts = np.zeros((4, len(alpha), runs, 1))
    played = np.zeros((len(alpha), runs, rounds + 1), dtype=np.int64)
    for t in range(rounds + 1):
        wins, losses, second, first = counts
        loss = wins * won + losses * lost + alpha * (second * np.log(tables[:, 1]) + first * np.log(tables[:, 0]))
        played[:, :, t] = k = loss.argmin(axis=-1)
        if t == rounds:
            break
        draws = rng.random((3, runs))
        y, z, preferred = draws[0] < tables[k, 1], draws[1] < reference[1], draws[2] < truth
        apart = y != z
        for count, more in zip(counts, (apart & preferred, apart & ~preferred, z, ~z), strict=True):
            count[..., 0] += more
    return played


def _expect_two(problem, tables):
    shape = np.shape(tables)
    if (problem.X, problem.Y) != (1, 2) or problem.win is not None:
        raise InvalidModel(f"{problem!r}: expected one prompt with two responses, and a reward")
    if len(shape) != 3 or shape[1:] != (1, 2) or not np.asarray(np.asarray(tables) > 0).all():
        raise InvalidModel(f"tables has shape {shape}; expected positive probabilities tables[k,0,y] of two responses")
