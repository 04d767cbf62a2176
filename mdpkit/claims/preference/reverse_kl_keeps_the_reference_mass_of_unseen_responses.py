"""A vanishing reverse-KL penalty keeps the reference mass of unseen responses; the reward range bounds any rise.

Statement  Of the policies of pair error 0 let pi be the one closest to the reference in KL(pi || ref), the limit of
           HyPO, and let e and m* be the masses of the unseen responses under the reference and under pi. Then
               log(m*/(1-m*)) - log(e/(1-e)) = KL(p || ref given S) =: D,   p = pi*( . given S),
               0 <= D <= R^2 / (8 beta^2),
           where S is the set of responses in the data and R the range of the reward there. Hence m* >= e, and the odds
           of the unseen responses rise by a factor e^D. If 0 < e < 1, m* = e if and only if all responses in S have
           the same reward. The penalty does not drive unseen responses out, however bad they are.
Assumes    the reward has range at most R on the responses in the data; it is not constant there (m* > e).
Units      masses are probabilities; D in nats; width = e^(R/beta).
Kind       for all
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024 (HyPO).
Proof      proofs/preference/reverse_kl_keeps_the_reference_mass_of_unseen_responses.md
"""

import numpy as np

from ... import measure
from ...base.arrays import bare, objects, rational
from ...instances.blocks import Box, Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import LAW, PROMPTS, fill_support
from ...model import PreferenceProblem, TabularPolicy
from ...solve import tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def masses(m):
    """Reference's mass on unseen and seen responses, for each prompt."""
    shown = m.problem.data != 0
    return tuple((m.problem.reference * part).sum(axis=-1) for part in (~shown, shown))


def rise(m):
    """Rise of the log-odds of the unseen responses, on average over prompts."""
    unseen, seen = masses(m)
    now = measure.logarithm(measure.closest_unseen_mass(m.problem)) - measure.logarithm(measure.closest_mass(m.problem))
    return measure.prompt_average(m.problem, now - measure.logarithm(unseen) + measure.logarithm(seen))


def from_the_reference(m):
    """D, the divergence of the optimum from the reference, both given S."""
    return measure.prompt_average(m.problem, measure.kl(m.optimum, m.reference))


def check(m):
    return Bound(from_the_reference(m), measure.logarithm(m.width) ** 2 / 8)


def half(m):
    return Bound(from_the_reference(m), measure.logarithm(m.width) ** 2 / 16)


def rises(m):
    return Equal({"log-odds": (rise(m), from_the_reference(m))})


def keeps(m):
    return Bound(masses(m)[0], measure.closest_unseen_mass(m.problem))


def keeps_twice(m):
    return Bound(masses(m)[0] * 2, measure.closest_unseen_mass(m.problem))


def keeps_more(m):
    """Whether m* > e, strictly."""
    return Equal({"more": (int((measure.closest_unseen_mass(m.problem) > masses(m)[0]).all_yes()), 1)})


def widest(problem):
    """e^(R/beta), R the range of the reward over the responses in the data."""
    lowest, shown = problem.weights.min(axis=-1)[..., None], problem.data != 0
    highest = problem.weights.max(axis=-1)[..., None]
    top, bottom = np.where(shown, problem.weights, lowest), np.where(shown, problem.weights, highest)
    return (top.max(axis=-1) / bottom.min(axis=-1)).max()


def condition_on_the_data(problem, table):
    """A policy's law conditioned on the responses in the data."""
    part = table * (problem.data != 0)
    return TabularPolicy(part / part.sum(axis=-1)[..., None])


def problem(x):
    """The data show every response but one."""
    data = LAW.restrict(fill_support(x.data), np.arange(x.sizes["Y"]) != bare(x.hidden)[:, None])
    return PreferenceProblem(fill_support(x.reference), weights=x.weights, data=data, rho=x.rho)


FAMILY = Family(
    blocks=dict(
        reference=LAW, weights=Box("X", "Y", lower=1, upper=3), data=LAW, rho=PROMPTS, hidden=Choice("X", of="Y")
    ),
    sizes=dict(X=(1, 1), Y=(3, 4)),
    models=dict(
        problem=problem,
        width=lambda x: widest(problem(x)),
        optimum=lambda x: condition_on_the_data(problem(x), tilt(problem(x)).table),
        reference=lambda x: condition_on_the_data(problem(x), problem(x).reference),
    ),
)


