"""Two-stage RLHF: what stage one fits, against the likelihood itself, and how far stage two may go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize
from scipy.special import expit, log_expit

from mdpkit import measure, solve
from mdpkit.base.arrays import floats, objects, rational
from mdpkit.base.errors import InvalidModel, NotSolved
from mdpkit.base.mode import propose
from mdpkit.model import PreferenceProblem
from mdpkit.solve import Status, TwoStageRLHF, fitted_weights, tilt
from mdpkit.solve.bounded_likelihood import Comparisons
from mdpkit.strategies import preferences

widths = st.sampled_from(["1", "3/2", "4", "64", "4096"]).map(rational)
shares = st.sampled_from(["0", "1/3", "1"]).map(rational)


def likelihood(problem, g, x=0):
    """The population log-likelihood of rewards g[y] on one prompt, and its gradient, pair by pair."""
    r, mu = problem.beta * np.log(problem.weights[x]), problem.data[x]
    total, slope = 0.0, np.zeros(len(g))
    for y in range(len(g)):
        for z in range(len(g)):
            weight, won = mu[y] * mu[z], expit(r[y] - r[z])
            total += weight * won * log_expit(g[y] - g[z])
            slope[y] += weight * won * expit(g[z] - g[y])
            slope[z] -= weight * won * expit(g[z] - g[y])
    return total, slope


def highest(problem, R, start):
    """The likelihood's maximum over the box [-R, R], by a method that uses no scores, ends or monotone maps."""
    found = minimize(
        lambda g: tuple(-part for part in likelihood(problem, g)),
        start,
        jac=True,
        bounds=[(-R, R)] * len(start),
        method="L-BFGS-B",
        options=dict(ftol=1e-16, gtol=1e-11, maxiter=5000, maxfun=50000),
    )
    return found.x, -found.fun


def drawn(rng, Y, beta, unseen=0):
    data = rng.dirichlet(np.full(Y, 2.0))
    data[:unseen] = 0
    return PreferenceProblem(
        rng.dirichlet(np.ones(Y))[None],
        weights=np.exp(rng.normal(size=(1, Y))),
        data=data[None] / data.sum(),
        beta=beta,
    )


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("room", [0.15, 0.6, 0.95, 1.3])
def test_stage_one_maximises_the_likelihood_over_the_box(beta, room):
    """room: the class's range over that of the reward on the responses shown; below 1 the box clips."""
    rng = np.random.default_rng([int(10 * beta), int(100 * room)])
    for Y, unseen in ((2, 0), (3, 0), (3, 1), (5, 0), (6, 2)):
        problem = drawn(rng, Y, beta, unseen)
        shown = problem.data[0] > 0
        width = float(np.ptp(np.log(problem.weights[0, shown])) * room)
        R = beta * width / 2
        fitted = fitted_weights(problem, np.exp(width), 0.5)
        assert fitted.width < 1e-8
        g = beta * np.log(fitted.mid[0])
        assert np.ptp(g) <= 2 * R * (1 + 1e-12)
        best, peak = highest(problem, R, rng.uniform(-R, R, Y))
        assert likelihood(problem, g)[0] >= peak - 1e-13
        np.testing.assert_allclose((g - g[shown].min())[shown], (best - best[shown].min())[shown], atol=2e-5)
        if room > 1:
            np.testing.assert_allclose(
                fitted.mid[0, shown] / fitted.mid[0, shown][0], problem.weights[0, shown] / problem.weights[0, shown][0]
            )


@given(preferences(responses=(2, 4)), widths, shares)
def test_what_the_class_holds_is_fitted_exactly_and_costs_nothing(problem, width, unseen):
    shown = [weights[data != 0] for weights, data in zip(problem.weights, problem.data, strict=True)]
    wide = max(width, *(row.max() / row.min() for row in shown))
    answer = solve(problem, TwoStageRLHF(wide, unseen))
    assert (answer.status, answer.value.exact) == (Status.SOLVED, True)
    assert measure.pair_error(problem, answer.policy) == 0
    assert measure.value(answer.learned, answer.policy) == answer.value
    assert (answer.learned.weights.min(axis=1) == 1).all()
    seen_all = PreferenceProblem(problem.reference, weights=problem.weights, rho=problem.rho, beta=problem.beta)
    policy = solve(seen_all, TwoStageRLHF(problem.weights.max() / problem.weights.min(), unseen)).policy
    assert policy == tilt(problem)
    assert measure.value_gap(problem, tilt(problem), policy) == 0


