"""What the preference learners share: a policy, losses over given pairs, estimates from the policy's own draws."""

import numpy as np
import torch

from ....base.arrays import floats
from ....learn.preference._pairs import expect_coverage, logistic, preference_setting
from ...plumbing.repeatable import device_named, drawing
from ...plumbing.sequence_policy import SequencePolicy


def fresh_policy(learner, setting, drawn) -> SequencePolicy:
    """The reference policy as a network, on the learner's device."""
    return SequencePolicy(learner.policies, floats(setting.reference), drawn).to(device_named(learner.device))


def compared(access):
    """The distinct pairs of different responses that were compared, with weights and shares won.

    Raises: InvalidModel for another access, or if the reference excludes a compared response.
    """
    setting = preference_setting(access)
    data = access.comparisons()
    expect_coverage(data, floats(setting.reference))
    return data, logistic(data, 1.0)


class PairLoss:
    """A weighted sum over pairs of phi(margin, won), or a mean over pairs drawn by their weights.

    Args:
        ratios: function of prompts and responses `[k]` that returns their log-ratios, or scores, `[k]`.
        pairs: Margins with `won`. phi: function of margins and outcomes `[k]`.
        batch: pairs of a step. drawn: torch.Generator. device: that of the network.
    """

    def __init__(self, ratios, pairs, phi, batch, drawn, device):
        self.ratios, self.phi, self.batch = ratios, phi, batch
        weight = np.asarray(pairs.weight)
        columns = (np.asarray(pairs.x), np.asarray(pairs.y), np.asarray(pairs.z), pairs.won, weight)
        self.x, self.y, self.z, self.won, self.weight = (torch.tensor(column, device=device) for column in columns)
        self.total = float(weight.sum())
        self.draw = drawing(weight, drawn) if len(weight) > batch else None

    def __call__(self):
        """The loss of a step."""
        if self.draw is None:
            return self.whole()
        k = self.draw(self.batch).to(self.x.device)
        return self.total * self._terms(k).mean()

    def whole(self):
        """The loss over all pairs."""
        return (self.weight * self._terms(slice(None))).sum()

    def _terms(self, k):
        x, y, z = self.x[k], self.y[k].long(), self.z[k].long()
        both = self.ratios(torch.cat([x, x]).long(), torch.cat([y, z]))
        first, second = both.chunk(2)
        return self.phi((first - second).double(), self.won[k])


def logistic_terms(beta):
    """phi of DPO: the Bradley-Terry likelihood of beta * margin, in nats."""
    return lambda margin, won: torch.nn.functional.softplus(beta * margin) - won * beta * margin


def square_terms(tau):
    """phi of IPO: squares of margin -/+ 1/(2 tau)."""
    target = 1 / (2 * tau)
    return lambda margin, won: won * (margin - target) ** 2 + (1 - won) * (margin + target) ** 2


def divergence(policy, rho):
    """E_x KL(pi || reference) by enumeration of the responses."""
    logs, ratio = policy.log_law().double(), policy.log_ratios().double()
    law = logs.exp()
    return rho @ torch.where(law > 0, law * ratio, torch.zeros_like(law)).sum(dim=1)


def own_responses(policy, prompts, count, drawn):
    """(prompts, responses) `[k]` drawn from a sampler of prompts and from the policy."""
    x = prompts(count).to(policy.rows.device)
    return x, policy.draw(x, drawn)


def on_policy_term(policy, x, y, cost):
    """A term whose gradient is an unbiased estimate of that of E_pi cost, for a cost r + c log(pi / reference) too.

    Each draw's cost is compared with the mean of the others, the leave-one-out baseline.

    Args: x, y: prompts and responses `[k]` drawn from the policy. cost: `[k]`, without gradient.
    """
    k = len(cost)
    excess = (cost - cost.mean()) * (k / (k - 1) if k > 1 else 1)
    return (excess * policy.log_probs(x, y).double()).mean()
