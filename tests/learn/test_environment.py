"""An environment that keeps gymnasium's protocol is played and counted; one that breaks it is named, with its fault."""

import numpy as np
import pytest

from mdpkit import Meter, TabularPolicy, Trajectories, fit, grant
from mdpkit.base.errors import InvalidModel
from mdpkit.learn import Cloning, DAgger


def rng(seed=0):
    return np.random.default_rng(seed)


class Space:
    """Discrete where n is given, else a Box."""

    shape = ()

    def __init__(self, n=None, low=None, high=None, start=0):
        if n is None:
            self.low, self.high, self.shape = np.asarray(low), np.asarray(high), np.shape(low)
        else:
            self.n, self.start = n, start


class Corridor:
    """Three places; action 1 moves on, and the last ends the episode."""

    observation_space, action_space = Space(3), Space(2)

    def reset(self, *, seed=None, options=None):
        self.state = 0
        return 0, {}

    def step(self, action):
        self.state += action
        return self.state, float(action), self.state == 2, False, {}


class Cart:
    """A point on a line, pushed; five steps."""

    observation_space = Space(low=[-10.0, -1.0], high=[10.0, 1.0])
    action_space = Space(low=[-1.0], high=[1.0])

    def reset(self, *, seed=None, options=None):
        self.buffer, self.left = np.zeros(2), 5
        return self.buffer, {}

    def step(self, action):
        self.buffer[0] += action[0]
        self.buffer[1] = action[0]
        self.left -= 1
        return self.buffer, -abs(self.buffer[0]), False, self.left == 0, {}


class Pusher:
    """Pushes by what it is told."""

    def __init__(self, size=1, scale=1.0):
        self.size, self.scale = size, scale

    def start(self, u):
        return self

    def sample(self, obs, t, u):
        return np.repeat(self.scale * (2 * u - 1), self.size, axis=1)


class Halfway(Pusher):
    """Plays half an action."""

    def sample(self, obs, t, u):
        return np.full(len(u), 0.5)


onward = TabularPolicy([[0.0, 1], [0, 1], [0, 1]])


def changed(base, **methods):
    return type("Broken", (base,), methods)()


def answering(base=Corridor, **parts):
    """The environment with parts of its five-tuple replaced."""
    names = ("obs", "reward", "terminated", "truncated", "info")

    def step(self, action):
        answer = dict(zip(names, base.step(self, action), strict=True))
        return tuple({**answer, **parts}.values())

    return changed(base, step=step)


BROKEN = {
    "four values": (
        changed(Corridor, step=lambda self, a: (0, 0.0, False, {})),
        r"Broken.step returned 4 values; expected \(obs, reward",
    ),
    "no tuple": (changed(Corridor, step=lambda self, a: None), "Broken.step returned a NoneType"),
    "no reward": (answering(reward=None), "Broken.step returned the reward None; expected a number"),
    "reward in words": (answering(reward="much"), "Broken.step returned the reward 'much'"),
    "reward NaN": (answering(reward=np.nan), "Broken.step returned the reward nan; expected a finite number"),
    "reward infinite": (answering(reward=np.inf), "Broken.step returned the reward inf"),
    "terminated an integer": (
        answering(terminated=1),
        "Broken.step returned terminated=1, truncated=False; expected booleans",
    ),
    "truncated missing": (answering(truncated=None), "truncated=None; expected booleans"),
    "place too far": (answering(obs=3), "Broken.step returned the observation 3; its space is the integers 0 to 2"),
    "place before": (answering(obs=-1), "Broken.step returned the observation -1"),
    "place between": (answering(obs=0.5), "Broken.step returned the observation 0.5"),
    "place in words": (answering(obs="here"), "Broken.step returned the observation 'here'"),
    "reset without info": (
        changed(Corridor, reset=lambda self, **_: 0),
        r"Broken.reset returned a int; expected \(observation, info\)",
    ),
    "reset of three": (changed(Corridor, reset=lambda self, **_: (0, {}, 1)), "Broken.reset returned 3 values"),
    "reset to nowhere": (changed(Corridor, reset=lambda self, **_: (7, {})), "Broken.reset returned the observation 7"),
    "start not at 0": (
        changed(Corridor, action_space=Space(2, start=1)),
        "its action space starts at 1; expected integers from 0",
    ),
    "strange space": (
        changed(Corridor, observation_space="grid"),
        "its observation space is 'grid'; expected Discrete, or a Box of vectors",
    ),
    "box of matrices": (
        changed(Corridor, observation_space=Space(low=np.zeros((2, 2)), high=np.ones((2, 2)))),
        "its observation space is",
    ),
}


@pytest.mark.parametrize(("env", "words"), BROKEN.values(), ids=BROKEN)
def test_an_environment_that_breaks_the_protocol_is_named(env, words):
    with pytest.raises(InvalidModel, match=words):
        grant(env, episodes=1, rng=rng()).play(onward, 1, rng=rng())


@pytest.mark.parametrize(
    ("obs", "words"),
    [
        (np.array([0.0, np.nan]), "its space is vectors of 2 finite numbers"),
        (np.array([0.0, 1.5]), r"from \[-10.  -1.\] to \[10.  1.\]"),
        (np.array([0.0]), "vectors of 2"),
        (None, "returned the observation None"),
    ],
)
def test_a_vector_outside_its_space_is_named(obs, words):
    with pytest.raises(InvalidModel, match=words):
        grant(answering(Cart, obs=obs), episodes=1, rng=rng()).play(Pusher(), 1, rng=rng())


