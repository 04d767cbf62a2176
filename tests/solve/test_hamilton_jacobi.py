"""Tubes on grids against Hamilton-Jacobi values and closed forms; the values are those of hj_reachability, stored.

They were written by tests/bench/hamilton_jacobi_referee.py. The referee agrees with the closed forms first; then the
tubes on grids agree with both.
"""

from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from mdpkit import grid, measure, solve
from mdpkit.instances.vehicles import braking_cart, dubins_car, inverted_rod

ROUNDING = 1e-4
"""Resolution of the stored values."""


def referee(name):
    """The stored value as a function of states `x[b,i]`, interpolated between its points."""
    with np.load(Path(__file__).parent / "referee" / f"{name}.npz", allow_pickle=False) as file:
        V, low, high = file["V"] * float(file["unit"]), file["low"], file["high"]
        assert str(file["made_by"]).startswith("hj_reachability 0.7.0")
    axes = [np.linspace(a, b, n) for a, b, n in zip(low, high, V.shape, strict=True)]
    return RegularGridInterpolator(axes, V)


def car_frame(x):
    """Position of the disc in the frame of the car, `[b,i]`."""
    east, north = np.cos(x[:, 2]), np.sin(x[:, 2])
    return np.stack([-x[:, 0] * east - x[:, 1] * north, x[:, 0] * north - x[:, 1] * east], axis=1)


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


CART, ROD, CAR = braking_cart(0.03), inverted_rod(0.1), dubins_car(0.1)
CASES = {
    "double_integrator": (CART, (101, 101), lambda x: x, 0.995),
    "pendulum": (ROD, (121, 141), lambda x: x, 0.98),
    "dubins": (CAR, (61, 61, 36), car_frame, 0.99),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    vehicle, shape, frame, least = CASES[request.param]
    cells = grid(vehicle.problem, shape, 3)
    judged = referee(request.param)(frame(cells.points))
    return request.param, vehicle, cells, judged, least


def test_referee_closed_form_and_tube_agree(case):
    name, vehicle, cells, judged, least = case
    doomed = vehicle.doomed(cells.points)
    # the referee against the closed form first
    assert overlap(judged < -ROUNDING, doomed) >= {"double_integrator": 0.999, "pendulum": 0.985, "dubins": 0.994}[name]
    if vehicle.value is not None:
        assert np.abs(judged - vehicle.value(cells.points)).max() <= {"double_integrator": 0.001, "dubins": 0.01}[name]
    # then the tube on the grid against both
    inside = solve(cells.finite, tol=1e-6).value.mid < -1e-6
    for closed in (doomed, judged < -ROUNDING):
        assert overlap(inside, closed) >= least
        assert measure.tube_agreement(cells, closed).iou.upper >= least
    assert overlap(cells.finite.failure, doomed) < 0.8


def test_values_of_the_cart_agree_at_every_point():
    cells = grid(CART.problem, 101, 3)
    V, judged = solve(cells.finite, tol=1e-6).value.mid, referee("double_integrator")(cells.points)
    assert np.abs(V - judged).max() <= 0.005
    assert np.abs(V - CART.value(cells.points)).max() <= 0.03**2 / 8 + 1e-6


def test_a_wrong_brake_does_not_agree():
    """The control: the tube of a cart with half the brake does not pass."""
    cells = grid(CART.problem, 101, 3)
    weak = braking_cart(0.03, brake=0.5).doomed(cells.points)
    assert measure.tube_agreement(cells, weak).iou.upper < 0.95
    assert overlap(referee("double_integrator")(cells.points) < -ROUNDING, weak) < 0.95
