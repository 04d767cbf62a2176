"""The bundled problems are gymnasium's, entry by entry."""

from collections import deque
from fractions import Fraction
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import bundled, encode, save
from mdpkit.instances.catalogue import FOLDER
from mdpkit.model import Discounted

_spec = spec_from_file_location("export_gymnasium", Path(__file__).with_name("export_gymnasium.py"))
export = module_from_spec(_spec)
_spec.loader.exec_module(export)

NAMES = list(export.ENVIRONMENTS)


def test_every_bundled_file_is_exported_here():
    assert {file.stem for file in FOLDER.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_file_is_what_the_script_writes(name, tmp_path):
    again = export.exported(name)
    assert bundled(name) == again
    save(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (FOLDER / f"{name}.json").read_bytes()


def lasting(env):
    """States from which an episode can go on, as gymnasium plays it."""
    return [
        s
        for s in env.P
        if not any(ended and n == s for rows in env.P.values() for row in rows.values() for _, n, _, ended in row)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_laws_and_expected_rewards_are_gymnasiums_where_episodes_go_on(name):
    env, mdp = export.environment(name), bundled(name)
    assert mdp.sizes() == {"S": env.observation_space.n, "A": env.action_space.n}
    assert mdp.horizon == Discounted("99/100")
    for s in lasting(env):
        for a, row in env.P[s].items():
            law = {}
            for probability, n, _, _ in row:
                law[int(n)] = law.get(int(n), 0) + Fraction(float(probability))
            reward = sum(Fraction(float(probability)) * Fraction(float(reward)) for probability, _, reward, _ in row)
            for n in range(mdp.S):
                assert abs(Fraction(str(mdp.P[s, a, n])) - law.get(n, 0)) < Fraction(1, 2**50)
            assert abs(Fraction(str(mdp.r[s, a])) - reward) < Fraction(1, 2**50)
    start = np.array([Fraction(str(entry)) for entry in mdp.rho])
    assert start.tolist() == [Fraction(float(entry)) for entry in env.initial_state_distrib]


@pytest.mark.parametrize(("name", "ends"), [("frozen_lake_4x4", [5, 7, 11, 12, 15]), ("cliff_walking", [47])])
def test_where_episodes_end_nothing_more_happens(name, ends):
    env, mdp = export.environment(name), bundled(name)
    assert sorted(set(env.P) - set(lasting(env))) == ends
    assert (mdp.P[ends] == objects(np.eye(mdp.S, dtype=int)[ends])[:, None]).all()
    assert (mdp.r[ends] == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_names_say_what_gymnasium_does(name):
    """Without slipping, the action called "right" leads one column to the right, and so on, from every inner state."""
    steps = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0)}
    env, mdp = export.environment(name, is_slippery=False), bundled(name)
    place = [tuple(int(part) for part in text.strip("()").split(", ")) for text in mdp.state_names]
    last = place[-1]
    assert set(mdp.action_names) == set(steps)
    compared = 0
    for s in lasting(env):
        for a, action in enumerate(mdp.action_names):
            ((_, n, reward, _),) = [row for row in env.P[s][a] if row[0] > 0.5]
            there = tuple(
                int(np.clip(at + step, 0, end)) for at, step, end in zip(place[s], steps[action], last, strict=True)
            )
            if reward != -100:
                assert place[n] == there
                compared += 1
    assert compared > 40


def test_a_slippery_step_goes_to_three_sides_equally():
    mdp = bundled("frozen_lake_4x4")
    left = mdp.action_names.index("left")
    where = {name: s for s, name in enumerate(mdp.state_names)}
    assert {
        mdp.state_names[n]: str(mdp.P[where["(2, 1)"], left, n])
        for n in np.flatnonzero(mdp.P[where["(2, 1)"], left] != 0)
    } == {
        "(1, 1)": "1/3",
        "(2, 0)": "1/3",
        "(3, 1)": "1/3",
    }
    assert str(mdp.r[where["(3, 2)"], mdp.action_names.index("right")]) == "1/3"


def test_the_cliff_is_thirteen_steps_long():
    """The shortest walk from the start to the goal that never falls: up, eleven to the right, down."""
    mdp = bundled("cliff_walking")
    (start,) = np.flatnonzero(mdp.rho != 0)
    goal, steps, queue = mdp.S - 1, {int(start): 0}, deque([int(start)])
    while queue:
        s = queue.popleft()
        for a in range(mdp.A):
            (n,) = np.flatnonzero(mdp.P[s, a] != 0)
            if mdp.r[s, a] == -1 and int(n) not in steps:
                steps[int(n)] = steps[s] + 1
                queue.append(int(n))
    assert steps[goal] == 13
    assert set(mdp.r.ravel().tolist()) == {-100, -1, 0}


def test_an_unknown_name_lists_the_known_ones():
    for name in ("taxi", "../files/cliff_walking"):
        with pytest.raises(InvalidModel, match=r"expected one of cliff_walking, frozen_lake_4x4$"):
            bundled(name)


def test_cliff_walking_is_small():
    assert (FOLDER / "cliff_walking.json").stat().st_size < 10_000
    assert "entries" in encode(bundled("cliff_walking"))["content"]["MDP"]["P"]["rational"]
