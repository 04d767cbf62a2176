"""Offline averages of the log-ratio are lowest away from the data; only the on-policy average is a divergence.

Statement  On one prompt, let pi_m be the policy of pair error 0 that gives the unseen responses the mass m, in
           proportion to the reference, and s* as in `hybrid_preference_picks_the_closest_minimiser`. For 0 < m < 1
               E_{y ~ data} log(pi_m / ref)  = its value at m = 0 + log(1 - m),
               E_{y ~ pi_m} log(pi_m / ref)  = its least value + kl(1 - m, s*),
               J(pi*) - J(pi_m)              = (1 - m) G_0 + m G_1 - beta h(m),
           with the gaps G_0 and G_1 at m = 0 and m = 1 and the entropy h(m) of (m, 1 - m). The first penalty has no
           minimum: it falls to -infinity as m tends to 1, at the same loss on the comparisons, while the gap tends to
           G_1. The second one, of HyPO, keeps m at 1 - s*. The forward divergence KL(data || pi_m) differs from the
           negative of the first penalty by a constant, and takes m to 0; its gap G_0 is smaller than HyPO's if the
           unseen responses are bad enough, and larger if they are good enough. With beta = 1/2, rewards near (1, 0, -5)
           and reference mass 1/50 of the third response, which is unseen, the gap is 7.66 as m tends to 1, .15 at
           m = 1 - s* and below 1e-6 at m = 0.
Assumes    one prompt; the policy has pair error 0, and mass m on unseen responses, in proportion to the reference.
Units      penalties in nats, J in units of reward; kl(a, b) = a log(a/b) + (1-a) log((1-a)/(1-b)).
Kind       identity; exists (the numbers, enclosed)
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024 (HyPO).
Proof      proofs/preference/offline_kl_is_no_substitute_for_the_on_policy_kl.md
"""

from ... import measure
from ...base.arrays import floats, objects
from ...instances.blocks import Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import BETA, LAW, PROMPTS, WEIGHTS, fill_support, hide_response
from ...model import PreferenceProblem, TabularPolicy
from ...solve import tilt, zero_error_policy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def in_the_data(m):
    return m.problem.data != 0


def offline(m, policy):
    """E_x E_{y ~ data} log(pi / ref); unseen responses count with ratio 1 and weight 0."""
    reference = m.problem.reference
    ratio = measure.logarithm((policy.table * in_the_data(m) + reference * ~in_the_data(m)) / reference)
    return measure.prompt_average(m.problem, (ratio * m.problem.data).sum(axis=-1))


def binary(a, b, b_left):
    """kl(a, b) for each prompt, b_left = 1 - b."""
    one, other = (measure.logarithm(x) - measure.logarithm(y) for x, y in ((a, b), (1 - a, b_left)))
    return one * a + other * (1 - a)


def from_the_closest(m):
    """E_x kl(1 - m, s*)."""
    unseen = binary(m.mass, measure.closest_unseen_mass(m.problem), measure.closest_mass(m.problem))
    return measure.prompt_average(m.problem, unseen)


def gap(m, policy):
    return measure.value_gap(m.problem, tilt(m.problem), policy)


def entropy(mass):
    """h(m) for each prompt, from Intervals or numbers of both outcomes."""
    return -sum(measure.logarithm(each) * each for each in mass)


def check(m):
    left = measure.logarithm(1 - m.mass).max()
    divergence = measure.divergence_from_reference(m.problem, m.policy)
    mixed = (
        gap(m, m.none) * (1 - m.mass) + gap(m, m.all) * m.mass - entropy((m.mass, 1 - m.mass)) * m.problem.beta
    ).max()
    return Equal(
        {
            "offline": (offline(m, m.policy) - offline(m, m.none), left),
            "on policy": (divergence - measure.closest_divergence(m.problem), from_the_closest(m)),
            "gap": (gap(m, m.policy), mixed),
        }
    )


def offline_as_a_divergence(m):
    """As if the offline average were least at the same mass as the divergence."""
    least = measure.closest_divergence(m.problem)
    return Equal({**check(m).pairs, "offline": (offline(m, m.policy), least + from_the_closest(m))})


def only_unseen(problem):
    """The limit of pi_m as m tends to 1."""
    table = problem.reference * (problem.data == 0)
    return TabularPolicy(table / table.sum(axis=-1)[..., None])


def complete(problem, mass, policy):
    """The instance of one prompt with the policies at m = 0 and m = 1."""
    ends = dict(none=zero_error_policy(problem, 0), all=only_unseen(problem))
    return Instance(problem=problem, mass=mass, policy=policy, **ends)


def problem(x):
    return PreferenceProblem(
        fill_support(x.reference), weights=x.weights, data=hide_response(x), rho=x.rho, beta=x.beta
    )


FAMILY = Family(
    blocks=dict(
        reference=LAW,
        weights=WEIGHTS,
        data=LAW,
        rho=PROMPTS,
        beta=BETA,
        hidden=Choice("X", of="Y"),
        mass=Choice("X", of=("1/64", "1/4", "1/2", "15/16", "1023/1024")),
    ),
    sizes=dict(X=(1, 1), Y=(3, 4)),
    models=dict(
        problem=problem,
        mass=lambda x: x.mass,
        policy=lambda x: zero_error_policy(problem(x), x.mass),
        none=lambda x: zero_error_policy(problem(x), x.mass * 0),
        all=lambda x: only_unseen(problem(x)),
    ),
)


