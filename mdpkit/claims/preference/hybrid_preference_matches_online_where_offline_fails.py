"""On the same comparisons HyPO and two-stage RLHF are near-optimal, and some minimisers of the offline loss are not.

Statement  For every k >= 4 there is a problem with three responses, of which the data show two and the third has
           reference mass 2^-k, on which the policy that HyPO tends to as its penalty vanishes has suboptimality at most
           5/4 beta / 2^k, two-stage RLHF with rewards of the observed range at most 2 beta / 2^k, some minimiser of the
           offline loss at least beta (k/2 - 1) log 2, and the minimiser that gradient descent reaches in a log-linear
           class at least beta k log 2.
           The same extrapolation can be right: if the reward is linear in the feature of a log-linear class, with the
           features 0, 1 and 2, descent finds pi* although it never sees the third response, and then lowers the
           probability of both compared ones if the third is good enough.
Assumes    the third response is not in the data; the reward is linear in the feature (last statement).
Units      J in units of reward.
Kind       exists (enumerated; the bounds of HyPO and RLHF are proved for every k in the note)
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.
Proof      proofs/preference/hybrid_preference_matches_online_where_offline_fails.md
"""

from ... import measure
from ...base.arrays import floats, objects, rational
from ...ink.separation import separation
from ...instances.instance import Instance
from ...instances.library.coverage import rare_third
from ...model import PreferenceProblem, TabularPolicy
from ...solve import TwoStageRLHF, solve, tilt, zero_error_policy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

UNSEEN = 2
WEIGHTS = 4, 1, "1/2"


def gap(m, policy):
    return measure.value_gap(m.problem, tilt(m.problem), policy)


def hybrid_gap(m):
    """The gap of the closest policy of pair error 0, of mass 1 - s* on the third response."""
    unseen = measure.closest_unseen_mass(m.problem)
    seen = 1 - unseen
    mixed = unseen * gap(m, m.third) + seen * gap(m, m.none)
    entropy = measure.logarithm(unseen) * unseen + measure.logarithm(seen) * seen
    return (mixed + entropy * m.problem.beta).max()


def log_two(m):
    return measure.logarithm(m.problem.like(2)) * m.problem.beta


def most(m):
    """5/4 beta / 2^k"""
    return m.problem.beta * 5 / 2 ** (m.k + 2)


def check(m):
    return Bound(hybrid_gap(m), most(m))


def nine_tenths(m):
    return Bound(hybrid_gap(m), most(m) * 9 / 10)


def apart(m):
    return Bound(most(m), log_two(m) * (m.k - 2) / 2, gap(m, m.offline))


def two_stages(m):
    """Two-stage RLHF, whose class gives the third response the highest observed reward, and descent."""
    trained = solve(m.problem, TwoStageRLHF(width=4, unseen=1)).policy
    return Bound(gap(m, trained), m.problem.beta * 2 / 2**m.k, log_two(m) * m.k, gap(m, m.descended))


def nine_tenths_of_rlhf(m):
    trained, allowed, *_ = two_stages(m).sides
    return Bound(trained, allowed * 9 / 10)


def extrapolates(m):
    """Descent's policy is the optimum, and the compared responses have less than their reference mass."""
    ratio = m.descended.table / m.problem.reference
    return Equal(
        {
            "policy": (m.descended.table, tilt(m.problem).table),
            "fallen": (objects([int(r < 1) for r in ratio[0]]), [1, 1, 0]),
        }
    )


# ---- exact instances and controls
def descend(problem, features):
    """The limit of gradient descent from the reference on the offline loss of the first two responses.

    It is ref e^(phi theta) / Z with theta = d (r(y) - r(z)) / (beta |d|^2), d = phi(y) - phi(z), so that theta is
    log(w(y) / w(z)) / d for one feature and weights w = e^(r/beta).
    """
    first, second, _ = features
    odds = problem.weights[0, 0] / problem.weights[0, 1]
    powers = [int(rational(phi - second) / (first - second)) for phi in features]
    return tilt(problem, objects([[odds**power for power in powers]]))


def problem(k, data=("1/2", "1/2", 0)):
    given = rare_third(k, WEIGHTS, data=data).problem
    ends = dict(offline=zero_error_policy(given, "1/2"), none=zero_error_policy(given, 0))
    policies = dict(ends, descended=descend(given, (1, 0, 2 * k)))
    return Instance(problem=given, k=k, third=TabularPolicy(objects([[0, 0, 1]])), **policies)


def show_the_third(k=8):
    """The third response is in the data: pi* alone has pair error 0."""
    m = problem(k)
    law = objects([["9/20", "9/20", "1/10"]])
    given = PreferenceProblem(m.problem.reference, weights=m.problem.weights, data=law)
    return m.replace(problem=given, offline=zero_error_policy(given, 0))


def good(weights=(1, 8, 64), features=(0, 1, 2)):
    """Responses with one feature; the third is the best one and is not in the data."""
    law = objects([["9/20", "9/20", "1/10"]])
    given = PreferenceProblem(law, weights=objects([weights]), data=objects([["1/2", "1/2", 0]]))
    return Instance(problem=given, features=features, descended=descend(given, features))


