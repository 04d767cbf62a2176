"""Certificates: what is true passes both readers, what was tampered with passes neither."""

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import mdpkit.exact.recheck as recheck
from mdpkit.base.arrays import objects
from mdpkit.base.errors import CertificateRejected
from mdpkit.exact.certificate import OptimalityCertificate
from mdpkit.model import MDP, Discounted, Finite, TabularPolicy

STAY = [[[1, 0], [0, 1]], [[0, 1], [1, 0]]]
"""Two states; action 0 stays, action 1 goes to the other."""


def discounted(kind=objects):
    """Staying in state 1 pays 1, all else 0: V = (1, 2) at gamma = 1/2."""
    gamma = "1/2" if kind is objects else 0.5
    return MDP(kind(STAY), kind([[0, 0], [1, 0]]), horizon=Discounted(gamma))


def certificate(problem, lower, upper, table=((0, 1), (1, 0))):
    kind = objects if problem.exact else lambda x: np.array(x, dtype=float)
    return OptimalityCertificate(problem, TabularPolicy(kind(table)), (objects(lower),), (objects(upper),))


def finite():
    problem = MDP(objects(STAY), objects([[0, 0], [1, 0]]), horizon=Finite(2))
    V = [[1, 2], [0, 1], [0, 0]]
    return certificate(problem, V, V)


def floating():
    return certificate(discounted(np.array), [1, 2], [1, 2])


def sparse():
    dense = discounted(np.array)
    problem = MDP(
        sp.csr_array(dense.P.reshape(4, 2)),
        dense.r,
        horizon=Discounted(0.5),
        mask=np.array([[True, True], [True, False]]),
    )
    return certificate(problem, [1, 2], [1, 2])


def truths():
    return [
        certificate(discounted(), [1, 2], [1, 2]),
        certificate(discounted(), [0, 0], [3, 3]),
        finite(),
        floating(),
        sparse(),
    ]


def both(proof):
    """What the two readers say: None, or the words of the rejection."""
    said = []
    try:
        proof.verify()
        said.append(None)
    except CertificateRejected as error:
        said.append(str(error))
    try:
        recheck.check(json.loads(proof.to_json()))
        said.append(None)
    except recheck.Rejected as error:
        said.append(str(error))
    return said


@pytest.mark.parametrize("proof", truths())
def test_truth_is_accepted_by_both(proof):
    assert both(proof) == [None, None]


@pytest.mark.parametrize("proof", [certificate(discounted(), [1, 2], [1, 2]), finite(), floating(), sparse()])
@pytest.mark.parametrize("side", ["below", "above"])
@pytest.mark.parametrize("state", [0, 1])
def test_a_bound_moved_inwards_anywhere_is_rejected_by_both(proof, side, state):
    (value,) = getattr(proof, side)
    moved, tiny = value.copy(), objects("1/1000000000000000000000000")[()]
    index = (0, state) if value.ndim == 2 else state
    moved[index] += tiny if side == "below" else -tiny
    for said in both(replace(proof, **{side: (moved,)})):
        assert f"state {state}" in said


def test_bounds_far_too_good_are_rejected_by_both():
    for lower, upper in (([2, 3], [2, 3]), ([0, 0], [0, 0]), ([1, 3], [1, 2])):
        assert None not in both(certificate(discounted(), lower, upper))


def test_a_policy_that_does_not_attain_the_lower_bound_is_rejected():
    assert None not in both(certificate(discounted(), [1, 2], [1, 2], table=((1, 0), (1, 0))))
    assert both(certificate(discounted(), [0, 2], [1, 2], table=((1, 0), (1, 0)))) == [None, None]


def test_a_missing_action_may_not_be_played():
    said = both(replace(sparse(), policy=TabularPolicy([[0.0, 1.0], [0.0, 1.0]])))
    assert all("missing" in words for words in said)


def test_the_end_of_a_finite_horizon_is_0():
    proof = finite()
    (value,) = proof.below
    wrong = value.copy()
    wrong += 1
    assert all("state 0" in words for words in both(replace(proof, below=(wrong,), above=(wrong,))))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["below", "above"])
def test_no_number_proves_nothing(bad, side):
    proof = replace(floating(), **{side: (np.array([1.0, bad]),)})
    with pytest.raises(CertificateRejected, match="finite number"):
        proof.verify()
    with pytest.raises(CertificateRejected, match="finite number"):
        proof.to_json()


def test_a_wrong_shape_is_rejected():
    with pytest.raises(CertificateRejected, match="shape"):
        certificate(discounted(), [1], [1, 2]).verify()
    with pytest.raises(CertificateRejected, match="policy has shape"):
        certificate(discounted(), [1, 2], [1, 2], table=((1,), (1,))).verify()


def damage(document, path, value):
    *way, last = path
    node = document
    for key in way:
        node = node[key]
    node[last] = value


