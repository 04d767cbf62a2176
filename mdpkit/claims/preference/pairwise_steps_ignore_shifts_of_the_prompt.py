"""Clipped pairwise policy gradients ignore a reward shift of the prompt; PPO without a baseline does not.

Statement  Bradley-Terry preferences determine a reward r up to a function delta of the prompt. Let P3O draw two
           responses from pi_old > 0 and move log pi(y) - log pi(z) by (r(y) - r(z))/2 times an importance weight,
           clipped for each response or for the pair. Without clipping the expected step is grad E_pi r. With either
           clipping the step for r + delta equals that for r. The step of PPO without clipping, and of PPO with the
           baseline E_old r, is invariant too; that of clipped PPO without a baseline is not, since the sign of
           r + delta decides what is clipped. Multiplying r by c multiplies the P3O step by c (c > 0), and dividing r by
           its standard deviation over several prompts can make the step depend on delta.
Assumes    c > 0 (multiples of r).
Units      logits; rewards in any unit.
Kind       identity
Source     adapted from Wu, Zhu, Zhang, Wen, Ramchandran and Jiao, 2023.
Proof      proofs/preference/pairwise_steps_ignore_shifts_of_the_prompt.md
"""

from fractions import Fraction

from ... import measure
from ...base.arrays import objects
from ...instances.blocks import Box, Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import LAW, PROMPTS, fill_support
from ...model import PreferenceProblem, TabularPolicy
from ...verify.claim import Assumption, Claim, Control, Equal, Part

CLIP = Fraction(1, 5)


def steps(m, **options):
    """Steps of P3O for r and for r + delta."""
    return tuple(measure.pairwise_step(each, m.policy, m.old, **options) for each in (m.problem, m.shifted))


def gradient(m):
    """grad E_pi r in the logits: rho pi (r - E_pi r)."""
    r, pi, rho = measure.reward(m.problem), m.policy.table, m.problem.rho
    return (r - (r * pi).sum(axis=-1)[..., None]) * pi * rho[..., None]


def check(m):
    plain = {f"gradient, {words}": (steps(m, joint=joint)[0], gradient(m)) for words, joint in KINDS}
    return Equal({**plain, **{words: steps(m, clip=CLIP, joint=joint) for words, joint in KINDS}})


KINDS = ("separate clipping", False), ("joint clipping", True)


# ---- wrong statements
def by_single_responses(m):
    """PPO without a baseline."""
    found = tuple(measure.proximal_step(each, m.policy, m.old, clip=CLIP) for each in (m.problem, m.shifted))
    return Equal({**check(m).pairs, KINDS[0][0]: found})


def whiten(m):
    """Squares of the steps for rewards that are divided by their standard deviation over all prompts."""
    found = []
    for each, step in zip((m.problem, m.shifted), steps(m, clip=CLIP), strict=True):
        r = each.reward - each.reward.sum() / each.reward.size
        found.append(step**2 / ((r * r).sum() / r.size))
    return Equal({**check(m).pairs, KINDS[0][0]: tuple(found)})


def multiply(m):
    """The step for c r, and c times the step for r."""
    problem = PreferenceProblem(m.problem.reference, reward=m.problem.reward * m.c, rho=m.problem.rho)
    pairs = {}
    for words, joint in KINDS:
        options = dict(clip=CLIP, joint=joint)
        pairs[words] = (
            measure.pairwise_step(problem, m.policy, m.old, **options),
            measure.pairwise_step(m.problem, m.policy, m.old, **options) * m.c,
        )
    return Equal(pairs)


def with_baseline(m, baseline=True):
    """PPO without clipping, and clipped with the exact baseline."""
    problems = m.problem, m.shifted
    return Equal(
        {
            "not clipped": tuple(measure.proximal_step(each, m.policy, m.old) for each in problems),
            "clipped": tuple(
                measure.proximal_step(each, m.policy, m.old, clip=CLIP, baseline=baseline) for each in problems
            ),
        }
    )


def without_baseline(m):
    return with_baseline(m, baseline=False)


def problem(x, shift=0):
    return PreferenceProblem(fill_support(x.old), reward=x.reward + x.shift[..., None] * shift, rho=x.rho)


