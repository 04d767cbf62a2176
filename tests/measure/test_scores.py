"""Scores of noised laws: enclosures against plain quadrature of the definitions, and limits."""

import numpy as np
import pytest

from mdpkit import measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.interval import Interval
from mdpkit.base.mode import propose
from mdpkit.learn.imitation.denoising import Denoiser

X, P, Q = objects([0, "1/2", 1]), objects(["1/2", "1/4", "1/4"]), objects(["1/5", "1/2", "3/10"])
EXACT = np.log(np.array([0.5 / 0.2, 0.25 / 0.5, 0.25 / 0.3]))


def densities(t, law, s, drift=-1, variance=None):
    """Density of the noised state and its score at points s, by the definition."""
    x, law = X.astype(float), law.astype(float)
    variance = (np.exp(2 * drift * t) - 1) / drift if variance is None else variance
    apart = s[:, None] - np.exp(drift * t) * x
    nearest = (apart**2).min(axis=1) / (2 * variance)
    parts = law * np.exp(nearest[:, None] - apart**2 / (2 * variance))  # relative to the nearest point's
    scale = np.exp(-nearest) / np.sqrt(2 * np.pi * variance)
    return scale * parts.sum(axis=1), -(parts * apart).sum(axis=1) / variance / parts.sum(axis=1)


def by_quadrature(first, last, **process):
    """The score divergence by trapezoidal sums over noised states and, in log t, over times."""
    times, values = np.geomspace(first, last, 200), []
    for t in times:
        options = {name: value(t) if callable(value) else value for name, value in process.items()}
        wide = np.exp(max(options.get("drift", -1), 0) * t) * 4
        s = np.linspace(-12 - wide, 12 + 3 * wide, 2001)
        p, score_p = densities(t, P, s, **options)
        score_q = densities(t, Q, s, **options)[1]
        values.append((p * (score_p - score_q) ** 2).sum() * (s[1] - s[0]))
    values = np.array(values) * times
    return ((values[1:] + values[:-1]) / 2 * np.diff(np.log(times))).sum()


def at(t):
    """The signal-to-noise ratio at time t, as a rational near it."""
    return objects(str(round(1e6 / np.expm1(2 * t))) + "/1000000")


def test_the_divergence_is_the_integral_of_its_definition():
    assert measure.score_divergence(X, P, Q, at(0.05)).mid == pytest.approx(by_quadrature(0.05, 12), rel=1e-4)


def test_wrong_processes_give_what_the_controls_say():
    """Twice the variance: half the divergence at the process's own ratio. Reversed drift: it stops at a ratio of 1."""
    double = by_quadrature(0.05, 12, variance=lambda t: 2 * -np.expm1(-2 * t))
    assert double == pytest.approx(measure.score_divergence(X, P, Q, at(0.05) / 2).mid / 2, rel=1e-4)
    reversed_drift = by_quadrature(0.05, 4, drift=1)
    ratio = objects(str(round(1e6 / -np.expm1(-0.1))) + "/1000000")
    rest = measure.score_divergence(X, P, Q, ratio).mid - measure.score_divergence(X, P, Q, objects(1)).mid
    assert reversed_drift == pytest.approx(rest, rel=2e-3)


def test_costs_tend_to_log_ratios_and_average_to_the_divergence():
    for snr in (objects(4), objects(16)):
        costs, limit = measure.score_costs(X, P, Q, snr), Interval(EXACT, EXACT, "float")
        divergence = measure.score_divergence(X, P, Q, snr)
        assert abs((costs * P).sum().mid - divergence.mid) < 1e-6
        low, high = (measure.confusion(X, law, snr) for law in (Q, P))
        assert (costs >= limit - low).all_yes()
        assert (costs <= limit + high).all_yes()
        assert not (costs == measure.noised_log_ratio(X, P, Q, snr)).any_no()


def test_the_learners_quadrature_lies_near_the_enclosure():
    t = 0.1
    denoiser = Denoiser(X.astype(float)[:, None], np.geomspace(t, 8, 9), space_nodes=40, time_nodes=8)
    errors = denoiser.errors(np.stack([Q.astype(float), P.astype(float)]))
    assert errors[0] - errors[1] == pytest.approx(measure.score_costs(X, P, Q, at(t)).mid, abs=1e-4)


def test_floats_are_enclosed_and_proposals_are_plain():
    exact, floats = (
        measure.score_costs(*(convert(a) for a in (X, P, Q)), convert(objects(4)))
        for convert in (lambda a: a, lambda a: a.astype(float))
    )
    assert floats.how == "float"
    assert exact.how == "enclosed"
    assert not (exact == floats).any_no()
    with propose():
        assert measure.score_costs(X, P, Q, objects(4)) == pytest.approx(exact.mid)


def test_states_on_one_point_and_single_states_have_no_divergence():
    one = objects([3, 3, 3])
    assert measure.score_divergence(one, P, Q, objects(9)).mid == 0
    assert measure.noised_log_ratio(one, P, Q, objects(9)).mid.tolist() == [0, 0, 0]
    assert measure.confusion(one, P, objects(9)).mid.tolist() == [0, 0, 0]


def test_a_state_without_mass_is_confused_with_everything():
    assert measure.confusion(X, objects([1, 0, 0]), objects(9)).upper.tolist()[1:] == [np.inf, np.inf]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((X, P[:2], Q, objects(1)), r"p has shape \(2,\) and points \(3,\); expected \[s\] for both"),
        ((X, P, Q * 2, objects(1)), "q sums to 2"),
        ((X, P, Q, objects(0)), "snr is 0; expected a positive number"),
        ((X, P, Interval(np.zeros(3), np.ones(3), "float"), objects(1)), "known within an interval only"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(InvalidModel, match=words):
        measure.score_divergence(*arguments)
