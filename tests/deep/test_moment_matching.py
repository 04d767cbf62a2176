"""The game of discriminator and learner: on a lock it ends at the expert, and each of its parts does what it says."""

from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import mdpkit  # noqa: E402
from mdpkit import deep, fit, grant  # noqa: E402
from mdpkit.base.errors import InvalidModel, MissingAccess  # noqa: E402
from mdpkit.deep.plumbing.repeatable import drawing  # noqa: E402
from mdpkit.deep.plumbing.replay import RelabellingBuffer  # noqa: E402

from .conftest import lock  # noqa: E402
from .test_view import Counter  # noqa: E402

QUICK = deep.Reinforcement(steps=12, width=8, batch=8)
TELLER = deep.Discriminator(steps=4, width=8, batch=16)


def game(problem, expert, learner, seed=0, demonstrations=5, **granted):
    rng = np.random.default_rng(seed)
    access = grant(
        problem, expert=expert, demonstrations=demonstrations, episodes=10_000, resets=10_000, rng=rng, **granted
    )
    return fit(learner, access, rng=np.random.default_rng(seed))


class MeanDifference:
    """A reward player that needs no network: the unit vector from the learner's mean row to the expert's."""

    def start(self, inputs, drawn, device):
        return RunningMean(torch.zeros(inputs))


class RunningMean:
    def __init__(self, direction):
        self.direction = direction

    def update(self, expert, draw, learner):
        assert expert.shape[1] == learner.shape[1] == len(self.direction)
        found = expert[draw(256)].mean(0) - learner.mean(0)
        self.direction = self.direction + found / max(float(found.norm()), 1e-9)

    def snapshot(self):
        return RunningMean(self.direction)

    def __call__(self, rows):
        return rows @ self.direction


@pytest.mark.parametrize(
    ("kind", "variant"),
    [
        (deep.MomentMatching, {}),
        (deep.FILTER, {"alpha": 1.0, "relabel": False}),
        (deep.HyPE, {"expert_share": 0.5}),
        (deep.FILTER, {"reward_player": MeanDifference()}),
    ],
    ids=["MomentMatching", "FILTER, rewards as collected", "HyPE", "FILTER, another reward player"],
)
def test_on_a_lock_the_best_iterate_is_the_expert(kind, variant):
    problem, expert = lock(5)
    learner = kind(rounds=8, episodes=2, policy_player=deep.Reinforcement(steps=150), **variant)
    answer = game(problem, expert, learner)
    assert mdpkit.value(problem, answer.policy).mid == pytest.approx(1, abs=1e-12)  # deterministic: 1 or 0
    trace = answer.trace
    assert trace["best"].sum() == 1
    best = int(trace["best"].argmax())
    assert answer.policy is trace["policy"][best]
    assert trace["gap"][best] == trace["gap"].min() == pytest.approx(0, abs=1e-6)
    # what loses pays for it in the gap: an iterate without the reward is told from the expert
    values = np.array([mdpkit.value(problem, policy).mid for policy in trace["policy"]])
    assert (trace["gap"][values < 0.5] > 0.01).all()


def test_all_steps_are_counted_and_reported():
    problem, expert = lock(4)
    answer = game(problem, expert, deep.MomentMatching(rounds=3, episodes=2, reward_player=TELLER, policy_player=QUICK))
    trained, watched = 3 * 12, (3 + 1) * 2 * 4
    assert answer.used.steps == answer.trace["steps"][-1] == trained + watched
    assert answer.trace["steps"].tolist() == [12 + 16, 24 + 24, 36 + 32]
    assert answer.trace["updates"].tolist() == [12, 24, 36]
    assert answer.used.resets == 0


def test_expert_resets_replace_the_start_law_as_often_as_said():
    problem, expert = lock(4)
    quick = {"reward_player": TELLER, "policy_player": QUICK}
    always = game(problem, expert, deep.FILTER(rounds=3, episodes=2, alpha=1.0, **quick))
    assert always.used.episodes == (3 + 1) * 2  # those played for the reward player
    assert always.used.resets > 0
    half = game(problem, expert, deep.FILTER(rounds=20, episodes=1, alpha=0.5, **quick))
    started = half.used.resets + half.used.episodes - 21
    assert abs(half.used.resets - started / 2) < 4 * np.sqrt(started) / 2