FAMILY = Family(
    blocks=dict(
        old=LAW,
        policy=LAW,
        rho=PROMPTS,
        reward=Box("X", "Y", lower=-1, upper=1),
        shift=Box("X", lower=-4, upper=4),
        c=Choice(of=("1/3", 2, 5)),
    ),
    sizes=dict(X=(1, 2), Y=(2, 3)),
    models=dict(
        problem=lambda x: problem(x),
        shifted=lambda x: problem(x, 1),
        old=lambda x: TabularPolicy(fill_support(x.old)),
        policy=lambda x: TabularPolicy(x.policy),
        c=lambda x: x.c,
    ),
)


# ---- exact instances and controls
def prompts(shift=(5, 0), c=2):
    """Two prompts with two responses of rewards 1 and -1; the policy has moved towards the better one of the first."""
    half, moved = ["1/2", "1/2"], ["3/4", "1/4"]
    old, reward = objects([half, half]), objects([[1, -1], [1, -1]])
    problems = (PreferenceProblem(old, reward=reward + objects(shift)[:, None] * k) for k in (0, 1))
    return Instance(
        **dict(zip(("problem", "shifted"), problems, strict=True)),
        old=TabularPolicy(old),
        policy=TabularPolicy(objects([moved, half])),
        c=c,
    )


def only_the_first(pairwise_step, problem, policy, old, clip=None, joint=False):
    """A step by the first response of each pair alone, with its reward in place of the difference."""
    return measure.proximal_step(problem, policy, old, clip)


def figure(ax, rows):
    """Difference of the steps for r and r + delta against delta, for P3O and for PPO."""
    found = [row for row in rows if row["part"] == SWEEP and not row.get("control")]
    at = [row["data"]["shift"] for row in found]
    for name, style, words in (
        ("pairwise", "oC0", "P3O, clipped"),
        ("baseline", "^C2", "PPO, exact baseline"),
        ("single", "xC1", "PPO, no baseline (fails)"),
    ):
        ax.plot(at, [row["data"][name] for row in found], style, label=words)
    ax.axhline(0, color="k", linestyle="--")
    ax.set(xlabel="shift of the first prompt's rewards", ylabel="largest change of the step")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


def changes(m):
    """Largest change of each step, and the shift."""
    shift = (m.shifted.reward - m.problem.reward)[0, 0]
    pairs = dict(
        pairwise=check(m).pairs[KINDS[0][0]],
        baseline=with_baseline(m).pairs["clipped"],
        single=without_baseline(m).pairs["clipped"],
    )
    return {"shift": int(shift), **{name: abs(b - a).max().mid for name, (a, b) in pairs.items()}}


POSITIVE = Assumption("c > 0", lambda m: bool(m.c > 0))
PPO, SWEEP, MULTIPLES = "PPO", "shifts of one prompt", "multiples of the reward"
CLAIM = Claim(
    "pairwise_steps_ignore_shifts_of_the_prompt",
    check,
    FAMILY,
    formula=(
        r"g_{r + \delta} = g_r, \qquad g_r = \mathbb{E}_{y, z \sim \pi_{\mathrm{old}}} \Big[ \tfrac12 \big( r(y) - r(z) "
        r"\big) \big( \rho_y\, 1_y \nabla \log \pi(y) - \rho_z\, 1_z \nabla \log \pi(z) \big) \Big]"
    ),
    papers=("wu2023",),
    tags=("preferences", "policy-gradient"),
    controls=(
        Control("PPO without a baseline", witness=prompts, tightens=by_single_responses, at=KINDS[0][0]),
        Control("whitened over prompts", lambda: prompts(("3/2", 0)), tightens=whiten, at=KINDS[0][0]),
        Control("a negative multiple", witness=lambda: prompts(c=-1), drops=POSITIVE.name, part=MULTIPLES),
        Control("one response of a pair", witness=prompts, sabotages=measure.pairwise_step, by=only_the_first),
        Control("PPO, the baseline left out", witness=prompts, tightens=without_baseline, at="clipped", part=PPO),
    ),
    also=(
        Part(PPO, FAMILY, with_baseline),
        Part(MULTIPLES, FAMILY, multiply, assumes=(POSITIVE,)),
        Part(SWEEP, lambda: [prompts((shift, 0)) for shift in range(-6, 7, 2)], check, data=changes),
    ),
    figure=figure,
)
