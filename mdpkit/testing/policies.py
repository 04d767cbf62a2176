"""Conformance of policies: table, densities and samples agree."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..base.arrays import floats
from ..learn import Policy
from ..measure import occupancy
from ..model import Finite, TabularPolicy
from ..model.mdp import MDP
from ._case import Case, check_all
from ._expect import expect

GRID = 400
"""Number of evenly spaced points that represent the uniform distribution on [0, 1)."""

EVEN = (np.arange(GRID) + 0.5) / GRID
BELOW_ONE = np.nextafter(1.0, 0.0)


@dataclass(frozen=True)
class PolicyCase(Case):
    """A policy and a finite problem on which it is checked.

    Args:
        name: name of the case, used in test ids.
        policy: a `Policy`: an object with `start`, `sample`, `log_prob` and `to_tabular`.
        problem: an MDP in the policy's number kind.
        rounding: error allowed in a probability; 1e-5 suits a policy that computes in float32.
    """

    policy: Policy
    problem: MDP
    rounding: float = 1e-12

    @property
    def steps(self) -> range:
        """Steps at which the policy is checked: all of a finite horizon, else step 0."""
        return range(self.problem.horizon.H if isinstance(self.problem.horizon, Finite) else 1)

    def members(self) -> list:
        """Markov policies selected by `start`, with their probabilities."""
        found = {}
        for u in EVEN:
            member = self.policy.start(u)
            found.setdefault(id(member), [member, 0.0])[1] += 1 / GRID
        return [tuple(each) for each in found.values()]

    def laws(self) -> Iterator[tuple[Policy, int, np.ndarray]]:
        """Every (member, step, exp(log_prob) as `[s,a]`)."""
        s, a = np.indices((self.problem.S, self.problem.A)).reshape(2, -1)
        for member, _ in self.members():
            for t in self.steps:
                logs = np.asarray(member.log_prob(s, t, a), dtype=float)
                yield member, t, np.exp(logs).reshape(self.problem.S, self.problem.A)

    def even_samples(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield (step, law, actions): actions `[s,k]` sampled with the k-th evenly spaced number in state s."""
        s, u = np.repeat(np.arange(self.problem.S), GRID), np.tile(EVEN, self.problem.S)
        for member, t, law in self.laws():
            yield t, law, np.asarray(member.sample(s, t, u)).reshape(self.problem.S, GRID)


def the_policy_implements_the_protocol(case: PolicyCase) -> None:
    """`start(u)` returns a Markov policy, whose own `start` returns itself."""
    expect(isinstance(case.policy, Policy), f"{case.policy!r} lacks one of start, sample, log_prob, to_tabular")
    for member, _ in case.members():
        expect(isinstance(member, Policy), f"start(u) returned {member!r}, which is not a Policy")
        expect(member.start(0.5) is member, f"{member!r}.start(u) is another object; a Markov policy starts as itself")


def the_law_is_a_distribution_over_available_actions(case: PolicyCase) -> None:
    """exp(log_prob) sums to 1 in every state, and is 0 for actions that do not exist."""
    for _, t, law in case.laws():
        off = np.abs(law.sum(axis=1) - 1).max()
        expect(off <= case.problem.A * case.rounding, f"at step {t} exp(log_prob) sums to 1 only within {off:.1e}")
        expect(
            (law[~case.problem.available] == 0).all(),
            f"at step {t} an action that does not exist has positive probability",
        )


def samples_follow_the_law(case: PolicyCase) -> None:
    """The frequencies of actions over evenly spaced numbers are their probabilities, up to the spacing."""
    for t, law, actions in case.even_samples():
        shares = (actions[..., None] == np.arange(case.problem.A)).mean(axis=1)
        off = np.abs(shares - law).max()
        expect(off <= 1 / GRID + case.rounding, f"at step {t} sample and log_prob disagree by {off:.1e} in probability")


def sampling_is_monotone_in_the_uniform_number(case: PolicyCase) -> None:
    """A larger uniform number never chooses an earlier action: policies that share them are coupled."""
    for t, _, actions in case.even_samples():
        expect(
            (np.diff(actions, axis=1) >= 0).all(),
            f"at step {t} a larger u chose an earlier action; sample by the inverse of the sums",
        )


