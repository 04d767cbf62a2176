"""With KL regularisation an error e of the reward costs at most e^2 / (2 beta (1-g)^2); without, up to 2e/(1-g).

Statement  Let J(pi) = E sum_t g^t [ r(s,a) - beta KL(pi || ref)(s) ], g = gamma, with maximiser pi*, and let pi'
           maximise it for a reward r' in place of r, with soft optimal action values Q* and Q'. Then, if r' - r ranges
           over an interval of length 2e,
               J(pi*) - J(pi') <= e^2 / (2 beta (1-g)^2) ,
           and, if d is the discounted state occupancy of pi' and sp_a the range over the actions of a state,
               J(pi*) - J(pi') <= sum_s d(s) sp_a(Q' - Q*)(s)^2 / (8 beta) <= |Q' - Q*|^2 / (2 beta (1-g)) .
           For every g two branches attain the first bound up to a factor that tends to 1 as e/(beta (1-g)) tends to 0.
           Hence the exponent 2 of 1/(1-g) cannot be improved. Inserting |Q' - Q*| <= e/(1-g), which holds if
           |r' - r| <= e, in the last bound gives only e^2 / (2 beta (1-g)^3). With beta = 0 the loss of an optimal
           policy for r' is at most 2e/(1-g), which two branches attain for every e.
Assumes    pi' is optimal for the estimate r'.
Units      e, r and Q in units of beta in the code, where the weights e^(Q/beta) are rational; KL in nats; J is the
           discounted return, not normalised; |.| is the maximum over states and actions.
Kind       for all; rate; exists (enumerated)
Source     adapted from Zhao, Ye, Xiong, Gu and Zhang, 2025; the first bound is this project's own.
Proof      proofs/planning/kl_regularised_gap_is_quadratic.md
"""

from dataclasses import replace
from math import sqrt

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.lifting import enclose, number
from ...instances.blocks import Box, Choice, Simplex
from ...instances.families import garnet
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.planning.regularised import fork, misjudged_branch, tied_branches, tilt_reference
from ...model import MDP, Discounted, TabularPolicy
from ...model.expectation import expected_next
from ...solve import solve
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def soft_values(m, weights):
    """Q = log weights and V = log E_ref weights, in units of beta, and the reward Q - gamma E V that they solve."""
    weights = enclose(weights)
    Q, V = measure.logarithm(weights), measure.logarithm((enclose(m.reference.table) * weights).sum(axis=-1))
    return Q, Q - expected_next(m.mdp, V) * number(m.mdp.horizon.gamma, V)


def soft_return(m, policy, reward):
    """J of a policy: rewards and divergences under its occupancy, in units of beta."""
    d = measure.occupancy(m.mdp, policy)
    return (d * reward).sum() - (d.sum(axis=-1) * measure.kl(policy, m.reference)).sum()


def gap(m, reward):
    return soft_return(m, tilt_reference(m.reference.table, m.weights), reward) - soft_return(m, m.learned, reward)


def rest(m, pattern):
    """1 - gamma."""
    return 1 - number(m.mdp.horizon.gamma, pattern)


def check(m):
    (_, reward), (_, estimate) = soft_values(m, m.weights), soft_values(m, m.believed)
    error = estimate - reward
    return Bound(gap(m, reward), (error.max() - error.min()) ** 2 / (8 * rest(m, error) ** 2))


def by_action_values(m, visitor=None):
    (Q, reward), (believed, _) = soft_values(m, m.weights), soft_values(m, m.believed)
    error = believed - Q
    d = measure.occupancy(m.mdp, visitor or m.learned).sum(axis=-1)
    seen = (d * (error.max(axis=1) - error.min(axis=1)) ** 2).sum()
    return Bound(gap(m, reward), seen / 8, abs(error).max() ** 2 / (2 * rest(m, error)))


def without_regularisation(m):
    """The loss of a policy that is optimal for the estimate, and 2e/(1-gamma)."""
    loss = (measure.optimal_value(m.mdp) - measure.state_value(m.mdp, m.learned)).max()
    error = enclose(m.estimate) - enclose(m.mdp.r)
    return Bound(loss, (error.max() - error.min()) / rest(m, loss))


# ---- controls that fail
def half(m):
    left, right = check(m).sides
    return Bound(left, right / 2)


def one_horizon(m):
    left, right = check(m).sides
    return Bound(left, right * rest(m, right))


def visits_of_the_optimum(m):
    left, seen, _ = by_action_values(m, visitor=tilt_reference(m.reference.table, m.weights)).sides
    return Bound(left, seen)


def quadratic(m):
    """The square of the linear bound, which is smaller where that is below 1."""
    left, right = without_regularisation(m).sides
    return Bound(left, right**2)


def no_divergence(kl, policy, other):
    return kl(policy, policy)


def attains_nearly(m):
    left, right = check(m).sides
    return Bound(right * (2 * m.k**2 - 1) / (2 * m.k**2), left)


def attains_linear(m):
    left, right = without_regularisation(m).sides
    return Equal({"loss": (left, right)})


# ---- instances and figure
FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        rho=Simplex(to="S"),
        reference=Simplex("S", to="A"),
        weights=Box("S", "A", lower="1/4", upper=4),
        believed=Box("S", "A", lower="1/4", upper=4),
        gamma=Choice(of=("0", "1/2", "9/10")),
    ),
    sizes=dict(S=(1, 3), A=(2, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.weights * 0, x.rho, horizon=Discounted(x.gamma[()])),
        reference=lambda x: TabularPolicy(x.reference),
        weights=lambda x: x.weights,
        believed=lambda x: x.believed,
        learned=lambda x: tilt_reference(x.reference, x.believed),
    ),
)
GAMMAS, SIZES = ("0", "1/2", "9/10", "99/100"), (2, 4, 8, 16, 32, 64)