def draws():
    """Draws of every size whose rewards differ on the data, decoded from the bytes of a fixed generator."""
    rng = np.random.default_rng(0)
    found = [
        FAMILY.build(FAMILY.from_bytes(rng.bytes(FAMILY.byte_count(sizes)), sizes))
        for sizes in FAMILY.ladder()
        for _ in range(14)
    ]
    return [m for m in found if m.width > 1]


# ---- exact instances and controls
def three(weights=(2, 1, 1), width=2, data=("1/2", "1/2", 0)):
    """The reference gives the two compared responses 49/100 each."""
    law = objects([["49/100", "49/100", "1/50"]])
    given = PreferenceProblem(law, weights=objects([weights]), data=objects([data]))
    laws = dict(optimum=condition_on_the_data(given, tilt(given).table), reference=condition_on_the_data(given, law))
    return Instance(problem=given, width=rational(width), **laws)


def as_the_optimum(closest_unseen_mass, problem):
    """The unseen responses' mass under the optimum, which depends on their reward."""
    joint = problem.reference * problem.weights
    return (joint * (problem.data == 0)).sum(axis=-1) / joint.sum(axis=-1)


# ---- figure
def by_range():
    """Compared responses whose rewards are log 2 to log 64 apart, at beta = 1."""
    return [three((2**k, 1, 1), width=2**k).replace(k=k) for k in range(1, 7)]


def factors(m):
    """R/beta, and the factors e^D and e^(R^2 / (8 beta^2)) of the odds."""
    across = measure.logarithm(m.width).mid
    return {"range": [across], "odds": [float(np.exp(rise(m).mid))], "most": [float(np.exp(across**2 / 8))]}


def figure(ax, rows):
    """The factor by which the odds of the unseen response rise, against the range of the compared rewards."""
    found = [row["data"] for row in rows if row["part"] == SWEEP and row.get("data")]
    across, odds, most = ([each[name][0] for each in found] for name in ("range", "odds", "most"))
    ax.plot(across, most, "k--", label=r"$e^{R^2/(8\beta^2)}$")
    ax.plot(across, odds, "oC0", label="limit of HyPO")
    failing = [row for row in rows if row.get("control") and row["label"] == WIDER]
    ax.plot([np.log(2)] * len(failing), [np.exp(row["sides"][0]) for row in failing], "xC1", label=f"{WIDER} (fails)")
    ax.axhline(1, color="C2", lw=0.8, label="reference mass")
    ax.set(xlabel=r"range $R/\beta$ of the compared rewards", ylabel="factor of the odds", ylim=(0.8, 3))
    ax.legend(fontsize=6)


RANGE = Assumption("the reward has range at most R on the data", lambda m: widest(m.problem) <= m.width)
SEVERAL = Assumption("the data show two responses of different reward", lambda m: widest(m.problem) > 1)
KEPT, STRICT, ODDS = "no less than the reference", "more than the reference", "the rise of the log-odds"
SWEEP, WIDER = "rewards further and further apart", "a reward of larger range"
CLAIM = Claim(
    "reverse_kl_keeps_the_reference_mass_of_unseen_responses",
    check,
    FAMILY,
    formula=(
        r"\log \frac{m^*}{1 - m^*} - \log \frac{e}{1 - e} = \mathrm{KL}(p \,\Vert\, \mathrm{ref}_S) \in \Big[ 0, "
        r"\frac{R^2}{8 \beta^2} \Big]"
    ),
    papers=("song2024",),
    tags=("preferences", "kl-regularisation"),
    assumes=(RANGE,),
    controls=(
        Control("half of the constant", witness=three, tightens=half),
        Control(WIDER, witness=lambda: three((64, 1, 1)), drops=RANGE.name),
        Control("twice the reference mass", witness=three, tightens=keeps_twice, part=KEPT),
        Control(
            "the optimum's mass",
            witness=lambda: three((2, 1, "1/100")),
            sabotages=measure.closest_unseen_mass,
            by=as_the_optimum,
            part=KEPT,
        ),
        Control("one reward for all", lambda: three((1, 1, 1), width=1), drops=SEVERAL.name, part=STRICT),
    ),
    also=(
        Part(KEPT, lambda: [*draws(), three((1, 1, 1), width=1)], keeps),
        Part(STRICT, draws, keeps_more, assumes=(SEVERAL,)),
        Part(ODDS, FAMILY, rises),
        Part(SWEEP, by_range, check, assumes=(RANGE,), data=factors),
    ),
    figure=figure,
    sides=("$D$", r"$R^2 / (8\beta^2)$"),
)
