"""What was granted can be used and is counted to the unit; what was not cannot be reached."""

import gc
from dataclasses import asdict, fields
from types import BuiltinFunctionType, FunctionType, ModuleType

import numpy as np
import pytest

from mdpkit import (
    MDP,
    Average,
    Discounted,
    Finite,
    MarkovGame,
    Meter,
    PreferenceProblem,
    TabularPolicy,
    Trajectories,
    fit,
    grant,
    objects,
)
from mdpkit.base.errors import InvalidModel, MissingAccess
from mdpkit.learn import Cloning, DAgger
from mdpkit.model.access import KINDS


def rng(seed=0):
    return np.random.default_rng(seed)


flip = MDP(objects([[[0, 1], [1, 0]], [[1, 0], [0, 1]]]), objects([[1, 0], [0, 1]]), objects([1, 0]), horizon=Finite(3))
expert = TabularPolicy(objects([[1, 0], [0, 1]]))
uniform = TabularPolicy(objects([["1/2", "1/2"]] * 2))


def everything(**changed):
    return grant(
        flip, **{**dict(expert=expert, demonstrations=2, episodes=3, resets=2, queries=5, rng=rng()), **changed}
    )


# ---- counts
def test_every_use_is_counted_to_the_unit():
    access = everything()
    assert access.used == Meter()
    assert len(access.demonstrations()) == 6
    assert access.used == Meter(demonstrations=6)
    access.reset()
    access.step(0)
    access.step(1)
    assert access.used == Meter(demonstrations=6, episodes=1, steps=2)
    access.reset(to=1, at=2)
    _, _, ended, _, _ = access.step(0)
    assert ended
    assert access.used == Meter(demonstrations=6, episodes=1, steps=3, resets=1)
    access.label(np.array([0, 1, 0]), np.array([0, 1, 2]))
    assert access.used == Meter(demonstrations=6, episodes=1, steps=3, resets=1, queries=3)
    access.play(uniform, 2, rng=rng())
    assert access.used == Meter(demonstrations=6, episodes=3, steps=9, resets=1, queries=3)


def test_a_known_model_counts_its_calls_and_laws_cost_no_episodes():
    access = grant(flip, expert=expert, demonstrations="exact", episodes="exact", queries="exact")
    access.law(uniform)
    access.model(objects([[0, 0], [0, 0]]))
    access.label_law(np.array([0, 1]), 0)
    assert access.used == Meter(model_calls=2, queries=2)
    assert access.granted == ("demonstrations", "episodes", "queries", "model")


def test_comparisons_are_counted_and_drawn_by_the_law():
    problem = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))
    access = grant(problem, preferences=20_000, rng=rng())
    zero = np.zeros(10_000, dtype=int)
    won = access.compare(zero, zero + 1, zero)
    assert access.used == Meter(comparisons=10_000)
    # Hoeffding: off by more than .03 with probability below 2 exp(-18) = 3e-8
    assert abs(won.mean() - 3 / 4) < 0.03
    access.compare(zero, zero, zero)
    with pytest.raises(MissingAccess, match="20000 comparisons were granted and 20000 are used; 1 more were asked for"):
        access.compare(zero[:1], zero[:1], zero[:1])
    with pytest.raises(InvalidModel, match=r"compare: y is \[2\]; expected integers from 0 to 1"):
        grant(problem, preferences=1, rng=rng()).compare([0], [2], [0])


@pytest.mark.parametrize(
    ("use", "count"),
    [
        (lambda access: access.reset(), "3 episodes"),
        (lambda access: access.reset(to=0), "2 resets"),
        (lambda access: access.label(np.array([0]), 0), "5 queries"),
        (lambda access: access.play(uniform, 1, rng=rng()), "3 episodes"),
    ],
    ids=["reset", "reset to a state", "label", "play"],
)
def test_no_more_is_used_than_was_granted(use, count):
    access = everything()
    for _ in range(int(count[0])):
        use(access)
    before = access.used
    with pytest.raises(MissingAccess, match=f"{count} were granted and {count[0]} are used; 1 more were asked for"):
        use(access)
    assert access.used == before


