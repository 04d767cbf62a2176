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
# # One model under every criterion, with bounds
#
# Every solver returns an interval, and the evidence for it: `exact` (rational arithmetic, zero width), `enclosed`
# (a rigorous bracket), `float` (a bracket that includes all rounding). Here one model is solved under every
# criterion, and each interval is compared with a number found by other means: a linear program of scipy, brute
# force, a closed form, or quantecon where it is installed. The last section has three computations that stop at a
# wrong answer without a warning.

# %%
# %matplotlib inline
from dataclasses import replace
from itertools import permutations, product

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from scipy.optimize import linprog, minimize, minimize_scalar

import mdpkit
from mdpkit import MDP, Average, Discounted, Finite, TabularPolicy, Total, measure, objects, solve
from mdpkit.base.errors import NotSolved
from mdpkit.solve import (
    ConstrainedPlanning,
    CVaRPlanning,
    EntropicPlanning,
    IntervalSet,
    KLBall,
    L1Ball,
    ProperPolicyIteration,
    RobustPlanning,
    SquaredDistance,
    UtilityPlanning,
    VisitEntropy,
)

try:
    from quantecon.markov import DiscreteDP
except ImportError:
    DiscreteDP = None

# %% [markdown]
# ## The model: a river
#
# After RiverSwim (Strehl and Littman, 2008), with other numbers: states are places from the left bank to the right
# one. To drift is to move one place to the left; to swim is to move right with probability 3/5, to stay with 7/20,
# to be carried back with 1/20. Drifting at the left bank pays 1/10, swimming at the right one pays 1. The swimmer
# starts in state 2, and all numbers are rational.


# %%
def river_swim(S, horizon):
    P, r = objects(np.zeros((S, 2, S), dtype=int)), objects(np.zeros((S, 2), dtype=int))
    for s in range(S):
        P[s, 0, max(s - 1, 0)] += 1
        for n, p in zip((s + 1, s, s - 1), objects(["3/5", "7/20", "1/20"]), strict=True):
            P[s, 1, min(max(n, 0), S - 1)] += p
    r[0, 0], r[-1, 1] = objects(["1/10", 1])
    return MDP(P, r, objects(np.arange(S) == 2), horizon=horizon, action_names=("drift", "swim"))


S, g = 6, 0.9
river = river_swim(S, Discounted("9/10"))
near = river.to_float()
P, r, states = near.P, near.r, np.arange(S)
mdpkit.draw(river, solve(river).policy)

# %% [markdown]
# A row of the comparison: an interval, its evidence, and the other number. The notebook fails unless they agree to
# $10^{-6}$ in every entry; arrays are printed at the start.


# %%
def compare(what, interval, other, by, at=2):
    assert np.abs(interval.mid - other).max() <= 1e-6 * max(1, np.abs(other).max()), (what, interval, other)
    shown, other = (interval[at], other[at]) if interval.shape else (interval, other)
    print(f"{what:30} {f'{shown:.12g}':>32} {interval.how:9} {other:.9g}   {by}")


# %% [markdown]
# ## Discounted, finite horizon, average
#
# The rational model is solved exactly, and a certificate proves the value in exact arithmetic. On floats the
# interval has the requested width, by default $10^{-8}$, and contains the exact value. The other side is a linear
# program: the least $V \ge r + \gamma P V$.


# %%
def least_excessive(P, r, gamma, ends=()):
    """Optimal values by scipy's linear program; 0 in the states `ends`."""
    N, A = r.shape
    bounds = [(0, 0) if s in ends else (None, None) for s in range(N)]
    A_ub = gamma * P.reshape(-1, N) - np.repeat(np.eye(N), A, axis=0)
    found = linprog(np.ones(N), A_ub, -r.ravel(), bounds=bounds)
    assert found.status == 0, found.message
    return found.x


