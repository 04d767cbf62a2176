"""After T natural policy gradient steps from the uniform policy the gap is at most (log A / eta + 1/(1-gamma)^2) / T.

Statement  Let pi_{k+1}(a|s) ~ pi_k(a|s) e^(eta A_k(s,a) / (1-gamma)) from pi_0, of least entry m > 0 (uniform: 1/A).
           For every T, eta and start law, and for every comparator C, such as an optimal policy,
               J(C) - J(pi_T) <= B / (T+1) < B / T,   B = log(1/m) / eta + 1/(1-gamma)^2.
           With one state, one paying arm of A, and eta T = c (1-gamma) log A, the gap is B / T times
               c (A-1) / (A-1 + A^c) / (1 + c / ((1-gamma) T)).
           With two arms and m = 2^-k this ratio can tend to 1: the constant 1 is optimal.
Assumes    rewards lie in [0, 1].
Units      J is the discounted return, not normalised: at most 1/(1-gamma). log in nats; m is a probability.
Kind       for all; rate; exists (enumerated)
Source     adapted from Agarwal, Kakade, Lee and Mahajan, 2021.
Proof      proofs/planning/natural_gradient_converges_at_rate_one_over_t.md
"""

import numpy as np

from ... import measure
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.library.coverage import fill_support
from ...instances.library.planning.gradient import arms, detour, hills, rare_arm
from ...model import MDP, Discounted, TabularPolicy
from ...solve import policy_gradient_values
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Formal, Part


def sides(m):
    """The last policy's gap to the comparator, log(1/m) / eta, and the total discounted occupancy, 1/(1-gamma)."""
    lost = measure.state_value(m.mdp, m.rival) - policy_gradient_values(m.mdp, m.start, m.step, m.rounds)[-1]
    gap = measure.mean_product(lost, 1, m.mdp.rho)
    return gap, measure.logarithm(1 / m.start.table.min()) / m.step, measure.occupancy(m.mdp, m.rival).sum()


def check(m):
    gap, start, lifetime = sides(m)
    B = start + lifetime**2
    return Bound(gap, B / (m.rounds + 1), B / m.rounds)


def start_alone(m):
    gap, start, _ = sides(m)
    return Bound(gap, start / m.rounds)


def one_lifetime(m):
    gap, start, lifetime = sides(m)
    return Bound(gap, (start + lifetime) / m.rounds)


def odds(m):
    """log of the odds of the paying arm against each other one, which is eta T / (1-gamma)."""
    gap, _, lifetime = sides(m)
    paid = (lifetime - gap) * (m.mdp.A - 1)
    return Equal({"odds": (measure.logarithm(paid) - measure.logarithm(gap), lifetime * m.step * m.rounds)})


def nearly_attains(m):
    gap, *_, right = check(m).sides
    return Bound(right * m.share, gap)


FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        r=Box("S", "A"),
        rho=Simplex(to="S"),
        begun=Simplex("S", to="A"),
        even=Choice(of=(1, 0)),
        rival=Simplex("S", to="A"),
        step=Box(lower="1/64", upper=8),
        gamma=Choice(of=("1/2", "9/10")),
    ),
    sizes=dict(S=(1, 2), A=(2, 4), T=(1, 4)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Discounted(x.gamma[()])),
        start=lambda x: TabularPolicy(
            fill_support(x.begun) * (1 - x.even) + x.like(np.ones(x.begun.shape, dtype=int)) * x.even / x.sizes["A"]
        ),
        rival=lambda x: TabularPolicy(x.rival),
        step=lambda x: x.step[()],
        rounds=lambda x: x.sizes["T"],
    ),
)


# ---- instances, controls and figure
BEST = {1: "59/32", 3: "19/20", 5: "9/11", 10: "11/14"}
"""For 2^k arms the step size that was found best."""


def list_arms():
    return [best_arms(k, T) for k in BEST for T in (1, 4, 16, 64) if (k, T) != (10, 64)]


def best_arms(k, T):
    return arms(k, BEST[k], T).replace(k=k)


def downhill(values, problem, start, step, rounds):
    return values(problem, start, -step, rounds)


def vanilla(values, problem, start, step, rounds):
    return values(problem, start, step, rounds, "vanilla")


def share(m):
    gap, *_, right = check(m).sides
    return {"share": [(gap / right).mid]}


def figure(ax, rows):
    """Gap / bound against T."""
    found = [row for row in rows if row["part"] == "statement" and not row.get("control") and row["ratio"] is not None]
    ax.axhline(1, color="k", linestyle="--", label="bound")
    for k in (1, 3, 5, 10):
        at = [row for row in rows if row["part"] == ARMS and row["parameters"]["k"] == k]
        T = [row["parameters"]["rounds"] for row in at]
        ax.plot(
            T, [row["data"]["share"][0] for row in at], "o-C0", alpha=0.25 + k / 14, label=f"one paying arm of {2**k}"
        )
    ax.plot([row["sizes"]["T"] for row in found], [row["ratio"] for row in found], ".C3", label="tightest of each size")
    for row in rows:
        if row.get("control") and row["label"] == ALONE:
            ax.plot(1, row["sides"][0] / row["sides"][1], "xC1", label="$\\log A / (\\eta T)$ alone (fails)")
    ax.set(xlabel="steps $T$", ylabel="gap / bound", xscale="log", ylim=(0, 3))
    ax.legend(fontsize=6, loc="upper right")


ARMS, ALONE = "one paying arm", "without the second term"
UNIT = Assumption("rewards lie in [0, 1]", lambda m: ((m.mdp.r >= 0) & (m.mdp.r <= 1)).all())
CLAIM = Claim(
    "natural_gradient_converges_at_rate_one_over_t",
    check,
    FAMILY,
    formula=(
        r"J(C) - J(\pi_T) \le \frac{1}{T+1} \Big( \frac{\log (1/m)}{\eta} + \frac{1}{(1-\gamma)^2} \Big), \qquad "
        r"\pi_{k+1}(a \mid s) \propto \pi_k(a \mid s)\, e^{\eta A_k(s, a) / (1-\gamma)}"
    ),
    papers=("agarwal2021",),
    tags=("policy-gradient", "discounted"),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "npg_full_rate_clean",
            "weaker",
            "a rate of order 1/sqrt(T) from an assumed bound on the gap; here 1/T, and the bound is derived",
        ),
    ),
    assumes=(UNIT,),
    controls=(
        Control(ALONE, witness=detour, tightens=start_alone),
        Control("one factor of 1/(1-gamma)", witness=hills, tightens=one_lifetime),
        Control("rewards up to 64", witness=lambda: detour(64), drops=UNIT.name),
        Control("a step downhill", witness=lambda: arms(2, 8, 4), sabotages=policy_gradient_values, by=downhill),
        Control("the vanilla gradient", witness=lambda: arms(6, 8, 4), sabotages=policy_gradient_values, by=vanilla),
    ),
    also=(
        Part(ARMS, list_arms, odds, assumes=(UNIT,), data=share, thorough=lambda: [best_arms(10, 64)]),
        Part("from a rare start", lambda: [rare_arm(j) for j in (2, 3, 4)], nearly_attains, assumes=(UNIT,)),
    ),
    figure=figure,
)
