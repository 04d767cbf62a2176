"""Measures of preference problems against their definitions, sampling-free peers, and the exact run."""

from itertools import product

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from mdpkit import measure
from mdpkit.base.arrays import exactly, floats, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.interval import Interval
from mdpkit.base.mode import propose
from mdpkit.exact.infinite import INFINITY
from mdpkit.exact.logs import log
from mdpkit.measure._logs import relative_entropy
from mdpkit.model import MDP, Finite, PreferenceProblem, TabularPolicy
from mdpkit.solve import tilt, zero_error_policy
from mdpkit.strategies import mdps, policies, preferences


@st.composite
def cases(draw, **sizes):
    problem = draw(preferences(**sizes))
    return problem, draw(policies(problem))


def by_definition(problem, policy):
    """J and the pair error from the definitions, on floats."""
    ref, w, mu, rho, pi = (
        floats(x) for x in (problem.reference, problem.weights, problem.data, problem.rho, policy.table)
    )
    beta = float(problem.beta)
    r, J, e = beta * np.log(w), 0.0, 0.0
    for x in np.flatnonzero(rho):
        given = [y for y in range(problem.Y) if pi[x, y] > 0]
        J += rho[x] * sum(pi[x, y] * (r[x, y] - beta * np.log(pi[x, y] / ref[x, y])) for y in given)
        shown = [y for y in range(problem.Y) if mu[x, y] > 0]
        for y, z in product(shown, shown):
            if y != z and 0 in (pi[x, y], pi[x, z]):
                e = np.inf
            elif y != z:
                g = beta * (np.log(pi[x, y] / ref[x, y]) - np.log(pi[x, z] / ref[x, z]))
                e += rho[x] * mu[x, y] * mu[x, z] * (g - (r[x, y] - r[x, z])) ** 2
    return J, e


@given(cases())
def test_value_and_pair_error_are_what_they_are_defined_to_be(case):
    problem, policy = case
    J, e = by_definition(problem, policy)
    value, error = measure.value(problem, policy), measure.pair_error(problem, policy)
    assert value.exact
    assert error.exact
    assert value.mid == pytest.approx(J, abs=1e-12)
    assert error.mid == pytest.approx(e, abs=1e-12)
    near, rough = problem.to_float(), policy.to_float()
    mean = measure.expected_reward(problem, policy)
    for f, exact in ((measure.value, value), (measure.pair_error, error), (measure.expected_reward, mean)):
        about = f(near, rough)
        assert about.how == "float"
        assert about.contains(exact)
        assert not np.isfinite(about.upper) or about.width < 1e-11
        with propose():
            assert f(near, rough) == pytest.approx(exact.mid, abs=1e-11)


@given(cases())
def test_a_reward_and_its_tilt_form_say_the_same(case):
    problem, policy = case
    near, rough = problem.to_float(), policy.to_float()
    twin = PreferenceProblem(
        near.reference, reward=near.beta * np.log(near.weights), data=near.data, rho=near.rho, beta=near.beta
    )
    for f in (measure.value, measure.pair_error, measure.expected_reward):
        one, other = f(near, rough), f(twin, rough)
        assert one.mid == pytest.approx(other.mid, abs=1e-12)
    assert measure.value(twin.to_exact(), rough.to_exact()).exact


@given(cases())
def test_the_pair_error_is_blind_to_what_no_pair_tells(case):
    """Scaling the weights of a prompt moves no preference; the policy of the weights themselves has no error."""
    problem, policy = case
    scaled = PreferenceProblem(
        problem.reference, weights=problem.weights * 7, data=problem.data, rho=problem.rho, beta=problem.beta
    )
    assert measure.pair_error(problem, policy) == measure.pair_error(scaled, policy)
    assert measure.pair_error(problem, tilt(problem)) == 0
    assert tilt(problem) == tilt(scaled)


