"""Twins: problems with both a finite MDP and a gymnasium environment, and closed-form optimal values where known."""

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise, product
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces

from ..base.errors import InvalidModel
from ..base.record import expect_counts
from ..instances.families import cliff as cliff_problem
from ..instances.families import combination_lock as lock_problem
from ..instances.grid import Grid, grid
from ..instances.vehicles import braking_cart, dubins_car
from ..model.continuous import ContinuousProblem
from ..model.horizon import Discounted
from ..model.linear_quadratic import LinearQuadratic
from ..model.margin import MarginProblem
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from ..solve import solve
from . import experts
from .envs import ControlEnv, LatentEnv, SettablePendulum


class Convergence(NamedTuple):
    """Grid of a convergence study: spacing, maximum error at its points, order from the previous grid, tolerance."""

    spacing: float
    error: float
    order: float | None
    tolerance: float


@dataclass(frozen=True)
class Twin:
    """A problem as a gymnasium environment and as a finite MDP.

    Args:
        make: function of no arguments that creates the environment.
        problem: the continuous problem to discretise on a grid; or
        latent: the finite problem behind the observations of the environment.
        sizes: `sizes(n)`, the shape and the number of controls of a grid with about n points per axis.
        closed: the optimal value in closed form, a function of states `x[b,i]` or an array `V[t,s]`; None if unknown.
        bound: `bound(grid)`, tolerance for the difference between the grid's value and `closed`.
        make_expert: function of no arguments that creates the expert.

    >>> twin = lqr()
    >>> twin.tabular(twin.grid(5))
    MDP(S=26, A=4, Discounted(0.99), float, 272 transitions)
    >>> round(float(twin.exact()(np.array([[1.0, 0.0]]))[0]), 4)
    -1.2528
    """

    make: Callable[[], gymnasium.Env]
    _: KW_ONLY
    problem: ContinuousProblem | None = None
    latent: MDP | None = None
    sizes: Callable | None = None
    closed: object = None
    bound: Callable | None = None
    make_expert: Callable[[], Any] | None = None

    def env(self) -> gymnasium.Env:
        """A fresh environment; `reset(options={"state": ...})` starts in a given state."""
        return self.make()

    def grid(self, n: int) -> Grid:
        """The default grid with about n points per axis."""
        if self.problem is None:
            raise InvalidModel("this twin has a finite latent problem; it does not use a grid")
        return grid(self.problem, *self.sizes(n))

    def tabular(self, grid: Grid | None = None) -> MDP | MarginProblem:
        """The finite problem: the discretisation on a grid, or the latent one."""
        if (grid is None) != (self.problem is None):
            raise InvalidModel(
                f"got the grid {grid!r}; expected {'none: the twin is finite' if grid else 'one, such as twin.grid(41)'}"
            )
        return self.latent if grid is None else grid.finite

    def exact(self) -> Any:
        """The optimal value in closed form, a function of states `x[b,i]` or an array `V[t,s]`; None if unknown."""
        return self.closed

    def expert(self) -> experts.Feedback:
        """An expert of the environment: optimal where `exact` is known, else greedy on a grid."""
        if self.make_expert is None:
            raise InvalidModel("this twin has no expert; give Twin(..., make_expert=...), a function that creates one")
        return self.make_expert()

    def tabulate(self, policy: Any, draws: int = 100, *, rng: np.random.Generator) -> TabularPolicy:
        """A policy of the environment as a policy of the latent problem: frequencies of its actions, `[t,s,a]`.

        Args:
            policy: a Markov policy of observations.
            draws: observations drawn for each latent state and step.
            rng: a numpy Generator.

        Observations are independent given the latent state and step, so the policy's value is that of its mean law, and
        J of the frequencies is an unbiased estimate of it; exact if the policy's action depends on state and step only.

        Raises: InvalidModel for a twin without a latent problem, or a policy that is drawn at the start of an episode.
        """
        if self.latent is None:
            raise InvalidModel("this twin has no finite latent problem; estimate a policy's return by mdpkit.evaluate")
        expect_counts(draws=draws)
        if policy.start(0.5) is not policy:
            raise InvalidModel(
                f"{type(policy).__name__} draws a policy for each episode; tabulate its members, and average their values"
            )
        env, mdp = self.env(), self.latent
        size = (draws,) if isinstance(env.action_space, spaces.Discrete) else (draws, *env.action_space.shape)
        table = np.zeros((mdp.horizon.H, mdp.S, mdp.A))
        for t, s in product(range(mdp.horizon.H), range(mdp.S)):
            obs = np.array([env.observe(s, t, rng) for _ in range(draws)], dtype=np.float32)
            for action, seen in zip(policy.sample(obs.astype(float), t, rng.random(size)), obs, strict=True):
                table[t, s, env.act(action, seen, rng)] += 1 / draws
        return TabularPolicy(table)

    def tolerance(self, grid: Grid | None = None) -> float | None:
        """Tolerance for the error of the finite optimal value at the grid's points; None without a closed form."""
        if self.closed is None:
            return None
        return 0.0 if grid is None else float(self.bound(grid))

    def error(self, grid: Grid, tol: float = 1e-8) -> float:
        """Maximum error of the finite optimal value, solved to `tol`, against the closed form at the grid's points."""
        if self.closed is None:
            raise InvalidModel("this twin has no closed form to compare with")
        value = solve(self.tabular(grid), tol=tol).value[: grid.S]
        meant = self.closed(grid.points)
        return float(np.maximum(value.upper - meant, meant - value.lower).max())

    def convergence(self, sizes: Iterable[int]) -> list[Convergence]:
        """Convergence study: the error on the grids of all n in `sizes`."""
        rows = []
        for n in sizes:
            each = self.grid(n)
            rows.append(Convergence(float(each.spacing.max()), self.error(each), None, self.tolerance(each)))
        orders = [np.log(a.error / b.error) / np.log(a.spacing / b.spacing) for a, b in pairwise(rows)]
        return [row._replace(order=None if k == 0 else float(orders[k - 1])) for k, row in enumerate(rows)]


