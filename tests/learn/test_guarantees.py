"""Both sides of the guarantees of REBEL and REFUEL, for the learners' own policies on named instances."""

import itertools

import numpy as np
import pytest

from mdpkit import TabularPolicy, measure
from mdpkit.instances import named
from mdpkit.learn import REBEL, REFUEL, LogLinear, fit, grant


def log_ratios(tables, rows):
    """log(pi_{t+1} / pi_t) per round."""
    return [np.log(b[rows]) - np.log(a[rows]) for a, b in itertools.pairwise(tables)]


def kl(p, q):
    return np.where(p > 0, p * np.log(np.where(p > 0, p / q, 1)), 0).sum(axis=-1)


@pytest.mark.parametrize("base", ["policy", "offline"])
@pytest.mark.parametrize("k", [3, 6, 10])
def test_rebel_keeps_its_guarantee(k, base):
    """gap <= sqrt(C e) + KL / (eta T) + eta B^2 / 8; with its own base the mean of sqrt(C_t e_t / 2)."""
    m, eta, T = named("misleading_pair", k=k), 0.5, 12
    offline = m.problem.to_float().data
    learner = REBEL(
        LogLinear(m.features), T + 1, eta="1/2", base="policy" if base == "policy" else TabularPolicy(offline)
    )
    trace = fit(learner, grant(m.problem, rewards=True), rng=None).trace
    tables = [policy.table[0] for policy in trace["policy"]]
    r, e = np.array([0.0, -1.0, 3.0]), trace["error"][:T]
    gap = 3 - np.mean([table @ r for table in tables[:T]])
    f = [h / eta for h in log_ratios(tables, slice(None))]
    B = max(np.ptp(each) for each in f)
    for each, table, error in zip(f, tables, e, strict=False):
        law = table if base == "policy" else offline[0]
        g = each - r
        assert np.isclose((law[:, None] * table[None] * (g[:, None] - g[None]) ** 2).sum(), error)
    best = np.array([0.0, 0.0, 1.0])
    cover = np.mean(np.sqrt([error / table[2] / 2 for table, error in zip(tables[:T], e, strict=True)]))
    cover = cover if base == "policy" else np.sqrt(e.mean() / offline[0, 2])
    assert gap <= cover + kl(best, tables[0]) / (eta * T) + eta * B**2 / 8
    if k == 10:
        assert (gap > 3) == (base == "policy")


@pytest.mark.parametrize(("H", "q"), [(2, "1/4"), (2, "1/10"), (3, "1/2")])
def test_refuel_keeps_its_guarantee(H, q):
    """The gap is at most the mean of sum_t sqrt(C_t e_t / 2), plus E KL / (eta K) + eta H B^2 / 8."""
    m, eta, K = named("shared_answer", H=H, q=q), 1.0, 30
    learner = REFUEL(LogLinear(m.features), K + 1, pairs=None, reward=m.mdp.r, reference=m.reference)
    policies = list(fit(learner, grant(m.mdp, episodes="exact"), rng=None).trace["policy"])
    mdp = m.mdp.to_float()
    rival = TabularPolicy(np.tile(np.eye(2)[1], (H, mdp.S, 1)))
    d, bound, gaps, B = measure.occupancy(mdp, rival).mid, 0.0, [], 0.0
    for now, after in itertools.pairwise(policies):
        f, Q, own = (
            np.log(after.table / now.table) / eta,
            measure.action_value(mdp, now).mid,
            measure.occupancy(mdp, now).mid,
        )
        B = max(B, np.ptp(f, axis=-1).max())
        gaps.append(measure.value_gap(mdp, rival, now).mid)
        for t in range(H):
            e = measure.relative_error(f[t] - Q[t], now.table[t], now.table[t], own[t].sum(axis=-1)).mid
            C = np.max(d[t][d[t] > 0] / own[t][d[t] > 0])
            bound += np.sqrt(max(C * e, 0) / 2) / K
    start = (d.sum(axis=-1) * kl(rival.table, policies[0].table)).sum() / (eta * K)
    assert np.mean(gaps) <= bound + start + eta * H * B**2 / 8
    assert (gaps[-1] > 0.5) == (q == "1/10")
