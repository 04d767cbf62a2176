"""Over all policies, coverage of a KL ball is global up to a logarithmic factor; for bounded rewards it is far less.

Statement  Let the data be drawn from the reference, whose rarest response has mass q = 1/C_glo, and let 0 < R/beta <=
           log C_glo. The largest coverage coefficients of the policies in the KL ball of radius R/beta, and of the
           policies of rewards of range at most R, satisfy
               (R/beta) C_glo <= C_ball log C_glo <= (R/beta + log 2) C_glo,        C_tilt <= e^(R/beta).
           As q tends to 0, C_ball / C_glo vanishes only as 1 / log C_glo, while C_tilt is bounded. All constants are
           optimal: the left bound is an equality at R/beta = log C_glo, and for two responses, as q tends to 0, the
           right one is approached at R/beta = log(C_glo / 4) / 2 and e^(R/beta) at every R/beta. At R/beta = 2 and
           q = 1e-2, 1e-4, 1e-8 the ratio C_ball / C_glo is .58, .28, .13.
Assumes    the data are drawn from the reference; R/beta is at most log C_glo; one prompt.
Units      coverage coefficients have none; width = e^(R/beta).
Kind       for all; exists (the constants and the numbers, enclosed)
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024, who assume coverage of a KL ball.
Proof      proofs/preference/kl_ball_coverage_is_nearly_global.md
"""

from ... import measure
from ...base.arrays import objects, rational
from ...base.lifting import enclose
from ...instances.blocks import Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import fill_support
from ...model import PreferenceProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def coefficients(m):
    """log C_glo, C_glo and the coverage of the ball of radius log width."""
    C = measure.full_coverage(m.problem)
    return measure.logarithm(C), C, measure.ball_coverage(m.problem, measure.logarithm(m.width))


def check(m):
    size, C, ball = coefficients(m)
    radius = measure.logarithm(m.width)
    return Bound(radius * C, ball * size, (radius + measure.logarithm(2)) * C)


def without_log_two(m):
    size, C, ball = coefficients(m)
    return Bound(ball * size, measure.logarithm(m.width) * C)


def tilts(m):
    return Bound(measure.tilt_coverage(m.problem, m.width), m.width)


def half_the_width(m):
    return Bound(measure.tilt_coverage(m.problem, m.width), m.width / 2)


def reach_lower(m):
    """C_ball log C_glo is at most 1 + 2^-k times its lower bound."""
    size, C, ball = coefficients(m)
    return Bound(ball * size, measure.logarithm(m.width) * C * (1 + m.slack))


def reach_upper(m):
    """C_ball log C_glo is at least the share 1 - q of its upper bound."""
    size, C, ball = coefficients(m)
    return Bound((measure.logarithm(m.width) + measure.logarithm(2)) * C * (1 - m.slack), ball * size)


def reach_width(m):
    return Bound(m.width * (1 - m.slack), measure.tilt_coverage(m.problem, m.width))


def brackets(m):
    """The ratio at radius 2, to two digits."""
    ball = measure.ball_coverage(m.problem, m.problem.like(2)[()])
    return Bound(m.low, ball / measure.full_coverage(m.problem), m.high)


def law_of(x):
    return fill_support(x.reference)


FAMILY = Family(
    blocks=dict(reference=Simplex("X", to="Y"), part=Choice(of=("1/16", "1/2", "15/16"))),
    sizes=dict(X=(1, 1), Y=(2, 4)),
    models=dict(
        problem=lambda x: PreferenceProblem(law_of(x), weights=law_of(x) * 0 + 1),
        width=lambda x: 1 + (1 / law_of(x).min() - 1) * x.part[()],
    ),
)


# ---- exact instances and controls
def rare(q, width, data=None):
    """Two responses; the reference gives the second one probability q."""
    q = rational(q)
    law = objects([[1 - q, q]])
    problem = PreferenceProblem(law, weights=objects([[1, 1]]), data=None if data is None else objects([data]))
    return Instance(problem=problem, width=rational(width))


def golden(power, share):
    low, high = objects([f"{2 * share - 1}/200", f"{2 * share + 1}/200"])
    return rare(f"1/{10**power}", 2).replace(low=low, high=high)


def nearly_all():
    """The radius is log C_glo, but for at most 2 / 4^k."""
    found = []
    for k in (2, 6, 12):
        q, slack = rational(1) / 4**k, rational(1) / 2**k
        found.append(rare(q, (1 - slack * slack) / q).replace(slack=slack, k=k))
    return found