def test_more_than_is_left_is_refused_before_anything_is_drawn():
    access = everything()
    with pytest.raises(MissingAccess, match="3 episodes were granted and 0 are used; 4 more were asked for"):
        access.play(uniform, 4, rng=rng())
    with pytest.raises(MissingAccess, match="5 queries were granted and 0 are used; 6 more were asked for"):
        access.label(np.zeros(6, dtype=int), 0)
    assert access.used == Meter()


@pytest.mark.parametrize("episodes", [-3, 0, 1.5, True])
def test_episodes_are_a_count_and_cannot_be_given_back(episodes):
    access = everything()
    with pytest.raises(InvalidModel, match="expected an integer of at least 1"):
        access.play(uniform, episodes, rng=rng())
    assert access.used == Meter()


@pytest.mark.parametrize("t", [[0, 1, 2], -1, 0.5, [[0]]])
def test_each_query_is_one_observation_at_one_step(t):
    """Else one query would be answered at many steps, or a step counted from the end."""
    moving = TabularPolicy(np.stack([expert.table] * 3))
    for ask in (everything(expert=moving).label, everything(expert=moving, queries="exact").label_law):
        with pytest.raises(InvalidModel, match="expected a step for each"):
            ask(np.array([0]), np.array(t))


def test_each_comparison_is_of_two_responses():
    access = grant(PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]])), preferences=5, rng=rng())
    with pytest.raises(
        InvalidModel, match=r"x, y and z have shapes \(1,\), \(100,\) and \(100,\); expected one length"
    ):
        access.compare([0], [0] * 100, [1] * 100)
    assert access.used == Meter()


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (TabularPolicy([[0, 0, 1.0]] * 2), "the policy plays .*; expected integers from 0 to 1"),
        (TabularPolicy([[0, 1.0]] * 2), "the policy plays action 1 in state 0, where that action is missing"),
        (TabularPolicy([[1.0, 0]]), "has no row for observations"),
        (lambda obs: 0, "is not a policy; expected an object with"),
    ],
)
def test_a_policy_of_other_spaces_is_not_played(policy, words):
    masked = MDP(flip.P, flip.r, objects([1, 0]), horizon=Finite(3), mask=np.array([[True, False], [True, True]]))
    with pytest.raises(InvalidModel, match=words):
        grant(masked, episodes=20, rng=rng()).play(policy, 20, rng=rng())


def test_a_table_has_no_rows_before_its_first():
    moving = TabularPolicy(np.stack([expert.table, uniform.table]))
    for obs, t in (([-1], 0), ([0], -1), ([2], 0), ([0], 2)):
        with pytest.raises(InvalidModel, match="has no row for observations"):
            moving.law(np.array(obs), t)


def test_meters_add_up():
    names = [field.name for field in fields(Meter)]
    one, two = (
        Meter(**{name: k for k, name in enumerate(names)}),
        Meter(**{name: k * k for k, name in enumerate(names)}),
    )
    assert asdict(one + two) == {name: k + k * k for k, name in enumerate(names)}
    assert one + two - two == one


def test_a_fit_counts_what_it_took_itself():
    access = everything()
    access.demonstrations()
    assert fit(Cloning(), access, rng=rng()).used == Meter(demonstrations=6)
    assert access.used == Meter(demonstrations=12)


# ---- what is not granted
USES = {
    "demonstrations": lambda access: access.demonstrations(),
    "episodes": lambda access: access.reset(),
    "resets": lambda access: access.reset(to=0),
    "queries": lambda access: access.label(np.array([0]), 0),
    "preferences": lambda access: access.compare([0], [0], [1]),
    "model": lambda access: access.model(flip.r),
}


