"""Write the bundled problems: gymnasium's tables as exact rational MDPs.

Run `python tests/instances/export_gymnasium.py` to write them again into mdpkit/instances/files.
"""

from mdpkit.instances import save
from mdpkit.instances.catalogue import FOLDER
from mdpkit.model import MDP, Discounted

GAMMA = "99/100"
ENVIRONMENTS = {
    "frozen_lake_4x4": ("FrozenLake-v1", {"map_name": "4x4", "is_slippery": True}),
    "cliff_walking": ("CliffWalking-v1", {}),
}


def environment(name, **changes):
    """gymnasium's environment without its wrappers."""
    import gymnasium

    identity, options = ENVIRONMENTS[name]
    return gymnasium.make(identity, **{**options, **changes}).unwrapped


def exported(name) -> MDP:
    identity, options = ENVIRONMENTS[name]
    return MDP.from_gymnasium(identity, horizon=Discounted(GAMMA), **options)


if __name__ == "__main__":
    for name in ENVIRONMENTS:
        save(exported(name), FOLDER / f"{name}.json")
