# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Moment games
#
# A learner chooses $h$, an adversary weights the conditional moments $\psi(z) = E[Y - h(X) \mid z]$ by a test function $f(z)$.
# Each section takes one instance, varies one parameter, and violates the statement as one of the controls does.

# %%
# %matplotlib inline
from math import inf

import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import MomentProblem, measure, objects
from mdpkit.claims.moments import moment_game_value_is_the_projected_error as one_game
from mdpkit.claims.moments.linear_moment_game_is_lstd import error_of
from mdpkit.claims.moments.regression_is_biased_where_the_moment_game_is_not import bound, game, small, squared_bias
from mdpkit.claims.moments.regression_is_biased_where_the_moment_game_is_not import channel as data
from mdpkit.claims.moments.regression_is_biased_where_the_moment_game_is_not import error_of as sampled
from mdpkit.claims.moments.slack_ball_is_the_dual_norm_penalty import most, pair, penalised_payoff
from mdpkit.claims.moments.soft_bellman_game_is_solved_by_the_soft_optimum import largest, shift_value
from mdpkit.claims.moments.weak_instruments_divide_the_error_by_the_singular_value import variance
from mdpkit.instances.library.moments import noisy_channel, ring_walk
from mdpkit.instances.library.moments_designs import deepgmm_zoo
from mdpkit.report import draw_claim
from mdpkit.solve import moment_play, regression, solve

# %% [markdown]
# ## The value of the game is the projected error
#
# The parameter is the adversary: from 0, through $\psi$, beyond it. Its payoff is an expectation over the joint law.

# %%
m = one_game.coin()
psi, weights = measure.moment_residual(m.problem, m.h), m.problem.weights
error = measure.projected_error(psi, weights)
for share in ("0", "1/2", "1", "3/2", "2"):
    f = psi * objects([share])[0]
    earned = measure.joint_payoff(m.joint, m.outcome, m.h, f)
    print(f"f = {share:>3} psi: payoff {earned}, maximum {error}")
    assert earned <= error
assert measure.joint_payoff(m.joint, m.outcome, m.h, psi) == error

# %% [markdown]
# An adversary that sees every variable attains the mean of the squared residual, which no function of the instrument does.

# %%
nosy = np.broadcast_to(m.outcome - m.h, m.joint.shape)
assert measure.joint_payoff(m.joint, m.outcome, m.h, nosy) > error

# %%
verdict = mdpkit.verify("moment_game_value_is_the_projected_error")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Against linear test functions the game is LSTD
#
# The parameter is the weight of the single feature. The projected error is a parabola with minimum 0 at the LSTD solution.

# %%
m = ring_walk()
solution = mdpkit.lstd(m.mdp, m.policy, m.features, m.weights)
for step in (-1, "-1/2", 0, "1/2", 1):
    w = solution + objects([step])
    projected, all_of_it = error_of(m, w, m.features)[1], error_of(m, w, None)[1]
    print(f"w = LSTD + {step!s:>4}: projected error {projected.mid:.4f}, Bellman error {all_of_it.mid:.4f}")
    assert bool(projected == 0) is (step == 0)
    assert all_of_it > projected

# %% [markdown]
# Another feature detects an error that is orthogonal to the features of the value.

# %%
assert error_of(m, solution, objects([[1], [1], [1]]))[1] > 0