def test_a_policy_that_leaves_the_reference_is_worth_nothing():
    problem = PreferenceProblem(
        objects([[1, 0], ["1/2", "1/2"]]), weights=objects([[1, 1], [1, 2]]), rho=objects(["1/2", "1/2"])
    )
    assert measure.value(problem, TabularPolicy(objects([["1/2", "1/2"], [1, 0]]))) == -INFINITY
    away = PreferenceProblem(problem.reference, weights=problem.weights, rho=objects([0, 1]))
    assert measure.value(away, TabularPolicy(objects([["1/2", "1/2"], [1, 0]]))) == -log(2)
    shown = PreferenceProblem(problem.reference, weights=problem.weights, data=objects([["1/2", "1/2"]] * 2))
    with pytest.raises(InvalidModel, match="probability 0 under the reference"):
        measure.pair_error(shown, tilt(problem))
    told = PreferenceProblem(objects([["1/2", "1/2"]]), win=objects([[["1/2", "1/3"], ["2/3", "1/2"]]]))
    with pytest.raises(InvalidModel, match="no reward"):
        measure.reward(told)


MEASURES = {
    "value": measure.value,
    "expected reward": measure.expected_reward,
    "preference value": measure.preference_value,
    "divergence from the reference": measure.divergence_from_reference,
    "divergence of": lambda problem, policy: measure.divergence_from(problem, policy, TabularPolicy(problem.reference)),
    "divergence from": lambda problem, policy: measure.divergence_from(
        problem, TabularPolicy(problem.reference), policy
    ),
    "pair error": measure.pair_error,
    "concentrability": measure.concentrability,
}


@pytest.mark.parametrize("name", MEASURES)
def test_policies_of_other_problems_are_refused(name):
    """A row for one prompt would otherwise do for both, by broadcasting."""
    problem = PreferenceProblem(objects([["1/2", "1/2"], ["1/4", "3/4"]]), weights=objects([[1, 2], [3, 1]]))
    with pytest.raises(InvalidModel, match=r"table of shape \(1, 2\); the problem has 2 prompts and 2 responses"):
        MEASURES[name](problem, TabularPolicy(objects([["1/2", "1/2"]])))
    with pytest.raises(InvalidModel, match="the policy is float and the problem rational"):
        MEASURES[name](problem, TabularPolicy(np.array([[0.5, 0.5], [0.5, 0.5]])))


# ---- coverage
@given(cases())
def test_concentrability_is_the_largest_ratio(case):
    problem, policy = case
    pi, mu, rho = policy.table, problem.data, problem.rho
    here = [(pi[x, y], mu[x, y]) for x in np.flatnonzero(rho != 0) for y in range(problem.Y) if pi[x, y] != 0]
    meant = INFINITY if any(m == 0 for _, m in here) else max(p / m for p, m in here)
    found = measure.concentrability(problem, policy)
    assert found == meant
    assert measure.concentrability(problem.to_float(), policy.to_float()).contains(found)
    chi = measure.concentrability(problem, policy, kind="chi2")
    if meant != INFINITY:
        spread = [
            sum((pi[x, y] ** 2 / mu[x, y] for y in range(problem.Y) if mu[x, y] != 0), fmpq(0)) - 1
            for x in range(problem.X)
        ]
        assert chi == sum((rho[x] * spread[x] for x in range(problem.X) if rho[x] != 0), fmpq(0))
        assert chi + 1 <= found
    assert (chi == INFINITY) if meant == INFINITY else chi >= 0
    assert measure.concentrability(problem.to_float(), policy.to_float(), kind="chi2").contains(chi)
    assert measure.full_coverage(problem) >= found


@given(mdps(states=(1, 2), horizon=(1, 3)), st.data())
def test_concentrability_of_an_mdp_compares_occupancies(problem, data):
    one, other = data.draw(policies(problem)), data.draw(policies(problem))
    d, mu = measure.occupancy(problem, one), measure.occupancy(problem, other)
    assert measure.concentrability(problem, one, d) == 1
    assert measure.concentrability(problem, one, d, kind="chi2") == 0
    found = measure.concentrability(problem, one, mu)
    pairs = [(x, y) for x, y in zip(d.lower.flat, mu.lower.flat, strict=True) if x != 0]
    assert found == (INFINITY if any(y == 0 for _, y in pairs) else max(x / y for x, y in pairs))
    assert found >= 1


