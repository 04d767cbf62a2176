"""Files that are whole or refused, and runs that go on as if they had never stopped."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors import safe_open  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from mdpkit import deep, fit, grant  # noqa: E402
from mdpkit.base.errors import InvalidModel  # noqa: E402
from mdpkit.deep.plumbing import checkpoint  # noqa: E402
from mdpkit.model.access import Continuous  # noqa: E402

from .conftest import made  # noqa: E402
from .test_policy import MASK_POLICIES, OBS, TORQUE, moving  # noqa: E402

PROBLEM, EXPERT = made(3, 4, 3, 0)


def clone(seed=0, problem=PROBLEM, expert=EXPERT, **settings):
    learner = replace(deep.Cloning(steps=40, every=10, width=8, batch=16), **settings)
    return fit(learner, grant(problem, expert=expert, demonstrations="exact"), rng=np.random.default_rng(seed))


def tensors(policy):
    return {name: tensor.clone() for name, tensor in policy.state_dict().items()}


def same(a, b):
    a, b = tensors(a), tensors(b)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class Stopped(Exception):
    pass


def stop_at(step):
    def progress(done, total, **numbers):
        if done == step:
            raise Stopped

    return progress


@pytest.mark.parametrize("stops", [[10], [20, 30], [40]])
@pytest.mark.parametrize("batch", [16, 256])
def test_a_run_that_was_stopped_goes_on_bit_by_bit(tmp_path, stops, batch):
    whole, path = clone(batch=batch), tmp_path / "run.safetensors"
    for step in stops:
        with pytest.raises(Stopped):
            clone(batch=batch, checkpoint=path, progress=stop_at(step))
    again = clone(seed=99, batch=batch, checkpoint=path)  # what is drawn goes on as it began
    assert same(whole.policy, again.policy)
    assert (whole.trace["loss"] == again.trace["loss"]).all()
    assert (whole.trace["step"] == [10, 20, 30, 40]).all()
    assert not same(whole.policy, clone(seed=99, batch=batch).policy)


def test_a_run_of_another_kind_is_refused_naming_what_differs(tmp_path):
    path = tmp_path / "run.safetensors"
    clone(checkpoint=path)
    with pytest.raises(
        InvalidModel, match=r"run\.safetensors is of another run: its learner is .*'width': 8.*; expected .*'width': 16"
    ):
        clone(checkpoint=path, width=16)
    other = made(3, 4, 3, 1)
    with pytest.raises(InvalidModel, match=r"its data is [0-9a-f]{16}; expected [0-9a-f]{16}"):
        clone(checkpoint=path, problem=other[0], expert=other[1])
    with pytest.raises(InvalidModel, match=r"run\.safetensors holds a run of deep\.Cloning; expected a policy"):
        deep.load(path)
    deep.save(clone().policy, path)
    with pytest.raises(InvalidModel, match=r"run\.safetensors holds a policy; expected a run of deep\.Cloning"):
        clone(checkpoint=path)


def test_a_run_of_other_versions_does_not_go_on(tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"
    clone(checkpoint=path)
    monkeypatch.setattr("mdpkit.deep.plumbing.descent.versions", lambda: {"torch": "0.1"})
    with pytest.raises(InvalidModel, match=r"cannot be resumed bit for bit; expected \{'torch': '0\.1'\}"):
        clone(checkpoint=path)


@pytest.mark.parametrize("policy", MASK_POLICIES)
def test_a_policy_plays_on_as_it_did(tmp_path, policy):
    path = tmp_path / "policy.safetensors"
    assert deep.save(policy, path) == path
    again = deep.load(path)
    assert type(again) is type(policy)
    assert same(policy, again)
    states, u = np.array([0, 2, 3]), np.array([0.1, 0.5, 0.9])
    assert (again.law(states, 4) == policy.law(states, 4)).all()
    assert (again.sample(states, 4, u) == policy.sample(states, 4, u)).all()


@pytest.mark.parametrize("actions", [TORQUE, Continuous(np.array([-np.inf, 0.1]), np.array([np.inf, 0.7]))])
@pytest.mark.parametrize("kind", [checkpoint.ClippedGaussian, checkpoint.SquashedGaussian])
def test_a_policy_over_continuous_actions_plays_on_as_it_did(tmp_path, kind, actions):
    path, policy = tmp_path / "policy.safetensors", moving(kind, actions)
    deep.save(policy, path)
    u = np.random.default_rng(0).random((3, 2))
    assert (deep.load(path).sample(OBS, 0, u) == policy.sample(OBS, 0, u)).all()


def test_a_file_cut_short_anywhere_is_refused(tmp_path):
    path = tmp_path / "policy.safetensors"
    deep.save(clone().policy, path)
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 1, 20).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(InvalidModel, match=r"policy\.safetensors"):
            deep.load(path)


def test_a_flipped_bit_anywhere_is_refused(tmp_path):
    path = tmp_path / "policy.safetensors"
    deep.save(clone().policy, path)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for k in rng.integers(len(whole), size=200):
        path.write_bytes(whole[:k] + bytes([whole[k] ^ 1 << int(rng.integers(8))]) + whole[k + 1 :])
        with pytest.raises(InvalidModel, match=r"policy\.safetensors"):
            deep.load(path)


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "foreign.safetensors"
    with pytest.raises(InvalidModel, match=r"foreign\.safetensors cannot be read"):
        deep.load(path)
    path.write_text("weights, honestly")
    with pytest.raises(InvalidModel, match=r"foreign\.safetensors is truncated, or not a safetensors file"):
        deep.load(path)
    for metadata in (None, {"format": "pt"}, {"mdpkit": "no json"}, {"mdpkit": "[]"}):
        save_file({"weight": torch.zeros(2)}, path, metadata)
        with pytest.raises(
            InvalidModel, match=r"foreign\.safetensors is foreign: its header is not mdpkit's; expected a policy"
        ):
            deep.load(path)
    with pytest.raises(InvalidModel, match="TabularPolicy is not a network policy"):
        deep.save(EXPERT, path)


def test_tensors_of_another_architecture_are_refused_naming_the_tensor(tmp_path):
    """A file that is whole and signed, whose tensors do not fit its header."""
    path, policy = tmp_path / "policy.safetensors", clone().policy
    narrow = {**checkpoint.architecture(policy), "width": 4}
    checkpoint.write(path, "policy", {"architecture": narrow}, policy.state_dict())
    with pytest.raises(
        InvalidModel, match=r"has a different architecture: net\.0\.bias has shape \(8,\); expected \(4,\)"
    ):
        deep.load(path)


@pytest.mark.parametrize(
    "told",
    [
        {"width": 10**12},
        {"width": "wide"},
        {"actions": -3},
        {"observations": 10**15},
        {"H": 10**15},
        {"policy": "Foreign"},
        {"time": None},
    ],
    ids=str,
)
def test_a_header_that_tells_no_such_network_is_refused_before_one_is_made(tmp_path, told):
    path, policy = tmp_path / "policy.safetensors", clone().policy
    checkpoint.write(path, "policy", {"architecture": {**checkpoint.architecture(policy), **told}}, policy.state_dict())
    with pytest.raises(InvalidModel, match=r"policy\.safetensors states no valid policy architecture"):
        deep.load(path)
    checkpoint.write(path, "policy", {"architecture": {}}, policy.state_dict())
    with pytest.raises(InvalidModel, match=r"policy\.safetensors states no valid policy architecture"):
        deep.load(path)


def test_nothing_but_numbers_and_json_is_written(tmp_path):
    path = tmp_path / "run.safetensors"
    clone(checkpoint=path)
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["mdpkit"])
    assert header["kind"] == "run of deep.Cloning"
    assert header["versions"]["torch"] == torch.__version__
    assert [file.name for file in tmp_path.iterdir()] == ["run.safetensors"]