@pytest.mark.parametrize("kind", USES)
def test_what_is_not_granted_is_missing_and_the_error_says_how_to_grant_it(kind):
    access = grant(flip)
    with pytest.raises(MissingAccess, match=r"granted: nothing") as error:
        USES[kind](access)
    assert KINDS[kind] in str(error.value)
    assert access.used == Meter()


def test_samples_are_no_laws():
    access = everything()
    with pytest.raises(MissingAccess, match='needs queries="exact"'):
        access.label_law(np.array([0]), 0)
    with pytest.raises(MissingAccess, match='needs episodes="exact"'):
        access.law(uniform)


def reached(start):
    """All that an object refers to, directly or not, short of the program's own classes, functions and modules."""
    seen, todo = {}, [start]
    while todo:
        thing = todo.pop()
        if id(thing) not in seen and not isinstance(thing, type | ModuleType | FunctionType | BuiltinFunctionType):
            seen[id(thing)] = thing
            todo += gc.get_referents(thing)
    return seen


def test_an_access_to_demonstrations_alone_holds_neither_problem_nor_expert():
    hidden = (flip, flip.P, flip.r, flip.rho, expert, expert.table)
    shown = grant(flip, expert=expert, demonstrations=4, rng=rng())
    assert not reached(shown).keys() & {id(thing) for thing in hidden}
    exact = grant(flip, expert=expert, demonstrations="exact")
    assert not reached(exact).keys() & {id(thing) for thing in hidden}
    # the walk does find them where they are
    playing = grant(flip, expert=expert, demonstrations=4, episodes=1, rng=rng())
    assert id(flip) in reached(playing)
    assert id(expert) not in reached(playing)
    assert id(expert) in reached(grant(flip, expert=expert, queries=1, rng=rng()))


def test_rewards_are_shown_only_where_they_are_granted():
    hidden, shown = everything(), everything(rewards=True)
    for access in (hidden, shown):
        access.reset()
    assert np.isnan(hidden.step(0)[1])
    assert shown.step(0)[1] == 1.0
    assert hidden.play(uniform, 1, rng=rng()).reward is None
    assert shown.play(uniform, 1, rng=rng()).reward is not None
    assert "rewards" in grant(flip, episodes=1, rng=rng()).granted
    assert "rewards" not in grant(flip, rewards=True).granted
    assert hidden.demonstrations().reward is None
    assert shown.demonstrations().reward is None


# ---- episodes
def test_steps_belong_to_episodes():
    access = everything()
    with pytest.raises(InvalidModel, match="no episode is running"):
        access.step(0)
    access.reset()
    for _ in range(3):
        _, _, ended, truncated, info = access.step(0)
    assert (ended, truncated, info) == (True, False, {})
    with pytest.raises(InvalidModel, match="no episode is running"):
        access.step(0)
    access.reset(to=1)
    access.play(uniform, 1, rng=rng())
    with pytest.raises(InvalidModel, match="no episode is running"):
        access.step(0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(to=2), r"reset\(to=2\): expected a state from 0 to 1"),
        (dict(to="home"), r"reset\(to='home'\)"),
        (dict(to=0, at=3), r"reset\(at=3\): expected a step from 0 to 2"),
        (dict(to=0, at=-1), r"reset\(at=-1\)"),
        (
            dict(at=1),
            r"reset\(at=1\): the initial distribution is that of step 0; give a state `to` to begin elsewhere",
        ),
    ],
)
def test_a_reset_to_nowhere_is_refused(options, words):
    with pytest.raises(InvalidModel, match=words):
        everything().reset(**options)


def test_an_action_that_does_not_exist_is_refused():
    masked = MDP(flip.P, flip.r, flip.rho, horizon=Finite(2), mask=np.array([[False, True], [True, True]]))
    access = grant(masked, episodes=1, rng=rng())
    access.reset()
    for action in (0, 2, 0.5, "left"):
        with pytest.raises(InvalidModel, match=r"in state 0: expected one of the actions \[1\]"):
            access.step(action)
    access.step(1)
    assert access.used == Meter(episodes=1, steps=1)