def test_what_is_no_coverage_question():
    problem = MDP(objects([[[1]]]), objects([[1]]), horizon=Finite(1))
    policy = TabularPolicy(objects([[1]]))
    for options, words in (
        (dict(), "mu is missing"),
        (dict(mu=[[1]]), "mu has shape"),
        (dict(mu=[[[1]]], kind="l1"), "kind='l1'"),
    ):
        with pytest.raises(InvalidModel, match=words):
            measure.concentrability(problem, policy, **options)


@given(preferences(prompts=(1, 2), responses=(2, 3)), st.sampled_from(["1", "3/2", "9"]))
def test_no_tilt_of_bounded_range_is_covered_worse(problem, width):
    found = measure.tilt_coverage(problem, width)
    ends = [objects([1]), objects([width])]
    corners = [np.concatenate(corner) for corner in product(ends, repeat=problem.Y)]
    worst = max(
        measure.concentrability(problem, tilt(problem, np.array([corner] * problem.X))).lower[()] for corner in corners
    )
    assert found == worst
    assert measure.tilt_coverage(problem.to_float(), float(fmpq(*map(int, (width + "/1").split("/")[:2])))).contains(
        found
    )


@given(preferences(prompts=(1, 2), responses=(2, 3)), st.sampled_from([0, "1/10", 1, 4]))
def test_no_policy_in_the_ball_is_covered_worse(problem, radius):
    radius = objects(radius)[()]
    found = measure.ball_coverage(problem, radius)
    assert found.how in ("exact", "enclosed")
    assert (found <= measure.full_coverage(problem)).all_yes()
    still = measure.concentrability(problem, TabularPolicy(problem.reference))
    assert (found >= still).all_yes()
    assert found == still or radius != 0
    best = 0.0
    for x in np.flatnonzero(problem.rho != 0):
        for q, m in zip(floats(problem.reference[x]), floats(problem.data[x]), strict=True):
            room = float(radius) / float(problem.rho[x])
            grid = np.linspace(q, 1, 200001)
            with np.errstate(divide="ignore", invalid="ignore"):
                kl = np.where(grid > 0, grid * np.log(grid / q), 0) + np.where(
                    grid < 1, (1 - grid) * np.log((1 - grid) / (1 - q)), 0
                )
            top = grid[np.nan_to_num(kl, nan=np.inf) <= room + 1e-12].max(initial=q) if 0 < q < 1 else q
            best = max(best, 0.0 if top == 0 else np.inf if m == 0 else top / m)
    assert found.mid == pytest.approx(best, rel=1e-4)
    with propose():
        assert measure.ball_coverage(problem.to_float(), float(radius)) == pytest.approx(found.mid, rel=1e-7)
    near = measure.ball_coverage(problem.to_float(), float(radius))
    assert not (near == found).any_no()
    for bracket in (near, found):
        assert bracket.width <= 1e-6 * bracket.mid


# ---- what the data cannot tell apart
@st.composite
def half_seen(draw):
    problem = draw(preferences(prompts=(1, 2), responses=(3, 4)))
    ref = objects(np.ones((problem.X, problem.Y), dtype=int)) / 16 + problem.reference
    ref = ref / ref.sum(axis=1)[:, None]
    data = objects(np.ones((problem.X, problem.Y), dtype=int))
    data[:, draw(st.integers(0, problem.Y - 1))] = fmpq(0)
    return PreferenceProblem(
        ref, weights=problem.weights, data=data / data.sum(axis=1)[:, None], rho=problem.rho, beta=problem.beta
    )


@given(half_seen(), st.sampled_from(["0", "1/3", "99/100"]))
def test_every_mass_on_the_rest_has_no_pair_error(problem, mass):
    policy = zero_error_policy(problem, mass)
    assert measure.pair_error(problem, policy) == 0
    unseen = (policy.table * (problem.data == 0)).sum(axis=1)
    assert (unseen == fmpq(*map(int, (mass + "/1").split("/")[:2]))).all()