class Recorded(RunningMean):
    """Counts the rows of the learner that it sees, and their length."""

    def __init__(self, direction):
        super().__init__(direction)
        self.seen = []

    def start(self, inputs, drawn, device):
        self.direction = torch.zeros(inputs)
        return self

    def update(self, expert, draw, learner):
        self.seen.append(tuple(learner.shape))


def test_the_reward_player_sees_training_steps_after_resets_if_asked_and_actions_if_not_state_only():
    problem, expert = lock(4)  # rows: 2 states, 4 steps, 2 actions; rounds: 2 episodes of 4 steps
    for settings, rows in (({}, 8), ({"reward_sees_resets": True}, 8 + 12)):
        for state_only, size in ((False, 8), (True, 6)):
            player = Recorded(None)
            learner = deep.FILTER(2, 2, player, QUICK, alpha=1.0, state_only=state_only, **settings)
            used = game(problem, expert, learner).used.steps - 3 * 8
            assert player.seen[0] == (8, size)
            assert player.seen[1][1] == size
            assert player.seen[1][0] == 8 if not settings else rows <= player.seen[1][0] < used


def test_the_experts_share_follows_its_schedule(monkeypatch):
    problem, expert = lock(3)
    shares, plain = [], RelabellingBuffer._get_samples

    def spy(self, batch_inds, env=None):
        shares.append(self.share)
        return plain(self, batch_inds, env)

    monkeypatch.setattr(RelabellingBuffer, "_get_samples", spy)
    game(problem, expert, deep.HyPE(3, 1, TELLER, QUICK, expert_share=deep.Linear(0.5, 0.0, rounds=3)))
    assert list(dict.fromkeys(shares)) == [0.5, 0.25, 0.0]
    with pytest.raises(InvalidModel, match=r"expert_share is 1\.5 in round 1; expected 0 to 1"):
        deep.HyPE(expert_share=deep.Decaying(1.5))


# ---- the replay buffer
def buffer(**settings):
    spaces = gymnasium.spaces.Box(-9, 9, (2,), np.float32), gymnasium.spaces.Discrete(3)
    made = RelabellingBuffer(100, *spaces, device="cpu", **settings)
    for k in range(10):
        made.add(
            np.full((1, 2), k),
            np.full((1, 2), k + 1),
            np.array([[k % 3]]),
            np.array([100.0 + k]),
            np.array([0.0]),
            [{}],
        )
    return made


def test_relabelled_rewards_are_those_of_the_discriminator_now_and_stored_ones_are_not():
    f = SimpleNamespace(scale=1.0)
    reward = lambda rows, actions: f.scale * rows[:, 0]  # noqa: E731
    now, then = buffer(reward=reward, relabel=True), buffer(reward=reward, relabel=False)
    k = np.arange(10)
    for f.scale in (1.0, -3.0):
        assert now._get_samples(k).rewards[:, 0].tolist() == (f.scale * k).tolist()
        assert then._get_samples(k).rewards[:, 0].tolist() == (100 + k).tolist()


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_experts_share_of_a_batch_is_exact_and_paid_now(share):
    expert = (torch.full((4, 2), -5.0), torch.full((4, 1), 2), torch.full((4, 2), -6.0), torch.ones(4, 1))
    made = buffer(
        reward=lambda rows, actions: rows[:, 0],
        relabel=False,
        share=share,
        expert=expert,
        draw=lambda n: torch.arange(n) % 4,
    )
    batch = made._get_samples(np.arange(8))
    theirs = batch.observations[:, 0] == -5
    assert len(batch.observations) == 8
    assert theirs.sum() == 8 * share
    assert (batch.rewards[theirs] == -5).all()
    assert (batch.rewards[~theirs] >= 100).all()
    assert (batch.dones[theirs] == 1).all()
    assert (batch.next_observations[theirs] == -6).all()
    assert (batch.actions[theirs] == 2).all()


def test_rows_are_drawn_by_their_weights():
    draw = drawing(np.array([0.0, 3.0, 0.0, 1.0]), torch.Generator().manual_seed(0))
    counts = np.bincount(draw(10_000), minlength=4)
    assert counts[[0, 2]].tolist() == [0, 0]
    assert counts[1] == pytest.approx(7500, abs=4 * np.sqrt(10_000 * 3 / 16))