policies = {}
exact, floats = solve(river), solve(near)
exact.certificate.verify()
assert floats.value.contains(exact.value)
other = least_excessive(P, r, g)
compare("discounted, 9/10", exact.value, other, "linear program")
compare("discounted, floats", floats.value, other, "linear program")
policies["discounted"] = exact.policy
if DiscreteDP:
    compare("discounted", exact.value, DiscreteDP(r, P, g).solve("policy_iteration").v, "quantecon")

# %% [markdown]
# Over six steps the brute force is over all histories: every criterion $E\,u(G)$ of the total reward $G$ is
# maximised over all history-dependent policies without dynamic programming. It serves the two criteria of risk too.


# %%
H = 6
short = replace(river, horizon=Finite(H))


def over_histories(u, s=2, t=0, collected=0.0):
    """The largest E u(G) over history-dependent policies."""
    if t == H:
        return u(round(collected, 9))
    after = [[(n, p) for n, p in enumerate(P[s, a]) if p > 0] for a in (0, 1)]
    return max(sum(p * over_histories(u, n, t + 1, collected + r[s, a]) for n, p in after[a]) for a in (0, 1))


finite = solve(short)
finite.certificate.verify()
compare("six steps", finite.value[0, 2], over_histories(lambda G: G), "all histories")
policies["six steps, first"] = finite.policy

# %% [markdown]
# The average reward needs no assumption on the chains: `gain[s]` is the optimal gain from each state. The linear
# program is over stationary laws of states and actions.

# %%
mean = solve(replace(river, horizon=Average()))
mean.certificate.verify()
balance = np.repeat(np.eye(S), 2, axis=0) - P.reshape(-1, S)
rows = np.vstack([balance.T, np.ones(2 * S)])
compare("average", mean.gain, np.full(S, -linprog(-r.ravel(), A_eq=rows, b_eq=[0] * S + [1]).fun), "linear program")
policies["average"] = mean.policy

# %% [markdown]
# ## Total reward: shortest paths and reachability
#
# `Total()` is undiscounted. Each step costs 1 until the right bank is reached, where the swimmer stays. The
# probability that the right bank is reached before the left one is a total reward too.


# %%
def stay(problem, ends):
    """The problem with absorbing states that pay nothing."""
    P, r = problem.P.copy(), problem.r.copy()
    for s in ends:
        P[s], r[s] = P[s] * 0, r[s] * 0
        P[s, :, s] += 1
    return replace(problem, P=P, r=r)


timed = replace(river, r=river.r * 0 + 1)
trip = stay(replace(river, r=river.r * 0 - 1, horizon=Total()), [S - 1])
total, other = solve(trip), least_excessive(trip.to_float().P, trip.to_float().r, 1, ends=[S - 1])
total.certificate.verify()
compare("total: minus the steps", total.value, other, "linear program")
compare("expected steps", measure.expected_total_until(timed, [S - 1]), -other, "linear program")
policies["to the right bank"] = total.policy

banks = stay(river, [0, S - 1])
right = banks.to_float().P[:, :, S - 1] * ((states > 0) & (states < S - 1))[:, None]
other = least_excessive(banks.to_float().P, right, 1, ends=[0, S - 1]) + (states == S - 1)
compare("largest P(right before left)", measure.reach_probability(banks, [S - 1]), other, "linear program")
compare("smallest", measure.reach_probability(banks, [S - 1], "min"), 1.0 * (states == S - 1), "drift")

# %% [markdown]
# ## Constrained
#
# At most 4 discounted swims. The optimum is attained by a mixture of two of the 64 deterministic policies; brute
# force tries all pairs. The exact answer comes with the price of the limit and a certificate by linear programming
# duality. A limit that no policy keeps is refused with the least violation.

# %%
swims, limit = objects([[[0, 1]] * S]), objects([4])
constrained = solve(river, ConstrainedPlanning(swims, limit))
constrained.certificate.verify()
plans = [np.array(plan) for plan in product((0, 1), repeat=S)]
visits = [np.linalg.solve(np.eye(S) - g * P[states, plan].T, near.rho) for plan in plans]
points = np.array([[d @ plan, d @ r[states, plan]] for plan, d in zip(plans, visits, strict=True)])


