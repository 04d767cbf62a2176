"""Expected steps of clipped policy-gradient methods on a preference problem."""

from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...base.replaceable import replaceable
from ...base.types import Number
from ...model.policy import TabularPolicy
from ...model.preference import PreferenceProblem, response_table
from .._known import enclose, law


@replaceable
def pairwise_step(
    problem: PreferenceProblem,
    policy: TabularPolicy,
    old: TabularPolicy,
    clip: Number | None = None,
    joint: bool = False,
) -> Interval:
    """Expected ascent step `[x,y]` of pairwise proximal policy optimisation (P3O) in the logits of the policy.

    Two responses are drawn from `old`, and log pi(y) - log pi(z) is moved by half of the reward difference times the
    importance weight: each response by its own ratio pi / old, or, if `joint`, both by the product of the ratios.

    Args: clip: half-width of the interval around 1 outside of which a ratio, or the product, stops the step; None for
        no clipping: then the step is the gradient of E_pi r.
    Source: adapted from Wu, Zhu, Zhang, Wen, Ramchandran and Jiao, 2023.
    """
    pi, r, drawn, raw, ratio, clip = _parts(problem, policy, old, clip)
    q = law(old, "table")
    both, A, raw_A = q[..., :, None] * q[..., None, :], _differences(r), _differences(raw)
    if joint:
        rates, weight = ratio[..., :, None] * ratio[..., None, :], drawn[..., :, None] * drawn[..., None, :]
        first = both * weight * A * _keep(rates, raw_A, clip)
        pull = first.sum(axis=-1) - first.sum(axis=-2)
    else:
        first = both * drawn[..., :, None] * A * _keep(ratio[..., :, None] + raw_A * 0, raw_A, clip)
        second = both * drawn[..., None, :] * A * _keep(ratio[..., None, :] + raw_A * 0, -raw_A, clip)
        pull = first.sum(axis=-1) - second.sum(axis=-2)
    return _step(problem, pi, pull / 2)


@replaceable
def proximal_step(
    problem: PreferenceProblem,
    policy: TabularPolicy,
    old: TabularPolicy,
    clip: Number | None = None,
    baseline: bool = False,
) -> Interval:
    """Expected ascent step `[x,y]` of proximal policy optimisation (PPO) in the logits of the policy.

    Args: baseline: whether E_old r(x, .) is subtracted from the rewards. The rest as for `pairwise_step`.
    Source: Schulman, Wolski, Dhariwal, Radford and Klimov, 2017.
    """
    pi, r, drawn, raw, ratio, clip = _parts(problem, policy, old, clip)
    q = law(old, "table")
    if baseline:
        r = r - (q * r).sum(axis=-1)[..., None]
        raw = raw - (old.table * raw).sum(axis=-1)[..., None]
    return _step(problem, pi, q * drawn * r * _keep(ratio, raw, clip))


def _parts(problem, policy, old, clip):
    """The policy, rewards and ratios, as Intervals and as they are given, and the clipping as the problem's number."""
    for each in (policy, old):
        response_table(problem, each)
    if problem.reward is None:
        raise InvalidModel(f"{problem!r}: a clipped step compares rewards; expected a problem with `reward`")
    pi = law(policy, "table")
    clip = None if clip is None else problem.like(clip)[()]
    return pi, enclose(problem.reward), pi / law(old, "table"), problem.reward, policy.table / old.table, clip


def _step(problem, pi, pull):
    """Step in the logits, from the weights `pull[x,y]` of grad log pi."""
    return law(problem, "rho")[..., None] * (pull - pi * pull.sum(axis=-1)[..., None])


def _differences(r):
    return r[..., :, None] - r[..., None, :]


def _keep(ratio, advantage, clip):
    """1 where the clipped surrogate has a slope, 0 where it is flat."""
    if clip is None:
        return 1
    flat = ((advantage > 0) & (ratio > 1 + clip)) | ((advantage < 0) & (ratio < 1 - clip))
    return (~flat).astype(int)