@given(half_seen())
def test_the_closest_policy_is_where_a_search_finds_it(problem):
    one = PreferenceProblem(
        problem.reference[:1], weights=problem.weights[:1], data=problem.data[:1], beta=problem.beta
    )
    near = one.to_float()

    def far(mass):
        with propose():
            return float(measure.divergence_from_reference(near, zero_error_policy(near, np.array([mass]))))

    found = minimize_scalar(far, bounds=(1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-10})
    assert measure.closest_divergence(one).mid == pytest.approx(found.fun, abs=1e-9)
    assert 1 - measure.closest_mass(one).mid[0] == pytest.approx(found.x, abs=1e-4)
    for f in (measure.closest_mass, measure.closest_divergence):
        assert f(near).width < 1e-11
        assert not (f(near) == f(one)).all().any_no()
        middle = f(one).mid
        with propose():
            assert np.asarray(f(near)) == pytest.approx(np.asarray(middle), abs=1e-12)


def test_mass_on_nothing_is_refused():
    problem = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 2]]))
    with pytest.raises(InvalidModel, match="expected unseen responses to carry it"):
        zero_error_policy(problem, "1/2")
    assert zero_error_policy(problem, 0) == tilt(problem)


def test_logarithms_of_what_is_known():
    assert measure.logarithm(objects([1, "1/2"])).lower.tolist() == [0, -log(2)]
    assert measure.logarithm(8) == 3 * log(2)
    about = measure.logarithm(Interval(0.0, 2.0, "float"))
    assert (about.lower, about.how) == (-np.inf, "float")
    assert about.upper >= np.log(2)


@pytest.mark.parametrize("x", [0.1, 1 / 3, 0.9999999, 3.0, 1e-300, 1.5e300])
def test_logarithms_of_floats_are_enclosed_to_the_last_place(x):
    """Each end by itself: below the logarithm of the lower end, above that of the upper one."""
    meant = log(exactly(x)[()])
    about = measure.logarithm(Interval(x, x, "float"))
    assert about.contains(Interval(objects([meant])[0]))
    assert about.width <= 4 * np.spacing(abs(about.mid))
    p, q = np.array([x, 0.0, 0.3]), np.array([0.7, 0.5, x])
    known = [Interval(part, part, "float") for part in (p, q)]
    about, exact = relative_entropy(*known), relative_entropy(*(Interval(exactly(part)) for part in (p, q)))
    assert exact.exact
    assert about.contains(exact)
    assert about.width <= 8 * np.spacing(abs(about.mid))
    with propose():
        assert relative_entropy(p, q) == pytest.approx(about.mid)


def test_a_divergence_is_known_as_well_as_its_worst_part():
    exact = Interval(objects(["1/4", "3/4"]))
    points, bracket = (
        Interval(end, None, how) for end, how in ((np.array([0.5, 0.5]), "float"), (np.array([0.25, 0.75]), "enclosed"))
    )
    for p, q, how in (
        (exact, points, "float"),
        (points, exact, "float"),
        (bracket, points, "float"),
        (exact, bracket, "enclosed"),
    ):
        assert relative_entropy(p, q).how == how


def test_the_value_off_the_support_of_the_reference_is_minus_infinity_in_both_worlds():
    problem = PreferenceProblem(objects([["1/2", "1/2", 0]]), reward=objects([[1, 0, 5]]))
    off = TabularPolicy(objects([["1/2", "2/5", "1/10"]]))
    near, exact = measure.value(problem.to_float(), off.to_float()), measure.value(problem, off)
    assert near.lower == near.upper == -np.inf
    assert exact.lower[()] == -INFINITY
    gap = measure.value_gap(problem.to_float(), TabularPolicy([[0.5, 0.5, 0.0]]), off.to_float())
    assert gap.lower == gap.upper == np.inf


def test_divergences_and_coverage_off_the_support_are_infinite_without_width():
    p, q = TabularPolicy([[0.5, 0.5], [1.0, 0.0]]), TabularPolicy([[1.0, 0.0], [1.0, 0.0]])
    problem = PreferenceProblem([[1.0, 0.0], [1.0, 0.0]], reward=[[0.0, 0.0]] * 2)
    divergences = measure.kl(p, q)[0], measure.divergence_from(problem, p, q)
    for infinite in (*divergences, *(measure.concentrability(problem, p, kind=kind) for kind in ("sup", "chi2"))):
        assert infinite.lower == infinite.upper == np.inf
