"""mdpkit: theorems about decision making, doubted by machine.

Every public name is loaded when it is first asked for, so that `import mdpkit` costs no more than numpy.
"""

import importlib

import numpy as np  # noqa: F401  (the one library that every use needs)

__version__ = "0.1.0"

_ROOMS = (
    "base claims deep exact hunt instances kernels learn measure model report solve strategies testing verify".split()
)

_NAMES = {
    **dict.fromkeys(
        "Access Average ContinuousProblem Deviation Discounted Finite JointPolicy LinearMDP LinearMixture LinearQuadratic "
        "LinearQuadraticGame MDP MarginProblem MarkovGame Meter MomentProblem PreferenceProblem SafetyProblem TabularPolicy "
        "TokenProblem Total Trajectories shaped_reward".split(),
        "model",
    ),
    **dict.fromkeys(
        "action_value advantage avoid_probability backup_error ball_coverage bellman_residual best_deviation best_response "
        "cloning_error closest_divergence closest_mass closest_unseen_mass concentrability coverage covers "
        "deviated_value deviation_error discounted_safety divergence_from divergence_from_reference duality_gap "
        "expected_reward exploitability flagged full_coverage identification implicit_reward kl largest_constraint logarithm "
        "moment_residual nash_conv occupancy optimal_action_value optimal_actions optimal_value pair_error path_sums "
        "expected_reward exploitability flagged full_coverage identification implicit_reward "
        "importance_weighted_error kl logarithm mixture_regret moment_residual occupancy optimal_action_value "
        "optimal_actions optimal_value pair_error path_sums "
        "pessimistic_action_value pessimistic_value projected_error reach_probability recoverability regret regret_gap reward_error "
        "safely_reachable soft_value state_value tilt_coverage total_variation transition_error triangular tube tube_agreement value "
        "value_gap viability_kernel visited expected_total_until "
        "blackwell_factor diameter hitting_times kemeny_constant laurent_coefficients mixing_time "
        "stationary_distribution successor_matrix".split(),
        "measure",
    ),
    **dict.fromkeys("Solution Status lstd policy_gradient_values two_stage_least_squares".split(), "solve"),
    **dict.fromkeys("Fit evaluate fit grant".split(), "learn"),
    **dict.fromkeys("Assumption Bound Claim Control Equal Formal Outcome Part Verdict holds".split(), "verify"),
    **dict.fromkeys("Box Choice Family Instance Simplex grid load save".split(), "instances"),
    **dict.fromkeys("Decision Interval objects rational".split(), "base"),
    **dict.fromkeys("draw style".split(), "report"),
}

__all__ = sorted([*_NAMES, *_ROOMS])


def __getattr__(name):
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name in _NAMES:
        return getattr(importlib.import_module(f".{_NAMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
