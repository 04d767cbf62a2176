"""Columns that do not belong together are refused, with the column, the entry and what was expected."""

import pickle

import numpy as np
import pytest

from mdpkit import Trajectories, objects
from mdpkit.base.errors import InvalidModel

FINE = dict(obs=[0, 1, 0], action=[1, 0, 1], t=[0, 1, 0])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (dict(obs=[], action=[], t=[]), "there are no rows: demonstrations hold at least one pair of observation and action"),
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