def best_mixture(most):
    """The largest return at a cost of `most`, over mixtures of two policies."""
    values = [J for c, J in points if c <= most]
    for (c, J), (C, K) in permutations(points, 2):
        if c < most < C:
            values.append(J + (K - J) * (most - c) / (C - c))
    return max(values)


compare("at most 4 swims", constrained.value, best_mixture(4), "pairs of 64 policies")
assert (measure.value(replace(river, r=swims[0]), constrained.policy) == 4).all_yes()
policies["at most 4 swims"] = constrained.policy
print("randomises in", int((constrained.policy.table > 0).all(axis=1).sum()), "state; price of a swim", end=" ")
print(f"{float(constrained.multipliers[0]):.6f}")
try:
    solve(river, ConstrainedPlanning(swims, objects([-1])))
except NotSolved as error:
    print(error)

# %% [markdown]
# ## Concave utilities of the occupancy
#
# Maximum entropy of the visited states (Hazan, Kakade, Singh and Van Soest, 2019), and the occupancy closest to the
# uniform law on states and actions. The lower bound is the policy's own utility, the upper one the Frank-Wolfe gap.
# The other side is scipy's SLSQP over the polytope of occupancies: it has no gap, hence no bound.


# %%
def climb(utility):
    """A local, hence global, maximum of a concave utility over occupancies of mass 1, by SLSQP."""
    flow = np.vstack([np.repeat(np.eye(S), 2, axis=0).T - g * P.reshape(-1, S).T])
    limits = {"type": "eq", "fun": lambda q: flow @ q - (1 - g) * near.rho, "jac": lambda q: flow}
    options = {"ftol": 1e-14, "maxiter": 500}
    found = minimize(
        lambda q: -utility(q), np.full(2 * S, 1 / 12), bounds=[(1e-9, 1)] * 2 * S, constraints=limits, options=options
    )
    return -found.fun


def entropy_of_states(q):
    mass = q.reshape(S, 2).sum(axis=1)
    return -(mass * np.log(mass)).sum()


uniform = objects([["5/6"] * 2] * S)  # an occupancy has mass 1/(1-gamma) = 10
entropy, match = (solve(river, UtilityPlanning(each)) for each in (VisitEntropy(), SquaredDistance(uniform)))
compare("entropy of visits, nats", entropy.value, climb(entropy_of_states), "SLSQP")
compare("minus distance to uniform", match.value, climb(lambda q: -((10 * q - 10 / 12) ** 2).sum()), "SLSQP")
policies["entropy of visits"], policies["close to uniform"] = entropy.policy, match.policy

# %% [markdown]
# ## Robust
#
# Nature moves each law within a set around it: at most 1/2 in $L_1$ distance, between half and one and a half of
# each probability, or at most 1/5 nats in KL divergence. Balls and intervals are polytopes: brute force lists a
# vertex for each of the 720 orders of the states. For KL it is the one-variable dual $\sup_\beta -\beta \log E_P
# e^{-V/\beta} - \beta\,\mathrm{radius}$.


# %%
def ball_vertex(p, order, mass):
    """Mass moved from the first states of an order to its last one."""
    q, moved = p.copy(), 0.0
    for n in order[:-1]:
        part = min(q[n], mass - moved)
        q[n], moved = q[n] - part, moved + part
    q[order[-1]] += moved
    return q


def box_vertex(p, order):
    """Half of p, the rest filled up in an order."""
    q = p / 2
    for n in order:
        q[n] += min(p[n], 1 - q.sum())
    return q


def sweep(worst):
    """Robust value iteration; worst(V) is `[s,a]`, the least mean of V."""
    V = np.zeros(S)
    while True:
        V, before = (r + g * worst(V)).max(axis=1), V
        if np.abs(V - before).max() <= 1e-9:
            return V