def half_of_the_mass():
    """The radius is log(C_glo / 4) / 2, at which the ball gives the rare response nearly the mass 1/2."""
    return [rare(f"1/{4**k}", 2 ** (k - 1)).replace(slack=rational(1) / 4**k, k=k) for k in (3, 6, 12)]


def rare_tilts():
    return [rare(f"1/{4**k}", 16).replace(slack=rational(16) / 4**k, k=k) for k in (3, 6, 12)]


NUMBERS = (2, 58), (4, 28), (8, 13)
"""Powers of ten of the reference mass, and shares in percent."""


def by_bounded_rewards(ball_coverage, problem, radius):
    """The coverage of the policies of rewards of range at most 4 in place of the ball's."""
    return measure.tilt_coverage(problem, 4)


def figure(ax, rows):
    """C_ball / C_glo against the reference mass of the rarest response, and the coverage of bounded rewards."""
    found = [row for row in rows if row["part"] == SWEEP and not row.get("control")]
    mass = [row["data"]["mass"] for row in found]
    for name, style, words in (
        ("ball", "oC0", r"$C_{ball}/C_{glo}$"),
        ("lower", "k--", r"$\kappa / \log C_{glo}$"),
        ("upper", "k:", r"$(\kappa + \log 2) / \log C_{glo}$"),
        ("tilt", "sC2", r"$C_{tilt}/C_{glo}$"),
    ):
        ax.plot(mass, [row["data"][name] for row in found], style, label=words)
    for row in rows:
        if row.get("control") and row["label"] == LOGARITHM:
            ax.plot(
                1 / 16, row["sides"][0] / row["sides"][1] * found[0]["data"]["lower"], "xC1", label="no log 2 (fails)"
            )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.invert_xaxis()
    ax.set(xlabel="reference mass of the rarest response", ylabel="share of global coverage")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


def shares(m):
    size, C, ball = (each.mid for each in coefficients(m))
    radius = measure.logarithm(m.width).mid
    return {
        "mass": 1 / C,
        "ball": ball / C,
        "lower": radius / size,
        "upper": (radius + measure.logarithm(2).mid) / size,
        "tilt": measure.tilt_coverage(m.problem, m.width).mid / C,
    }


DRAWN = Assumption("the data are drawn from the reference", lambda m: (m.problem.data == m.problem.reference).all())
WITHIN = Assumption(
    "R/beta is positive and at most log C_glo",
    lambda m: (enclose(m.width) > 1) & (enclose(m.width) <= measure.full_coverage(m.problem)),
)
TILTS, NUMBERS_PART, SWEEP = "bounded rewards", "the numbers", "rarer and rarer responses"
LEFT, RIGHT, ALL = "the left bound is approached", "the right bound is approached", "bounded rewards approach theirs"
LOGARITHM = "without log 2"
CLAIM = Claim(
    "kl_ball_coverage_is_nearly_global",
    check,
    FAMILY,
    formula=(
        r"\kappa\, C_{\mathrm{glo}} \le C_{\mathrm{ball}}(\kappa) \log C_{\mathrm{glo}} \le (\kappa + \log 2)\, "
        r"C_{\mathrm{glo}}, \qquad C_{\mathrm{tilt}}(R) \le e^{R / \beta}, \qquad \kappa = R / \beta"
    ),
    papers=("song2024",),
    tags=("preferences", "coverage"),
    assumes=(DRAWN, WITHIN),
    controls=(
        Control(LOGARITHM, witness=lambda: rare("1/16", 2), tightens=without_log_two),
        Control("data of another law", witness=lambda: rare("1/1000000", 4, ("63/64", "1/64")), drops=DRAWN.name),
        Control(
            "the policies of bounded rewards",
            lambda: rare("1/1024", 4),
            sabotages=measure.ball_coverage,
            by=by_bounded_rewards,
        ),
        Control("half of the width", witness=lambda: rare("1/1024", 4), tightens=half_the_width, part=TILTS),
    ),
    also=(
        Part(TILTS, FAMILY, tilts, assumes=(DRAWN,)),
        Part(NUMBERS_PART, lambda: [golden(*each) for each in NUMBERS], brackets, assumes=(DRAWN,)),
        Part(LEFT, nearly_all, reach_lower, assumes=(DRAWN, WITHIN)),
        Part(RIGHT, half_of_the_mass, reach_upper, assumes=(DRAWN, WITHIN)),
        Part(ALL, rare_tilts, reach_width, assumes=(DRAWN,)),
        Part(SWEEP, lambda: [rare(f"1/{4**k}", 4) for k in range(2, 12)], check, assumes=(DRAWN, WITHIN), data=shares),
    ),
    figure=figure,
)
