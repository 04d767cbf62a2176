"""The best of n and clipped steps, against enumeration and against the losses of the learners."""

from itertools import product

import numpy as np
import pytest

from mdpkit import PreferenceProblem, TabularPolicy, measure, objects
from mdpkit.base.arrays import exactly
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.learn import BestOfN, fit, grant, p3o_weights, ppo_weights

old = TabularPolicy(objects([["1/2", "1/4", "1/4"], ["1/3", "1/3", "1/3"]]))
policy = TabularPolicy(objects([["1/8", "1/2", "3/8"], ["1/2", 0, "1/2"]]))
problem = PreferenceProblem(old.table, reward=objects([[1, -2, 3], [0, 1, 1]]), rho=objects(["1/4", "3/4"]))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_best_of_n_is_what_enumeration_says_and_what_the_learner_plays(n):
    scores = objects([[1, 0, 1], [2, 1, 0]])
    found = measure.best_of_n(old, scores, n)
    for x in range(2):
        brute = objects([0, 0, 0])
        for drawn in product(range(3), repeat=n):
            top = [y for y in drawn if scores[x, y] == max(scores[x, list(drawn)])]
            for y in top:
                brute[y] += old.table[x, list(drawn)].prod() / len(top)
        assert (found.lower[x] == brute).all()
    divergence = measure.best_of_n_divergence(old, scores, n)
    assert (divergence == measure.kl(TabularPolicy(found.lower), old)).all_yes()
    near = measure.best_of_n(old.to_float(), scores.astype(float), n)
    assert (abs(near.mid - found.mid) < 1e-15).all()
    given = PreferenceProblem(old.table, reward=scores)
    assert np.allclose(fit(BestOfN(n), grant(given, rewards=True), rng=None).policy.table, found.mid, rtol=1e-14)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_responses_without_mass_are_never_the_best_of_n(n):
    reference = objects([["1/2", 0, "1/2"], [0, 1, 0], ["1/4", "3/4", 0]])
    scores = objects([[0, 2, 1], [3, 2, 1], [1, 1, 1]])
    half = 1 / objects([2**n])[0]
    meant = objects([[half, 0, 1 - half], [0, 1, 0], ["1/4", "3/4", 0]])
    assert (measure.best_of_n(TabularPolicy(reference), scores, n) == meant).all_yes()
    with propose():
        assert np.allclose(
            measure.best_of_n(TabularPolicy(reference.astype(float)), scores, n), meant.astype(float), rtol=1e-15
        )


def test_sorting_and_pairs_give_one_law_of_the_best_of_n():
    rng = np.random.default_rng(0)
    table, scores = rng.dirichlet(np.ones(70), 4), rng.integers(0, 30, (4, 70)).astype(float)
    table[0, 3], table[0, 4] = 1e-30, table[0, 4] + table[0, 3]
    scores[0, 3] = 99
    table[1, 5] = 0
    table /= table.sum(axis=-1)[:, None]
    for n in (1, 5, 200):
        with propose():
            found = measure.best_of_n(TabularPolicy(table), scores, n)
        law = exactly(table)
        law = TabularPolicy(law / law.sum(axis=-1)[:, None])
        exact = measure.best_of_n(law, exactly(scores), n).mid
        assert np.allclose(found, exact, rtol=1e-9, atol=0)


def enumerate_step(weights):
    """Sum over pairs of the weights times the gradients of log pi in the logits."""
    step = np.zeros((2, 3))
    pi, q, rho = (each.astype(float) for each in (policy.table, old.table, problem.rho))
    for x, y, z in product(range(2), range(3), range(3)):
        first, second = weights(x, y, z)
        for w, chosen in ((first, y), (second, z)):
            step[x] += rho[x] * q[x, y] * q[x, z] * w * (np.eye(3)[chosen] - pi[x])
    return step


@pytest.mark.parametrize("clip", [None, "1/5", "1/2"])
@pytest.mark.parametrize("joint", [False, True])
def test_pairwise_steps_are_sums_of_the_losss_weights(clip, joint):
    ratio, r = (policy.table / old.table).astype(float), problem.reward.astype(float)
    width = np.inf if clip is None else float(objects(clip)[()])

    def weights(x, y, z):
        ends = (np.array([ratio[x, each]]) for each in (y, z))
        return (float(w[0]) for w in p3o_weights(*ends, np.array([r[x, y] - r[x, z]]), width, joint))

    found = measure.pairwise_step(problem, policy, old, clip, joint)
    assert found.exact
    assert np.allclose(found.mid, enumerate_step(weights), atol=1e-14)
    floats = (each.to_float() for each in (problem, policy, old))
    assert np.allclose(measure.pairwise_step(*floats, clip, joint).mid, found.mid, atol=1e-14)


@pytest.mark.parametrize("clip", [None, "1/5"])
@pytest.mark.parametrize("baseline", [False, True])
def test_proximal_steps_are_sums_of_the_losss_weights(clip, baseline):
    ratio, r, q = (each.astype(float) for each in (policy.table / old.table, problem.reward, old.table))
    advantage = r - (q * r).sum(axis=-1, keepdims=True) * baseline
    width = np.inf if clip is None else 1 / 5

    def weights(x, y, z):
        return ppo_weights(ratio[x, y : y + 1], advantage[x, y : y + 1], width)[0], 0.0

    found = measure.proximal_step(problem, policy, old, clip, baseline)
    assert np.allclose(found.mid, enumerate_step(weights), atol=1e-14)


def test_a_step_needs_rewards():
    tilt = PreferenceProblem(old.table, weights=objects([[1, 2, 3], [1, 1, 1]]))
    with pytest.raises(InvalidModel, match="expected a problem with `reward`"):
        measure.pairwise_step(tilt, policy, old)