def dual(p, V):
    """The least mean of V in the KL ball."""
    V, p = V[p > 0], p[p > 0]
    low, spread = V.min(), np.ptp(V)
    if spread == 0:
        return low
    found = minimize_scalar(
        lambda b: np.exp(b) * (np.log(p @ np.exp((low - V) / np.exp(b))) + 0.2),
        bounds=(np.log(spread) - 6, np.log(spread) + 6),
        method="bounded",
    )
    return low - min(found.fun, 0)


orders = list(permutations(range(S)))
vertices = {
    "L1 ball 1/2": [[[ball_vertex(p, order, 0.25) for order in orders] for p in row] for row in P],
    "intervals": [[[box_vertex(p, order) for order in orders] for p in row] for row in P],
}
others = {name: sweep(lambda V, name=name: (np.array(vertices[name]) @ V).min(axis=2)) for name in vertices}
others["KL ball 1/5"] = sweep(lambda V: np.array([[dual(p, V) for p in row] for row in P]))
upper = np.minimum(river.P * objects("3/2"), river.P * 0 + 1)
sets = (L1Ball("1/2"), IntervalSet(river.P / 2, upper), KLBall("1/5"))
for (name, other), ambiguity in zip(others.items(), sets, strict=True):
    robust = solve(river, RobustPlanning(ambiguity))
    compare(f"robust, {name}", robust.value, other, "dual" if "KL" in name else "720 vertices a set")
    policies[f"robust, {name}"] = robust.policy
    replayed = measure.value(robust.model, robust.policy)  # in a worst model the policy has the same value
    assert abs(replayed.mid - robust.value[2].mid) <= 1e-8

# %% [markdown]
# ## Risk
#
# Over six steps: the entropic certainty equivalent $-\frac1\theta \log E e^{-\theta G}$ with $\theta = 3$, and the
# mean of the worst 3/4 of returns. The CVaR policy needs the rewards collected so far; `answer.model` is the MDP of
# pairs of a state and a sum.

# %%
averse = solve(short, EntropicPlanning(3))
other = -np.log(-over_histories(lambda G: -np.exp(-3 * G))) / 3
compare("entropic, aversion 3", averse.value[0, 2], other, "all histories")
policies["entropic, first of six"] = averse.policy

tail = solve(short, CVaRPlanning("3/4"))
returns = set()
over_histories(lambda G: returns.add(G) or 0.0)
other = max(b + over_histories(lambda G, b=b: -max(b - G, 0.0)) * 4 / 3 for b in returns)
compare("CVaR, worst 3/4", tail.value, other, "all histories")
assert measure.cvar(tail.model, tail.policy, "3/4") == tail.value

# %% [markdown]
# ## The chain of a policy
#
# Of the policy that always swims: visits, hitting times, stationary law, mixing time, Kemeny's constant $\sum_{i>1}
# 1/(1-\lambda_i)$, and the Laurent expansion of the discounted value at $\gamma = 1$, here at .99. The Blackwell
# factor is the discount from which on this policy is optimal everywhere: an algebraic number, hence enclosed.
# Bisection over $\gamma$ confirms it.

# %%
swim = TabularPolicy(river.like([[0, 1]] * S))
chain = P[:, 1]
values, vectors = np.linalg.eig(chain.T)
law = vectors[:, values.real.argmax()].real
law = law / law.sum()
limits = np.linalg.inv(np.eye(S) - chain + law)  # the fundamental matrix
compare(
    "visits of the left bank",
    measure.successor_matrix(river, swim)[:, 0],
    np.linalg.inv(np.eye(S) - g * chain)[:, 0],
    "inverse",
)
compare("stationary law", measure.stationary_distribution(river, swim), law, "eigenvector", at=-1)
compare(
    "steps to the left bank",
    measure.hitting_times(river, swim)[:, 0],
    (limits[0, 0] - limits[:, 0]) / law[0],
    "fundamental matrix",
)
far = [np.abs(np.linalg.matrix_power(chain, t) - law).sum(axis=1).max() / 2 for t in range(40)]
compare("mixing time", measure.mixing_time(river, swim), 1.0 * np.argmax(np.array(far) <= 0.25), "powers")
spectrum = np.sort(values.real)[:-1]
compare("Kemeny's constant", measure.kemeny_constant(river, swim), (1 / (1 - spectrum)).sum(), "eigenvalues")