def pendulum() -> Twin:
    """Gymnasium's Pendulum-v1: swing-up, discounted by 0.99; angle (periodic) and angular velocity, SI units.

    No closed form. The torque limit of 2 N m is too small to lift the rod directly. The expert is greedy on a grid of
    81 angles, 81 speeds and 15 torques.
    """

    def step(x, u):
        angle, speed = x[:, 0], x[:, 1]
        speed = np.clip(speed + (15.0 * np.sin(angle) + 3.0 * u[:, 0]) * 0.05, -8, 8)
        return np.stack([angle + speed * 0.05, speed], axis=1)

    def reward(x, u):
        angle = (x[:, 0] + np.pi) % (2 * np.pi) - np.pi
        return -(angle**2 + 0.1 * x[:, 1] ** 2 + 0.001 * u[:, 0] ** 2)

    problem = ContinuousProblem(
        step,
        [-np.pi, -8.0],
        [np.pi, 8.0],
        [-2.0],
        [2.0],
        reward=reward,
        horizon=Discounted(0.99),
        periodic=[True, False],
        dt=0.05,
        start_low=[-np.pi, -1.0],
        start_high=[np.pi, 1.0],
    )

    def sizes(n):
        return (n, n), 15

    return Twin(
        SettablePendulum,
        problem=problem,
        sizes=sizes,
        make_expert=lambda: experts.swing_up(grid(problem, *sizes(81))),
    )


def lqr(dt: float = 0.1, gamma: float = 0.99) -> Twin:
    """Discounted linear-quadratic regulation of the double integrator, with cost x'x dt + u^2 dt / 10.

    Leaving the box of 1 m and 1 m/s incurs the optimal cost from there, so the closed form -x'Px holds in the whole
    box. A grid's error is at most `LinearQuadratic.grid_error`: second order if the controls are as fine as the points.
    """
    cart = LinearQuadratic.from_costs([[1, dt], [0, 1]], [[dt**2 / 2], [dt]], np.eye(2) * dt, [[dt / 10]], gamma)
    problem = cart.problem([-1.0, -1.0], [1.0, 1.0], [-6.0], [6.0], dt=dt)
    return Twin(
        lambda: ControlEnv(problem),
        problem=problem,
        sizes=lambda n: ((n, n), n - 1),
        closed=cart.value,
        bound=cart.grid_error,
        make_expert=lambda: experts.linear(cart, problem),
    )


def double_integrator_tube(dt: float = 0.02) -> Twin:
    """Double integrator that must keep p >= 0 m, acceleration at most 1 m/s^2; the safety value is p - min(v, 0)^2 / 2.

    For p >= 0, failure is inevitable exactly if v < 0 and p < v^2 / 2. The closed form is that of continuous time,
    which time steps of dt seconds exceed by at most dt^2 / 8. Interpolation in the speed costs (h^2 / 2) w (1 - w) per
    step, where w = dt / h mod 1 is the position between grid speeds after a step of full braking (0 if h divides dt).
    """

    def bound(grid):
        h, fastest = grid.spacing[1], -grid.problem.low[1]
        part = dt / h - np.floor(dt / h + 1e-9)
        beyond = (np.ceil(dt / h - 1e-9) - 1) * h
        return max(dt**2 / 8, h**2 / 2 * part * (1 - part) * (fastest + beyond) / dt) + 1e-7

    problem, value, _ = braking_cart(dt)
    return Twin(
        lambda: ControlEnv(problem),
        problem=problem,
        sizes=lambda n: ((n, n), 3),
        closed=value,
        bound=bound,
        make_expert=lambda: experts.brake(dt),
    )