# ---- the discriminator
def test_between_two_points_the_discriminator_is_as_steep_as_the_penalty_allows():
    """Of slopes s over a distance of 1 the best for s - penalty (s - slope)^2 is slope + 1 / (2 penalty)."""
    settings = deep.Discriminator(width=16, rate=0.01, steps=400, penalty=10.0, slope=0.4)
    f = settings.start(1, torch.Generator().manual_seed(0), "cpu")
    expert, learner = torch.ones(1, 1), torch.zeros(1, 1)
    f.update(expert, lambda n: torch.zeros(n, dtype=torch.int64), learner)
    assert float(f(expert) - f(learner)) == pytest.approx(0.4 + 1 / 20, abs=0.01)


def test_the_rate_follows_its_schedule():
    f = deep.Discriminator(width=4, rate=deep.Decaying(0.3), steps=1).start(1, torch.Generator().manual_seed(0), "cpu")
    for k in (1, 2, 3):
        f.update(torch.ones(1, 1), lambda n: torch.zeros(n, dtype=torch.int64), torch.zeros(1, 1))
        assert f.optimiser.param_groups[0]["lr"] == pytest.approx(0.3 / k)


def test_a_discriminator_that_diverges_is_an_error_that_names_the_round():
    problem, expert = lock(3)
    wild = deep.Discriminator(rate=1e30)
    with pytest.raises(
        InvalidModel, match=r"round 1: the reward player's reward\[\d+\] is (nan|-?inf); every reward must be finite"
    ):
        game(problem, expert, deep.MomentMatching(rounds=2, episodes=1, policy_player=QUICK, reward_player=wild))


def test_the_reward_of_the_problem_is_never_seen():
    """Another reward, and one that is shown, change nothing."""
    problem, expert = lock(4)
    other = mdpkit.MDP(problem.P, -7 * problem.r, problem.rho, horizon=problem.horizon)
    learner = deep.MomentMatching(rounds=2, episodes=2, reward_player=TELLER, policy_player=QUICK)
    first, second = game(problem, expert, learner), game(other, expert, learner, rewards=True)
    assert first.trace["gap"].tolist() == second.trace["gap"].tolist()


# ---- what it needs
def test_needs_follow_the_settings():
    assert deep.MomentMatching().needs == ("demonstrations", "episodes")
    assert deep.HyPE().needs == deep.FILTER(alpha=0.0).needs == ("demonstrations", "episodes")
    assert deep.FILTER(alpha=0.1).needs == ("demonstrations", "episodes", "resets")
    problem, expert = lock(3)
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact", rng=np.random.default_rng(0))
    with pytest.raises(MissingAccess, match="FILTER needs resets"):
        fit(deep.FILTER(), access, rng=np.random.default_rng(0))


def test_what_demonstrations_lack_is_named():
    problem, expert = lock(3)
    with pytest.raises(InvalidModel, match="expert transitions need demonstrations with `following` and `ended`"):
        game(problem, expert, deep.HyPE(), demonstrations="exact")
    with pytest.raises(InvalidModel, match="expert_share is 2; expected 0 to 1"):
        deep.HyPE(expert_share=2)
    with pytest.raises(InvalidModel, match="alpha is -1; expected 0 to 1"):
        deep.FILTER(alpha=-1)


class Settable(Counter):
    """A Counter that starts where it is told."""

    metadata = {"render_modes": [], "resets_to_state": True}  # noqa: RUF012

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.n = int((options or {"state": [0]})["state"][0])
        return np.array([float(self.n)]), {}

    @property
    def state(self):
        return [self.n]


class Steady:
    """Always plays one half."""

    def start(self, u):
        return self

    def sample(self, obs, t, u):
        return np.full((len(obs), 1), 0.5)


def test_an_environment_is_reset_to_the_experts_states():
    settings = dict(rounds=2, episodes=2, reward_player=TELLER, policy_player=QUICK, normalise=True)
    answer = game(Settable(3), Steady(), deep.FILTER(alpha=1.0, **settings))
    assert answer.used.resets > 0
    assert np.isfinite(answer.trace["gap"]).all()
    assert game(Settable(3), Steady(), deep.HyPE(**settings)).used.resets == 0
    stateless = mdpkit.Trajectories(np.zeros((2, 1)), np.zeros((2, 1)))
    with pytest.raises(InvalidModel, match="resets require demonstrations with `state`"):
        game(Settable(3), None, deep.FILTER(**settings), demonstrations=stateless)
