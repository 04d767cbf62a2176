"""Twins: both faces are the same problem, and a grid's error is within what is stated."""

import warnings
from itertools import product

import numpy as np
import pytest

pytest.importorskip("gymnasium")

from gymnasium.envs.classic_control.pendulum import PendulumEnv
from gymnasium.utils.env_checker import check_env

from mdpkit import grant, measure, solve
from mdpkit.base.errors import InvalidModel
from mdpkit.deep import experts, twins
from mdpkit.learn import Mixture
from mdpkit.model import MarginProblem, TabularPolicy

TWINS = (
    twins.pendulum,
    twins.lqr,
    twins.double_integrator_tube,
    twins.dubins_tube,
    twins.combination_lock,
    twins.cliff,
)
CONTINUOUS = TWINS[:4]
EXPECTED = ("symmetric and normalized space", "is probably too", "does not have a spec", "not having a spec")
"""What gymnasium's checker says of units other than its own, of spaces without ends, and of what is not registered."""


def played(env, actions, **options):
    """Observations, rewards and ends of an episode."""
    seen = [env.reset(seed=0, options=options or None)[0]]
    rewards, ended = [], False
    for action in actions:
        observation, reward, terminated, truncated, _ = env.step(action)
        seen.append(observation)
        rewards.append(reward)
        ended = terminated or truncated
        if ended:
            break
    return np.array(seen), np.array(rewards), ended


@pytest.mark.parametrize("make", TWINS)
def test_the_environment_keeps_gymnasiums_protocol(make):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check_env(make().env())
    assert [str(each.message) for each in said if not any(words in str(each.message) for words in EXPECTED)] == []


@pytest.mark.parametrize("make", TWINS)
def test_same_seed_same_episode_other_seed_another(make):
    env = make().env()
    env.action_space.seed(1)
    actions = [env.action_space.sample() for _ in range(8)]
    (a, r, _), (b, s, _) = played(env, actions), played(make().env(), actions)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(r, s)
    assert not np.array_equal(env.reset(seed=1)[0], a[0])


# ---- continuous twins
@pytest.mark.parametrize("make", CONTINUOUS)
def test_the_environment_takes_the_steps_that_the_grid_interpolates(make):
    twin, rng = make(), np.random.default_rng(3)
    problem, env = twin.problem, twin.env()
    for x in rng.uniform(problem.low, problem.high, (40, len(problem.low))):
        env.reset(options={"state": x})
        np.testing.assert_array_equal(env.state, x)
        u = rng.uniform(problem.control_low, problem.control_high)
        *_, terminated, _, _ = env.step(u)
        after = problem.step(x[None], u[None])
        gone = problem.outside is not None and problem.leaves(after)[0]
        meant = after if gone else problem.confine(after)
        here = env.state if make is not twins.pendulum else problem.confine(np.array(env.state)[None])[0]
        np.testing.assert_allclose(here, meant[0], atol=1e-12)
        assert terminated == (gone or (problem.margin is not None and problem.margin(meant)[0] < 0))


def test_the_pendulum_is_gymnasiums_to_the_last_bit():
    problem, real, rng = twins.pendulum().problem, PendulumEnv(), np.random.default_rng(0)
    real.reset(seed=0)
    x = np.array(real.state)
    for _ in range(500):
        u = rng.uniform(-2, 2, 1)
        reward = problem.reward(x[None], u[None])[0]
        following = problem.step(x[None], u[None])[0]
        _, paid, *_ = real.step(u)
        np.testing.assert_allclose(following, real.state, rtol=0, atol=1e-14)
        assert abs(reward - paid) < 1e-13
        x = np.array(real.state)


def test_a_pendulum_episode_is_truncated_after_two_hundred_steps():
    env = twins.pendulum().env()
    env.reset(seed=0, options={"state": [np.pi, 0.0]})
    ends = [env.step(np.zeros(1, dtype=np.float32))[2:4] for _ in range(200)]
    assert ends[:-1] == [(False, False)] * 199
    assert ends[-1] == (False, True)


