"""A reward model can rank first a response that another one dominates, and RLHF then converges to it.

Statement  There is a preference over four responses in which every response is beaten by another one, so that there
           is no Condorcet winner, and a response d is dominated: P(z beats x) > P(d beats x) for one response z and
           every x. There is a law of compared pairs, with full support, under which the Bradley-Terry weights of
           highest likelihood are (1, 1, 1, v) with v > 1, the largest at d. With the margin D = 1 - 2 P(d beats 3) =
           4/5 of the third response over d, RLHF from a uniform reference with beta = 1/k has
               (1 - 3 v^-k) D <= exploitability <= D,
           and the minimax winner never plays d and has exploitability 0. Four is the least number of responses.
Assumes    the weights satisfy the likelihood equations of the compared pairs; d is dominated; every response is
           beaten by another one.
Units      exploitability is a margin in [-1, 1].
Kind       exists (enumerated, v in {17/16, 9/8, 5/4, 11/8}, k = 8..128 in powers of 2)
Source     adapted from Swamy, Dann, Kidambi, Wu and Agarwal, 2024; the instance was found by solving the likelihood
           equations for the pairs.
Proof      proofs/preference/reward_model_can_prefer_a_dominated_response.md
"""

from ... import measure
from ...base.arrays import objects
from ...instances.library.preference.duels import dominated_response, likelihood_slope
from ...solve import MinimaxWinner, solve, tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

D, Z, THIRD = 3, 0, 2
"""The dominated response, the one that dominates it, and the one that beats it most."""


def fine_tune(m):
    """RLHF with the fitted reward at beta = 1/k: reference e^(k r) / Z."""
    return tilt(m.problem, (m.weights**m.k)[None])


def check(m):
    most, v = 1 - 2 * m.problem.win[0, D, THIRD], m.weights[D]
    return Bound((1 - 3 / v**m.k) * most, measure.exploitability(m.problem, fine_tune(m)), most)


def all_of_it(m):
    _, middle, most = check(m).sides
    return Bound(most, middle, most)


def winner_avoids_it(m):
    """The minimax winner, and how often it plays the dominated response."""
    found = solve(m.problem, MinimaxWinner()).policy
    return Equal({"d": (found.table[0, D], 0), "exploitability": (measure.exploitability(m.problem, found), 0)})


# ---- instances
def instances():
    return [dominated_response(v).replace(k=2**j) for v in ("17/16", "9/8", "5/4", "11/8") for j in range(3, 8)]


def rarely_loses():
    """The fourth response is beaten by the third alone, by 1/100."""
    return dominated_response(third="49/100", first="5/9").replace(k=32)


def unfit():
    return dominated_response().replace(weights=objects([2, 1, 1, "5/4"]), k=32)


def winners():
    return [dominated_response(v) for v in ("17/16", "11/8")]


def halve(preference_margin, problem):
    return preference_margin(problem) / 2


def fits(m):
    return (likelihood_slope(m.problem.win[0], m.weights, m.pairs) == 0).all()


def first_dominates(m):
    return (m.problem.win[0, Z] > m.problem.win[0, D]).all()


def all_lose(m):
    half = m.problem.like(["1/2"])[0]
    return (m.problem.win[0] > half).any(axis=0).all()


FITS = Assumption("the weights satisfy the likelihood equations", fits)
DOMINATED = Assumption("d is dominated", first_dominates)
BEATEN = Assumption("every response is beaten by another one", all_lose)


def numbers(m):
    """For the figure: exploitability with a reward that does not fit."""
    return {"unfit": [measure.exploitability(unfit().problem, fine_tune(unfit())).mid]}


def figure(ax, rows):
    """Exploitability of RLHF against 1/beta, for several weights of the dominated response."""
    own = [row for row in rows if row["part"] == "statement" and not row.get("control")]
    for n in range(len(own) // 5):
        group = own[5 * n : 5 * n + 5]
        k = [row["parameters"]["k"] for row in group]
        ax.plot(k, [row["sides"][1] for row in group], "o-C0", mfc="none", label=None if n else "RLHF")
        low = [max(row["sides"][0], 0) for row in group]
        ax.plot(k, low, "k--", lw=0.7, label=None if n else "lower bound")
    ax.plot([32], own[0]["data"]["unfit"], "xC1", label="another reward (fails)")
    ax.axhline(0, color="C2", lw=0.8, label="minimax winner")
    ax.set(xlabel=r"$1 / \beta$", ylabel="exploitability", xscale="log")
    ax.legend(fontsize=6, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


UNFIT, UNDOMINATED = "a reward that does not fit", "a response that is not dominated"
WINNER = "the minimax winner never plays it"
CLAIM = Claim(
    "reward_model_can_prefer_a_dominated_response",
    check,
    instances,
    formula=(
        r"M(3, d) (1 - 3 v^{-k}) \le \max_y M(y, \pi_k) \le M(3, d) = \tfrac45, \qquad \pi_k \propto \hat w^k, "
        r"\quad \hat w = (1, 1, 1, v)"
    ),
    papers=("swamy2024",),
    tags=("preferences", "misspecification"),
    assumes=(FITS, DOMINATED, BEATEN),
    controls=(
        Control(UNFIT, witness=unfit, drops=FITS.name),
        Control(UNDOMINATED, witness=rarely_loses, drops=DOMINATED.name, part=WINNER),
        Control("all of it", witness=lambda: dominated_response().replace(k=8), tightens=all_of_it),
        Control(
            "half of the margins",
            witness=lambda: dominated_response().replace(k=16),
            sabotages=measure.preference_margin,
            by=halve,
        ),
    ),
    also=(Part(WINNER, winners, winner_avoids_it, assumes=(DOMINATED, BEATEN)),),
    figure=figure,
    data=numbers,
    sides=(r"$\frac{4}{5} (1 - 3 v^{-k})$", "exploitability"),
)