# %%
verdict = mdpkit.verify("linear_moment_game_is_lstd", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Slack is the dual-norm penalty
#
# The parameter is the radius of the slack. The value of the game decreases with it, to 0.

# %%
m = pair()
psi, weights = measure.moment_residual(m.problem, m.h), m.problem.weights
for radius in ("0", "1/2", "1", "3/2", "2"):
    d = objects([radius])[0]
    low = measure.clipped(psi, d)
    kept = measure.projected_error(psi - low, weights)
    print(f"slack {radius:>3}: value of the game {kept}")
    assert penalised_payoff(m, psi, psi - low, d, 1) == kept
assert kept == 0

# %% [markdown]
# With the norm of the slack itself in place of the dual norm the identity fails.

# %%
assert most(m, inf) == measure.norm_power(m.f, weights, 1) * m.d
assert most(m, inf) < measure.norm_power(m.f, weights, inf) * m.d

# %%
verdict = mdpkit.verify("slack_ball_is_the_dual_norm_penalty", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Ill-posedness is the inverse of the smallest singular value
#
# The parameter is the strength of the instrument. The largest error per unit of projected error doubles with each step.

# %%
for k in range(1, 7):
    m = noisy_channel(k)
    psi = measure.moment_residual(m.problem, m.h)
    level = measure.identification(m.problem, m.problem.weights)
    ratio = measure.norm_power(m.h - m.h0, m.problem.weights, 2) / measure.projected_error(psi, m.problem.weights)
    print(f"sigma^2 = {level}: squared error / squared projected error = {ratio}")
    assert ratio * level == 1

# %% [markdown]
# An instrument with a direct effect on the outcome can hide a part of the error.

# %%
m = noisy_channel(2, leak="1/4")
level, psi = measure.identification(m.problem, m.problem.weights), measure.moment_residual(m.problem, m.h)
assert level * measure.norm_power(m.h - m.h0, m.problem.weights, 2) > measure.projected_error(psi, m.problem.weights)

# %%
verdict = mdpkit.verify("ill_posedness_is_the_smallest_singular_value", "glance")
assert verdict.passed
assert verdict.tightest == 1
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Regression is biased where the moment game is not
#
# In the population the game finds $h_0$; regression has a bias of $1/2$, and so has a game whose adversary sees the cause.

# %%
m = small()
fitted = regression(m.joint, m.outcome)
print("h0", m.h0, "game", game(m.joint, m.outcome).lower, "regression", fitted.lower)
assert (game(m.joint, m.outcome) == m.h0).all_yes()
assert (game(m.joint, m.outcome, "x") == fitted).all_yes()
assert (abs(fitted - m.h0) == objects(["1/2", "1/2"])).all_yes()

# %% [markdown]
# With data the parameter is the sample size: the error of the game decreases, the bias of regression remains.

# %%
for n in (10**3, 10**4, 10**5):
    m = data(n, seed=1)
    ours, theirs = sampled(game, m), sampled(regression, m)
    print(
        f"n = {n:6}: median squared error of the game {ours.mid:.5f}, of regression {theirs.mid:.5f}, bound {float(bound(m)):.5f}"
    )
assert ours < theirs

# %% [markdown]
# Without a confounder there is no bias, and regression is better at every sample size.

# %%
m = data(10**4, seed=1, push=0)
assert squared_bias(m) == 0
assert sampled(regression, m) < sampled(game, m)

# %%
verdict = mdpkit.verify("regression_is_biased_where_the_moment_game_is_not", "glance")
assert verdict.passed
assert verdict.evidence == "sampled"
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Averages converge by regret, last iterates by optimism
#
# Both players take gradient steps. The parameter is the curvature of the payoff in the test function: 0 is the bare Lagrangian
# of the restriction, 1 the game whose value is the projected error.

# %%
one = MomentProblem([[1.0]], [0.0], [1.0])
last = {}
for curvature in (0, 1):
    for optimistic in (False, True):
        rounds = moment_play(
            one, 400, step=0.2, box=(2, 2), curvature=curvature, optimistic=optimistic, start=([1], [0])
        )
        gap = measure.saddle_gap(one, rounds.average_h[-1], rounds.average_f[-1], (2, 2), curvature)
        regret = measure.moment_regrets(one, rounds.h, rounds.f, (2, 2), curvature).sum() / 400
        last[curvature, optimistic] = rounds.errors()[-50:].max()
        print(
            f"curvature {curvature}, optimistic {optimistic!s:>5}: gap of the averages {gap.mid:.4f}, "
            f"mean regret {regret.mid:.4f}, last PRMSE^2 {last[curvature, optimistic]:.1e}"
        )
        assert gap.lower <= regret.upper

# %% [markdown]
# On the bare Lagrangian the last iterate of plain steps circles; it is the control.

# %%
assert last[0, False] > 1
assert last[0, True] < 1e-6
verdict = mdpkit.verify("averaged_moment_play_converges_by_regret", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A weak instrument divides the error by its singular value
#
# The parameter is the strength $\sigma = 2^{-k}$: the squared error is $V/n$ with $V = 1 + 1/\sigma^2$.

# %%
for k in range(1, 7):
    m = noisy_channel(k)
    print(f"1/sigma = {2**k:2}: V = {variance(m.problem).mid}")
    assert variance(m.problem) == 1 + 4**k

# %% [markdown]
# A regression would have $V = K = 2$; as a bound it fails as soon as the instrument is weak.

# %%
assert variance(noisy_channel(1).problem) > 2
verdict = mdpkit.verify("weak_instruments_divide_the_error_by_the_singular_value", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Slack from a finite sample
#
# The parameter is the number of draws of each of two instruments: the slack that all sample moments meet with probability 0.95.

# %%
for n in (10, 100, 1000):
    d = measure.squared_slack([n, n], 1, "1/20").mid.astype(float) ** 0.5
    print(f"n = {n:4}: slack {d[0]:.3f}, a feasible h errs by at most {2 * d[0]:.3f} in PRMSE")

# %%
verdict = mdpkit.verify("feasible_moments_err_by_at_most_twice_their_slack", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The soft Bellman equation is a game
#
# The parameter is a constant error of the value function: the largest moment is $1 - \gamma$ times it.

# %%
for c in ("1/4", "1", "4"):
    m = shift_value(objects([c])[0])
    print(f"V = V* + {c:>3}: largest moment {largest(m)}")
    assert largest(m) == objects([c])[0] / 2

# %%
verdict = mdpkit.verify("soft_bellman_game_is_solved_by_the_soft_optimum", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Benchmark designs
#
# The responses of DeepGMM's zoo on a grid. The game finds them; regression is off where few values of the instrument reach.

# %%
for shape in ("step", "sin", "abs", "linear"):
    m = deepgmm_zoo(shape, 7)
    assert (solve(m.problem).h == m.h0).all_yes()
    print(f"{shape:>6}: largest error of regression {abs(regression(m.joint, m.outcome) - m.h0).max().mid}")

# %% [markdown]
# With data the parameter is the number of draws: regression stops at its bias, the game's error falls as $n^{-1/2}$.

# %%
verdict = mdpkit.verify("regression_stops_at_its_bias_on_benchmark_designs", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
