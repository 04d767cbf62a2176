"""Network policies: laws that sum to one, draws that have those laws, tables that mean them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mdpkit.base.errors import InvalidModel  # noqa: E402
from mdpkit.deep.plumbing.encoding import Encoding, action_rows  # noqa: E402
from mdpkit.deep.plumbing.nets import mlp  # noqa: E402
from mdpkit.deep.plumbing.policy import Categorical, ClippedGaussian, Greedy, SquashedGaussian  # noqa: E402
from mdpkit.learn import Policy  # noqa: E402
from mdpkit.model import MDP, Discounted, Finite, Trajectories  # noqa: E402
from mdpkit.model.access import Continuous, Discrete  # noqa: E402

from .conftest import made  # noqa: E402

PLANE = Continuous(np.full(2, -np.inf), np.full(2, np.inf))
TORQUE = Continuous(np.array([-2.0, -1.0]), np.array([2.0, 3.0]))
FREE = Continuous(np.array([-np.inf]), np.array([np.inf]))
OBS = np.array([[0.3, -1.2], [2.0, 0.1], [-0.7, 0.4]])


def drawn(seed=0):
    return torch.Generator().manual_seed(seed)


def choosing(kind=Categorical, S=4, A=3, H=5, time="one-hot", mask=None, seed=0):
    shown = Encoding(Discrete(S), H, time)
    return kind(shown, mlp(shown.size, A, 16, drawn(seed)), Discrete(A), mask)


def moving(kind, actions, seed=0):
    shown = Encoding(PLANE)
    return kind(shown, mlp(2, actions.size * (1 + (kind is SquashedGaussian)), 16, drawn(seed)), actions)


MASK = np.array([[True, False, True], [False, True, False], [True, True, True], [False, False, True]])
MASK_POLICIES = [choosing(kind, mask=mask) for kind in (Categorical, Greedy) for mask in (None, MASK)]


@pytest.mark.parametrize(
    "policy", [choosing(), choosing(Greedy), moving(ClippedGaussian, TORQUE), moving(SquashedGaussian, TORQUE)]
)
def test_it_is_a_policy(policy):
    assert isinstance(policy, Policy)
    assert policy.start(0.5) is policy


@pytest.mark.parametrize("kind", [Categorical, Greedy])
def test_a_fine_grid_of_uniform_numbers_draws_the_law(kind):
    policy, n = choosing(kind), 10_000
    law = policy.law(np.array([2]), 3)[0]
    assert law.sum() == pytest.approx(1, abs=1e-15)
    actions = policy.sample(np.full(n, 2), 3, (np.arange(n) + 0.5) / n)
    assert np.bincount(actions, minlength=3) / n == pytest.approx(law, abs=1 / n)
    assert (np.diff(actions) >= 0).all()


def test_log_prob_is_the_logarithm_of_the_law_and_what_training_lowers():
    policy, s, t, a = choosing(), np.array([0, 3, 2]), np.array([4, 0, 1]), np.array([2, 0, 1])
    said = policy.log_prob(s, t, a)
    assert said == pytest.approx(np.log(policy.law(s, t)[np.arange(3), a]), abs=1e-14)
    assert -policy.nll(policy.encoding(s, t), torch.tensor(a)).detach().numpy() == pytest.approx(said, abs=1e-6)


def test_a_hopeless_action_keeps_a_finite_logarithm():
    policy = choosing()
    with torch.no_grad():
        policy.net[4].bias[0] = -2000.0
    assert np.isfinite(policy.log_prob(np.array([0]), 0, np.array([0])))
    assert policy.law(np.array([0]), 0)[0, 0] == 0


@pytest.mark.parametrize("kind", [Categorical, Greedy])
def test_missing_actions_are_never_played(kind):
    policy = choosing(kind, mask=MASK)
    law = np.stack([policy.law(np.arange(4), t) for t in range(5)])
    assert (law[:, ~MASK] == 0).all()
    if kind is Categorical:
        assert (law[:, MASK] > 0).all()
        policy.nll(policy.encoding([0], 0), torch.tensor([2])).sum().backward()
        assert all(weight.grad.isfinite().all() for weight in policy.parameters())


@pytest.mark.parametrize("exact", [False, True])
def test_the_table_is_the_law_in_the_kind_of_numbers_of_the_problem(exact):
    problem, _ = made(5, 4, 3, 0, exact)
    policy = choosing()
    table = policy.to_tabular(problem)
    assert table.exact is exact
    law = np.stack([policy.law(np.arange(4), t) for t in range(5)])
    assert table.table.shape == (5, 4, 3)
    assert table.to_float().table == pytest.approx(law, abs=1e-15)
    if exact:
        assert (table.table.sum(axis=-1) == 1).all()


def test_without_time_the_table_is_stationary():
    problem = MDP(np.full((4, 3, 4), 0.25), np.zeros((4, 3)), horizon=Discounted(0.9))
    assert choosing(H=None).to_tabular(problem).table.shape == (4, 3)
    assert choosing(time="none").to_tabular(problem).table.shape == (4, 3)


def test_a_share_of_time_is_one_number():
    shown = Encoding(Discrete(2), 4, "share")
    assert shown([1, 0], [3, 1]).tolist() == [[0, 1, 0.75], [1, 0, 0.25]]


def test_a_policy_for_another_problem_is_refused_with_both_sizes():
    problem, _ = made(5, 4, 3, 0)
    with pytest.raises(InvalidModel, match="has 3 states and 3 actions; the problem has 4 and 3"):
        choosing(S=3).to_tabular(problem)
    with pytest.raises(InvalidModel, match="has 4 steps; the problem has 5"):
        choosing(H=4).to_tabular(problem)
    with pytest.raises(InvalidModel, match="no table"):
        moving(ClippedGaussian, TORQUE).to_tabular(problem)
    with pytest.raises(InvalidModel, match="time is 'hours'; expected one of one-hot, share, none"):
        Encoding(Discrete(2), 4, "hours")


# ---- continuous actions
@pytest.mark.parametrize("seed", range(3))
def test_the_clipped_density_and_its_two_atoms_sum_to_one(seed):
    actions = Continuous(np.array([-1.0]), np.array([3.0]))
    policy, obs = moving(ClippedGaussian, actions, seed), OBS[:1]
    edges = np.linspace(-1, 3, 20_001)
    middle = (edges[1:] + edges[:-1]) / 2
    inside = np.exp(policy.log_prob(np.repeat(obs, len(middle), axis=0), 0, middle[:, None])).sum() * (
        edges[1] - edges[0]
    )
    ends = np.exp(policy.log_prob(np.repeat(obs, 2, axis=0), 0, np.array([[-1.0], [3.0]])))
    assert inside + ends.sum() == pytest.approx(1, abs=1e-7)
    assert (ends > 1e-3).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_squashed_density_integrates_to_one(seed):
    actions = Continuous(np.array([-1.0]), np.array([3.0]))
    policy, obs = moving(SquashedGaussian, actions, seed), OBS[:1]
    # in the variable before tanh, where the density is smooth
    z = np.linspace(-12, 12, 40_001)
    action, slope = 1 + 2 * np.tanh(z), 2 / np.cosh(z) ** 2
    density = np.exp(policy.log_prob(np.repeat(obs, len(z), axis=0), 0, action[:, None]))
    assert (density * slope).sum() * (z[1] - z[0]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("kind", [ClippedGaussian, SquashedGaussian])
def test_between_draws_of_evenly_spaced_numbers_lies_as_much_mass(kind):
    actions = Continuous(np.array([-1.0]), np.array([3.0]))
    policy, n = moving(kind, actions), 4000
    obs = np.repeat(OBS[:1], n, axis=0)
    drawn = policy.sample(obs, 0, (np.arange(n)[:, None] + 0.5) / n)
    assert (np.diff(drawn[:, 0]) >= 0).all()
    inside = drawn[(drawn > -1) & (drawn < 3)][:, None]
    assert len(inside) > n / 4
    density = np.exp(policy.log_prob(obs[: len(inside)], 0, inside))
    mass = (density[1:] + density[:-1]) / 2 * np.diff(inside[:, 0])
    assert mass[len(mass) // 10 : -len(mass) // 10] == pytest.approx(1 / n, rel=1e-3)


@pytest.mark.parametrize("kind", [ClippedGaussian, SquashedGaussian])
def test_dimensions_are_independent(kind):
    policy = moving(kind, TORQUE)
    u = np.array([[0.2, 0.3], [0.7, 0.9]])
    obs = np.repeat(OBS[:1], 2, axis=0)
    drawn, crossed = policy.sample(obs, 0, u), policy.sample(obs, 0, u[[[0, 1], [1, 0]], [0, 1]])
    assert (crossed == [[drawn[0, 0], drawn[1, 1]], [drawn[1, 0], drawn[0, 1]]]).all()
    assert policy.log_prob(obs, 0, drawn).sum() == pytest.approx(policy.log_prob(obs, 0, crossed).sum(), abs=1e-12)


def test_training_lowers_what_log_prob_says_up_to_the_units():
    policy = moving(ClippedGaussian, TORQUE)
    action = np.array([[0.5, 3.0], [-2.0, 1.0], [1.9, -1.0]])
    trained = policy.nll(policy.encoding(OBS, 0), action_rows(TORQUE, action)).detach().numpy()
    inside = (action > TORQUE.lower) & (action < TORQUE.upper)
    assert -trained - inside @ np.log(policy.half) == pytest.approx(policy.log_prob(OBS, 0, action), abs=1e-5)


def test_without_bounds_the_gradient_is_finite_and_draws_are_finite():
    policy = moving(ClippedGaussian, FREE)
    policy.nll(policy.encoding(OBS, 0), action_rows(FREE, np.array([[1.0], [-50.0], [0.0]]))).sum().backward()
    assert all(weight.grad.isfinite().all() for weight in policy.parameters())
    assert np.isfinite(policy.sample(OBS, 0, np.array([[0.0], [0.5], [1 - 2**-53]]))).all()


@pytest.mark.parametrize("kind", [ClippedGaussian, SquashedGaussian])
def test_the_ends_of_the_uniform_numbers_are_played_within_the_bounds(kind):
    policy = moving(kind, TORQUE)
    actions = policy.sample(OBS[:2], 0, np.array([[0.0, 0.0], [1 - 2**-53, 1 - 2**-53]]))
    assert (actions >= TORQUE.lower).all()
    assert (actions <= TORQUE.upper).all()
    assert np.isfinite(policy.log_prob(OBS[:2], 0, actions)).all()


def test_normalised_observations_have_mean_zero_and_deviation_one():
    weight = np.array([1.0, 2.0, 1.0])
    data = Trajectories(OBS, np.zeros((3, 1)), weight=weight)
    rows = Encoding(PLANE, data=data)(OBS, 0).double().numpy()
    assert weight @ rows / 4 == pytest.approx(np.zeros(2), abs=1e-7)
    assert weight @ rows**2 / 4 == pytest.approx(np.ones(2), abs=1e-6)
    constant = Trajectories(np.ones((2, 2)), np.zeros((2, 1)))
    assert (Encoding(PLANE, data=constant)(np.ones((1, 2)), 0) == 0).all()


def test_a_network_is_orthogonal_and_takes_nothing_from_the_global_generator():
    before = torch.random.get_rng_state()
    net = mlp(10, 3, 6, drawn())
    assert torch.equal(before, torch.random.get_rng_state())
    W = net[0].weight.detach().double()
    assert (W @ W.T).numpy() == pytest.approx(2 * np.eye(6), abs=1e-5)
    again = mlp(10, 3, 6, drawn())
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))


def test_horizon_of_a_problem_is_told():
    shown = Encoding(Discrete(3), Finite(2).H)
    assert shown([0, 2], [1, 0]).tolist() == [[1, 0, 0, 0, 1], [0, 0, 1, 1, 0]]


@pytest.mark.parametrize(
    ("observations", "obs", "t"),
    [
        (Discrete(3), [3], 0),
        (Discrete(3), [-1], 0),
        (Discrete(3), [0.0], 0),
        (Discrete(3), [0], 2),
        (Discrete(3), [0], -1),
        (Continuous(np.zeros(2), np.ones(2)), [[0.0, 0, 0]], 0),
        (Continuous(np.zeros(2), np.ones(2)), [[0.0, np.nan]], 0),
    ],
)
def test_observations_and_steps_of_another_problem_are_refused(observations, obs, t):
    with pytest.raises(InvalidModel, match=r"do not fit the network, which takes .* and steps 0 to 1"):
        Encoding(observations, 2)(obs, t)