coefficients, x = measure.laurent_coefficients(river, swim, count=8), 1 / 99
series = (1 + x) * sum(x ** (k - 1) * coefficients[k].mid for k in range(8))
always = measure.state_value(replace(river, horizon=Discounted("99/100")), swim)
compare("value at .99", always, series, "8 Laurent coefficients")


def advantage_of_drifting(gamma):
    V = np.linalg.solve(np.eye(S) - gamma * chain, r[:, 1])
    return (r[:, 0] + gamma * P[:, 0] @ V - V).max()


low, high = 0.5, 0.99
for _ in range(60):
    middle = (low + high) / 2
    low, high = (middle, high) if advantage_of_drifting(middle) > 0 else (low, middle)
compare("Blackwell factor", measure.blackwell_factor(river), high, "bisection")

# %% [markdown]
# The criteria disagree: the probability of swimming in each state (in the first step, over six steps). On the
# right, the 64 deterministic policies, and the optimum as a function of the limit on swims: every point of the
# curve is a mixture of two of them.

# %%
with mdpkit.style("page"):
    figure, (table, plane) = plt.subplots(1, 2, figsize=(6.75, 2.9), width_ratios=(1.1, 1), layout="constrained")
    share = np.array([np.asarray(each.table[..., 1], dtype=float).reshape(-1, S)[0] for each in policies.values()])
    table.imshow(share, cmap="Blues", vmin=0, vmax=2, aspect="auto")
    for (i, s), p in np.ndenumerate(share):
        table.text(s, i, f"{p:.2f}".strip("0").rstrip(".") or "0", ha="center", va="center", fontsize=7)
    table.set(yticks=range(len(policies)), xticks=states, xlabel="state (5: right bank)")
    table.set_yticklabels(policies)
    grid = np.linspace(points[:, 0].min(), points[:, 0].max(), 60)
    plane.plot(*points.T, "o", color="C3", ms=3, label="deterministic policies")
    plane.plot(grid, [best_mixture(most) for most in grid], "k--", lw=1, label="mixtures of two")
    plane.plot(4, constrained.value.mid, "o", color="C0", label="ConstrainedPlanning")
    plane.set(xlabel="discounted swims", ylabel="discounted reward")
    plane.legend(loc="upper left", frameon=False)
    plt.close(figure)
    display(figure)

# %% [markdown]
# ## Trap 1: a small Bellman residual, or a small span
#
# The same river with 60 states, at $\gamma = .9999$. Value iteration from 0 stops when $\|V_{k+1}-V_k\|_\infty$ is
# small: the error may be that residual times $\gamma/(1-\gamma) \approx 10^4$, and it is. The *span* of
# $V_{k+1}-V_k$ bounds what the greedy policy loses, and is small much sooner; but $V_k$ is then off by a constant.
# MacQueen's shift (1966), $\gamma/(1-\gamma)$ times the middle of the change, restores it.

# %%
slow = river_swim(60, Discounted("9999/10000")).to_float()
answer = solve(slow, tol=1e-7)
print(answer, f"V(2) = {answer.value[2]:.15g}")
V, gamma, seen, marks = np.zeros(60), 0.9999, [], np.unique(np.geomspace(1, 140_000, 80).astype(int))
rows = slow.P.reshape(-1, 60)
for k in range(1, marks[-1] + 1):
    V, before = (slow.r + gamma * (rows @ V).reshape(60, 2)).max(axis=1), V
    if k in marks:
        change = V - before
        shifted = V + gamma / (1 - gamma) * (change.max() + change.min()) / 2
        errors = [np.abs(each - answer.value.mid).max() for each in (V, shifted)]
        seen.append((np.abs(change).max(), np.ptp(change), *errors))
