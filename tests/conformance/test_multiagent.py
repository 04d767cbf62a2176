"""Learners of mediators keep the contract of all learners, on laws and samples, rational and float."""

import numpy as np
import pytest
from tools.games import draw_laws

from mdpkit import Finite, JointPolicy, MarkovGame, measure, objects
from mdpkit.learn import (
    BLADES,
    MAILBRO,
    MALICE,
    FollowTheLeader,
    GradientAscent,
    Hedge,
    JointCloning,
    JointIRL,
    Mediators,
    MomentMatching,
    best_response_oracle,
)
from mdpkit.testing import LEARNER_CHECKS, LearnerCase

EXACT = dict(demonstrations="exact", episodes="exact", resets="exact", queries="exact")
SHAPE = (3, 4)


rng = np.random.default_rng(3)
game = MarkovGame(
    draw_laws(rng, 3, 4, 3),
    objects(rng.integers(0, 5, (2, 3, 4))) / 4,
    objects([1, 0, 0]),
    horizon=Finite(3),
    actions=(2, 2),
)
expert = JointPolicy(draw_laws(rng, 3, 4))
others = Mediators(np.stack([draw_laws(rng, 3, 4), draw_laws(rng, 3, 4)]))
containing = Mediators(np.stack([*others.tables, expert.table]))


def covers_its_regret(problem, shown, answer):
    """regret gap <= 2 u H loss, for exact answers of the expert."""
    price = measure.recoverability(problem, shown) * objects(answer.trace["loss"]).min() * 2 * problem.horizon.H
    return bool(measure.regret_gap(problem, shown, answer.policy) <= price)


def covers_its_regret_with_what_is_uncovered(problem, shown, answer):
    """regret gap <= 2 u H (loss + uncovered), for exact demonstrations."""
    k = int(np.argmin(answer.trace["loss"]))
    seen = objects([answer.trace["loss"][k], answer.trace["uncovered"][k]]).sum()
    price = measure.recoverability(problem, shown) * seen * 2 * problem.horizon.H
    return bool(measure.regret_gap(problem, shown, answer.policy) <= price)


def the_experts_occupancy(problem, shown, answer):
    process = problem.player(0)
    return (measure.occupancy(process, shown) == measure.occupancy(process, answer.policy)).all_yes()


LEARNERS = {
    "joint cloning": (JointCloning, the_experts_occupancy),
    "joint cloning, smoothed": (lambda: JointCloning(smoothing="1/10"), None),
    "joint cloning, likeliest of a class": (lambda: JointCloning(containing), the_experts_occupancy),
    "joint cloning, closest of a class": (lambda: JointCloning(containing, loss="variation"), the_experts_occupancy),
    "joint IRL": (JointIRL, the_experts_occupancy),
    "joint IRL, class": (lambda: JointIRL(containing), the_experts_occupancy),
    "joint IRL, game": (lambda: JointIRL(game=MomentMatching(rounds=4)), None),
    "MALICE": (lambda: MALICE(rounds=5), covers_its_regret_with_what_is_uncovered),
    "MALICE, class": (lambda: MALICE(others, GradientAscent("1/2"), 5), covers_its_regret_with_what_is_uncovered),
    "BLADES": (lambda: BLADES(rounds=5), covers_its_regret),
    "BLADES, leader": (lambda: BLADES(others, FollowTheLeader(), 5), covers_its_regret),
    "BLADES, hedge": (lambda: BLADES(others, Hedge("1/2"), 5), covers_its_regret),
    "MAIL-BRO": (lambda: MAILBRO(best_response_oracle(game), rounds=5), covers_its_regret),
    "MAIL-BRO, class": (
        lambda: MAILBRO(best_response_oracle(game), others, GradientAscent("1/2"), 5),
        covers_its_regret,
    ),
}
FLOATS = {
    **{name: make for name, (make, _) in LEARNERS.items() if "MAIL-BRO" not in name},
    "MAIL-BRO": lambda: MAILBRO(best_response_oracle(game.to_float()), rounds=5),
}
CASES = [
    *(LearnerCase(f"{name}, law", make, game, expert, EXACT, True, says) for name, (make, says) in LEARNERS.items()),
    *(LearnerCase(f"{name}, sample", make, game, expert) for name, (make, _) in LEARNERS.items()),
    *(LearnerCase(f"{name}, floats", make, game.to_float(), expert.to_float(), EXACT) for name, make in FLOATS.items()),
]


@pytest.mark.parametrize("check", LEARNER_CHECKS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_learner_of_mediators_keeps_the_contract(case, check):
    check(case)