def actions_of_probability_zero_are_never_sampled(case: PolicyCase) -> None:
    """For every uniform number, including the ends of [0, 1) and the cumulative sums."""
    s = np.arange(case.problem.S)
    for member, t, law in case.laws():
        for u in (0.0, BELOW_ONE, *np.cumsum(law, axis=1).ravel()):
            actions = np.asarray(member.sample(s, t, np.full(case.problem.S, min(u, BELOW_ONE))))
            expect((law[s, actions] > 0).all(), f"at step {t}, u = {u!r} chose an action of probability 0")


def batches_have_one_entry_per_observation(case: PolicyCase) -> None:
    """`sample` and `log_prob` take batches with a step per entry, and treat each entry independently."""
    rng, last = np.random.default_rng(0), case.steps[-1]
    s = rng.integers(0, case.problem.S, 7)
    u, t = rng.random(7), rng.integers(0, last + 1, 7)
    for member, _ in case.members():
        actions = np.asarray(member.sample(s, t, u))
        expect(actions.shape == (7,), f"sample returned shape {actions.shape} for 7 observations")
        expect(actions.dtype.kind in "iu", f"sample returned {actions.dtype}; expected integers")
        alone = [int(np.asarray(member.sample(s[k : k + 1], int(t[k]), u[k : k + 1]))[0]) for k in range(7)]
        expect(actions.tolist() == alone, f"a batch was sampled as {actions.tolist()}, its entries alone as {alone}")
        logs = np.asarray(member.log_prob(s, t, actions))
        expect(logs.shape == (7,), f"log_prob returned shape {logs.shape} for 7 observations")
        expect((logs <= case.problem.A * case.rounding).all(), "log_prob is positive for a discrete action")
        expect(
            np.asarray(member.sample(s[:0], 0, u[:0])).shape == (0,),
            "an empty batch was not answered with an empty one",
        )


def the_table_is_the_law(case: PolicyCase) -> None:
    """`to_tabular(problem)` of every Markov policy is a TabularPolicy with the probabilities of `log_prob`."""
    for member, t, law in case.laws():
        policy = member.to_tabular(case.problem)
        expect(isinstance(policy, TabularPolicy), f"to_tabular returned {policy!r}; expected a TabularPolicy")
        row = floats(policy.table if policy.table.ndim == 2 else policy.table[t])
        off = np.abs(row - law).max()
        expect(
            off <= case.problem.A * case.rounding,
            f"at step {t} to_tabular and log_prob disagree by {off:.1e} in probability",
        )


def the_table_has_the_mean_occupancy_of_the_members(case: PolicyCase) -> None:
    """The occupancy of the policy's table is the average of its members' occupancies, weighted by probability."""
    members = case.members()
    mean = sum(share * occupancy(case.problem, member.to_tabular(case.problem)).mid for member, share in members)
    whole = occupancy(case.problem, case.policy.to_tabular(case.problem)).mid
    total = whole.sum() / len(case.steps)
    spacing = len(members) / GRID if len(members) > 1 else 0
    off = np.abs(whole - mean).max()
    expect(
        off <= total * (spacing + case.problem.S * case.rounding),
        f"the occupancy of the table is off by {off:.1e} from the mean",
    )


POLICY_CHECKS = (
    the_policy_implements_the_protocol,
    the_law_is_a_distribution_over_available_actions,
    samples_follow_the_law,
    sampling_is_monotone_in_the_uniform_number,
    actions_of_probability_zero_are_never_sampled,
    batches_have_one_entry_per_observation,
    the_table_is_the_law,
    the_table_has_the_mean_occupancy_of_the_members,
)


def check_policy(case: PolicyCase) -> None:
    """Run every check of a policy.

    Args: case: a PolicyCase.
    Raises: AssertionError naming what differs, from the first check that fails.

    >>> from mdpkit import MDP
    >>> stay = MDP([[[1.0], [1.0]]], [[0.0, 1.0]], horizon=Finite(2))
    >>> check_policy(PolicyCase("uniform", TabularPolicy([[0.5, 0.5]]), stay))
    """
    check_all(POLICY_CHECKS, case)