def dubins_tube(dt: float = 0.05) -> Twin:
    """Dubins car at 1 m/s, turn rate up to 1 rad/s, to stay 1 m away from the origin; position and periodic heading.

    The closed form is that of `mdpkit.instances.vehicles.dubins_car`.

    The tolerance, half of the largest spacing, is empirical: the maximum error was 0.26 to 0.38 of the spacing on grids
    of 21 to 81 points. The closed form has kinks, so the order is at most one.
    """
    problem, value, _ = dubins_car(dt)
    return Twin(
        lambda: ControlEnv(problem),
        problem=problem,
        sizes=lambda n: ((n, n, 3 * n // 5), 3),
        closed=value,
        bound=lambda grid: grid.spacing.max() / 2,
        make_expert=experts.evade,
    )


def combination_lock(H: int = 10, noise: float = 0.1, *, digits: int = 10, discrete: bool = False) -> Twin:
    """Combination lock with rich observations: of several digits one is correct at each of H steps.

    Args:
        H: the horizon.
        noise: standard deviation of each number of an observation.
        digits: number of digits, at least 2.
        discrete: whether an action is a digit. Otherwise it is one number in [-1, 1] for each digit, and the digit is
            drawn from softmax(numbers / 0.1).

    The observation is a Hadamard rotation of the one-hot latent state and time plus normal noise. V* = 1 as long as
    every digit was correct. `right` undoes the rotation: it is correct unless the difference of two noises exceeds 1.

    Source: adapted from Zhou, Sekhari, Song and Sun, 2024.
    """
    from scipy.linalg import hadamard

    mdp = lock_problem(H, digits)
    size = 1 << (mdp.S + H).bit_length()
    rotation = hadamard(size) / np.sqrt(size)

    def observe(s, t, rng):
        hot = rng.normal(0, noise, size)
        hot[[s, mdp.S + t]] += 1
        return rotation @ hot

    def choose(action, observation, rng):
        weights = np.exp((action - np.max(action)) / 0.1)
        return rng.choice(digits, p=weights / weights.sum())

    def right(observation):
        hot = rotation.T @ observation
        digit = (3 * hot[mdp.S : mdp.S + H].argmax() + 5 * hot[: mdp.S].argmax()) % digits
        return int(digit) if discrete else np.where(np.arange(digits) == digit, 1.0, -1.0)

    seen = spaces.Box(-np.inf, np.inf, (size,), np.float32)
    actions = spaces.Discrete(digits) if discrete else spaces.Box(-1, 1, (digits,), np.float32)
    act = (lambda action, observation, rng: int(action)) if discrete else choose
    V = np.zeros((H + 1, mdp.S))
    V[:H, :2] = 1
    return Twin(
        lambda: LatentEnv(mdp, observe, act, seen, actions, right),
        latent=mdp,
        closed=V,
        make_expert=lambda: experts.row_by_row(right),
    )


def cliff(H: int = 10, recovers: bool = False) -> Twin:
    """The imitation cliff with rich observations: which of two buttons is correct is encoded in freshly drawn numbers.

    The observation is the latent state (1 on top, -1 fallen) and y uniform on [-1, 1]^3. On top the correct button is 1
    if y_1 y_2 > 0, after the fall if y_1 y_2 < 0. The correct button is action 0 of the finite cliff and the other one
    action 1, so a policy that errs with probability e at each visit has the occupancy of the tabular policy (1 - e, e).
    """
    mdp = cliff_problem(H, recovers=recovers)

    def observe(s, t, rng):
        return np.concatenate([[1 - 2 * s], rng.uniform(-1, 1, 3)])

    def right(observation):
        return int(observation[0] * observation[1] * observation[2] > 0)

    def act(action, observation, rng):
        return int(int(action) != right(observation))

    seen = spaces.Box(-1, 1, (4,), np.float32)
    steps = np.arange(H, -1, -1.0)
    V = np.stack([steps, np.maximum(steps - 1, 0) if recovers else 0 * steps], axis=1)
    return Twin(
        lambda: LatentEnv(mdp, observe, act, seen, spaces.Discrete(2), right),
        latent=mdp,
        closed=V,
        make_expert=lambda: experts.row_by_row(right),
    )
