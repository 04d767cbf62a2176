"""Learners tell how far they are; listeners draw or write it."""

import io
import sys
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("torch")

from mdpkit import deep, fit, grant

from .conftest import lock

QUICK = deep.Reinforcement(steps=12, width=8, batch=8)


def told(learner):
    problem, expert = lock(3)
    granted = {"demonstrations": 5, "episodes": 100, "queries": 500, "rewards": True, "rng": np.random.default_rng(0)}
    return fit(learner, grant(problem, expert=expert, **granted), rng=np.random.default_rng(0))


def test_every_learner_tells_what_its_trace_has():
    said = []

    def progress(done, total, **numbers):
        said.append((done, total, *numbers.values()))

    answer = told(deep.Cloning(steps=25, every=10, width=8, progress=progress))
    assert said == [(step, 25, loss) for step, loss in zip([10, 20, 25], answer.trace["loss"], strict=True)]
    said.clear()
    answer = told(deep.DAgger(iterations=2, episodes=1, cloning=deep.Cloning(steps=5, width=8), progress=progress))
    assert said == [(1, 2, answer.trace["loss"][0]), (2, 2, answer.trace["loss"][1])]
    said.clear()
    answer = told(deep.Reinforcement(steps=7, width=8, batch=8, progress=progress))
    assert [line[:2] for line in said] == [(3, 7), (6, 7), (7, 7)]
    said.clear()
    told(deep.MomentMatching(rounds=2, episodes=1, policy_player=QUICK, progress=progress))
    assert [line[:2] for line in said] == [(1, 2), (2, 2)]


def test_a_progress_changes_no_bit_and_is_no_part_of_the_learner():
    loud = deep.Cloning(steps=25, every=10, width=8, progress=lambda *told, **numbers: None)
    assert loud == deep.Cloning(steps=25, every=10, width=8)
    assert told(loud).trace["loss"].tolist() == told(deep.Cloning(steps=25, every=10, width=8)).trace["loss"].tolist()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("terminal", [False, True])
def test_the_bar_is_drawn_on_a_terminal_alone(terminal, monkeypatch):
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with deep.progress_bar() as progress:
        progress(1, 2, loss=0.51234)
        progress(2, 2, loss=0.25)
    assert ("2/2" in stream.getvalue()) is terminal
    assert ("loss 0.25" in stream.getvalue()) is terminal


def test_tensorboard_receives_every_number(monkeypatch, tmp_path):
    written = []

    class SummaryWriter:
        def __init__(self, folder):
            written.append(folder)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            written.append("closed")

        def add_scalar(self, name, value, step):
            written.append((name, value, step))

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    with deep.tensorboard(tmp_path) as progress:
        progress(10, 30, loss=0.5, gap=2.0)
    assert written == [tmp_path, ("loss", 0.5, 10), ("gap", 2.0, 10), "closed"]


def test_without_tensorboard_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    with pytest.raises(ModuleNotFoundError, match="pip install tensorboard"), deep.tensorboard(tmp_path):
        pass
