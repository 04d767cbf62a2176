"""Every float Interval allows for at least the roundings that its terms have met, counted operation by operation."""

import sys

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base import enclosure
from mdpkit.kernels import finite
from mdpkit.kernels import regret as kernels
from mdpkit.measure.regret import parts_of_joint_actions
from mdpkit.model import MDP, Finite, JointPolicy, MarkovGame, TabularPolicy


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
    """The roundings that measures hand to settle(), in the order of the calls."""
    handed = []

    def settle(result, size, roundings):
        handed.append(roundings)
        return enclosure.settle(result, size, roundings)

    for name in ("value", "occupancy", "regret"):
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
    assert most(finite.policy_value(P, r, pi, H)) <= allowed[0]
    assert most(finite.occupancy(P, rho, pi, H)) <= allowed[1]


GAMES = [(1, 1, (1,)), (3, 1, (3, 2)), (1, 5, (2, 2)), (3, 3, (2, 3)), (2, 20, (3, 3)), (4, 2, (2, 2, 2))]


@pytest.mark.parametrize(("H", "S", "actions"), GAMES)
def test_regrets_and_recoverability(allowed, H, S, actions):
    rng, J = np.random.default_rng(0), int(np.prod(actions))
    P, r, sigma, rho = laws(rng, 1, S, J, S), rng.random((1, S, J)), laws(rng, 1, S, J), laws(rng, S)
    game = MarkovGame(P[0], np.repeat(r, len(actions), axis=0), rho, horizon=Finite(H), actions=actions)
    joint = JointPolicy(sigma[0])
    P, r, sigma, rho = map(counted, (P, r, sigma, rho))
    told = parts_of_joint_actions(actions, 0)

    def granted(run):
        """The first allowance that is not that of the obedient return."""
        allowed.clear()
        run()
        return allowed[0]

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
    widest = kernels.spread(P, r, *kernels.extremes(P, r, sigma, *told, H), H)
    assert most(widest) <= granted(lambda: measure.recoverability(game, joint))