@settings(max_examples=60)
@given(preferences(), widths, shares)
def test_the_class_holds_what_is_fitted_and_its_policy_stays_near(problem, width, unseen):
    fitted = fitted_weights(problem, width, unseen)
    assert not (fitted >= 1).any_no()
    assert not (fitted <= width).any_no()
    answer = TwoStageRLHF(width, unseen).run(problem, tol=1e-9)
    assert answer.status is Status.SOLVED
    divergence = measure.divergence_from_reference(problem, answer.policy)
    assert divergence <= measure.logarithm(width)
    assert divergence <= measure.logarithm(width) ** 2 / 8
    assert answer.value.contains(measure.value(answer.learned, answer.policy))


@given(preferences(), widths)
def test_the_unseen_are_where_the_argument_says_and_the_seen_do_not_mind(problem, width):
    lowest, between, highest = (fitted_weights(problem, width, share) for share in (0, rational("1/3"), 1))
    for x in range(problem.X):
        seen = np.flatnonzero(problem.data[x])
        low, mixed, high = (row[x] / row[x][int(seen[0])] for row in (lowest, between, highest))
        for y in range(problem.Y):
            if y in seen:
                assert not (low[y] == high[y]).any_no()
                continue
            assert not (low[y] * width == low[seen].max()).any_no()
            assert not (high[y] == high[seen].min() * width).any_no()
            assert not (mixed[y] == low[y] * rational("2/3") + high[y] / 3).any_no()


@settings(max_examples=60)
@given(preferences(), widths, shares)
def test_floats_enclose_the_exact_fit_and_proposals_are_near(problem, width, unseen):
    exact, near = fitted_weights(problem, width, unseen), problem.to_float()
    about = fitted_weights(near, float(width), floats(unseen)[()])
    assert about.how == "float"
    assert (about.lower <= exact.enclose().upper).all()
    assert (exact.enclose().lower <= about.upper).all()
    if exact.exact:
        assert about.contains(exact)
    np.testing.assert_allclose(about.upper, about.lower, rtol=1e-7)
    with propose():
        np.testing.assert_allclose(fitted_weights(near, float(width), float(unseen)), about.mid, rtol=1e-7)
    rewards = PreferenceProblem(
        near.reference, reward=near.beta * np.log(near.weights), data=near.data, rho=near.rho, beta=near.beta
    )
    np.testing.assert_allclose(fitted_weights(rewards, float(width), float(unseen)).mid, about.mid, rtol=1e-7)


def three(weights, width, data=("1/4", "1/2", "1/4"), beta=1):
    problem = PreferenceProblem(objects([["1/3"] * 3]), weights=objects([weights]), data=objects([data]), beta=beta)
    return problem, fitted_weights(problem, width, 0)


@pytest.mark.parametrize("beta", ["1/2", 1, 5])
def test_a_middle_response_is_put_where_its_own_equation_says(beta):
    """By symmetry at the root of the width; else at the root of one equation, the two others being held at the ends."""
    problem, fitted = three((1, 8, 64), 9, beta=beta)
    assert (fitted.how, fitted.width < 1e-11) == ("enclosed", True)
    assert fitted.contains(objects([[1, 3, 9]]))
    problem, fitted = three((1, 20, 640), 9, ("1/5", "1/5", "3/5"), beta)
    b, h, mass = float(problem.beta), np.log([1.0, 20.0, 640.0]), (0.2, 0.2, 0.6)

    def push(g):
        return sum(mass[z] * (expit(b * (h[1] - h[z])) - expit(b * (g - at))) for z, at in ((0, 0.0), (2, np.log(9))))

    assert np.log(fitted.mid[0, 1]) == pytest.approx(brentq(push, 0, np.log(9), xtol=1e-14), abs=1e-11)