@pytest.mark.parametrize(
    ("env", "policy", "words"),
    [
        (
            Corridor(),
            TabularPolicy([[0.0, 0, 1]] * 3),
            r"the policy in Corridor plays \[2\]; the actions are the integers 0 to 1",
        ),
        (Corridor(), Halfway(), r"the policy in Corridor plays \[0.5\]; the actions are the integers 0 to 1"),
        (Cart(), Pusher(2), r"the policy in Cart plays \[\[.*\]\]; the actions are vectors of 1"),
        (Cart(), Pusher(scale=np.nan), r"the policy in Cart plays \[\[nan\]\]"),
        (Cart(), onward, "has no row for observations \\[\\[0. 0.\\]\\] at step 0"),
        (
            Corridor(),
            TabularPolicy([[0.0, 1]]),
            r"TabularPolicy\(S=1, A=2, stationary, float\) has no row for observations \[1\] at step 1",
        ),
    ],
)
def test_a_policy_of_other_spaces_is_refused(env, policy, words):
    with pytest.raises(InvalidModel, match=words):
        grant(env, episodes=1, rng=rng()).play(policy, 1, rng=rng())


def test_episodes_of_an_environment_are_counted_and_rows_are_no_views():
    access = grant(Cart(), expert=Pusher(), demonstrations=2, episodes=3, queries=4, rewards=True, rng=rng())
    seen = access.play(Pusher(), 3, rng=rng(1))
    assert access.used == Meter(episodes=3, steps=15)
    # the environment writes into one buffer: each row must be what was seen at its time
    assert np.allclose(seen.obs[1:5, 0], np.cumsum(seen.action[:4, 0]))
    assert np.array_equal(seen.obs[1:5], seen.following[:4])
    assert not seen.ended.any()  # cut short, not ended
    assert np.allclose(seen.reward[:5], -np.abs(seen.following[:5, 0]))
    assert access.label(seen.obs[:4]).shape == (4, 1)
    assert access.used == Meter(episodes=3, steps=15, queries=4)
    assert len(access.demonstrations()) == 10


def test_an_experts_answer_of_another_space_is_refused():
    access = grant(Cart(), expert=Pusher(2), queries=2, rng=rng())
    with pytest.raises(InvalidModel, match="the expert plays"):
        access.label(np.zeros((1, 2)))
    with pytest.raises(InvalidModel, match="the expert was queried at"):
        access.label(np.zeros((1, 3)))


def test_resets_are_granted_only_where_the_environment_offers_them():
    with pytest.raises(
        InvalidModel, match="Corridor cannot be reset to a state: its metadata does not hold resets_to_state=True"
    ):
        grant(Corridor(), resets=1, rng=rng())

    def reset(self, *, seed=None, options=None):
        asked.append(options)
        self.state = (options or {}).get("state", 0)
        return self.state, {}

    asked = []
    access = grant(changed(Corridor, metadata={"resets_to_state": True}, reset=reset), resets=2, rng=rng())
    assert access.reset(to=1, at=3)[0] == 1
    assert asked == [{"state": 1, "time": 3}]
    assert access.step(1)[0] == 2
    assert access.used == Meter(resets=1, steps=1)


def test_hidden_states_are_shown_only_where_resets_are_granted():
    """An environment's state may hold more than the observation does."""
    for options, told in ((dict(), False), (dict(resets=1), True)):
        env = changed(Corridor, metadata={"resets_to_state": True})
        access = grant(env, expert=onward, demonstrations=1, episodes=1, rng=rng(), **options)
        for seen in (access.demonstrations(), access.play(onward, 1, rng=rng())):
            assert (seen.state is not None) == told
    with pytest.raises(InvalidModel, match="the initial distribution is that of step 0"):
        access.reset(at=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(episodes="exact"), "episodes of an environment is a count"),
        (dict(expert=onward, queries="exact"), "queries of an environment is a count"),
        (dict(expert=onward, demonstrations=-1), "demonstrations is -1; expected an integer of at least 0"),
        (dict(expert=lambda obs: 1, demonstrations=1), "is not a policy; expected an object with"),
        (dict(expert=onward, demonstrations="exact"), "only a finite problem has an exact law"),
        (
            dict(demonstrations=Trajectories([0, 3], [0, 0], t=[0, 1])),
            r"the demonstrations' obs is int64 .* the integers 0 to 2",
        ),
        (
            dict(demonstrations=Trajectories([0, 1], [0, 2], t=[0, 1])),
            r"plays \[0 2\]; the actions are the integers 0 to 1",
        ),
        (dict(demonstrations=Trajectories([[0.0, 1.0]], [0])), "the demonstrations' obs is float64"),
    ],
)
def test_what_an_environment_cannot_grant_is_refused(options, words):
    with pytest.raises(InvalidModel, match=words):
        grant(Corridor(), rng=rng(), **options)


def test_tabular_learners_learn_in_an_environment_of_integers():
    access = grant(Corridor(), expert=onward, demonstrations=2, episodes=6, queries=500, rng=rng())
    cloned, corrected = fit(Cloning(), access, rng=rng()), fit(DAgger(3, 2), access, rng=rng())
    assert cloned.policy.table[:2].tolist() == [[0, 1], [0, 1]]
    assert cloned.policy.table[2].tolist() == [0.5, 0.5]
    assert corrected.policy.members[-1].table[:2].tolist() == [[0, 1], [0, 1]]
    assert corrected.used.queries == corrected.used.steps > 0


def test_tabular_learners_refuse_vectors():
    access = grant(Cart(), expert=Pusher(), demonstrations=1, rng=rng())
    with pytest.raises(
        InvalidModel, match="a tabular learner needs integer observations; these are vectors of length 2"
    ):
        fit(Cloning(), access, rng=rng())
