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
# # Twins: finite problems and environments of the same process
#
# A twin is a finite problem for the solvers and a gymnasium environment for the learners, of the same process. So a network can be
# compared with an exact solution. The discretisation error is explicit: each twin states a tolerance, and where there is a closed
# form the error is measured against it.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit.deep import twins
from mdpkit.report import draw_claim, style


def report(rows):
    """A table of spacings, errors, orders and tolerances."""
    for row in rows:
        order = "" if row.order is None else f"order {row.order:5.2f}"
        print(f"h = {row.spacing:.3f}   error {row.error:.1e} <= {row.tolerance:.1e}   {order}")
        assert row.error <= row.tolerance


# %% [markdown]
# ## A cart with a quadratic cost
#
# Multilinear interpolation distributes a step over the corners of the cell that contains the next state. This is a chain with the
# same mean and additional noise, so the grid's problem is an MDP whose optimal cost is too high. The parameter is the number of points.

# %%
cart = twins.lqr()
rows = cart.convergence((11, 21, 41, 81))
report(rows)

# %%
with style("column"):
    fig, ax = plt.subplots()
    h = np.array([row.spacing for row in rows])
    ax.loglog(h, [row.tolerance for row in rows], "k--", label="tolerance")
    ax.loglog(h, [row.error for row in rows], "o-C0", label="error")
    ax.set_xticks(h, [f"{x:g}" for x in h])
    ax.set_xticks([], minor=True)
    ax.set(xlabel="spacing $h$ (m, m/s)", ylabel="error of the value")
    ax.legend()
plt.show()

# %% [markdown]
# The environment of the same problem. An episode under the optimal feedback attains the closed form.

# %%
env, problem = cart.env(), cart.problem
env.reset(options={"state": [0.8, -0.2]})
feedback = mdpkit.LinearQuadratic.from_costs(
    [[1, 0.1], [0, 1]], [[0.005], [0.1]], np.eye(2) * 0.1, [[0.01]], 0.99
).feedback
collected = sum(0.99**t * env.step(feedback @ env.state)[1] for t in range(200))
print(f"collected {collected:.6f}, closed form {cart.exact()(np.array([[0.8, -0.2]]))[0]:.6f}")
assert abs(collected - cart.exact()(np.array([[0.8, -0.2]]))[0]) < 1e-6

# %%
verdict = mdpkit.verify("grid_value_converges_to_riccati", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A cart that must stop in time
#
# The optimal margin is p - v^2 / 2 for v < 0. Interpolation of the speed has a known error at every step; if a step of full braking
# is a whole number of grid speeds there is no interpolation, and the grid is exact: 151 points, not 201.

# %%
tube = twins.double_integrator_tube()
report(tube.convergence((26, 51, 101, 151, 201)))

# %%
grid = tube.grid(51)
kept, meant = (
    values.reshape(grid.shape).T for values in (mdpkit.solve(tube.tabular(grid)).value.mid, tube.exact()(grid.points))
)
p, v = (grid.points[:, k].reshape(grid.shape).T for k in (0, 1))
with style("column"):
    fig, ax = plt.subplots()
    ax.contourf(p, v, kept, levels=[-9, 0], colors=["C0"], alpha=0.3)
    ax.contour(p, v, kept, levels=[0], colors=["C0"])
    ax.contour(p, v, meant, levels=[0], colors=["k"], linestyles="--")
    ax.axvline(0, color="0.6")
    ax.set(xlabel="position $p$ (m)", ylabel="velocity $v$ (m/s)")
plt.show()

# %% [markdown]
# ## A car that must not hit a disc
#
# Dubins' car turns by at most 1 rad/s at 1 m/s, and the disc has the radius of its tightest turn. The failure set is three
# quarters of the tube: a learned constraint equal to the failure set differs visibly from the tube.

# %%
car = twins.dubins_tube()
report(car.convergence((21, 31, 41)))
grid = car.grid(41)
problem = car.tabular(grid)
kept, meant = mdpkit.solve(problem).value.mid, car.exact()(grid.points)
lost, truly = kept < -1e-6, meant < -1e-6
print(f"overlap of the tubes {(lost & truly).sum() / (lost | truly).sum():.3f}")
print(f"failure is {(problem.margin < 0).sum() / truly.sum():.2f} of the tube")
heading = grid.shape[2] // 2
with style("column"):
    fig, ax = plt.subplots()
    x, y, k, m = (
        values.reshape(grid.shape)[:, :, heading] for values in (grid.points[:, 0], grid.points[:, 1], kept, meant)
    )
    ax.contourf(x, y, k, levels=[-9, 0], colors=["C0"], alpha=0.3)
    ax.contour(x, y, k, levels=[0], colors=["C0"])
    ax.contour(x, y, m, levels=[0], colors=["k"], linestyles="--")
    ax.contour(x, y, np.hypot(x, y), levels=[1], colors=["0.6"])
    ax.set(xlabel="$x$ (m), heading east", ylabel="$y$ (m)", aspect="equal")
plt.show()

# %% [markdown]
# ## The pendulum
#
# The pendulum of gymnasium: the grid uses its dynamics, bit for bit. There is no closed form, so the grid's value is compared with the
# return of its greedy policy in the continuous problem from the same starts. A learner on Pendulum-v1 is compared with the same numbers.

# %%
pendulum = twins.pendulum()
problem, rng = pendulum.problem, np.random.default_rng(0)
start = rng.uniform(problem.start_low, problem.start_high, (200, 2))
for n in (21, 41, 81):
    grid = pendulum.grid(n)
    V = mdpkit.solve(pendulum.tabular(grid)).value.mid
    x, total, plain = start, 0, 0
    for t in range(400):
        u = grid.greedy(V, x)
        paid = problem.reward(x, u)
        total, plain = total + 0.99**t * paid, plain + (t < 200) * paid
        x = problem.confine(problem.step(x, u))
    predicted = grid.read(V, start).mean()
    print(
        f"{n} points: predicted {predicted:.1f}, collected {total.mean():.1f}; 200 steps without discount {plain.mean():.1f}"
    )
assert abs(predicted - total.mean()) < 0.02 * abs(predicted)

# %%
with style("column"):
    fig, ax = plt.subplots()
    shown = ax.pcolormesh(
        *(axis.reshape(grid.shape) for axis in grid.points.T), V.reshape(grid.shape), shading="nearest", rasterized=True
    )
    fig.colorbar(shown, label="value")
    ax.set(xlabel="angle (rad), 0 is up", ylabel="speed (rad/s)")
plt.show()

# %% [markdown]
# ## Finite problems behind observations
#
# The combination lock and the cliff are finite; a network observes vectors instead of states. Random play on the lock earns little
# more than the bait. On the cliff, a policy that errs with probability e at each visit is the tabular policy (1 - e, e).

# %%
lock = twins.combination_lock(H=8)
V = mdpkit.solve(lock.tabular()).value
print("value of the lock", V[0, 0], "observation space", lock.env().observation_space)
assert V[0, 0] == 1

cliff = twins.cliff(H=10)
env = cliff.env()
observation, info = env.reset(seed=0)
observation, reward, *_ = env.step(env.right(observation))
print("reward of a right button", reward, "- gap of errors with e = 1/10:")
learner, expert = (mdpkit.TabularPolicy(cliff.tabular().like([row, [1, 0]])) for row in (["9/10", "1/10"], [1, 0]))
print(mdpkit.value_gap(cliff.tabular(), expert, learner))
