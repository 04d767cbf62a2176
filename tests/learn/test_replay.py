"""Q-learning with replayed demonstrations: its exact law against simulation, enumeration and closed forms."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.claims.imitation.replayed_demonstrations_open_a_combination_lock import lock
from mdpkit.exact.infinite import INFINITY
from mdpkit.learn.reinforcement.replay import expected_episodes


def simulate(code, A, share, updates, rng):
    """Episodes until the greedy policy is optimal, with plain arrays and explicit steps."""
    H, episodes = len(code), 0
    Q = np.zeros((H + 1, A))
    while any((Q[s] == Q[s].max()).sum() > 1 or Q[s].argmax() != code[s] for s in range(H)):
        episodes += 1
        own = []
        for s in range(H):
            a = int(rng.choice(np.flatnonzero(Q[s] == Q[s].max())))
            own.append((s, a, a == code[s]))
            if a != code[s]:
                break
        for _ in range(updates):
            steps = [(s, a, True) for s, a in enumerate(code)] if rng.random() < share else own
            t = rng.integers(H)
            if t < len(steps):
                s, a, onward = steps[t]
                Q[s, a] = (s == H - 1) + Q[s + 1].max() if onward else 0
    return episodes


@pytest.mark.parametrize(("share", "updates"), [(0, 1), (0.5, 1), (0.5, 3), (1, 2)])
def test_the_law_agrees_with_simulation(share, updates):
    rng, code = np.random.default_rng(0), (1, 0, 1)
    runs = np.array([simulate(code, 2, share, updates, rng) for _ in range(3000)])
    mean = expected_episodes(lock(2, code), lock(2, code), {0: 0, 0.5: "1/2", 1: 1}[share], updates).mid
    assert abs(runs.mean() - mean) < 5 * runs.std() / np.sqrt(len(runs))


def test_all_of_the_demonstration_takes_a_square():
    for H in range(1, 6):
        code = (0,) * H
        assert expected_episodes(lock(3, code), lock(3, code), 1) == H**2


def test_a_greedy_policy_that_never_becomes_optimal():
    """The demonstration is worth less than the untried action, which greedy play then avoids."""
    P, rho = objects([[[0, 1], [0, 1]], [[0, 1], [0, 1]]]), objects([1, 0])
    problem, source = (MDP(P, objects([r, [0, 0]]), rho, horizon=Finite(1)) for r in ([1, 2], [1, 0]))
    assert expected_episodes(problem, source, 1).lower == INFINITY


def test_bad_input_is_named():
    fair = lock(2, (0, 1))
    with pytest.raises(InvalidModel, match="share is 2; expected a probability"):
        expected_episodes(fair, fair, 2)
    with pytest.raises(InvalidModel, match="updates is 0"):
        expected_episodes(fair, fair, 1, updates=0)
    coin = MDP(objects([[["1/2", "1/2"]], [[0, 1]]]), objects([[0], [0]]), objects([1, 0]), horizon=Finite(1))
    with pytest.raises(InvalidModel, match="expected deterministic transitions"):
        expected_episodes(coin, coin, 1)
    loop = MDP(objects([[[1]]]), objects([[1]]), horizon=Finite(2))
    with pytest.raises(InvalidModel, match="entered at step 1, and not terminal"):
        expected_episodes(loop, loop, 1)
    with pytest.raises(InvalidModel, match="not a stationary rational problem"):
        expected_episodes(fair.to_float(), fair, 1)
