"""Every float Interval allows for at least the roundings that its terms have met, counted operation by operation."""

import sys

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base import enclosure
from mdpkit.base.arrays import objects
from mdpkit.kernels import finite
from mdpkit.kernels import regret as kernels
from mdpkit.kernels.recoverability import widest_range
from mdpkit.measure.games.parts import parts_of_joint_actions
from mdpkit.model import MDP, Discounted, Finite, JointPolicy, MarkovGame, TabularPolicy


class Counted:
    """A number and the most roundings that any one term of it has met; sums with 0 are exact."""

    def __init__(self, number, met=1):
        self.number, self.met = number, met

    def __add__(self, other):
        if _zero(other):
            return self
        return other if _zero(self) else Counted(self.number + other.number, max(self.met, other.met) + 1)

    def __sub__(self, other):
        return self + other * -1

    def __mul__(self, other):
        if isinstance(other, int):
            return Counted(self.number * other, self.met) if other else 0
        return Counted(self.number * other.number, self.met + other.met + 1)

    def __rsub__(self, zero):
        return self * -1

    def __eq__(self, other):
        return self.number == _number(other)

    def __lt__(self, other):
        return self.number < _number(other)

    def __gt__(self, other):
        return self.number > _number(other)

    __radd__, __rmul__, __hash__ = __add__, __mul__, None


def _zero(x):
    return isinstance(x, int) and x == 0


def _number(x):
    return getattr(x, "number", x)


def counted(array):
    out = np.empty(array.size, dtype=object)
    out[:] = [Counted(x) for x in array.ravel()]
    return out.reshape(array.shape)


def most(array):
    return max(getattr(x, "met", 0) for x in np.ravel(np.asarray(array, dtype=object)))


@pytest.fixture
def allowed(monkeypatch):
    """(roundings, size) that measures hand to settle(), in the order of the calls; no size may fall below its result.

    Rows count as summing to 1: the roundings must cover the operations without what is allowed for the rows.
    """
    monkeypatch.setattr(MDP, "defect", 0.0)
    monkeypatch.setattr(TabularPolicy, "defect", 0.0)
    monkeypatch.setattr(sys.modules["mdpkit.measure._known"], "row_defect", lambda array: 0.0)
    handed = []

    def settle(result, size, roundings):
        handed.append((roundings, size()))
        assert np.shape(size()) == np.shape(result)
        assert (size() >= np.abs(result)).all()
        return enclosure.settle(result, size, roundings)

    for name in ("planning.value", "planning.occupancy", "games.regret", "games._all_players"):
        monkeypatch.setattr(sys.modules[f"mdpkit.measure.{name}"], "settle", settle)
    return handed


SIZES = [(1, 1, 1), (4, 1, 1), (1, 6, 1), (1, 1, 6), (3, 4, 3), (2, 12, 4), (8, 3, 2)]


def laws(rng, *shape):
    return rng.dirichlet(np.ones(shape[-1]), shape[:-1])


@pytest.mark.parametrize(("H", "S", "A"), SIZES)
def test_values_and_occupancies(allowed, H, S, A):
    rng = np.random.default_rng(0)
    P, r, pi, rho = laws(rng, 1, S, A, S), rng.random((1, S, A)), laws(rng, 1, S, A), laws(rng, S)
    problem, policy = MDP(P[0], r[0], rho, horizon=Finite(H)), TabularPolicy(pi[0])
    measure.state_value(problem, policy)
    measure.occupancy(problem, policy)
    P, r, pi, rho = map(counted, (P, r, pi, rho))
    assert most(finite.policy_value(P, r, pi, H)) <= allowed[0][0]
    assert most(finite.occupancy(P, rho, pi, H)) <= allowed[1][0]


@pytest.mark.parametrize("size", [1, 4, 12])
def test_what_arrives_in_one_discounted_step(allowed, size):
    """A sum over states and actions of the law, the policy and the states' own floats."""
    rng = np.random.default_rng(0)
    P, pi = laws(rng, size, size, size), laws(rng, size, size)
    measure.occupancy(MDP(P, np.zeros((size, size)), horizon=Discounted(0.5)), TabularPolicy(pi))
    pairs = counted(rng.random((size, size))) * counted(pi)
    assert most((pairs[:, :, None] * counted(P)).reshape(-1, size).sum(axis=0)) <= allowed[0][0]


@pytest.mark.parametrize("seed", range(4))
def test_values_and_occupancies_over_many_steps(encloses, seed):
    rng, H, S, A = np.random.default_rng(seed), 25, 4, 3
    P, pi, rho = (objects(rng.integers(1, 90, shape)) for shape in ((S, A, S), (S, A), (S,)))
    P, pi, rho = (x / x.sum(axis=-1, keepdims=True) for x in (P, pi, rho))
    problem, policy = MDP(P, objects(rng.integers(-90, 91, (S, A))) / 7, rho, horizon=Finite(H)), TabularPolicy(pi)
    for one in (measure.state_value, measure.action_value, measure.advantage, measure.occupancy, measure.value):
        assert encloses(one(problem.to_float(), policy.to_float()), one(problem, policy))