def test_the_pendulums_grid_tells_what_its_greedy_policy_collects():
    """Discounted return of 300 episodes from the same starts; the grid's value is off by less than 2 % of it."""
    twin = twins.pendulum()
    grid, problem = twin.grid(41), twin.problem
    V = solve(twin.tabular(grid)).value.mid
    start = np.random.default_rng(0).uniform(problem.start_low, problem.start_high, (300, 2))
    x, total, weight = start, 0, 1
    for _ in range(600):
        u = grid.greedy(V, x)
        total, weight, x = total + weight * problem.reward(x, u), weight * 0.99, problem.confine(problem.step(x, u))
    assert abs((total - grid.read(V, start)).mean()) < 0.02 * abs(total.mean())
    assert twin.tolerance(grid) is None
    with pytest.raises(InvalidModel, match="no closed form"):
        twin.error(grid)


@pytest.mark.parametrize(
    ("state", "leaves"), [([0.5, 0.2], False), ([0.9, 0.9], False), ([0.99, 0.99], True), ([-0.99, -0.8], True)]
)
def test_an_episode_under_the_riccati_feedback_collects_the_closed_form_wherever_it_ends(state, leaves):
    twin = twins.lqr()
    env, lq = twins.ControlEnv(twin.problem, limit=4000), twin.closed.__self__
    env.reset(options={"state": state})
    total, weight, over = 0, 1, False
    while not over:
        _, reward, terminated, truncated, _ = env.step(lq.feedback @ env.state)
        total, weight, over = total + weight * reward, weight * 0.99, terminated or truncated
    assert abs(total - twin.exact()(np.array([state]))[0]) < 1e-8
    assert terminated == leaves


def test_the_cart_converges_at_second_order_from_above_within_the_bound():
    twin = twins.lqr()
    rows = twin.convergence((11, 21, 41, 81))
    assert all(row.error <= row.tolerance for row in rows)
    assert all(row.error > row.tolerance / 4 for row in rows[1:])
    assert [row.order for row in rows[2:]] == pytest.approx([2, 2], abs=0.06)
    grid = twin.grid(41)
    gap = twin.exact()(grid.points) - solve(twin.tabular(grid)).value[: grid.S]
    assert (gap.lower > -1e-7).all()


def test_the_carts_tube_is_within_a_tolerance_that_is_nearly_reached():
    twin = twins.double_integrator_tube()
    rows = dict(zip((26, 51, 101, 151, 201), twin.convergence((26, 51, 101, 151, 201)), strict=True))
    assert all(row.error <= row.tolerance for row in rows.values())
    assert all(rows[n].error > 0.9 * rows[n].tolerance for n in (26, 51, 101, 201))
    assert rows[151].error < 1e-9  # dt is a multiple of the spacing of speeds
    grid = twin.grid(151)
    V, meant = solve(twin.tabular(grid)).value, twin.exact()(grid.points)
    assert ((V < -1e-6).yes == (meant < -1e-6)).all()


def test_braking_keeps_the_margin_of_the_closed_form():
    twin = twins.double_integrator_tube()
    for state in ([0.5, -0.8], [1.0, -1.4], [0.3, 0.5]):
        env = twin.env()
        _, info = env.reset(options={"state": state})
        kept, over = info["margin"], False
        while not over and env.state[1] < 0.5:
            _, _, over, _, info = env.step(np.ones(1))
            kept = min(kept, info["margin"])
        assert abs(kept - twin.exact()(np.array([state]))[0]) <= 0.02**2 / 8 + 1e-9


def test_a_failure_pays_minus_one_and_ends():
    env = twins.double_integrator_tube().env()
    _, rewards, ended = played(env, [np.ones(1)] * 200, state=[0.2, -1.0])
    assert ended
    assert (rewards[:-1] == 0).all()
    assert rewards[-1] == -1


