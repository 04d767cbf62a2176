"""Numbers of the theory of multi-agent imitation that predate this code, found by the learners."""

import numpy as np
import pytest

from mdpkit import fit, grant, measure, objects, rational
from mdpkit.claims.games.own_losses_bound_the_regret_gap_without_coverage import keep, own_losses
from mdpkit.instances import named
from mdpkit.learn import BLADES, MALICE, FollowTheLeader, Hedge, JointCloning, Mediators, measure_gaps

EXACT = dict(demonstrations="exact", episodes="exact", queries="exact")


def regret_gap(m, learner):
    answer = fit(learner, grant(m.game, expert=m.expert, **EXACT), rng=None)
    return measure.regret_gap(m.game, m.expert, answer.policy).mid


@pytest.mark.parametrize(
    ("b", "cloned", "weighted"),
    [("1/10", 17.1, 3.42), ("3/100", 18.4, 1.11), ("1/100", 18.8, 0.376), ("3/1000", 18.9, 0.114)],
)
def test_objective_selection(b, cloned, weighted):
    """A class of one mediator that errs everywhere, at 2 b, and one that errs in the rare branch alone; H = 20."""
    m = named("two_mediators", H=20, b=b, everywhere=rational(b) * 2)
    members = Mediators(m.members)
    assert float(regret_gap(m, JointCloning(members, loss="variation"))) == pytest.approx(cloned, abs=0.06)
    assert float(regret_gap(m, MALICE(members, FollowTheLeader(), 3))) == pytest.approx(weighted, rel=5e-3)


def test_hedge_over_three_mediators_finds_the_right_one():
    """b = 1/50: after 400 rounds of Hedge the weight is on the mediator of gap .745, not on the one of 18.62."""
    m = named("two_mediators", H=20, b="1/50", everywhere="1/25")
    third = objects([[["1/2", "1/2", 0, 0]] * 3])
    game, expert = m.game.to_float(), m.expert.to_float()
    members = Mediators(np.concatenate([m.members, third]))
    learner = BLADES(members, Hedge(), 400, report=measure_gaps(game, expert))
    trace = fit(learner, grant(game, expert=expert, **EXACT), rng=None).trace
    assert trace["weights"][-1][0] > 0.99
    assert trace["regret_gap"][np.argmin(trace["loss"])] == pytest.approx(0.745, rel=0.02)
    assert float(regret_gap(m, JointCloning(members, loss="variation"))) == pytest.approx(18.62)


def test_losses_at_a_fixed_cloning_error():
    """e = 1/200 on the expert's states, H = 10: the regret gap per H e is 1 - b for MALICE and BLADES, whatever b."""
    for b in ("1/5", "1/10", "1/20", "1/50", "1/100"):
        m = keep(named("fork", H=10, b=b, slip=rational("1/20") / (9 * rational(b))))
        gap, losses = measure.regret_gap(m.game, m.expert, m.learner).lower[()], own_losses(m)
        assert losses["joint cloning"] == rational("1/200")
        assert gap == (1 - m.b) / m.b * 10 * losses["joint cloning"]
        assert gap == (1 - m.b) * 10 * losses["MALICE"] == (1 - m.b) * 10 * losses["BLADES"]