# ---- grants that mean nothing
ENDLESS = MDP(flip.P, flip.r, flip.rho, horizon=Average())
GAME = MarkovGame(objects([[[1]]]), objects([[[0]]]), horizon=Finite(1), actions=(1,))
PREFERENCES = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))


@pytest.mark.parametrize(
    ("problem", "options", "words"),
    [
        (flip, dict(episodes=-1), "episodes is -1; expected a count of at least 0"),
        (flip, dict(episodes=True), "episodes is True"),
        (flip, dict(queries=0.5, expert=expert), "queries is 0.5"),
        (flip, dict(resets="some"), "resets is 'some'"),
        (flip, dict(episodes=1), "give rng="),
        (flip, dict(demonstrations=1, expert=expert), "give rng="),
        (flip, dict(demonstrations="exact"), "give expert="),
        (flip, dict(queries=1, rng=rng()), "give expert="),
        (flip, dict(demonstrations="law", expert=expert, rng=rng()), "demonstrations is 'law'"),
        (flip, dict(demonstrations=-1, expert=expert, rng=rng()), "demonstrations is -1"),
        (flip, dict(demonstrations=[0, 1], expert=expert, rng=rng()), r"demonstrations is \[0, 1\]"),
        (flip, dict(preferences=1, rng=rng()), "preferences are of a PreferenceProblem; got MDP"),
        (
            flip,
            dict(expert=TabularPolicy(objects([[1]])), demonstrations="exact"),
            "the policy has 1 states and 1 actions",
        ),
        (flip, dict(expert=uniform.to_float(), demonstrations="exact"), "the policy is float and the problem rational"),
        (ENDLESS, dict(expert=expert, demonstrations="exact"), r"the episodes of an Average\(\) problem do not end"),
        (GAME, dict(episodes="exact", rewards=True), "each player of a game has its own"),
        (PREFERENCES, dict(episodes=1, rng=rng()), "a PreferenceProblem grants preferences and rewards alone"),
        (PREFERENCES, dict(preferences=1), r"give grant\(..., rng="),
        (3, dict(), "int is not a learning problem"),
    ],
)
def test_a_grant_that_means_nothing_is_refused(problem, options, words):
    with pytest.raises(InvalidModel, match=words):
        grant(problem, **options)


# ---- demonstrations from elsewhere
@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (Trajectories([0, 2], [0, 0], t=[0, 1]), r"obs\[1\] is 2; the problem has 0 to 1"),
        (Trajectories([0, 1], [0, 3], t=[0, 1]), r"action\[1\] is 3; the problem has 0 to 1"),
        (Trajectories([0, 1], [0, 0], t=[0, 3]), r"t\[1\] is 3; the problem has 0 to 2"),
        (Trajectories([[0.5, 1.0]], [0]), r"obs holds float64 of shape \(1, 2\); expected integers from 0 to 1"),
        (Trajectories([0], [[0.5]]), r"action holds float64 of shape \(1, 1\)"),
    ],
)
def test_demonstrations_of_another_problem_are_refused(shown, words):
    with pytest.raises(InvalidModel, match=words):
        grant(flip, demonstrations=shown)


def test_demonstrations_of_a_missing_action_are_refused():
    masked = MDP(flip.P, flip.r, flip.rho, horizon=Finite(2), mask=np.array([[False, True], [True, True]]))
    with pytest.raises(
        InvalidModel, match="row 1 of the demonstrations plays action 0 in state 0, where that action is missing"
    ):
        grant(masked, demonstrations=Trajectories([1, 0], [0, 0], t=[0, 1]))