def test_no_sequence_of_turns_keeps_more_than_the_cars_closed_form_and_turning_one_way_keeps_as_much():
    twin, rng = twins.dubins_tube(), np.random.default_rng(1)
    problem = twin.problem
    x = rng.uniform(problem.low, problem.high, (60, 3))
    meant, best = twin.exact()(x), np.full(60, -np.inf)
    for turns in product((-1.0, 0.0, 1.0), repeat=6):
        at, kept = x, problem.margin(x)
        for turn in turns:
            for _ in range(16):  # .8 s each
                at = problem.step(at, np.full((60, 1), turn))
                kept = np.minimum(kept, problem.margin(at))
        best = np.maximum(best, kept)
    assert (best <= meant + 0.05**2).all()
    turned = np.full(60, -np.inf)
    for side in (-1.0, 1.0):
        at, kept = x, problem.margin(x)
        for _ in range(130):  # 6.5 s: once round; straight on as soon as it moves away
            away = at[:, 0] * np.cos(at[:, 2]) + at[:, 1] * np.sin(at[:, 2]) >= 0
            at = problem.step(at, np.where(away, 0, side)[:, None])
            kept = np.minimum(kept, problem.margin(at))
        turned = np.maximum(turned, kept)
    assert (turned >= meant - 1e-9).all()


def test_the_cars_tube_is_within_its_tolerance_and_much_more_than_its_failure_set():
    twin = twins.dubins_tube()
    for row in twin.convergence((21, 41, 61)):
        assert 0.2 * row.tolerance < row.error <= row.tolerance
    grid = twin.grid(41)
    problem = twin.tabular(grid)
    assert isinstance(problem, MarginProblem)
    lost, meant = solve(problem).value.mid < -1e-6, twin.exact()(grid.points) < -1e-6
    assert (lost & meant).sum() / (lost | meant).sum() > 0.98
    assert 0.7 < (problem.margin < 0).sum() / meant.sum() < 0.8


# ---- twins behind observations
def test_the_lock_pays_one_to_who_knows_it_and_next_to_nothing_to_who_does_not():
    twin = twins.combination_lock(H=6)
    mdp, V = twin.tabular(), twin.exact()
    solution = solve(mdp)
    assert (solution.value == V.astype(int)).all_yes()
    assert twin.tolerance() == 0
    assert (mdp.r[:, :2] > 0).any(axis=2).all()  # the bait is always there
    good = TabularPolicy(solution.policy.table)
    assert measure.value(mdp, good) == 1
    unbaited = type(mdp)(mdp.P, np.where(mdp.r == 1, mdp.r, 0 * mdp.r), mdp.rho, horizon=mdp.horizon)
    random = TabularPolicy(mdp.r[0] * 0 + 1 / mdp.like(10)[()])
    assert measure.value(unbaited, random) == 1 / mdp.like(10**6)[()]


def digit(k):
    numbers = np.full(10, -1.0)
    numbers[k] = 1
    return numbers


def test_the_lock_can_be_read_and_played_through_its_observations():
    """Rotated back, the largest of the first numbers is the state and the largest of the next the time."""
    from scipy.linalg import hadamard

    H = 6
    twin = twins.combination_lock(H)
    env, policy = twin.env(), solve(twin.tabular()).policy.table
    size = env.observation_space.shape[0]
    total = 0
    for episode in range(50):
        observation, info = env.reset(seed=episode)
        over = False
        while not over:
            clear = hadamard(size) @ observation / np.sqrt(size)
            s, t = int(clear[:3].argmax()), int(clear[3 : 3 + H + 1].argmax())
            assert s == info["state"]
            observation, reward, over, _, info = env.step(digit(int(policy[t, s].argmax())))
            total += reward
    assert total == 50


def frequencies(env, action, state, time, count=2000):
    counts, paid = np.zeros(env.mdp.S), 0
    env.reset(seed=0)
    for _ in range(count):
        env.reset(options={"state": state, "time": time})
        _, reward, *_, info = env.step(action)
        counts[info["state"]] += 1
        paid += reward
    return counts / count, paid / count


@pytest.mark.parametrize(("state", "time"), [(0, 0), (1, 2), (2, 1)])
def test_the_locks_law_is_that_of_the_finite_problem(state, time):
    """Also for a soft choice of digits; within five standard deviations."""
    env = twins.combination_lock(H=4).env()
    numbers = np.zeros(10)
    numbers[[1, 5]] = 0.1, 0.2
    law = np.exp(numbers / 0.1) / np.exp(numbers / 0.1).sum()
    found, paid = frequencies(env, numbers, state, time)
    np.testing.assert_allclose(found, law @ env.P[time, state], atol=5 / np.sqrt(4 * 2000))
    assert abs(paid - law @ env.r[time, state]) < 5 * np.sqrt(0.05 / 2000)


