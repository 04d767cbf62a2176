"""Entropic risk and CVaR against enumeration of policies (of histories too), laws of returns, and closed forms."""

from itertools import product

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import floats, nearest, objects, rational
from mdpkit.base.errors import InvalidModel, NotSolved
from mdpkit.model import MDP, Discounted, Finite, TabularPolicy
from mdpkit.solve import CVaRPlanning, EntropicPlanning, Status, solve

LEVELS = ["1/10", "1/3", "1/2", "7/8", "1"]


def drawn(seed, S=2, A=2, H=2):
    rng = np.random.default_rng(seed)
    moving = (H,) if seed % 3 == 2 else ()
    law = objects(rng.integers(0, 4, (*moving, S, A, S)))
    law[..., 0] += law.sum(axis=-1) == 0
    rho = objects(rng.integers(1, 4, S))
    r = objects(rng.integers(-2, 3, (*moving, S, A))) / (1 + seed % 2)
    return MDP(law / law.sum(axis=-1, keepdims=True), r, rho / rho.sum(), horizon=Finite(H))


def markov(mdp):
    """All deterministic Markov policies."""
    for plan in product(range(mdp.A), repeat=mdp.S * mdp.horizon.H):
        yield TabularPolicy(objects(np.eye(mdp.A, dtype=int)[np.reshape(plan, (mdp.horizon.H, mdp.S))]))


def histories(mdp):
    """The law {return: probability} of every deterministic policy of the history, for two steps."""
    P, r = (np.broadcast_to(x, (2, *x.shape[-k:])) for x, k in ((mdp.P, 3), (mdp.r, 2)))
    pairs = list(product(range(mdp.S), repeat=2))
    for first in product(range(mdp.A), repeat=mdp.S):
        for second in product(range(mdp.A), repeat=len(pairs)):
            law = {}
            for (s, n), b in zip(pairs, second, strict=True):
                a = first[s]
                g = r[0, s, a] + r[1, n, b]
                law[g] = law.get(g, 0) + mdp.rho[s] * P[0, s, a, n]
            yield law


def tail(law, level):
    """max_b b - E (b - G)^+ / level over all possible returns b."""
    return max(b - sum(p * max(b - g, 0) for g, p in law.items()) / level for b in law)


@pytest.mark.parametrize("seed", range(15))
def test_cvar_is_best_over_all_policies_of_the_history(seed):
    mdp = drawn(seed)
    laws = list(histories(mdp))
    for level in LEVELS:
        answer = solve(mdp, CVaRPlanning(level))
        assert answer.value.lower[()] == max(tail(law, rational(level)) for law in laws)
        assert measure.cvar(answer.model, answer.policy, level) == answer.value
        near = solve(mdp.to_float(), CVaRPlanning(level))
        assert near.value.contains(answer.value.lower)
        assert not (measure.cvar(near.model, near.policy, level) == near.value).any_no()
        for grid in ("1/5", 0.3):
            rounded = solve(mdp, CVaRPlanning(level, grid=grid), tol=2).value
            assert rounded.contains(answer.value.lower)
            assert rounded.width == pytest.approx(2 * nearest(rational("1/5")) if grid == "1/5" else 0.6)
    mean = (mdp.rho * solve(mdp).value[0]).sum()
    assert solve(mdp, CVaRPlanning(1)).value == mean


@pytest.mark.parametrize("seed", range(12))
def test_cvar_of_a_policy_is_the_mean_of_its_sorted_tail(seed):
    mdp, rng = drawn(seed, S=3, A=2, H=3), np.random.default_rng(seed)
    table = objects(rng.integers(1, 4, (3, 3, 2)))
    policy = TabularPolicy(table / table.sum(axis=-1, keepdims=True))
    returns, law = measure.return_law(mdp, policy)
    assert law.sum() == 1
    assert (returns * law).sum() == measure.value(mdp, policy).lower[()]
    low = [measure.cvar(mdp, policy, level).lower[()] for level in LEVELS]
    assert low == sorted(low)
    assert low[-1] == measure.value(mdp, policy).lower[()]
    for level, known in zip(LEVELS, low, strict=True):
        assert known == tail(dict(zip(returns, law, strict=True)), rational(level))
        assert measure.cvar(mdp.to_float(), policy.to_float(), level).contains(known)
        assert solve(mdp, CVaRPlanning(level)).value.lower[()] >= known


def test_a_markov_policy_may_do_worse_than_one_that_knows_the_sum():
    """A coin pays 2 or 0; then one may stake 1 to win 3 at even odds, or pass.

    The worst half of the returns is best if one stakes after 0 alone: -1, 3 or 2, of mean 1/2 in the worst half. A
    Markov policy that stakes with probability q has returns -1, 1 (q/4 each) and 0 there, of mean 0.
    """
    after = {0: [2, 2], 1: [2, 2], 2: [5, (3, 4)], 3: [3, 3], 4: [4, 4], 5: [5, 5]}
    P = objects(np.zeros((6, 2, 6), dtype=int))
    for s, targets in after.items():
        for a, target in enumerate(targets):
            for n in np.atleast_1d(target):
                P[s, a, n] = rational(1) / np.size(target)
    r = objects([[2, 2], [0, 0], [0, 0], [3, 3], [-1, -1], [0, 0]])
    mdp = MDP(P, r, objects(["1/2", "1/2", 0, 0, 0, 0]), horizon=Finite(3))
    assert solve(mdp, CVaRPlanning("1/2")).value.lower[()] == rational("1/2")
    for q in ("0", "1/3", "1/2", "1"):
        table = objects([[1, 0]] * 6)
        table[2] = [1 - rational(q), rational(q)]
        assert measure.cvar(mdp, TabularPolicy(table), "1/2") == 0