seen = np.array(seen)
early = (seen[:, 1] < 1e-8).argmax()
late = (seen[:, 0] < 1e-5).argmax()
print(
    f"span {seen[early, 1]:.0e} after {marks[early]} sweeps: error {seen[early, 2]:.0f}, shifted {seen[early, 3]:.0e}"
)
print(f"residual {seen[late, 0]:.0e} after {marks[late]} sweeps: error {seen[late, 2]:.2f}")
assert seen[late, 2] > 5000 * seen[late, 0]
assert seen[early, 2] > 1000
assert answer.value.width <= 1e-7
if DiscreteDP:
    guess = DiscreteDP(slow.r, slow.P, gamma).solve("value_iteration")
    print(
        f"quantecon, value iteration with its defaults: V(2) = {guess.v[2]:.1f} after {guess.num_iter} sweeps, no warning"
    )

# %%
with mdpkit.style("page"):
    figure, axis = plt.subplots(figsize=(4.5, 2.8), layout="constrained")
    axis.loglog(marks, seen[:, 2], color="C1", label="error of $V_k$")
    axis.loglog(marks, seen[:, 0], color="C3", label="residual $\\|V_k - V_{k-1}\\|_\\infty$")
    axis.loglog(marks, seen[:, 1], color="C3", ls=":", label="span of $V_k - V_{k-1}$")
    axis.loglog(marks, seen[:, 3], color="C0", label="error of $V_k$, shifted")
    axis.axhline(answer.value.width, color="k", ls="--", lw=1, label="width of the bounds")
    axis.set(xlabel="sweeps $k$", ylim=(1e-13, 1e5))
    axis.legend(frameon=False, fontsize=7, loc=(0.02, 0.34))
    plt.close(figure)
    display(figure)

# %% [markdown]
# Narrower bounds than float64 can carry are not claimed; the message says how far rounding goes, and the exact
# answer is one call away.

# %%
try:
    solve(slow)
except NotSolved as error:
    print(error)
truth = solve(slow.to_exact())
assert answer.value.contains(truth.value)
print(truth, f"V(2) = {truth.value[2]:.15g}")

# %% [markdown]
# ## Trap 2: a Bellman residual of exactly zero, and an improper policy
#
# Swimming costs 1, drifting is free, and the right bank is the goal. $V = 0$ solves the Bellman equation exactly,
# so that value iteration from 0 stops at once, with the policy that drifts for ever and never arrives. With a
# `target` only policies that surely arrive are admitted. Without it, resting at no cost is a legitimate end, and 0
# is the answer to that question.

# %%
toll = stay(replace(river, r=objects([[0, -1]] * S), horizon=Total()), [S - 1])
zero = np.zeros(S)
residual = (toll.to_float().r + toll.to_float().P @ zero).max(axis=1) - zero
arriving = solve(toll, ProperPolicyIteration(target=[S - 1]))
assert (residual == 0).all()
compare(
    "swims until the right bank",
    -arriving.value,
    -least_excessive(toll.to_float().P, toll.to_float().r, 1, ends=[S - 1]),
    "linear program",
)
print("residual of V = 0:", residual.max(), " drifts in no state but", np.flatnonzero(arriving.policy.table[:, 0]))
assert (solve(toll).value == 0).all_yes()

# %% [markdown]
# Where no policy is proper, or the total is unbounded, there is no number, and the states are named.

# %%
for reward in (river.r * 0 - 1, river.r):
    try:
        solve(replace(river, r=reward, horizon=Total()))
    except NotSolved as error:
        print(error)