@pytest.mark.parametrize("recovers", [False, True])
def test_a_policy_that_errs_on_the_cliff_has_the_law_of_the_tabular_one(recovers):
    """Buttons are pushed by the rule for observations above and by the wrong one where the third number is small."""
    twin = twins.cliff(H=5, recovers=recovers)
    env, eps = twin.env(), 0.2
    falls, J, episodes = [], 0, 4000
    env.reset(seed=0)
    for _ in range(episodes):
        (observation, _), over, visits = env.reset(), False, []
        while not over:
            wrong = observation[3] < 2 * eps - 1
            observation, reward, over, _, info = env.step(env.right(observation) ^ int(wrong))
            visits.append(info["state"])
            J += reward / episodes
        falls.append(visits)
    learner = TabularPolicy([[1 - eps, eps], [1 - eps, eps]])
    mdp = twin.tabular().to_float()
    d = measure.occupancy(mdp, learner).mid.sum(axis=2)
    np.testing.assert_allclose(np.mean(falls, axis=0)[:-1], d[1:, 1], atol=5 / np.sqrt(4 * episodes))
    assert abs(J - measure.value(mdp, learner).mid) < 5 * 2 / np.sqrt(episodes)


@pytest.mark.parametrize("recovers", [False, True])
def test_the_cliff_in_closed_form(recovers):
    twin = twins.cliff(H=7, recovers=recovers)
    assert (solve(twin.tabular()).value == twin.exact().astype(int)).all_yes()
    if not recovers:
        eps = twin.tabular().like("1/10")[()]
        learner = TabularPolicy(twin.tabular().like([["9/10", "1/10"], [1, 0]]))
        lost = measure.value_gap(twin.tabular(), TabularPolicy(twin.tabular().like([[1, 0], [1, 0]])), learner)
        assert lost == sum(1 - (1 - eps) ** t for t in range(1, 8))


def test_the_right_button_is_another_one_after_a_fall():
    env = twins.cliff(recovers=True).env()
    top, _ = env.reset(seed=0, options={"state": 0})
    assert env.right(top) != env.right(top * [-1, 1, 1, 1])
    assert top[0] == 1
    assert env.reset(options={"state": 1})[0][0] == -1


# ---- experts
def test_the_regulators_episodes_collect_the_closed_form():
    twin = twins.lqr()
    env, expert, V = twins.ControlEnv(twin.problem, limit=3000), twin.expert(), twin.exact()
    for state in ([0.5, 0.2], [0.99, 0.99]):  # the second leaves the box, which ends the episode
        obs, _ = env.reset(options={"state": state})
        total, weight, over = 0, 1, False
        while not over:
            obs, reward, terminated, truncated, _ = env.step(expert.sample(obs[None], 0, None)[0])
            total, weight, over = total + weight * reward, weight * 0.99, terminated or truncated
        assert abs(total - V(np.array([state]))[0]) < 1e-8


@pytest.mark.parametrize("make", [twins.double_integrator_tube, twins.dubins_tube])
def test_the_experts_of_tubes_keep_the_margin_of_the_closed_form(make):
    """Up to what time steps add; a policy without control keeps less somewhere."""
    twin, rng = make(), np.random.default_rng(0)
    problem, expert = twin.problem, twin.expert()
    start = rng.uniform(problem.low, problem.high, (400, len(problem.low)))
    meant = twin.exact()(start)
    kept, idle = (np.full(400, np.inf) for _ in range(2))
    for margin, control in ((kept, lambda x: expert.sample(x, 0, None)), (idle, lambda x: np.zeros((400, 1)))):
        x = start
        for _ in range(150):
            np.minimum(margin, problem.margin(x), out=margin)
            x = problem.step(x, control(x))
    excess = kept - meant
    assert -1e-9 < excess.min() <= excess.max() < problem.dt**2 / 2
    assert (idle < meant - 0.1).mean() > 0.1
    obs, _ = twin.env().reset(seed=0)
    assert twin.env().action_space.contains(expert.sample(obs[None], 0, None)[0].astype(np.float32))