def test_a_sample_takes_the_number_kind_of_the_problem():
    seen = Trajectories([0, 0, 1, 0, 0, 0], [0, 0, 1, 1, 0, 0], t=[0, 0, 0, 1, 1, 2])
    exact = fit(Cloning(), grant(flip, demonstrations=seen), rng=rng()).policy
    assert exact.table[0, 0].tolist() == [1, 0]
    assert exact.table[1, 0].tolist() == objects(["1/2", "1/2"]).tolist()
    assert exact.exact
    floats = fit(Cloning(), grant(flip.to_float(), demonstrations=seen.to_exact()), rng=rng()).policy
    assert floats == exact.to_float()
    drawn = grant(flip, expert=uniform, demonstrations=3, rng=rng()).demonstrations()
    assert set(drawn.weight.tolist()) == {objects("1/3")[()]}
    assert drawn.occupancy(2, 2, 3).sum(axis=(1, 2)).tolist() == [1, 1, 1]


def test_weights_that_are_no_equal_shares_are_taken_as_they_are():
    odd = Trajectories([0, 1], [0, 1], weight=[0.25, 0.1])
    assert odd.to_exact().weight.tolist() == [objects("1/4")[()], objects(3602879701896397)[()] / 2**55]
    assert odd.to_exact().to_float() == odd


def test_what_is_no_learner_or_no_access_is_refused():
    with pytest.raises(InvalidModel, match="str is not a learner"):
        fit("cloning", everything(), rng=rng())
    with pytest.raises(InvalidModel, match="a learner takes an access, not MDP"):
        fit(Cloning(), flip, rng=rng())
    for learner in (Cloning, DAgger):
        with pytest.raises(InvalidModel, match=f"the class {learner.__name__} is not a learner"):
            fit(learner, everything(), rng=rng())


def test_a_seed_is_no_generator_and_a_function_no_expert():
    for verb in (
        lambda: everything(rng=0),
        lambda: fit(Cloning(), everything(), rng=0),
        lambda: fit(DAgger(1, 1), everything(), rng=None),
    ):
        with pytest.raises(InvalidModel, match=r"rng is (0|None); expected numpy.random.default_rng\(seed\)"):
            verb()
    with pytest.raises(InvalidModel, match=r"expert is <function .*>; expected a policy with a table"):
        everything(expert=lambda obs: 0)


def test_a_discount_is_a_chance_to_end():
    stay = MDP(objects([[[1]]]), objects([[1]]), horizon=Discounted("3/4"))
    seen = grant(stay, episodes="exact", rng=rng(3)).play(TabularPolicy(objects([[1]])), 20_000, rng=rng(4))
    lengths = np.bincount(seen.episode)
    assert seen.ended.sum() == 20_000
    # P(length > k) = (3/4)^k; Dvoretzky-Kiefer-Wolfowitz: off by more than .02 with probability below 2 exp(-16) = 3e-7
    beyond = np.array([(lengths > k).mean() for k in range(1, 40)])
    assert np.abs(beyond - 0.75 ** np.arange(1, 40)).max() < 0.02
    # the sum of rewards is J = 4: variance 12, so 5 standard deviations of the mean are .12
    assert abs(seen.reward.sum() / 20_000 - 4) < 0.123


def test_what_is_granted_as_laws_alone_draws_nothing():
    mdp = MDP(objects([[[1], [1]]]), objects([[0, 1]]), horizon=Finite(1))
    expert = TabularPolicy(objects([["1/2", "1/2"]]))
    access = grant(mdp, expert=expert, episodes="exact", resets="exact", queries="exact")
    assert len(access.law(expert)) == 2
    access.reset(to=0)
    for drawn in (lambda: access.step(0), access.reset, lambda: access.label(np.array([0]))):
        with pytest.raises(InvalidModel, match="the access has no generator"):
            drawn()


def test_a_reset_that_is_refused_is_not_counted():
    access = everything(resets=1)
    with pytest.raises(InvalidModel):
        access.reset(to=99)
    assert access.used == Meter()
    access.reset(to=0)
    assert access.used == Meter(resets=1)
