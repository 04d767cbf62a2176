"""What the preference learners share: losses over given pairs, and rounds in which the policy draws its own."""

from copy import deepcopy

import numpy as np
import torch

from ....base.arrays import floats
from ....learn.preference._pairs import expect_coverage, logistic, preference_setting
from ....model.comparisons import COLUMNS
from ...plumbing.descent import Run, identify
from ...plumbing.repeatable import device_named, drawing, generator, seeds, threads
from ...plumbing.sequence_policy import ResponseMixture, SequencePolicy


def fresh_policy(learner, setting, drawn) -> SequencePolicy:
    """The reference policy as a network, on the learner's device."""
    return SequencePolicy(learner.policies, floats(setting.reference), drawn).to(device_named(learner.device))


def read_pairs(access):
    """The comparisons, and their distinct pairs of different responses with weights and shares won.

    Raises: InvalidModel for another access, or if the reference excludes a compared response.
    """
    setting = preference_setting(access)
    data = access.comparisons()
    expect_coverage(data, floats(setting.reference))
    return data, logistic(data, 1.0)


def identify_data(access, policy, data) -> str:
    """Digest of all that a run is trained on: comparisons, reference, prompts and tokens."""
    setting = access.setting
    columns = (getattr(data, name) for name in (*COLUMNS, "won", "weight"))
    return identify(*map(floats, (*columns, setting.reference, setting.rho, policy.tree.tokens)))


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


def sampled_regression(policy, before, pairs, target, eta, batch, drawn):
    """Loss of REBEL over sampled pairs: squares of margin / eta - target, the margin relative to an earlier policy.

    Args: pairs: (x, y, z) `[k]`. target: `[k]`. batch: pairs of a step.
    """
    x, y, z = pairs
    with torch.no_grad():
        old = before.log_ratio(x, y) - before.log_ratio(x, z)

    def loss():
        k = torch.randperm(len(x), generator=drawn)[:batch].to(x.device)
        first, second = policy.log_ratio(torch.cat([x[k], x[k]]), torch.cat([y[k], z[k]])).chunk(2)
        return (((first - second - old[k]).double() / eta - target[k]) ** 2).mean()

    return loss


def exact_regression(policy, before, other, r, rho, eta):
    """The same over all pairs of a response drawn from the earlier policy and one from another, as PairSquares.

    Args: r: `[x,y]`, whose differences are the targets. rho: `[x]`.
    """
    with torch.no_grad():
        first, second, old = before.log_law().double().exp(), other.log_law().double().exp(), before.log_ratios()

    def loss():
        g = (policy.log_ratios() - old).double() / eta - r
        means = (first * g).sum(dim=1), (second * g).sum(dim=1)
        g = g - ((means[0] + means[1]) / 2)[:, None]
        return rho @ (((first + second) * g**2).sum(dim=1) + (means[0] - means[1]) ** 2 / 2)

    return loss


def train_in_rounds(learner, access, rng, loss_of):
    """(average policy, trace) of an online learner with `rounds` and `pairs`, which starts from the reference.

    Args:
        loss_of: function of (policy, policy of the round, torch.Generator) that returns the loss of a round's steps.
    """
    first, of_draws = seeds(rng, 2)
    policy, drawn = fresh_policy(learner, access.setting, generator(first)), generator(of_draws)
    rows = []
    with threads(learner.threads):
        for k in range(learner.rounds):
            before = deepcopy(policy)
            run = Run(learner, policy, loss_of(policy, before, drawn)).finish(before=k * learner.steps)
            rows.append((before, deepcopy(policy), run.trace["loss"][-1]))
            if learner.progress:
                learner.progress(k + 1, learner.rounds, loss=run.trace["loss"][-1])
    trace = dict(zip(("policy", "next", "loss"), map(list, zip(*rows, strict=True)), strict=True))
    count = np.arange(1, learner.rounds + 1)
    trace |= {"steps": 2 * (learner.pairs or 0) * count, "updates": learner.steps * count}
    return ResponseMixture(trace["policy"]), trace


def score_responses(access, model, rng):
    """Rewards `[x,y]`: the scores of a model that is fitted to comparisons, or the granted ones."""
    shape = access.setting.reference.shape
    if model is not None:
        return model.fit(access.comparisons(), shape, rng)
    x, y = (index.reshape(-1) for index in np.indices(shape))
    return floats(access.score(x, y)).reshape(shape)