def test_the_pendulums_expert_collects_what_its_grid_predicts():
    twin = twins.pendulum()
    problem, expert, grid = twin.problem, twin.expert(), twin.grid(81)
    start = np.random.default_rng(0).uniform(problem.start_low, problem.start_high, (100, 2))
    x, total, weight = start, 0, 1
    for _ in range(500):
        u = expert.sample(np.stack([np.cos(x[:, 0]), np.sin(x[:, 0]), x[:, 1]], axis=1), 0, None)
        total, weight, x = total + weight * problem.reward(x, u), weight * 0.99, problem.confine(problem.step(x, u))
    predicted = grid.read(solve(grid.finite).value.mid, start)
    assert predicted.mean() < total.mean() < 0.95 * predicted.mean()  # the grid is pessimistic by less than 5 %


@pytest.mark.parametrize(
    ("twin", "best"),
    [
        (twins.combination_lock(4), 1),
        (twins.combination_lock(4, digits=3, discrete=True), 1),
        (twins.cliff(4), 4),
        (twins.cliff(4, recovers=True), 4),
    ],
)
def test_the_experts_behind_observations_are_optimal(twin, best):
    table = twin.tabulate(twin.expert(), 20, rng=np.random.default_rng(0))
    assert measure.value(twin.tabular().to_float(), table).mid == pytest.approx(best, abs=1e-12)
    access = grant(twin.env(), episodes=20, rewards=True, rng=np.random.default_rng(0))
    assert access.play(twin.expert(), 20, rng=np.random.default_rng(0)).reward.sum() == 20 * best


def test_a_policy_is_tabulated_by_the_frequencies_of_its_latent_actions():
    """On the cliff a constant button is the correct one half of the time; a policy per episode has no table."""
    twin, rng = twins.cliff(3), np.random.default_rng(0)
    always = experts.Feedback(lambda obs: np.ones(len(obs), dtype=int))
    table = twin.tabulate(always, 2000, rng=rng).table
    np.testing.assert_allclose(table, 0.5, atol=5 / np.sqrt(4 * 2000))
    with pytest.raises(InvalidModel, match="no finite latent problem"):
        twins.lqr().tabulate(always, rng=rng)
    with pytest.raises(InvalidModel, match="Mixture draws a policy for each episode"):
        twin.tabulate(Mixture((always, always)), rng=rng)


def test_a_digit_is_an_action_of_the_discrete_lock():
    env = twins.combination_lock(H=5, digits=4, discrete=True).env()
    assert env.action_space.n == 4
    for state, time in ((0, 0), (1, 2), (0, 4)):
        obs, _ = env.reset(seed=1, options={"state": state, "time": time})
        assert env.right(obs) == (3 * time + 5 * state) % 4
        assert env.step(env.right(obs))[4]["state"] != 2


# ---- bad input
@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: twins.lqr().env().reset(options={"state": [0.0]}), "finite numbers of shape"),
        (lambda: twins.lqr().env().reset(options={"state": [0.0, float("nan")]}), "finite numbers"),
        (lambda: twins.lqr().env().reset(options={"state": [2.0, 0.0]}), "expected one inside"),
        (lambda: twins.cliff().env().reset(options={"state": 5}), "the problem has 2 states"),
        (lambda: twins.cliff().grid(5), "does not use a grid"),
        (lambda: twins.lqr().tabular(), "expected one, such as"),
        (lambda: twins.cliff().tabular(twins.lqr().grid(3)), "expected none"),
    ],
)
def test_what_no_twin_can_do_is_said(act, words):
    with pytest.raises(InvalidModel, match=words):
        act()


def test_an_access_starts_the_cliff_in_the_middle():
    access = grant(twins.cliff(5).env(), resets=1, rng=np.random.default_rng(0))
    assert access.reset(to=1, at=3)[0][0] == -1
    ends = [access.step(0)[2] for _ in range(2)]
    assert ends == [False, True]


def test_the_limit_counts_the_steps_before_a_reset():
    env = twins.pendulum().env()
    env.reset(options={"state": (0.0, 0.0), "time": 199})
    assert env.step(np.zeros(1))[3]
    with pytest.raises(InvalidModel, match="the time is -1"):
        env.reset(options={"state": (0.0, 0.0), "time": -1})
