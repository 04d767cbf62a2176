"""Gymnasium environments of problems, which can be reset to any state."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.envs.classic_control.pendulum import PendulumEnv

from ..base.errors import InvalidModel
from ..model.continuous import ContinuousProblem
from ..model.horizon import Finite
from ..model.mdp import MDP, stepwise


class ControlEnv(gymnasium.Env):
    """Environment of a ContinuousProblem: the observation is the state, the action a control.

    With a reward, the discounted return of an episode is that of the problem: if a step leaves the box and the problem
    ends there, the episode is terminated and the last reward includes the discounted `outside`. With a margin, failure
    terminates the episode with reward -1, all other rewards are 0, and `info["margin"]` is the margin of the state.

    Args: problem: a ContinuousProblem. limit: steps after which an episode is truncated.

    `reset(options={"state": x, "time": t})` starts in state x after t steps (default 0); without a state, x is uniform
    on the problem's box of initial states.

    Raises: InvalidModel for a state of a different shape, or outside the box.
    """

    metadata = {"render_modes": [], "resets_to_state": True}  # noqa: RUF012 (gymnasium's own attribute)
    render_mode = None

    def __init__(self, problem: ContinuousProblem, limit: int = 200) -> None:
        self.problem, self.limit = problem, limit
        ended = problem.outside is not None and not problem.periodic.all()
        low, high = (
            np.full(problem.low.shape, end) if ended else bound
            for end, bound in ((-np.inf, problem.low), (np.inf, problem.high))
        )
        self.observation_space = spaces.Box(*(np.asarray(end, dtype=np.float32) for end in (low, high)))
        self.action_space = spaces.Box(
            *(np.asarray(end, dtype=np.float32) for end in (problem.control_low, problem.control_high))
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        drawn = self.np_random.uniform(self.problem.start_low, self.problem.start_high)
        self.state, self.steps = _requested_state(options, drawn, self.problem.low.shape), _time(options)
        if self.problem.leaves(self.state[None])[0]:
            raise InvalidModel(
                f"the state is {self.state}; expected one inside {self.problem.low} to {self.problem.high}"
            )
        return self._observation(), self._info()

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        u = np.clip(np.asarray(action, dtype=float), self.problem.control_low, self.problem.control_high)[None]
        x, problem = self.state[None], self.problem
        following = problem.step(x, u)
        gone = problem.outside is not None and bool(problem.leaves(following)[0])
        self.state = following[0] if gone else problem.confine(following)[0]
        self.steps += 1
        if problem.margin is not None:
            failed = bool(problem.margin(self.state[None])[0] < 0)
            return self._observation(), -float(failed), failed or gone, self.steps >= self.limit, self._info()
        reward = problem.reward(x, u)[0] + (
            getattr(problem.horizon, "gamma", 1) * problem.outside(following)[0] if gone else 0
        )
        return (
            self._observation(),
            float(reward),
            gone or self.steps == getattr(problem.horizon, "H", None),
            self.steps >= self.limit,
            {},
        )

    def _observation(self):
        return self.state.astype(np.float32)

    def _info(self):
        return {} if self.problem.margin is None else {"margin": float(self.problem.margin(self.state[None])[0])}


class SettablePendulum(PendulumEnv):
    """Gymnasium's Pendulum-v1 with its time limit, and with `reset(options={"state": (angle, speed), "time": t})`."""

    metadata = PendulumEnv.metadata | {"resets_to_state": True}

    def __init__(self, limit: int = 200) -> None:
        super().__init__()
        self.limit = limit

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self.state, self.steps = _requested_state(options, self.state, (2,)), _time(options)
        return self._get_obs(), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        observation, reward, *_ = super().step(action)
        self.steps += 1
        return observation, float(reward), False, self.steps >= self.limit, {}


class LatentEnv(gymnasium.Env):
    """A finite-horizon MDP with rich (continuous) observations of a latent state.

    Args:
        mdp: the latent problem, which generates transitions and rewards.
        observe: `observe(s, t, rng)`, the observation of state s at time t.
        act: `act(action, observation, rng)`, the MDP action that corresponds to an environment action.
        observation_space, action_space: gymnasium spaces.
        right: `right(observation)`, an optimal action of the environment, where it can be read from the observation.

    Episodes terminate at the horizon, which is part of the problem. `reset(options={"state": s, "time": t})` starts in
    state s at time t (default 0); `info["state"]` is the latent state.
    """

    metadata = {"render_modes": [], "resets_to_state": True}  # noqa: RUF012 (gymnasium's own attribute)
    render_mode = None

    def __init__(
        self,
        mdp: MDP,
        observe: Callable[[int, int, np.random.Generator], Any],
        act: Callable[[Any, np.ndarray, np.random.Generator], int],
        observation_space: spaces.Space,
        action_space: spaces.Space,
        right: Callable[[np.ndarray], Any] | None = None,
    ) -> None:
        if not isinstance(mdp.horizon, Finite):
            raise InvalidModel(f"the latent problem is {mdp!r}; expected a finite horizon")
        self.mdp, self.observe, self.act, self.right = mdp, observe, act, right
        floats = mdp.to_float()
        self.P, self.r, self.rho = stepwise(floats.P, 3), stepwise(floats.r, 2), floats.rho
        self.observation_space, self.action_space = observation_space, action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        options = options or {}
        drawn = self.np_random.choice(self.mdp.S, p=self.rho)
        self.state, self.time = int(options.get("state", drawn)), int(options.get("time", 0))
        if not (0 <= self.state < self.mdp.S and 0 <= self.time < self.mdp.horizon.H):
            sizes = f"{self.mdp.S} states and {self.mdp.horizon.H} steps"
            raise InvalidModel(f"the state is {self.state} at time {self.time}; the problem has {sizes}")
        return self._look()

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        a, t, s = self.act(action, self.observation, self.np_random), self.time, self.state
        reward = float(self.r[t % len(self.r), s, a])
        self.state, self.time = int(self.np_random.choice(self.mdp.S, p=self.P[t % len(self.P), s, a])), t + 1
        observation, info = self._look()
        return observation, reward, self.time == self.mdp.horizon.H, False, info

    def _look(self):
        self.observation = np.asarray(self.observe(self.state, self.time, self.np_random), dtype=np.float32)
        return self.observation.copy(), {"state": self.state}


def _requested_state(options, drawn, shape):
    """The state requested in `options`, else the sampled one."""
    state = np.array((options or {}).get("state", drawn), dtype=float)
    if state.shape != shape or not np.isfinite(state).all():
        raise InvalidModel(f"the state is {state} of shape {state.shape}; expected finite numbers of shape {shape}")
    return state


def _time(options):
    """The time requested in `options`, 0 by default."""
    time = (options or {}).get("time", 0)
    if isinstance(time, bool) or not isinstance(time, int | np.integer) or time < 0:
        raise InvalidModel(f"the time is {time!r}; expected an integer of at least 0")
    return int(time)
