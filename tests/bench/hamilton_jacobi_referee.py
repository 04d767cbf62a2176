"""Write the Hamilton-Jacobi values that avoid values on grids are compared with, tests/solve/referee/*.npz.

The solver is hj_reachability 0.7.0 (MIT licence) on jax 0.10.2, in an environment of its own:

    python -m venv hj && hj/bin/pip install hj_reachability==0.7.0
    hj/bin/python tests/bench/hamilton_jacobi_referee.py

It solves V_t + min(0, max_u V_x . f(x, u)) = 0 backwards from the margin with WENO5 in space and a third-order
Runge-Kutta method in time; V < 0 is the backward reachable tube. Nothing of mdpkit is used. Each file holds the values
of V on a box, between -3.27 and 3.27, as integers in units of 1e-4, the corners of the box, and the versions. Dubins'
car is solved in its own frame, where the disc moves: two dimensions in place of three.
"""

from importlib.metadata import version
from pathlib import Path

import hj_reachability as hj
import jax
import jax.numpy as jnp
import numpy as np

FOLDER = Path(__file__).parents[1] / "solve" / "referee"
UNIT = 1e-4


class Affine(hj.ControlAndDisturbanceAffineDynamics):
    """x' = f(x) + g(x) u for one control with |u| <= limit, that maximises."""

    def __init__(self, drift, jacobian, limit):
        self.drift, self.jacobian = drift, jacobian
        control = hj.sets.Box(jnp.array([-limit]), jnp.array([limit]))
        nothing = hj.sets.Box(jnp.array([0.0]), jnp.array([0.0]))
        super().__init__("max", "min", control, nothing)

    def open_loop_dynamics(self, state, time):
        return jnp.array(self.drift(state))

    def control_jacobian(self, state, time):
        return jnp.array(self.jacobian(state))[:, None]

    def disturbance_jacobian(self, state, time):
        return jnp.zeros((len(state), 1))


def solve(dynamics, low, high, shape, margin, seconds):
    """V `[i,j]` after a time of `seconds`, on evenly spaced points of the box."""
    grid = hj.Grid.from_lattice_parameters_and_boundary_conditions(hj.sets.Box(jnp.array(low), jnp.array(high)), shape)
    settings = hj.SolverSettings.with_accuracy(
        "very_high", hamiltonian_postprocessor=hj.solver.backwards_reachable_tube
    )
    start = margin(grid.states)
    return np.asarray(hj.step(settings, dynamics, grid, 0.0, start, -seconds, progress_bar=False))


def keep(name, V, low, high, cut):
    """Store the box without `cut` points at each end of each axis, where the boundary is felt."""
    spacing = (np.array(high) - low) / (np.array(V.shape) - 1)
    inner = tuple(slice(k, n - k) for k, n in zip(cut, V.shape, strict=True))
    whole = np.rint(np.clip(V[inner], -3.27, 3.27) / UNIT).astype(np.int16)
    versions = f"hj_reachability {version('hj_reachability')}, jax {jax.__version__}, WENO5"
    np.savez_compressed(
        FOLDER / f"{name}.npz",
        V=whole,
        unit=UNIT,
        low=np.array(low) + spacing * cut,
        high=np.array(high) - spacing * cut,
        made_by=versions,
    )
    print(name, whole.shape, (FOLDER / f"{name}.npz").stat().st_size, "bytes")


def main():
    cart = Affine(lambda x: [x[1], 0.0], lambda x: [0.0, 1.0], 1.0)
    low, high = [-2.5, -1.8], [2.5, 1.8]
    V = solve(cart, low, high, (251, 121), lambda x: x[..., 0], 3.0)
    keep("double_integrator", V, low, high, (50, 10))
    rod = Affine(lambda x: [x[1], 15.0 * jnp.sin(x[0])], lambda x: [0.0, 3.0], 2.0)
    low, high = [-1.5, -8.0], [1.5, 8.0]
    V = solve(rod, low, high, (251, 251), lambda x: jnp.maximum(1 - jnp.abs(x[..., 0]), -0.2), 3.0)
    keep("pendulum", V, low, high, (25, 10))
    car = Affine(lambda x: [-1.0, 0.0], lambda x: [x[1], -x[0]], 1.0)
    low, high = [-4.8, -4.8], [4.8, 4.8]
    V = solve(car, low, high, (257, 257), lambda x: jnp.hypot(x[..., 0], x[..., 1]) - 1, 6.0)
    keep("dubins", V, low, high, (8, 8))


if __name__ == "__main__":
    main()