def astray(comparisons):
    """Scores that are no maximiser: a fifth of the range for all but the ends."""
    g = np.full(len(comparisons.h), comparisons.limit / 5)
    g[[np.argmin(comparisons.h), np.argmax(comparisons.h)]] = 0, comparisons.limit
    return g


def test_the_bounds_do_not_trust_the_proposal(monkeypatch):
    monkeypatch.setattr(Comparisons, "propose", astray)
    problem, fitted = three((1, 8, 64), 9)
    assert fitted.contains(objects([[1, 3, 9]]))
    assert fitted.width > 1
    answer = TwoStageRLHF(9, 0).run(problem, tol=1e-9)
    assert answer.status is Status.FLOOR_REACHED
    monkeypatch.undo()
    assert answer.value.contains(TwoStageRLHF(9, 0).run(problem).value)


def test_what_is_pressed_against_the_ends_is_exact():
    reference = objects([["1/4"] * 4])
    problem = PreferenceProblem(reference, weights=objects([[1, 1, 1000, 1000]]))
    assert fitted_weights(problem, 4, 0).lower.tolist() == [[1, 1, 4, 4]]
    answer = solve(problem, TwoStageRLHF(4, 0))
    assert answer.policy.table.tolist() == objects([["1/10", "1/10", "2/5", "2/5"]]).tolist()
    assert answer.value == measure.logarithm(rational("5/2"))


def test_a_fit_between_the_ends_gives_a_value_with_bounds():
    problem, _ = three((1, 20, 640), 9)
    method = TwoStageRLHF(9, 1)
    answer = solve(problem, method)
    assert (answer.problem, answer.method, answer.value.how) == (problem, method, "enclosed")
    assert 0 < answer.value.width < 1e-9
    assert answer.value.contains(measure.value(answer.learned, answer.policy))
    with pytest.raises(NotSolved, match=r"TwoStageRLHF on .*: float64 cannot represent bounds as narrow as requested"):
        solve(problem, method, tol=1e-300)


def test_each_prompt_may_have_its_own_choice():
    data = objects([["1/2", "1/2", 0]] * 2)
    problem = PreferenceProblem(objects([["1/3"] * 3] * 2), weights=objects([[1, 2, 5]] * 2), data=data)
    assert fitted_weights(problem, 4, [0, 1]).lower.tolist() == [[2, 4, 1], [1, 2, 4]]


HALVES = objects([["1/2", "1/2"]])
REFUSED = [
    (dict(width="1/2"), r"^width is 1/2; expected a finite number of at least 1$"),
    (dict(width=[2, 3]), r"^width is \[2 3\]; expected a finite number of at least 1$"),
    (dict(unseen="3/2"), r"^unseen is 3/2; expected a number in \[0, 1\], or one for each of 1 prompts$"),
    (dict(unseen=-1), r"^unseen is -1; expected a number in \[0, 1\]"),
    (dict(unseen=[0, 1]), r"^unseen is \[0 1\]; expected a number in \[0, 1\], or one for each of 1 prompts$"),
    (
        dict(problem=PreferenceProblem(HALVES, reward=objects([[1, 2]]))),
        r"has rational rewards, so irrational weights; .* \.to_float\(\)$",
    ),
    (
        dict(problem=PreferenceProblem([[0.5, 0.5]], weights=[[1, 2]]), width=np.inf),
        r"^width is inf; expected a finite number",
    ),
    (
        dict(problem=PreferenceProblem([[0.5, 0.5]], weights=[[1, 2]]), width=np.nan),
        r"^width is nan; expected a finite number",
    ),
    (dict(problem=PreferenceProblem(HALVES, win=objects([[["1/2", 1], [0, "1/2"]]]))), r"has no reward to be fitted"),
]


@pytest.mark.parametrize(("changed", "message"), REFUSED)
def test_what_is_no_class_or_has_no_reward_is_refused(changed, message):
    given = dict(problem=PreferenceProblem(HALVES, weights=objects([[1, 2]])), width=4, unseen=0) | changed
    with pytest.raises(InvalidModel, match=message):
        fitted_weights(**given)


def test_neither_choice_has_a_default():
    with pytest.raises(TypeError, match="unseen"):
        TwoStageRLHF(4)
    with pytest.raises(TypeError, match="width"):
        TwoStageRLHF(unseen=1)
