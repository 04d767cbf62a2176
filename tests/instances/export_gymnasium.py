"""Write the bundled problems: gymnasium's tables as exact rational MDPs.

Run `python tests/instances/export_gymnasium.py` to write them again into mdpkit/instances/files.
"""

from fractions import Fraction

import numpy as np

from mdpkit.base.arrays import objects
from mdpkit.instances import save
from mdpkit.instances.catalogue import FOLDER
from mdpkit.model import MDP, Discounted

GAMMA = "99/100"
ENVIRONMENTS = {
    "frozen_lake_4x4": ("FrozenLake-v1", {"map_name": "4x4", "is_slippery": True}, ("left", "down", "right", "up")),
    "cliff_walking": ("CliffWalking-v1", {}, ("up", "right", "down", "left")),
}


def environment(name, **changes):
    """gymnasium's environment without its wrappers."""
    import gymnasium

    identity, options, _ = ENVIRONMENTS[name]
    return gymnasium.make(identity, **{**options, **changes}).unwrapped


def repaired(number):
    """The rational with a small denominator that a rounded float was meant to be."""
    near = Fraction(float(number)).limit_denominator(1000)
    if abs(near - Fraction(float(number))) > Fraction(1, 10**12):
        raise ValueError(f"{number!r} is near no fraction with a denominator up to 1000")
    return near


def columns(env):
    return env.shape[1] if hasattr(env, "shape") else env.ncol


def exported(name) -> MDP:
    """An environment as an MDP in gymnasium's numbering of states and actions.

    Where a transition ends the episode, its state becomes absorbing and pays nothing: gymnasium never goes on from there,
    whatever its table says. A state that is entered both at an end and in the middle of an episode cannot be so changed
    and is refused.
    """
    env, action_names = environment(name), ENVIRONMENTS[name][2]
    S, A = len(env.P), len(action_names)
    ends = {int(n) for s in env.P for a in env.P[s] for _, n, _, ended in env.P[s][a] if ended}
    P, r = np.full((S, A, S), Fraction(0)), np.full((S, A), Fraction(0))
    for s, a in np.ndindex(S, A):
        if s in ends:
            P[s, a, s] = Fraction(1)
            continue
        for probability, n, reward, ended in env.P[s][a]:
            if int(n) in ends and not ended:
                raise ValueError(f"{name}: state {int(n)} is entered from {s} by action {a} without an end, and elsewhere with one")
            P[s, a, int(n)] += repaired(probability)
            r[s, a] += repaired(probability) * repaired(reward)
    rho = [repaired(probability) for probability in env.initial_state_distrib]
    if any(rho[s] for s in ends):
        raise ValueError(f"{name}: an episode can start in a state where others end")
    if sum(rho) != 1 or (P.sum(axis=-1) != 1).any():
        raise ValueError(f"{name}: a repaired law does not sum to 1")
    names = [f"({s // columns(env)}, {s % columns(env)})" for s in range(S)]
    return MDP(objects(P), objects(r), objects(rho), horizon=Discounted(GAMMA), state_names=names, action_names=action_names)


if __name__ == "__main__":
    for name in ENVIRONMENTS:
        save(exported(name), FOLDER / f"{name}.json")