def is_linear(m):
    """Whether r(y) - r(z) over phi(y) - phi(z) is the same for both pairs of neighbours."""
    w, (a, b, c) = m.problem.weights[0], m.features
    return (w[1] / w[0]) ** (c - b) == (w[2] / w[1]) ** (b - a)


def half_the_mass(closest_unseen_mass, problem):
    """Half of the mass on the third response, as a minimiser of the offline loss may have."""
    return closest_unseen_mass(problem) * 0 + rational(1) / 2


# ---- the figure: gaps, the simplex, coverage of KL balls, log-ratios
RADII = ("1/4", "1/2", 1, 2, 4, 8, 16)
MASSES = (2, 4, 8)


def number(side):
    return float(side.mid) if hasattr(side, "mid") else float(floats(objects(side)))


def numbers(m):
    """Gaps for the first panel, and the laws of the second one."""
    (small, least_allowed), (_, lost, offline) = ([number(side) for side in each(m).sides] for each in (check, apart))
    *_, least, descended = (number(side) for side in two_stages(m).sides)
    rlhf = gap(m, solve(m.problem, TwoStageRLHF(width=4, unseen=1)).policy).mid
    seen = measure.closest_mass(m.problem).mid[0]
    return {
        "gaps": dict(
            hybrid=small, allowed=least_allowed, lost=lost, offline=offline, least=least, descended=descended, rlhf=rlhf
        ),
        "laws": {name: floats(getattr(m, name).table)[0].tolist() for name in ("offline", "none")},
        "reference": floats(m.problem.reference)[0].tolist(),
        "optimum": floats(tilt(m.problem).table)[0].tolist(),
        "seen": float(seen),
    }


def shares(m):
    """C_ball / C_glo at every radius for each reference mass of the rarest response, and log-ratios of descent."""
    found = {}
    for power in MASSES:
        q = rational(1) / 10**power
        problem = PreferenceProblem(objects([[1 - q, q]]), weights=objects([[1, 1]]))
        balls = (measure.ball_coverage(problem, rational(radius)) for radius in RADII)
        found[f"$10^{{-{power}}}$"] = [ball.mid / 10**power for ball in balls]
    ratio = m.descended.table[0] / m.problem.reference[0]
    return {
        "radii": floats(objects(RADII)).tolist(),
        "balls": found,
        "log_ratios": measure.logarithm(ratio).mid.tolist(),
    }


def figure(ax, rows):
    """Four panels: gaps, the simplex, coverage of KL balls, log-ratios."""
    kept = [row for row in rows if not row.get("control")]
    extra = next(row["data"] for row in kept if row["part"] == FOUND)
    failing = [row for row in rows if row.get("control") and row["label"] == SHOWN]
    separation(ax, [row for row in kept if row["part"] == "statement"], extra, failing)


NEVER = Assumption("the third response is not in the data", lambda m: (m.problem.data[:, UNSEEN] == 0).all())
LINEAR = Assumption("the reward is linear in the feature", is_linear)
APART = "an offline minimiser"
STAGES, FOUND, SHOWN = "two stages, and descent", "descent finds the optimum", "the response is shown"
SIZES = (4, 6, 8, 12, 16, 20, 24)
CLAIM = Claim(
    "hybrid_preference_matches_online_where_offline_fails",
    check,
    instances=lambda: [problem(k) for k in SIZES],
    formula=(
        r"J(\pi^*) - J(\pi_{\mathrm{HyPO}}) \le \frac{5 \beta}{4 \cdot 2^k} < \beta \Big( \frac k2 - 1 \Big) \log 2 \le J(\pi^*) - "
        r"J(\pi_{\mathrm{offline}})"
    ),
    papers=("song2024",),
    tags=("preferences", "coverage", "kl-regularisation"),
    assumes=(NEVER,),
    controls=(
        Control(SHOWN, witness=show_the_third, drops=NEVER.name, part=APART),
        Control("nine tenths of the allowance", witness=lambda: problem(8), tightens=nine_tenths),
        Control("nine tenths of RLHF's allowance", lambda: problem(8), tightens=nine_tenths_of_rlhf, part=STAGES),
        Control("half of the mass", lambda: problem(8), sabotages=measure.closest_unseen_mass, by=half_the_mass),
        Control("a feature at the same place", lambda: good(features=(0, 1, 1)), drops=LINEAR.name, part=FOUND),
        Control("a reward that falls again", lambda: good((1, 8, "1/2")), drops=LINEAR.name, part=FOUND),
    ),
    also=(
        Part(APART, lambda: [problem(k) for k in SIZES], apart, assumes=(NEVER,)),
        Part(STAGES, lambda: [problem(k) for k in SIZES], two_stages, assumes=(NEVER,)),
        Part(FOUND, lambda: [good()], extrapolates, assumes=(NEVER, LINEAR), data=shares),
    ),
    data=numbers,
    figure=figure,
)
