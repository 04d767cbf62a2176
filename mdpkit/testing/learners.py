"""Conformance of learners: declared needs, no other use, reproducibility."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from ..base.errors import MissingAccess
from ..learn import Fit, Learner, fit, grant
from ..model.access import KINDS, Access
from ..model.game import MarkovGame
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from ._case import Case, check_all
from ._expect import expect, expect_error
from .policies import PolicyCase, check_policy

USES = {
    "demonstrations": {"demonstrations"},
    "episodes": {"episodes"},
    "steps": {"episodes", "resets"},
    "resets": {"resets"},
    "queries": {"queries"},
    "comparisons": {"preferences"},
    "model_calls": {"model", "episodes"},
}
"""For each count of a Meter, the needs that explain it: episodes granted as a distribution count as model calls."""

SOME = dict(demonstrations=30, episodes=2000, resets=20_000, queries=50_000)
"""Default counts granted."""


@dataclass(frozen=True)
class LearnerCase(Case):
    """A learner and the problem on which it is checked.

    Args:
        name: name of the case, used in test ids.
        make: function without arguments that returns a new learner.
        problem, expert: an MDP and the policy to imitate, or a MarkovGame and the mediator, of one number kind.
        amounts: amount granted of each kind that the learner needs: counts, or "exact" for the distribution.
        rational: whether the learner promises rational policies on rational problems.
        recovers: (problem, expert, fit) -> whether the learner's guarantee holds, given `amounts`; None for no check.
        rounding: error allowed in the probabilities of its policy.
    """

    make: Callable[[], Learner]
    problem: MDP | MarkovGame
    expert: TabularPolicy
    amounts: Mapping[str, int | str] = field(default_factory=lambda: SOME)
    rational: bool = True
    recovers: Callable[[Any, Any, Fit], bool] | None = None
    rounding: float = 1e-12

    def grant(self, needs: Iterable[str], problem: MDP | MarkovGame | None = None, seed: int = 11) -> Access:
        """An access with exactly these kinds, and the episodes implied by a model."""
        amounts = {**SOME, **self.amounts}
        options = {kind: amounts[kind] for kind in needs if kind in amounts}
        if "model" in needs:
            options["episodes"] = "exact"
        elif options.get("episodes") == "exact" and "model" in self.make().needs:
            options["episodes"] = SOME["episodes"]  # the model is the kind that is left out
        rewards = "rewards" in needs
        return grant(
            problem or self.problem, expert=self.expert, rewards=rewards, rng=np.random.default_rng(seed), **options
        )

    def run(self, seed: int = 5, **options: Any) -> Fit:
        """Fit a new learner with the access that it needs."""
        learner = self.make()
        return fit(learner, self.grant(learner.needs, **options), rng=np.random.default_rng(seed))

    @property
    def meant(self) -> MDP | MarkovGame:
        """The problem in the number kind that the learner promises."""
        return self.problem if self.rational else self.problem.to_float()

    @property
    def process(self) -> MDP:
        """The problem that is played: of a game, the MDP over joint actions."""
        return self.meant.player(0) if isinstance(self.meant, MarkovGame) else self.meant

    def table(self, answer: Fit) -> TabularPolicy:
        """The TabularPolicy of a fit on the problem."""
        return answer.policy.to_tabular(self.process)


def the_learner_declares_known_needs(case: LearnerCase) -> None:
    """`needs` lists kinds of `mdpkit.model.access.KINDS`, each once."""
    learner = case.make()
    expect(isinstance(learner, Learner), f"{learner!r} lacks `needs` or `learn(access, rng)`")
    unknown = [kind for kind in learner.needs if kind not in KINDS]
    expect(learner.needs and not unknown, f"needs is {learner.needs}; expected some of {', '.join(KINDS)}")
    expect(len(set(learner.needs)) == len(learner.needs), f"needs lists a kind twice: {learner.needs}")


def every_use_is_of_a_declared_need(case: LearnerCase) -> None:
    """Granted exactly its needs, the learner runs, and the meter counts only uses explained by them."""
    learner = case.make()
    access = case.grant(learner.needs)
    answer = fit(learner, access, rng=np.random.default_rng(5))
    expect(access.used == answer.used, f"the access was used for {access.used!r}, the fit reports {answer.used!r}")
    expect(any(asdict(answer.used).values()), "nothing that was granted was used")
    expect_declaration(answer.used, learner.needs)


def more_access_does_not_change_what_is_used(case: LearnerCase) -> None:
    """Granted everything, the learner still uses only kinds that it declares."""
    learner = case.make()
    everything = tuple(
        kind for kind in KINDS if kind not in ("preferences", "model", "rewards") or kind in learner.needs
    )
    expect_declaration(fit(learner, case.grant(everything), rng=np.random.default_rng(5)).used, learner.needs)


def expect_declaration(used, needs):
    """Raise AssertionError if the meter counts a use that no declared need explains."""
    for count, kinds in USES.items():
        times = asdict(used)[count]
        expect(
            times == 0 or kinds & set(needs),
            f"used {times} {count}, which its needs ({', '.join(needs)}) do not declare",
        )


def no_more_is_used_than_granted(case: LearnerCase) -> None:
    """Counts of episodes, resets and queries stay within what was granted."""
    used = asdict(case.run().used)
    for kind in ("episodes", "resets", "queries"):
        granted = {**SOME, **case.amounts}[kind]
        expect(granted == "exact" or used[kind] <= granted, f"used {used[kind]} {kind} of {granted} granted")


def a_missing_need_is_an_error_that_names_it(case: LearnerCase) -> None:
    """Without any one of its needs the learner raises MissingAccess, and uses nothing before."""
    needs = case.make().needs
    for need in needs:
        access = case.grant(
            tuple(kind for kind in needs if kind != need and not (need == "episodes" and kind == "model"))
        )
        before = access.used
        fitting = partial(fit, case.make(), access, rng=np.random.default_rng(5))
        error = expect_error(fitting, MissingAccess, re.escape(KINDS[need]))
        expect(re.search(rf"needs .*\b{need}\b", str(error)), f"without {need} the error does not name it: {error}")
        expect(access.used == before, f"without {need}, {access.used - before!r} was used before the error")


def the_same_seed_gives_the_same_fit(case: LearnerCase) -> None:
    """Two fits with the same seed have equal policies, meters and traces."""
    one, two = case.run(), case.run()
    expect(
        case.table(one) == case.table(two),
        "two fits with the same seed learned different policies: a draw does not use `rng`",
    )
    expect(one.used == two.used, f"two fits with the same seed used {one.used!r} and {two.used!r}")
    expect(list(one.trace) == list(two.trace), f"the columns of two traces are {list(one.trace)} and {list(two.trace)}")
    for name, column in one.trace.items():
        other = two.trace[name]
        same = len(column) == len(other) and (column.dtype.kind not in "iuf" or np.array_equal(column, other))
        expect(same, f"two fits with the same seed have different columns {name!r} in their traces")


def rewards_that_were_not_granted_have_no_effect(case: LearnerCase) -> None:
    """A learner that does not need rewards learns the same policy on a problem with other rewards."""
    if "rewards" in case.make().needs:
        return
    other = replace(case.problem, r=case.problem.r[..., ::-1] * 7 + 1)
    own, changed = (case.table(answer).table for answer in (case.run(), case.run(problem=other)))
    expect(np.array_equal(own, changed), "the policy depends on rewards that were not granted")


def the_trace_has_columns_of_one_positive_length(case: LearnerCase) -> None:
    """At least one column, and one entry per round in each."""
    lengths = {name: len(column) for name, column in case.run().trace.items()}
    expect(
        len(set(lengths.values())) == 1 and min(lengths.values()) > 0,
        f"the columns of the trace have lengths {lengths}",
    )


def the_policy_is_rational_where_promised(case: LearnerCase) -> None:
    """On a rational problem the table is rational if the case promises it, and float otherwise."""
    exact = case.table(case.run()).exact
    kinds = {True: "rational", False: "of floats"}
    promised = case.problem.exact and case.rational
    expect(exact == promised, f"the learned table is {kinds[exact]}; expected one that is {kinds[promised]}")


def the_policy_passes_the_policy_checks(case: LearnerCase) -> None:
    """The learned policy passes `check_policy`."""
    check_policy(PolicyCase(case.name, case.run().policy, case.process, case.rounding))


def the_guarantee_holds(case: LearnerCase) -> None:
    """The case's `recovers`, if any, is True of the fit."""
    if case.recovers is not None:
        expert = case.expert if case.rational else case.expert.to_float()
        expect(case.recovers(case.meant, expert, case.run()), f"{case.recovers.__name__} is not True of the fit")


LEARNER_CHECKS = (
    the_learner_declares_known_needs,
    every_use_is_of_a_declared_need,
    more_access_does_not_change_what_is_used,
    no_more_is_used_than_granted,
    a_missing_need_is_an_error_that_names_it,
    the_same_seed_gives_the_same_fit,
    rewards_that_were_not_granted_have_no_effect,
    the_trace_has_columns_of_one_positive_length,
    the_policy_is_rational_where_promised,
    the_policy_passes_the_policy_checks,
    the_guarantee_holds,
)


def check_learner(case: LearnerCase) -> None:
    """Run every check of a learner.

    Args: case: a LearnerCase.
    Raises: AssertionError naming what differs, from the first check that fails; any error of the learner.

    >>> from mdpkit import MDP, Finite, TabularPolicy
    >>> from mdpkit.learn import Cloning
    >>> flip = MDP([[[0.0, 1], [1, 0]], [[1, 0], [0, 1]]], [[1.0, 0], [0, 1]], horizon=Finite(3))
    >>> check_learner(LearnerCase("cloning", Cloning, flip, TabularPolicy([[1.0, 0], [0, 1]])))
    """
    check_all(LEARNER_CHECKS, case)