TAMPERED = [
    (("upper", 1), "199/100"),
    (("lower", 0), "101/100"),
    (("lower", 0), float("nan")),
    (("lower", 0), "nan"),
    (("upper", 0), "inf"),
    (("upper", 0), "1/0"),
    (("upper", 0), 7),
    (("upper",), ["9"]),
    (("horizon", "gamma"), "3/4"),
    (("horizon", "gamma"), "1"),
    (("horizon", "gamma"), "-1/2"),
    (("horizon",), {"H": 1}),
    (("horizon",), []),
    (("horizon",), {}),
    (("horizon",), {"H": 1, "gamma": "1/2"}),
    (("rewards", 0, 0, 0), "2"),
    (("transitions", 0, 0, 0), None),
    (("transitions", 0, 1, 0), None),
    (("transitions", 0, 0, 0), []),
    (("transitions", 0, 0, 0), [[5, "1"]]),
    (("transitions", 0, 0, 0), [[-1, "1"]]),
    (("transitions", 0, 0, 0), [[True, "1"]]),
    (("transitions", 0, 0, 0), [[0, "2"], [1, "-1"]]),
    (("transitions", 0, 1, 0), [[0, "1"]]),
    (("transitions",), 3),
    (("policy", 0, 0), ["0", "2"]),
    (("policy", 0, 0), ["-1", "2"]),
    (("policy", 0, 0), ["1", "0"]),
    (("policy", 0), []),
    (("states",), 3),
    (("states",), "2"),
    (("format",), "something else"),
]


@pytest.mark.parametrize(("path", "value"), TAMPERED)
def test_a_tampered_file_is_rejected(path, value):
    document = json.loads(certificate(discounted(), [1, 2], [1, 2]).to_json())
    damage(document, path, value)
    if path == ("transitions", 0, 0, 0) and value is None:  # an action that is never played may go
        assert recheck.check(document) == 0
        return
    with pytest.raises(recheck.Rejected):
        recheck.check(document)


@pytest.mark.parametrize(
    "entry", ["states", "actions", "horizon", "transitions", "rewards", "policy", "lower", "upper"]
)
def test_a_file_with_an_entry_missing_is_rejected(entry):
    document = json.loads(finite().to_json())
    del document[entry]
    with pytest.raises(recheck.Rejected, match="missing"):
        recheck.check(document)


def test_a_row_means_itself_divided_by_its_sum():
    document = json.loads(certificate(discounted(), [1, 2], [1, 2]).to_json())
    document["transitions"][0][0][1] = [[1, "3/2"], [1, "1/7"]]
    assert recheck.check(document) == 0


def test_the_reader_imports_the_standard_library_only():
    tree = ast.parse(Path(recheck.__file__).read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module.partition(".")[0])
    assert names
    assert names <= sys.stdlib_module_names


def test_the_file_runs_alone_and_its_exit_status_tells(tmp_path):
    proof = finite()
    good, bad, broken = (tmp_path / f"{name}.json" for name in ("good", "bad", "broken"))
    proof.save(good)
    assert json.loads(good.read_text()) == json.loads(proof.to_json())
    assert [file.name for file in tmp_path.iterdir()] == ["good.json"]
    document = json.loads(proof.to_json())
    document["upper"][0][0] = "0"
    bad.write_text(json.dumps(document))
    broken.write_text("{")
    script = tmp_path / "alone.py"
    script.write_text(Path(recheck.__file__).read_text(encoding="utf-8"))
    for file, status, word in ((good, 0, "accepted"), (bad, 1, "rejected"), (broken, 1, "rejected")):
        ran = subprocess.run([sys.executable, "-I", "-S", script, file], capture_output=True, text=True, check=False)
        assert (ran.returncode, word in ran.stdout, ran.stderr) == (status, True, "")
    assert recheck.main([]) == 2


def test_a_failed_save_leaves_nothing(tmp_path):
    target = tmp_path / "kept.json"
    target.write_text("before")
    with pytest.raises(CertificateRejected):
        replace(floating(), below=(np.array([np.nan, 0.0]),)).save(target)
    assert [file.name for file in tmp_path.iterdir()] == ["kept.json"]
    assert target.read_text() == "before"


def test_numbers_longer_than_pythons_limit_are_read(tmp_path):
    gamma = objects("1/2")[()]
    long = 1 + objects("1/" + "7" * 50)[()] ** 100
    problem = MDP(objects([[[1]]]), objects([[long]]), horizon=Discounted(gamma))
    proof = certificate(problem, [long * 2], [long * 2], table=((1,),))
    proof.verify()
    proof.save(tmp_path / "long.json")
    ran = subprocess.run(
        [sys.executable, "-m", "mdpkit.exact.recheck", tmp_path / "long.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
