"""Neural-network learners and everything else that requires torch, imported lazily.

They are used like the tabular learners: `fit(mdpkit.deep.Cloning(width=64), grant(problem, ...), rng=rng)`.
"""

import importlib

_NAMES = {
    "BradleyTerry": "learners.preference.reward_network",
    "Cloning": "learners.cloning",
    "DAgger": "learners.dagger",
    "DPO": "learners.preference.dpo",
    "Decaying": "plumbing.schedule",
    "Discriminator": "learners.discriminator",
    "FILTER": "learners.filter",
    "HyPE": "learners.hype",
    "HyPO": "learners.preference.hypo",
    "IPO": "learners.preference.dpo",
    "Linear": "plumbing.schedule",
    "MomentMatching": "learners.moment_matching",
    "OnlineDPO": "learners.preference.online_dpo",
    "PPO": "learners.preference.ppo",
    "REBEL": "learners.preference.rebel",
    "REFUEL": "learners.preference.refuel",
    "RLHF": "learners.preference.rlhf",
    "Reinforcement": "learners.reinforcement",
    "RewardPlayer": "learners.reward_player",
    "SPO": "learners.preference.spo",
    "SequencePolicy": "plumbing.sequence_policy",
    "Sequences": "plumbing.sequences",
    "from_stable_baselines3": "plumbing.stable_baselines",
    "load": "plumbing.checkpoint",
    "save": "plumbing.checkpoint",
    "progress_bar": "plumbing.progress",
    "tensorboard": "plumbing.progress",
}
_MODULES = ("aggregates", "envs", "experiment", "preference_tasks", "twins")
_EXTRA = ("torch", "gymnasium", "stable_baselines3", "safetensors")

__all__ = sorted(_NAMES)


def __getattr__(name):
    if name not in _NAMES and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f".{_NAMES.get(name, name)}", __name__)
        return getattr(module, name) if name in _NAMES else module
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _EXTRA:
            raise
        missing = error.name.partition(".")[0]
        raise ModuleNotFoundError(
            f"mdpkit.deep.{name} needs {missing}, which is not installed: pip install 'mdpkit[deep]'", name=error.name
        ) from error


def __dir__():
    return __all__
