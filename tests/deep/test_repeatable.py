# ruff: noqa: NPY002 (the generators of the process are what is looked at)
"""A second run in the same process gives the same bits, and training leaves no trace in the process."""

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mdpkit import deep, fit, grant  # noqa: E402
from mdpkit.deep.plumbing.repeatable import borrowed_globals, seeds, threads  # noqa: E402

from .conftest import lock  # noqa: E402

QUICK = deep.Reinforcement(steps=12, width=8, batch=8)
TELLER = deep.Discriminator(steps=4, width=8, batch=16)
LEARNERS = [
    deep.Cloning(steps=20, width=8),
    deep.DAgger(iterations=2, episodes=2, cloning=deep.Cloning(steps=10, width=8)),
    deep.HyPE(rounds=2, episodes=2, reward_player=TELLER, policy_player=QUICK, expert_share=0.5),
    deep.FILTER(rounds=2, episodes=2, reward_player=TELLER, policy_player=QUICK, reward_sees_resets=True),
    deep.MomentMatching(rounds=2, episodes=2, reward_player=TELLER, policy_player=QUICK, relabel=False),
    QUICK,
]


def learned(learner, seed):
    problem, expert = lock(4)
    granted = {
        "demonstrations": 5,
        "episodes": 100,
        "resets": 100,
        "queries": 1000,
        "rewards": True,
        "rng": np.random.default_rng(7),
    }
    return fit(learner, grant(problem, expert=expert, **granted), rng=np.random.default_rng(seed))


def bits(answer):
    policies = [*getattr(answer.policy, "members", [answer.policy]), *answer.trace.get("policy", [])]
    numbers = {name: column.tolist() for name, column in answer.trace.items() if column.dtype != object}
    return (
        [[tensor.numpy().tobytes() for tensor in policy.state_dict().values()] for policy in policies],
        numbers,
        answer.used,
    )


def globals_():
    kind, keys, *rest = np.random.get_state()
    return (
        random.getstate(),
        (kind, keys.tobytes(), *rest),
        torch.random.get_rng_state().numpy().tobytes(),
        torch.get_num_threads(),
    )


@pytest.mark.parametrize("learner", LEARNERS, ids=repr)
def test_a_second_run_is_the_same_to_the_bit(learner):
    random.seed(1)
    first = bits(learned(learner, 0))
    random.seed(2)
    np.random.seed(2)
    torch.manual_seed(2)
    assert bits(learned(learner, 0)) == first
    assert bits(learned(learner, 1))[0] != first[0]


@pytest.mark.parametrize("learner", LEARNERS, ids=repr)
def test_the_process_is_left_as_it_was(learner):
    torch.set_num_threads(2)
    try:
        before = globals_()
        learned(learner, 0)
        assert globals_() == before
    finally:
        torch.set_num_threads(1)


def test_globals_come_back_when_training_fails():
    def failing():
        drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))
        return 1 / 0

    before, drawn = globals_(), []
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), threads(1), borrowed_globals(3):
            failing()
        assert globals_() == before
    assert drawn[0] == drawn[1]


def test_threads_are_one_inside_and_as_asked():
    torch.set_num_threads(2)
    try:
        with threads(1):
            assert torch.get_num_threads() == 1
        with threads(None):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_seeds_differ_from_each_other_and_follow_the_generator():
    rng = np.random.default_rng(0)
    first, second = seeds(rng, 3), seeds(rng, 3)
    assert len({*first, *second}) == 6
    assert seeds(np.random.default_rng(0), 3) == first
