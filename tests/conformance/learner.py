"""What every learner keeps to, tabular or deep, tried on a finite problem. How to use a suite: see `policy.py`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pytest

from mdpkit import fit, grant
from mdpkit.base.errors import MissingAccess
from mdpkit.learn import Learner
from mdpkit.model.access import KINDS

from . import policy as policies

USES = {
    "demonstrations": {"demonstrations"},
    "episodes": {"episodes"},
    "steps": {"episodes", "resets"},
    "resets": {"resets"},
    "queries": {"queries"},
    "comparisons": {"preferences"},
    "model_calls": {"model", "episodes"},
}
"""The needs of which each count of a Meter may be the use: a law that is granted for episodes is asked of the model."""

SOME = dict(demonstrations=30, episodes=2000, resets=20_000, queries=50_000)


@dataclass(frozen=True)
class LearnerCase:
    """A learner and what it is tried on.

    Args:
        make: makes the learner anew.
        problem, expert: a finite problem, and the policy shown.
        amounts: how much is granted of each kind that is needed: counts, or "exact" (of resets: any number).
        rational: whether it promises rational policies on rational problems.
        recovers: (problem, expert, fit) -> True where the guarantee holds, for what `amounts` grant; None for no check.
        rounding: of the policy's probabilities.
    """

    name: str
    make: Callable
    problem: object
    expert: object
    amounts: Mapping = field(default_factory=lambda: SOME)
    rational: bool = True
    recovers: Callable | None = None
    rounding: float = 1e-12

    def __str__(self):
        return self.name

    def granted(self, needs, problem=None, seed=11):
        """An access with these kinds and, but for the episodes that the model comes with, no others."""
        amounts = {**SOME, **self.amounts}
        options = {kind: amounts[kind] for kind in needs if kind in amounts}
        if "model" in needs:
            options["episodes"] = "exact"
        elif options.get("episodes") == "exact" and "model" in self.make().needs:
            options["episodes"] = SOME["episodes"]  # so that the model is what is left out
        rewards = "rewards" in needs
        return grant(problem or self.problem, expert=self.expert, rewards=rewards, rng=np.random.default_rng(seed), **options)

    def run(self, seed=5, **options):
        learner = self.make()
        return fit(learner, self.granted(learner.needs, **options), rng=np.random.default_rng(seed))


def it_is_a_learner_whose_needs_are_known(case):
    learner = case.make()
    assert isinstance(learner, Learner)
    assert learner.needs
    assert [kind for kind in learner.needs if kind not in KINDS] == []
    assert len(set(learner.needs)) == len(learner.needs)


def it_runs_on_what_it_needs_and_counts_no_other_use(case):
    learner = case.make()
    access = case.granted(learner.needs)
    answer = fit(learner, access, rng=np.random.default_rng(5))
    assert access.used == answer.used
    used = asdict(answer.used)
    assert any(used.values())
    for count, kinds in USES.items():
        assert used[count] == 0 or kinds & set(learner.needs), f"{count}={used[count]} of what it does not say that it needs"


def it_uses_no_more_when_all_is_granted(case):
    needs = case.make().needs
    everything = tuple(kind for kind in KINDS if kind not in ("preferences", "model", "rewards") or kind in needs)
    learner = case.make()
    answer = fit(learner, case.granted(everything), rng=np.random.default_rng(5))
    for count, kinds in USES.items():
        assert asdict(answer.used)[count] == 0 or kinds & set(needs)


def it_uses_no_more_than_was_granted(case):
    used = asdict(case.run().used)
    for kind in ("episodes", "resets", "queries"):
        granted = {**SOME, **case.amounts}[kind]
        assert granted == "exact" or used[kind] <= granted


def without_any_of_its_needs_it_says_which_is_missing(case):
    needs = case.make().needs
    for need in needs:
        access = case.granted(tuple(kind for kind in needs if kind != need and not (need == "episodes" and kind == "model")))
        before = access.used
        with pytest.raises(MissingAccess, match=re.escape(KINDS[need])) as error:
            fit(case.make(), access, rng=np.random.default_rng(5))
        assert re.search(rf"needs .*\b{need}\b", str(error.value))
        assert access.used == before


def the_same_seeds_give_the_same_policy_and_trace(case):
    one, two = case.run(), case.run()
    first, second = one.policy.to_tabular(meant(case, one)), two.policy.to_tabular(meant(case, two))
    assert first == second
    assert one.used == two.used
    assert list(one.trace) == list(two.trace)
    for name, column in one.trace.items():
        assert len(column) == len(two.trace[name])
        if column.dtype.kind in "iuf":
            assert np.array_equal(column, two.trace[name])


def it_learns_nothing_from_rewards_that_it_was_not_granted(case):
    if "rewards" in case.make().needs:
        return
    other = replace(case.problem, r=case.problem.r[..., ::-1] * 7 + 1)
    assert np.array_equal(*(answer.policy.to_tabular(meant(case, answer)).table for answer in (case.run(), case.run(problem=other))))


def the_columns_of_its_trace_are_of_one_length(case):
    trace = case.run().trace
    assert len(trace) > 0
    assert len({len(column) for column in trace.values()}) == 1
    assert len(next(iter(trace.values()))) > 0


def it_answers_rationals_with_rationals_where_it_promises_to(case):
    answer = case.run()
    assert answer.policy.to_tabular(meant(case, answer)).exact == (case.problem.exact and case.rational)


def its_policy_is_one(case):
    answer = case.run()
    tried = policies.PolicyCase(case.name, answer.policy, meant(case, answer), case.rounding)
    for check in policies.CHECKS:
        check(tried)


def it_reaches_its_guarantee(case):
    if case.recovers is not None:
        answer = case.run()
        assert case.recovers(meant(case, answer), case.expert if case.rational else case.expert.to_float(), answer)


def meant(case, answer):
    """The problem in the number kind of the policies that the learner promises."""
    return case.problem if case.rational else case.problem.to_float()


CHECKS = (
    it_is_a_learner_whose_needs_are_known,
    it_runs_on_what_it_needs_and_counts_no_other_use,
    it_uses_no_more_when_all_is_granted,
    it_uses_no_more_than_was_granted,
    without_any_of_its_needs_it_says_which_is_missing,
    the_same_seeds_give_the_same_policy_and_trace,
    it_learns_nothing_from_rewards_that_it_was_not_granted,
    the_columns_of_its_trace_are_of_one_length,
    it_answers_rationals_with_rationals_where_it_promises_to,
    its_policy_is_one,
    it_reaches_its_guarantee,
)
