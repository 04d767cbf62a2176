"""Golden numbers of self-play on preference games, and of the reward models that fail there."""

import numpy as np
import pytest

from mdpkit import PreferenceProblem, TabularPolicy, measure, objects, solve
from mdpkit.claims.preference import condorcet_winner_gives_self_play_a_fast_rate as fast
from mdpkit.instances import named
from mdpkit.learn import RLHF, SPO, MultiplicativeWeights, fit, grant
from mdpkit.solve import MinimaxWinner

M = np.array([[0, 0.6, -0.2], [-0.6, 0, 0.9], [0.2, -0.9, 0]])


def exploit(p, margins=M):
    return (margins @ p).max()


def play(margins, rate, rounds, start=None):
    """Exponential weights against themselves: the policies, and their average."""
    total, played = np.zeros(len(margins)), []
    start = np.full(len(margins), 1 / len(margins)) if start is None else np.array(start)
    for _ in range(rounds):
        weights = start * np.exp(rate * (total - total.max()))
        played.append(weights / weights.sum())
        total = total + margins @ played[-1]
    return np.array(played), np.mean(played, axis=0)


def test_the_average_falls_and_the_last_policy_does_not():
    """At the rate sqrt(2 log 3 / T) from a skewed start: .1199, .0386, .0127 for T = 1e2, 1e3, 1e4."""
    last = []
    for T, expected in ((100, 0.1199), (1000, 0.0386), (10_000, 0.0127)):
        played, average = play(M, np.sqrt(2 * np.log(3) / T), T, (0.8, 0.1, 0.1))
        gains = played @ M.T
        regret = (gains.sum(axis=0).max() - (gains * played).sum()) / T
        assert abs(exploit(average) - regret) < 1e-12
        assert abs(exploit(average) - expected) < 5e-5
        last.append(exploit(played[-1]))
    assert np.allclose(last, [0.275, 0.304, 0.463], atol=1e-3)
    logits = np.exp(np.log(played).mean(axis=0))
    assert abs(exploit(logits / logits.sum()) - 0.0776) < 5e-5


def test_exponential_weights_are_fast_with_a_condorcet_winner_and_slow_on_a_cycle():
    """Both bounds of the proof note, over random games; and exploitability * T on the cycle at a constant rate."""
    rng, tightest = np.random.default_rng(0), [0.0, 0.0]
    for _ in range(60):
        N, D = rng.integers(2, 7), rng.choice([0.25, 0.5, 1.0])
        margins = np.triu(rng.uniform(-1, 1, (N, N)), 1)
        margins[0, 1:] = rng.uniform(D, 1, N - 1)
        margins[0, 1] = D
        margins = margins - margins.T
        for k, (rate, bound) in enumerate(((D / 4, 8 / D**2), (D, 1 / (1 - np.exp(-(D**2) / 2))))):
            played, _ = play(margins, rate, int(40 * np.log(N) / (rate * D)) + 50)
            tightest[k] = max(tightest[k], (1 - played[:, 0]).sum() / (bound * np.log(N)))
    assert tightest[0] < tightest[1] <= 1
    assert 0.35 < tightest[0] < 0.6
    totals = [T * exploit(play(M, 0.1, T)[1]) for T in (100, 1000, 10_000)]
    assert totals[-1] > 2 * totals[0]


def test_the_learner_plays_the_rounds_of_the_fast_rate():
    m = fast.duel_of_two(3)
    answer = fit(SPO(rounds=m.T, player=MultiplicativeWeights(1)), grant(m.problem, preferences="exact"), rng=None)
    played, _ = fast.play(m)
    assert (played.lower == objects(np.stack([policy.table[0] for policy in answer.trace["policy"]]))).all()
    assert measure.exploitability(m.problem, answer.policy) * m.T == fast.sides(m)[0]


@pytest.mark.parametrize(("data", "expected"), [((1, 1, 1), 0.2), ((6, 3, 1), 0.2), ((1, 2, 7), 0.6)])
def test_the_greedy_policy_of_a_reward_model_is_exploitable(data, expected):
    law = np.array(data)[None] / sum(data)
    problem = PreferenceProblem([[1 / 3] * 3], win=(M[None] + 1) / 2, data=law)
    scores = fit(RLHF(), grant(problem, preferences="exact"), rng=None).trace["scores"][0][0]
    greedy = TabularPolicy(np.eye(3)[[np.argmax(scores)]])
    assert abs(measure.exploitability(problem, greedy).mid - expected) < 1e-12
    # ranks by win rate against the data
    assert (np.argsort(scores) == np.argsort(M @ law[0])).all()
    assert measure.exploitability(problem, solve(problem, MinimaxWinner()).policy).upper < 1e-12


def test_the_named_games():
    m = named("preference_cycle")
    assert (m.winner.table == objects([["9/17", "2/17", "6/17"]])).all()
    assert measure.exploitability(m.problem, m.winner) == 0
    with pytest.raises(ValueError, match="c is 0; expected a margin above 0"):
        named("preference_cycle", c=0)
    with pytest.raises(ValueError, match="v is 2; expected"):
        named("dominated_response", v=2)
