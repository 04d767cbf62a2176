"""Losses over many comparisons: gradients against differences, blocks against one array, and TRL's definitions."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import log_expit

from mdpkit.base.errors import InvalidModel
from mdpkit.learn import (
    dpo_gradient,
    dpo_loss,
    dpo_value,
    hypo_gradient,
    hypo_value,
    ipo_gradient,
    ipo_loss,
    ipo_value,
    p3o_weights,
    pair_margin,
    ppo_weights,
    reverse_kl_surrogate,
    smooth_labels,
)
from mdpkit.learn.preference._pairs import logistic
from mdpkit.model import Comparisons


def drawn(seed, n=500, X=3, Y=4):
    rng = np.random.default_rng(seed)
    x, y, z = (rng.integers(0, size, n) for size in (X, Y, Y))
    return rng.normal(size=(X, Y)), Comparisons(x, y, z, rng.random(n), weight=rng.random(n))


def losses(seed):
    rng = np.random.default_rng(100 + seed)
    reference, rho = rng.dirichlet(np.ones(4), 3), rng.dirichlet(np.ones(3))
    return {
        "dpo": (lambda h, data: dpo_value(h, data, 0.7), lambda h, data: dpo_gradient(h, data, 0.7)),
        "ipo": (lambda h, data: ipo_value(h, data, 0.4), lambda h, data: ipo_gradient(h, data, 0.4)),
        "hypo": (
            lambda h, data: hypo_value(h, reference, rho, data, 0.7, 0.2),
            lambda h, data: hypo_gradient(h, reference, rho, data, 0.7, 0.2),
        ),
    }


@pytest.mark.parametrize("name", ["dpo", "ipo", "hypo"])
@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_the_values(name, seed):
    value, gradient = losses(seed)[name]
    h, data = drawn(seed)
    found, step = gradient(h, data), 1e-6
    for x, y in np.ndindex(*h.shape):
        move = np.zeros(h.shape)
        move[x, y] = step
        assert np.isclose((value(h + move, data) - value(h - move, data)) / (2 * step), found[x, y], atol=1e-7)


@pytest.mark.parametrize("name", ["dpo", "ipo", "hypo"])
def test_blocks_of_rows_give_what_one_array_gives(name):
    h, data = drawn(7)
    columns = "prompt", "first", "second", "won"
    for ends in ([0, 500], [0, 1, 499, 500], [0, 250, 500]):
        blocks = [
            Comparisons(*(getattr(data, column)[a:b] for column in columns), weight=data.weight[a:b])
            for a, b in pairwise(ends)
        ]
        for function in losses(7)[name]:
            assert np.allclose(function(h, iter(blocks)), function(h, data), rtol=1e-12, atol=1e-15)


def test_values_are_means_of_the_named_losses():
    h, data = drawn(3)
    margin = h[data.prompt, data.first] - h[data.prompt, data.second]
    share = data.weight / data.weight.sum()
    assert np.isclose(dpo_value(h, data, 0.7), share @ dpo_loss(margin, data.won, 0.7))
    assert np.isclose(ipo_value(h, data, 0.4), share @ ipo_loss(margin, data.won, 0.4))


def test_rows_are_gathered_by_pair_whatever_their_number():
    """Few rows over many prompts are sorted, many rows over few are counted."""
    rng = np.random.default_rng(0)
    for X, n in ((2, 3000), (100_000, 300)):
        h = rng.normal(size=(X, 3))
        x, y, z = (rng.integers(0, size, n).astype(np.uint32) for size in (X, 3, 3))
        data = Comparisons(x, y, z, rng.integers(0, 2, n).astype(float), weight=rng.random(n))
        terms = logistic(data, 0.7)
        apart = data.first != data.second
        left = data.weight[~apart].sum() / data.weight.sum() * np.log(2)
        assert np.isclose(terms.value(h) + left, dpo_value(h, data, 0.7))
        assert np.allclose(terms.gradient(h), dpo_gradient(h, data, 0.7))


def test_what_cannot_be_summed_is_refused():
    h, data = drawn(0)
    with pytest.raises(InvalidModel, match=r"beta \* log_ratio\[1\] has range 1500 nats; expected at most 1400"):
        dpo_gradient(np.array([[0.0, 1.0], [0.0, 1500.0]]), Comparisons([0], [0], [1], [1]), 1.0)
    assert np.isfinite(dpo_gradient(np.array([[0.0, 1399.0]]), Comparisons([0], [0], [1], [1]), 1.0)).all()
    with pytest.raises(InvalidModel, match=r"prompt\[\d+\] is 2; expected an integer from 0 to 1"):
        dpo_gradient(h[:2], data, 1.0)
    with pytest.raises(InvalidModel, match="expected finite numbers log_ratio"):
        dpo_value(h * np.inf, data, 1.0)
    with pytest.raises(InvalidModel, match=r"the weights of the comparisons sum to 0\.0"):
        ipo_value(h, [], 1.0)


def test_definitions_agree_with_the_library_trl():
    """Label smoothing of its loss "sigmoid", the target of its loss "ipo", and means over tokens."""
    rng = np.random.default_rng(1)
    chosen, rejected, reference_chosen, reference_rejected = rng.normal(size=(4, 6))
    logits, beta, smoothing = (chosen - rejected) - (reference_chosen - reference_rejected), 0.3, 0.1
    margin = pair_margin(chosen, rejected, reference_chosen, reference_rejected)
    assert np.allclose(margin, logits)
    smoothed = -log_expit(beta * logits) * (1 - smoothing) - log_expit(-beta * logits) * smoothing
    assert np.allclose(dpo_loss(margin, smooth_labels(np.ones(6), smoothing), beta), smoothed)
    assert np.allclose(ipo_loss(margin, np.ones(6), beta), (logits - 1 / (2 * beta)) ** 2)
    lengths = np.arange(1, 7), np.full(6, 3)
    averaged = (chosen - reference_chosen) / lengths[0] - (rejected - reference_rejected) / lengths[1]
    assert np.allclose(pair_margin(chosen, rejected, reference_chosen, reference_rejected, lengths), averaged)


def test_the_surrogate_of_the_reverse_divergence_has_its_gradient():
    """Its mean over the policy's own responses, with or without a baseline, is the gradient; over others it is not."""
    rng = np.random.default_rng(2)
    h, reference = rng.normal(size=4), rng.dirichlet(np.ones(4))
    pi = reference * np.exp(h) / (reference @ np.exp(h))
    score = np.eye(4) - pi  # gradients of log pi
    exact = pi * (np.log(pi / reference) - pi @ np.log(pi / reference))
    for baseline in (0.0, 3.0):
        weights = reverse_kl_surrogate(np.log(pi / reference), baseline)
        assert np.allclose((pi * weights) @ score, exact)
        assert not np.allclose((reference * weights) @ score, exact, atol=1e-3)


def test_pairwise_steps_ignore_a_shift_of_the_prompt_and_clipped_steps_of_single_responses_do_not():
    rng = np.random.default_rng(3)
    first, second = np.exp(rng.normal(scale=0.3, size=(2, 50)))
    rewards = rng.normal(size=(2, 50))
    for joint in (False, True):
        steps = [p3o_weights(first, second, (rewards[0] + d) - (rewards[1] + d), 0.2, joint) for d in (0.0, 4.0)]
        assert np.allclose(*steps)
        assert (np.array(steps[0]) == 0).any()
    assert not np.allclose(*(ppo_weights(first, rewards[0] + d, 0.2) for d in (0.0, 4.0)))