def list_branches():
    return [misjudged_branch(k, gamma) for gamma in GAMMAS for k in SIZES]


def list_ties():
    return [tied_branches(f"1/{k}", gamma) for gamma in GAMMAS for k in SIZES]


def list_estimates():
    """Random MDPs whose estimated rewards err by up to 1, at which most learned policies lose; two tied branches."""
    found = [tied_branches("1/64")]
    for seed in range(12):
        rng = np.random.default_rng(seed)
        mdp = garnet(2 + seed % 2, 2, 2, ("1/2", "9/10")[seed % 2], rng=rng)
        estimate = mdp.r + objects(rng.integers(-8, 9, mdp.r.shape)) / 8
        learned = solve(replace(mdp, r=estimate)).policy
        found.append(Instance(mdp=mdp, estimate=estimate, learned=learned))
    return found


def colder():
    """The learned policy is that of half the temperature."""
    m = misjudged_branch(8)
    return m.replace(learned=tilt_reference(m.reference.table, m.believed**2))


def visit_wrong_state():
    """A state that the optimum hardly visits; the learned policy visits it ten times as often and always errs there."""
    reference = [["999/1000", "1/1000"], ["1/2", "1/2"], ["1/11", "10/11"]]
    return fork(reference, [[1, 1], [1, 1], [1, 1]], [[1, 10], [1, 1], [100, 1]], "99/100")


def is_learned(m):
    return (m.learned.table == tilt_reference(m.reference.table, m.believed).table).all()


def is_optimal(m):
    estimated = replace(m.mdp, r=m.estimate)
    return measure.optimal_value(estimated) == measure.state_value(estimated, m.learned)


def draw_soft(m):
    """1 - gamma, the range of the error of the reward, and the loss."""
    left, right = check(m).sides
    return {"point": [rest(m, right).mid, sqrt((right * 8).mid) * rest(m, right).mid, left.mid]}


def draw_linear(m):
    """1 - gamma, twice the largest error of the reward, and the loss."""
    left, right = without_regularisation(m).sides
    return {"point": [rest(m, right).mid, (right * rest(m, right)).mid, left.mid]}


def figure(ax, rows):
    """Loss against the error of the reward, in units of beta, at gamma = 9/10."""
    found = {name: [] for name in (NEARLY, TIED)}
    for row in rows:
        if row["part"] in found and not row.get("control"):
            found[row["part"]].append(row["data"]["point"])
    soft, linear = (np.array([x for x in found[name] if abs(x[0] - 0.1) < 0.01]) for name in (NEARLY, TIED))
    e = np.geomspace(1e-3, 0.2, 50)
    ax.loglog(e, e**2 / (2 * 0.01), "k--", label=r"$e^2 / (2\beta (1-\gamma)^2)$")
    ax.loglog(soft[:, 1] / 2, soft[:, 2], "oC0", label="regularised: two branches")
    ax.loglog(e, e**2 / (2 * 0.1), "C1", label=r"$e^2 / (2\beta (1-\gamma))$ (fails)")
    ax.loglog(e, 2 * e / 0.1, "k:", label=r"$2e / (1-\gamma)$")
    ax.loglog(linear[:, 1] / 2, linear[:, 2], "sC0", mfc="none", label="not regularised: two branches")
    ax.set(xlabel=r"error $e / \beta$ of the reward", ylabel=r"loss$ / \beta$", xlim=(1e-3, 0.2), ylim=(1e-6, 1e5))
    ax.legend(fontsize=6, loc="upper left")


LEARNED = Assumption("the policy is soft optimal for the estimate", is_learned)
OPTIMAL = Assumption("the policy is optimal for the estimate", is_optimal)
VALUES, PLAIN = "by the action values", "without regularisation"
NEARLY, TIED = "two branches nearly attain it", "two branches attain the linear bound"
CLAIM = Claim(
    "kl_regularised_gap_is_quadratic",
    check,
    FAMILY,
    formula=(
        r"J(\pi^*) - J(\pi') \le \frac{e^2}{2 \beta (1-\gamma)^2}, \qquad "
        r"J(\pi) = \mathbb{E} \sum_t \gamma^t \big[ r(s_t, a_t) - \beta\, \mathrm{KL}(\pi \,\Vert\, \mathrm{ref})(s_t) \big]"
    ),
    papers=("zhao2025",),
    tags=("kl-regularisation", "reward-error", "discounted"),
    assumes=(LEARNED,),
    controls=(
        Control("half of the square", witness=lambda: misjudged_branch(8), tightens=half),
        Control("one factor of 1/(1-gamma)", witness=misjudged_branch, tightens=one_horizon),
        Control("half the temperature", witness=colder, drops=LEARNED.name),
        Control(
            "mean rewards alone",
            witness=lambda: misjudged_branch(16, lean=4),
            sabotages=measure.kl,
            by=no_divergence,
        ),
        Control("visits of the optimum", witness=visit_wrong_state, tightens=visits_of_the_optimum, part=VALUES),
        Control(
            "a quadratic bound without regularisation",
            witness=lambda: tied_branches("1/64"),
            tightens=quadratic,
            part=PLAIN,
        ),
    ),
    also=(
        Part(VALUES, FAMILY, by_action_values, assumes=(LEARNED,)),
        Part(PLAIN, list_estimates, without_regularisation, assumes=(OPTIMAL,)),
        Part(NEARLY, list_branches, attains_nearly, assumes=(LEARNED,), data=draw_soft),
        Part(TIED, list_ties, attains_linear, assumes=(OPTIMAL,), data=draw_linear),
    ),
    figure=figure,
)