@pytest.mark.parametrize("seed", range(15))
def test_entropic_values_are_those_of_the_law_and_no_policy_is_better(seed):
    mdp = drawn(seed)
    for aversion in ("1/3", 2, -1, 0.7):
        theta = nearest(rational(aversion)) if not isinstance(aversion, float) else aversion

        def from_start(V, theta=theta, mdp=mdp):
            return -np.log(floats(mdp.rho) @ np.exp(-theta * V.mid[0])) / theta

        answer = solve(mdp, EntropicPlanning(aversion))
        assert answer.status is Status.SOLVED
        assert answer.value.how == "enclosed"
        near = solve(mdp.to_float(), EntropicPlanning(aversion))
        assert (near.value.lower <= answer.value.upper).all()
        assert (near.value.upper >= answer.value.lower).all()
        best = []
        for policy in markov(mdp):
            returns, law = measure.return_law(mdp, policy)
            best.append(-np.log(floats(law) @ np.exp(-theta * floats(returns))) / theta)
            own = measure.entropic_value(mdp, policy, aversion)
            assert from_start(own) == pytest.approx(best[-1], abs=1e-12)
            assert (own.lower <= answer.value.upper).all()
        laws = [(floats(objects(list(law.values()))), floats(objects(list(law)))) for law in histories(mdp)]
        every = max(-np.log(p @ np.exp(-theta * g)) / theta for p, g in laws)
        assert from_start(answer.value) == pytest.approx(max(best), abs=1e-12)
        assert from_start(answer.value) == pytest.approx(every, abs=1e-12)
        own = measure.entropic_value(mdp, answer.policy, aversion)
        assert (own.upper >= answer.value.lower).all()


def test_the_aversion_interpolates_between_the_mean_and_the_least_return():
    mdp = drawn(1, S=3, H=3)
    values = [solve(mdp, EntropicPlanning(aversion)).value for aversion in ("1/1000000", "1/2", 5, 1000)]
    for more, less in zip(values[1:], values[:-1], strict=True):
        assert not (more <= less).any_no()
    np.testing.assert_allclose(values[0].mid, solve(mdp).value.mid, atol=1e-5)
    least = np.zeros((4, 3))
    for t in (2, 1, 0):
        worst = np.where(floats(mdp.P) > 0, least[t + 1], np.inf).min(axis=-1)
        least[t] = (floats(mdp.r) + worst).max(axis=1)
    np.testing.assert_allclose(values[3].mid, least, atol=0.02)


def test_exponentials_of_large_rewards_do_not_overflow():
    """Rewards from 10^10 on swamp the chance of 1/4: the certainty equivalent is the least return, up to log(4)."""
    P = np.array([[[0.25, 0.75], [0, 1]], [[0, 1], [0, 1]]])
    for size in (1e10, 3e15, 1e100, 1e308):
        mdp = MDP(P, [[0.0, -size / 2], [-size / 4, -size / 4]], horizon=Finite(2))
        for given in (mdp, mdp.to_exact()):
            for aversion, best in ((1, -size / 4), (-1, 0)):
                answer = solve(given, EntropicPlanning(aversion), throw=False)
                off = abs(answer.value.mid[0, 0] - best)
                assert off <= 3 + 1e-15 * size
                assert answer.value.width <= 1e-14 * size


def test_what_does_not_fit_is_refused():
    mdp = drawn(0)
    endless = MDP(mdp.P, mdp.r, horizon=Discounted("1/2"))
    for method in (CVaRPlanning("1/2"), EntropicPlanning(1)):
        with pytest.raises(TypeError, match="solves a Finite MDP"):
            solve(endless, method)
    for level in (0, "3/2", np.nan, "many"):
        with pytest.raises(InvalidModel, match=r"level is .*; expected a"):
            CVaRPlanning(level)
    for aversion in (0, np.inf, "much"):
        with pytest.raises(InvalidModel, match=r"the aversion is .*; expected a finite number other than 0"):
            EntropicPlanning(aversion)
    with pytest.raises(InvalidModel, match="grid is 0; expected a number above 0"):
        CVaRPlanning("1/2", grid=0)
    with pytest.raises(
        InvalidModel, match="pairs of a state and a sum of rewards are reached; expected at most 3: set"
    ):
        solve(mdp, CVaRPlanning("1/2", pairs=3))
    with pytest.raises(NotSolved, match=r"; a grid of 1/4 leaves them 2 \* 1/4 apart"):
        solve(mdp, CVaRPlanning("1/2", grid="1/4"))
    even = TabularPolicy(objects([["1/2", "1/2"]] * 2))
    with pytest.raises(InvalidModel, match="law of the return is computed over a finite horizon"):
        measure.return_law(endless, even)
    with pytest.raises(InvalidModel, match="entropic value is computed over a finite horizon"):
        measure.entropic_value(endless, even, 1)
