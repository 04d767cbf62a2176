"""Columns that do not belong together are refused, with the column, the entry and what was expected."""

import pickle

import numpy as np
import pytest

from mdpkit import MDP, Finite, Trajectories, fit, grant, objects, value
from mdpkit.base.errors import InvalidModel
from mdpkit.learn import Cloning

FINE = dict(obs=[0, 1, 0], action=[1, 0, 1], t=[0, 1, 0])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            dict(obs=[], action=[], t=[]),
            "there are no rows: demonstrations hold at least one pair of observation and action",
        ),
        (dict(action=[1, 0]), "action has 2 rows; obs has 3"),
        (dict(t=[0, 1]), "t has 2 rows; obs has 3"),
        (dict(t=[0, -1, 0]), "t holds int64 .* expected integers of at least 0"),
        (dict(t=[0.0, 1.0, 0.0]), "t holds float64"),
        (dict(obs=[0, np.nan, 0]), r"obs\[1\] is nan; every entry must be finite"),
        (dict(obs=[[0.0], [np.inf], [0.0]]), r"obs\[1, 0\] is inf"),
        (dict(obs=["a", "b", "c"]), "obs holds <U1"),
        (dict(obs=[[0], [0, 1], [0]]), "obs is ragged"),
        (dict(reward=[0.0, np.nan, 1.0]), r"reward\[1\] is nan"),
        (dict(reward=[0.0, 1.0]), "reward has 2 rows"),
        (dict(weight=[0.5, -0.5, 1.0]), r"weight\[1\] is -0.5; a weight is at least 0"),
        (dict(weight=[0.5, np.nan, 1.0]), r"weight\[1\] is nan"),
        (dict(weight=[0.5, 0.5]), "weight has 2 rows"),
        (dict(t=[1, 1, 2]), "no row is at t = 0, so the number of episodes is not known; give `weight`"),
        (dict(following=[1, 0]), "following has 2 rows"),
        (dict(ended=[True]), "ended has 1 rows"),
        (dict(episode=[0, 0, 0.5]), "episode holds float64"),
        (dict(state=[[0.0], [1.0], [np.nan]]), r"state\[2, 0\] is nan"),
    ],
)
def test_columns_that_mean_nothing_are_refused(changed, words):
    with pytest.raises(InvalidModel, match=words):
        Trajectories(**{**FINE, **changed})


# ---- steps that are left out
ROWS = dict(obs=[0, 5, 1, 6, 2], action=[0] * 5)


@pytest.mark.parametrize(
    ("told", "steps"),
    [
        (dict(), [0, 0, 0, 0, 0]),
        (dict(episode=[3, 1, 3, 1, 3]), [0, 0, 1, 1, 2]),
        (dict(ended=[False, True, False, False, True]), [0, 1, 0, 1, 2]),
        (dict(ended=[False, True, False, False, False]), [0, 1, 0, 1, 2]),
        (dict(ended=[True] * 5), [0] * 5),
        (dict(episode=[0, 1, 0, 1, 0], ended=[0, 0, 0, 1, 1], following=[1, 6, 2, 7, 3]), [0, 0, 1, 1, 2]),
        (dict(episode=[0, 1, 0, 1, 0], t=[0, 0, 1, 1, 0]), [0, 0, 1, 1, 0]),
    ],
)
def test_steps_that_are_left_out_are_counted_in_each_episode(told, steps):
    assert Trajectories(**ROWS, **told).t.tolist() == steps


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            dict(episode=[0] * 5, ended=[0, 1, 0, 0, 1]),
            r"ended\[1\] is True, and row 2 goes on with its episode 0; expected the last row",
        ),
        (
            dict(episode=[0, 1, 0, 1, 0], following=[1, 6, 3, 7, 3]),
            r"following\[2\] is 3, and the next row of its episode, 4, has obs 2",
        ),
        (dict(following=[[1], [2], [3], [4], [5]]), r"following has shape \(5, 1\); obs has shape \(5,\)"),
    ],
)
def test_rows_that_are_no_episode_in_order_are_refused_where_steps_are_left_out(told, words):
    with pytest.raises(InvalidModel, match=words):
        Trajectories(**ROWS, **told)


def test_a_learner_clones_every_step_of_rows_without_their_steps():
    """Two demonstrations of staying for four steps: the clone stays for four steps."""
    stay = MDP([[[1, 0], [0, 1]], [[0, 1], [0, 1]]], [[1.0, 0], [0, 0]], [1, 0], horizon=Finite(4))
    zeros = np.zeros(8, dtype=int)
    seen = Trajectories(zeros, zeros, following=zeros, ended=[0, 0, 0, 1] * 2)
    answer = fit(Cloning(), grant(stay, demonstrations=seen), rng=np.random.default_rng(0))
    assert abs(value(stay, answer.policy).mid - 4) < 1e-9


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (
            Trajectories([0] * 3, [0] * 3),
            "stop at step 0 of an episode of 3 steps, 0 to 2; give t, or ended, True where an episode",
        ),
        (Trajectories([0] * 3, [0] * 3, episode=[0, 0, 1]), "stop at step 1 of an episode of 3 steps"),
        (
            Trajectories([0] * 4, [0] * 4, t=[0, 1, 1, 2]),
            r"weigh 2\.0 at step 1; expected at most 1\.0, since an episode visits each step",
        ),
        (
            Trajectories([0] * 2, [0] * 2, t=[0, 2], weight=objects(["1/2", "3/2"])),
            "weigh 3/2 at step 2; expected at most 1,",
        ),
    ],
)
def test_demonstrations_that_are_no_episodes_of_the_horizon_are_refused(seen, words):
    with pytest.raises(InvalidModel, match=words):
        grant(MDP([[[1]]], [[0.0]], horizon=Finite(3)), demonstrations=seen)


def test_demonstrations_may_end_early_or_be_a_part_of_their_episodes():
    walk = MDP([[[1]]], [[0.0]], horizon=Finite(3))
    for seen in (
        Trajectories([0, 0], [0, 0], ended=[False, True]),
        Trajectories([0, 0], [0, 0], t=[1, 2], weight=[0.25, 0.5]),
        Trajectories([0, 0], [0, 0], t=[0, 2], weight=[3.0, 1.0]),
    ):
        assert grant(walk, demonstrations=seen).demonstrations() == seen


def test_rows_weigh_one_over_the_episodes_that_begin():
    seen = Trajectories(**FINE)
    assert seen.weight.tolist() == [1 / 2] * 3
    assert seen.to_exact().occupancy(2, 2, 2).tolist() == objects([[[0, 1], [0, 0]], [[0, 0], ["1/2", 0]]]).tolist()
    assert seen.occupancy(2, 2).tolist() == [[0, 1], [0.5, 0]]


def test_they_are_records():
    seen = Trajectories(**FINE, weight=objects(["1/2", "1/3", "1/6"]))
    assert seen == Trajectories(**FINE, weight=objects(["1/2", "1/3", "1/6"]))
    assert seen != Trajectories(**FINE)
    assert pickle.loads(pickle.dumps(seen)) == seen
    with pytest.raises(ValueError, match="read-only"):
        seen.obs[0] = 1
    assert "weight 2/3 at t=0" in repr(seen)