# ---- the numbers, and which penalty is better
def near(weights=("7389/1000", 1, "1/22026"), mass="1/2"):
    """Reference (49/100, 49/100, 1/50), the third response unseen; rewards near (1, 0, -5) at beta 1/2."""
    law = objects([["49/100", "49/100", "1/50"]])
    shown = objects([["1/2", "1/2", 0]])
    problem = PreferenceProblem(law, weights=objects([weights]), data=shown, beta="1/2")
    mass = objects([mass])
    return complete(problem, mass, zero_error_policy(problem, mass))


def gaps(m):
    """Gaps as m tends to 1, at m = 1 - s* and at m = 0."""
    unseen, seen = measure.closest_unseen_mass(m.problem), measure.closest_mass(m.problem)
    last, first = gap(m, m.all), gap(m, m.none)
    kept = (unseen * last + seen * first - entropy((unseen, seen)) * m.problem.beta).max()
    return last, kept, first


BRACKETS = ("1531/200", "1533/200"), ("29/200", "31/200"), (0, "1/1000000")
"""Lower and upper ends for the three gaps: 7.66, .15 and 0, to two digits."""


def numbers(m):
    low, high = objects(BRACKETS[m.which])
    return Bound(low, gaps(m)[m.which], high)


def better(m):
    """The gap at m = 0 against that at m = 1 - s*, whichever is smaller first."""
    _, kept, none = gaps(m)
    return Bound(none, kept) if m.bad else Bound(kept, none)


def other_way(m):
    return Bound(*reversed(better(m).sides))


def by_reward():
    """The unseen response is bad, or good: its weight relative to the second one is 1/22026, or 55 and 22026."""
    bad = [near().replace(bad=True)]
    return bad + [near(("7389/1000", 1, weight)).replace(bad=False) for weight in (55, 22026)]


# ---- controls
def two_unseen(rest):
    """Of four responses two are unseen and share the mass 1/2 as `rest` says; the reference gives all of them 1/4."""
    given = PreferenceProblem(
        objects([["1/4"] * 4]), weights=objects([[1, 2, 4, 3]]), data=objects([["1/2", "1/2", 0, 0]])
    )
    half = objects(["1/2"])
    return complete(given, half, zero_error_policy(given, half, objects([[0, 0, *rest]])))


def wrong_proportion():
    """The compared responses are not in the proportion of the optimum."""
    m = near()
    return m.replace(policy=TabularPolicy(objects([["1/4", "1/4", "1/2"]])))


def on_offline_samples(divergence_from_reference, problem, policy):
    """The average of log pi/ref over the data in place of the policy's own responses."""
    return offline(Instance(problem=problem), policy)


def figure(ax, rows):
    """Penalties and gap against the mass of the unseen response."""
    found = [row for row in rows if row["part"] == SWEEP and not row.get("control")]
    at = [row["data"]["mass"] for row in found]
    for name, style, words in (
        ("offline", "xC1", "offline log-ratio (fails)"),
        ("divergence", "oC0", "on-policy KL"),
        ("forward", "^C2", "forward KL"),
    ):
        ax.plot(at, [row["data"][name] for row in found], style, label=words)
    ax.plot(at, [row["data"]["gap"] for row in found], "k--", label="gap")
    ax.set(xlabel="mass of the unseen response", ylabel="nats, reward")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


def penalties(m):
    """Penalties, less their values at m = 0 but for the divergence, and the gap."""
    start = offline(m, m.none)
    moved = (offline(m, m.policy) - start).mid
    divergence = measure.divergence_from_reference(m.problem, m.policy).mid
    return dict(
        mass=float(floats(m.mass)[0]), offline=moved, forward=-moved, divergence=divergence, gap=gap(m, m.policy).mid
    )


EXPLAINED = Assumption("the policy has pair error 0", lambda m: measure.pair_error(m.problem, m.policy) == 0)
PROPORTION = Assumption(
    "it gives unseen responses mass m, in proportion to the reference",
    lambda m: (m.policy.table == zero_error_policy(m.problem, m.mass).table)[~in_the_data(m)].all(),
)
NUMBERS, BETTER, SWEEP = "the numbers", "which penalty is better", "masses of one instance"
ASSUMED = (EXPLAINED, PROPORTION)
CLAIM = Claim(
    "offline_kl_is_no_substitute_for_the_on_policy_kl",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}_{y \sim \mu} \log \frac{\pi_m}{\mathrm{ref}} = c + \log(1 - m), \qquad \mathrm{KL}(\pi_m \,\Vert\, "
        r"\mathrm{ref}) = c' + \mathrm{kl}(1 - m, s^*), \qquad J(\pi^*) - J(\pi_m) = (1 - m)\, G_0 + m\, G_1 - "
        r"\beta\, h(m)"
    ),
    papers=("song2024",),
    tags=("preferences", "kl-regularisation"),
    assumes=ASSUMED,
    controls=(
        Control("offline samples", witness=near, sabotages=measure.divergence_from_reference, by=on_offline_samples),
        Control("as if it were a divergence", witness=near, tightens=offline_as_a_divergence, at="offline"),
        Control("unseen responses out of proportion", lambda: two_unseen((1, 0)), drops=PROPORTION.name),
        Control("compared responses out of proportion", witness=wrong_proportion, drops=EXPLAINED.name),
        Control("the other penalty is better", lambda: by_reward()[0], tightens=other_way, part=BETTER),
    ),
    also=(
        Part(NUMBERS, lambda: [near().replace(which=k) for k in range(3)], numbers),
        Part(BETTER, by_reward, better),
        Part(
            SWEEP,
            lambda: [near(mass=f"{k}/50") for k in (1, 2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 49)],
            check,
            assumes=ASSUMED,
            data=penalties,
        ),
    ),
    figure=figure,
)
