"""Checkpoints in safetensors files: written atomically, read without executing code, verified by digest."""

import hashlib
import json
import platform
from importlib.metadata import version
from os import PathLike
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors import torch as safe

from ...base.errors import InvalidModel
from ...base.files import write_whole
from ...model.access import Continuous, Discrete
from ..plumbing.policy import NetworkPolicy
from .encoding import Encoding
from .nets import mlp
from .policy import Categorical, ClippedGaussian, Greedy, SquashedGaussian

KEY = "mdpkit"
POLICIES = {kind.__name__: kind for kind in (Categorical, ClippedGaussian, Greedy, SquashedGaussian)}


def versions() -> dict[str, str]:
    """Versions that determine a training run bit for bit."""
    return {
        "mdpkit": version("mdpkit"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "machine": platform.machine(),
    }


def write(path, kind, header, tensors):
    """Write tensors with a header (JSON data) to a file.

    Raises: OSError if the folder is not writable.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = {"kind": kind, "versions": versions(), **header}
    content["digest"] = _digest(content, tensors)
    return write_whole(path, safe.save(tensors, {KEY: json.dumps(content)}))


def read(path, kind):
    """(header, tensors) of a file written by `write`.

    Raises: InvalidModel naming the file and what was expected, if it cannot be read, is truncated, altered or foreign.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except OSError as error:
        raise InvalidModel(f"{path} cannot be read: {error}") from error
    except SafetensorError as error:
        raise InvalidModel(
            f"{path} is truncated, or not a safetensors file ({error}); expected one written by mdpkit.deep"
        ) from error
    try:
        header = json.loads(metadata[KEY])
        digest = header.pop("digest")
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise InvalidModel(
            f"{path} is foreign: its header is not mdpkit's; expected a {kind} written by mdpkit.deep"
        ) from error
    if digest != _digest(header, tensors):
        raise InvalidModel(
            f"{path} was altered: its content does not match its digest; expected the {kind} as it was written"
        )
    if header["kind"] != kind:
        raise InvalidModel(f"{path} holds a {header['kind']}; expected a {kind}")
    return header, tensors


def save(policy: NetworkPolicy, path: str | PathLike[str]) -> Path:
    """Write a network policy.

    Args: policy: a policy from a deep learner. path: path of the file, conventionally `.safetensors`.
    Raises: InvalidModel if `policy` is not a network policy.
    """
    if type(policy).__name__ not in POLICIES:
        raise InvalidModel(f"{type(policy).__name__} is not a network policy; expected one of {', '.join(POLICIES)}")
    return write(path, "policy", {"architecture": architecture(policy)}, policy.state_dict())


def load(path: str | PathLike[str]) -> NetworkPolicy:
    """Read a network policy written by `save`, bit-identical to the original.

    Raises: InvalidModel naming the file and what was expected, if it is truncated, altered, foreign or has no policy.
    """
    header, tensors = read(path, "policy")
    try:
        _expect_stated_sizes(header["architecture"], tensors)
        policy = build(header["architecture"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InvalidModel(
            f"{path} states no valid policy architecture ({error}); expected a file written by mdpkit.deep"
        ) from error
    fill(policy, tensors, path)
    return policy


def fill(policy, tensors, path):
    """Load tensors into a policy of the same architecture.

    Raises: InvalidModel naming the file and the tensors that differ.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in policy.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if expected != found:
        name = min({*expected, *found}, key=lambda name: (expected.get(name) == found.get(name), name))
        raise InvalidModel(
            f"{path} has a different architecture: {name} has shape {found.get(name)}; expected {expected.get(name)}, of {policy!r}"
        )
    policy.load_state_dict(tensors)


# ---- a policy's architecture as JSON data
def architecture(policy) -> dict:
    """The architecture from which `build` reconstructs the policy, up to its tensors."""
    net, masked = (policy.net.net, True) if hasattr(policy.net, "missing") else (policy.net, False)
    encoding = policy.encoding
    return {
        "policy": type(policy).__name__,
        "observations": _space(encoding.observations),
        "actions": _space(policy.actions),
        "H": encoding.H,
        "time": encoding.time,
        "width": net[0].out_features,
        "masked": masked,
    }


def _expect_stated_sizes(shape, tensors):
    """Check the stated sizes against the tensors before allocating memory.

    Raises: ValueError if a size exceeds every axis of the tensors.
    """
    most = max((length for tensor in tensors.values() for length in tensor.shape), default=0)
    names = ("width", "observations", "actions", *(["H"] if shape["time"] == "one-hot" else []))
    for name in names:
        if isinstance(shape[name], int) and not 0 < shape[name] <= most:
            raise ValueError(f"{name} is {shape[name]}; the longest axis of its tensors is {most}")


def build(shape):
    """A policy of the given architecture, with arbitrary weights."""
    observations, actions = (_of_space(shape[name]) for name in ("observations", "actions"))
    encoding, kind = Encoding(observations, shape["H"], shape["time"]), POLICIES[shape["policy"]]
    size = actions.n if isinstance(actions, Discrete) else actions.size * (1 + (kind is SquashedGaussian))
    net = mlp(encoding.size, size, shape["width"], torch.Generator())
    if not shape["masked"]:
        return kind(encoding, net, actions)
    return kind(encoding, net, actions, torch.ones(observations.n, actions.n, dtype=torch.bool).numpy())


def _space(space):
    return (
        space.n
        if isinstance(space, Discrete)
        else {"lower": list(map(repr, map(float, space.lower))), "upper": list(map(repr, map(float, space.upper)))}
    )


def _of_space(data):
    if isinstance(data, int):
        return Discrete(data)
    return Continuous(
        *(torch.tensor(list(map(float, data[end])), dtype=torch.float64).numpy() for end in ("lower", "upper"))
    )


def _digest(header, tensors):
    text = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        text.update(f"|{name}:{tensor.dtype}{tuple(tensor.shape)}:".encode() + tensor.numpy().tobytes())
    return text.hexdigest()