@pytest.mark.parametrize("seed", range(4))
def test_regrets_over_many_steps(encloses, seed):
    rng, H, S, actions = np.random.default_rng(seed), 12, 3, (2, 3)
    P, sigma, rho = (objects(rng.integers(1, 90, shape)) for shape in ((S, 6, S), (S, 6), (S,)))
    P, sigma, rho = (x / x.sum(axis=-1, keepdims=True) for x in (P, sigma, rho))
    r = objects(rng.integers(-90, 91, (2, S, 6))) / 7
    game, joint = MarkovGame(P, r, rho, horizon=Finite(H), actions=actions), JointPolicy(sigma)
    for deviations in ("swap", "coarse", "trigger", "one-shot", "constant"):
        assert encloses(
            measure.regret(game.to_float(), joint.to_float(), deviations), measure.regret(game, joint, deviations)
        )
    assert encloses(measure.recoverability(game.to_float(), joint.to_float()), measure.recoverability(game, joint))


GAMES = [
    (1, 1, (1,)),
    (3, 1, (3, 2)),
    (1, 5, (2, 2)),
    (3, 3, (2, 3)),
    (2, 20, (3, 3)),
    (4, 2, (2, 2, 2)),
    (2, 40, (2, 1)),
]


@pytest.mark.parametrize(("H", "S", "actions"), GAMES)
def test_regrets_and_recoverability(allowed, H, S, actions):
    rng, J = np.random.default_rng(0), int(np.prod(actions))
    P, r, sigma, rho = laws(rng, 1, S, J, S), rng.random((1, S, J)), laws(rng, 1, S, J), laws(rng, S)
    game = MarkovGame(P[0], np.repeat(r, len(actions), axis=0), rho, horizon=Finite(H), actions=actions)
    joint = JointPolicy(sigma[0])
    P, r, sigma, rho = map(counted, (P, r, sigma, rho))
    told = parts_of_joint_actions(actions, 0)

    def granted(run):
        """The first allowance, which is that of the deviator."""
        allowed.clear()
        run()
        return allowed[0][0]

    alone, _ = kernels.coarse(P, r, sigma, *told, H)
    left_behind = {
        "swap": kernels.swap(P, r, sigma, *told, H)[0],
        "coarse": alone,
        "trigger": kernels.trigger(P, r, sigma, *told, alone, H)[0],
    }
    for deviations, W in left_behind.items():
        assert most((rho * W[0]).sum()) <= granted(lambda d=deviations: measure.regret(game, joint, d))
    state, V = finite.occupancy(P, rho, sigma, H).sum(axis=2), finite.policy_value(P, r, sigma, H)
    gain, _ = kernels.one_shot(P, r, sigma, *told, state, V, H)
    assert most(gain) <= granted(lambda: measure.regret(game, joint, "one-shot"))
    ends = kernels.extremes(P, r, sigma, *told, H)
    for widest in (kernels.spread(P, r, *ends, H), widest_range(P, r, sigma, *told, H)):
        assert most(widest) <= granted(lambda: measure.recoverability(game, joint))


@pytest.mark.parametrize("H", [1, 2, 6])
def test_differences_of_equal_numbers_have_the_size_of_their_parts(allowed, H):
    """All rewards are 1: no action value differs from another, and each is rounded as a sum of H."""
    game = MarkovGame(np.full((2, 4, 2), 0.5), np.ones((2, 2, 4)), horizon=Finite(H), actions=(2, 2))
    joint = JointPolicy(np.full((2, 4), 0.25))
    assert abs(measure.recoverability(game, joint).mid) < 1e-12
    assert allowed[0][1] >= 2 * H
    allowed.clear()
    assert abs(measure.regret(game, joint, "one-shot").mid).max() < 1e-12
    assert (allowed[0][1] >= 2 * np.arange(H, 0, -1)).all()


def test_the_size_of_a_spread_counts_rewards_that_nobody_is_told_to_seek(allowed):
    """The mediator says (0, 0); player 0 earns 1 or -1 only where the other one plays 1."""
    game = MarkovGame(
        np.ones((1, 4, 1)), np.array([[[0.0, 1.0, 0.0, -1.0]], [[0.0] * 4]]), horizon=Finite(1), actions=(2, 2)
    )
    assert measure.recoverability(game, JointPolicy([[1.0, 0.0, 0.0, 0.0]])).mid == pytest.approx(2, abs=1e-12)
    assert allowed[0][1] >= 2
