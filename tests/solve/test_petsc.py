"""Inexact policy iteration on PETSc: bounds that hold whatever its processes did, from models in folders."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mdpkit import MDP, Discounted, measure, solve
from mdpkit.base.errors import InvalidModel, MissingPackage, NotSolved
from mdpkit.instances import garnet
from mdpkit.solve import Status
from mdpkit.solve.petsc import InexactPolicyIteration, ModelFolder, Writer, folder, planning


def why_not():
    """Why PETSc cannot be used here; "" if it can."""
    try:
        probe = [planning.find_python(), "-c", "import petsc4py; petsc4py.init([]); from petsc4py import PETSc"]
        found = subprocess.run(probe, env=planning.mpi_environment(), capture_output=True, check=False)
        subprocess.run(["mpiexec", "--version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"mpiexec is not installed: {error}"
    return "petsc4py is not installed (Debian's package python3-petsc4py)" if found.returncode else ""


LACKING = why_not()
needs_petsc = pytest.mark.skipif(bool(LACKING), reason=LACKING)


def slow_chain(S=400, gamma=0.999):
    """A walk on a line whose only reward is at its end; staying is possible, and in some states only that."""
    s = np.arange(S)
    P = np.zeros((S, 2, S))
    P[s, 0, s] = 1
    P[s, 1, np.minimum(s + 1, S - 1)] = 0.75
    P[s, 1, np.maximum(s - 1, 0)] += 0.25
    r = np.zeros((S, 2))
    r[-1] = 1
    mask = np.ones((S, 2), bool)
    mask[::7, 0] = False
    return MDP(P, r, horizon=Discounted(gamma), mask=mask)


def held_out(name):
    rng = np.random.default_rng([ord(letter) for letter in name])
    if name == "slow chain":
        return slow_chain()
    if name == "one state":
        return MDP([[[1.0], [1.0]]], [[0.25, 0.5]], horizon=Discounted(0.5))
    if name == "ties":
        return MDP(np.full((3, 4, 3), 1 / 3), np.ones((3, 4)), horizon=Discounted(0.9))
    return garnet(500, 4, 5, 0.99, rng=rng, sparse=name == "sparse garnet")


@needs_petsc
@pytest.mark.parametrize("ranks", [1, 2, 4])
@pytest.mark.parametrize("name", ["sparse garnet", "dense garnet", "slow chain", "one state", "ties"])
def test_every_number_of_processes_brackets_the_serial_answer(name, ranks):
    problem = held_out(name)
    serial, found = solve(problem, tol=1e-7), solve(problem, InexactPolicyIteration(ranks=ranks), tol=1e-7)
    assert found.status is Status.SOLVED
    assert found.value.width <= 1e-7
    assert (found.value.lower <= serial.value.upper).all()
    assert (serial.value.lower <= found.value.upper).all()
    own = measure.value(problem, found.policy)
    assert float(found.value.lower @ problem.rho) <= own.upper + 1e-12
    assert own.lower <= float(serial.value.upper @ problem.rho) + 1e-12


@needs_petsc
def test_the_bounds_of_a_rational_problem_contain_its_exact_values():
    problem = garnet(12, 3, 3, "99/100", rng=np.random.default_rng(5))
    exact, found = solve(problem), solve(problem, InexactPolicyIteration(ranks=2))
    assert exact.value.exact
    assert found.value.contains(exact.value.lower)
    found.certificate.verify()


@needs_petsc
def test_a_model_is_read_in_blocks(tmp_path, monkeypatch):
    problem = held_out("slow chain")
    whole = InexactPolicyIteration().plan(ModelFolder.write(tmp_path / "whole", problem), 1e-7)
    monkeypatch.setattr(folder, "BLOCK", 7)
    parts = InexactPolicyIteration(ranks=2).plan(tmp_path / "whole", 1e-7)
    assert (parts.value.lower <= whole.value.upper).all()
    assert (whole.value.lower <= parts.value.upper).all()
    assert parts.status is whole.status is Status.SOLVED
    assert len(parts.steps) == parts.improvements


@needs_petsc
def test_wrong_values_give_wide_bounds_that_hold(tmp_path, monkeypatch):
    worker = tmp_path / "worker.py"
    worker.write_text('print(\'{"improvement": 1, "span": 0, "steps": 0}\')')
    monkeypatch.setattr(planning, "WORKER", worker)
    problem = held_out("sparse garnet")
    found, true = solve(problem, InexactPolicyIteration(), throw=False), solve(problem)
    assert found.status is not Status.SOLVED
    assert found.value.width > 1
    assert (found.value.lower <= true.value.lower).all()
    assert (true.value.upper <= found.value.upper).all()


@needs_petsc
def test_a_process_that_fails_is_an_error_with_its_words(tmp_path, monkeypatch):
    worker = tmp_path / "worker.py"
    worker.write_text('raise ValueError("out of luck")')
    monkeypatch.setattr(planning, "WORKER", worker)
    with pytest.raises(NotSolved, match=r"ended with code 1 after 0 improvements: (?s:.*)out of luck"):
        solve(held_out("one state"), InexactPolicyIteration())


@needs_petsc
def test_neither_ssh_nor_rsh_is_needed_on_one_machine(tmp_path, monkeypatch):
    for program in ("mpiexec", "orted"):
        (tmp_path / program).symlink_to(Path(shutil.which(program)).resolve())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert solve(held_out("one state"), InexactPolicyIteration(ranks=2)).status is Status.SOLVED


@needs_petsc
def test_a_cap_returns_the_bounds_reached():
    found = solve(held_out("slow chain"), InexactPolicyIteration(improvements=2), throw=False)
    assert found.status is Status.CAPPED
    assert found.iterations == 2


def test_what_is_missing_is_named(monkeypatch):
    problem = held_out("one state")
    with pytest.raises(MissingPackage, match=r"python3-petsc4py"):
        solve(problem, InexactPolicyIteration(python="/nowhere/python"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingPackage, match=r"mpiexec is not installed"):
        solve(problem, InexactPolicyIteration())


def test_a_model_written_in_parts_is_the_model(tmp_path):
    problem = garnet(40, 3, 4, 0.9, rng=np.random.default_rng(1), sparse=True)
    whole, lengths = ModelFolder.write(tmp_path / "whole", problem), np.diff(problem.P.indptr)
    with Writer(tmp_path / "parts", 3, 0.9) as writer:
        for first in range(0, 40, 7):
            rows = slice(first * 3, min(first + 7, 40) * 3)
            own = slice(problem.P.indptr[rows.start], problem.P.indptr[rows.stop])
            writer.append(lengths[rows], problem.P.indices[own], problem.P.data[own], problem.r[first : first + 7])
    parts = ModelFolder.open(tmp_path / "parts")
    assert (parts.S, parts.A, parts.transitions, parts.longest) == (40, 3, 480, 4)
    for name in ("indptr", "indices", "data", "r"):
        one, other = (np.load(each.path / f"{name}.npy") for each in (whole, parts))
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


WRONG = {
    "a negative probability": ("data", 4, -0.5, r"state \d+, action \d+: a probability is -0.5; expected at least 0"),
    "a probability that is NaN": ("data", 4, np.nan, "a probability is nan"),
    "a row that does not sum to 1": ("data", 4, 0.9, r"its probabilities sum to .*; expected 1 within 1e-09"),
    "a successor that is no state": ("indices", 4, 40, "successor 40; expected below 40"),
    "a successor named twice": (
        "indices",
        slice(0, 2),
        7,
        "state 0, action 0: successor 7 after 7; expected each once",
    ),
    "an infinite reward": ("r", (2, 1), np.inf, "state 2, action 1: the reward is inf; expected a finite reward"),
    "a state without actions": ("r", 2, -np.inf, "state 2, action 0: the reward is -inf; expected"),
    "row ends that decrease": ("indptr", 5, 400, "indptr decreases"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_entry_is_named(tmp_path, what):
    name, where, entry, words = WRONG[what]
    ModelFolder.write(tmp_path / "model", garnet(40, 3, 4, 0.9, rng=np.random.default_rng(1), sparse=True))
    array = np.load(tmp_path / "model" / f"{name}.npy", mmap_mode="r+")
    array[where] = entry
    array.flush()
    with pytest.raises(InvalidModel, match=words):
        ModelFolder.open(tmp_path / "model")


def test_arrays_of_another_layout_or_kind_are_refused(tmp_path):
    """Fortran's order would be read as other rewards, and successors that are no integers as other states."""
    path = ModelFolder.write(tmp_path / "model", garnet(4, 4, 2, 0.9, rng=np.random.default_rng(1), sparse=True)).path
    np.save(path / "r.npy", np.asfortranarray(np.load(path / "r.npy")))
    with pytest.raises(
        InvalidModel, match=r"r\.npy has shape \(4, 4\) in Fortran's order; expected 2 axes, in C's order"
    ):
        ModelFolder.open(path)
    for number, (successor, words) in enumerate(
        (
            (2**32, "goes from 4294967296"),
            (-1, "goes from -1"),
            (0.7, "holds float64; expected integers"),
            ("0", "holds <U1"),
        )
    ):
        with pytest.raises(InvalidModel, match=words), Writer(tmp_path / str(number), 1, 0.5) as writer:
            writer.append([1], [successor], [1.0], [[0.0]])
    about = path / "about.json"
    for name, entry in (("gamma", "0.9"), ("S", "4"), ("A", 0)):
        about.write_text(json.dumps({"S": 4, "A": 4, "gamma": 0.9} | {name: entry}))
        with pytest.raises(InvalidModel, match=rf"about\.json.*: {name} is {entry!r}; expected"):
            ModelFolder.open(path)


def test_arguments_out_of_range_are_refused(tmp_path):
    for inner in (0, 2, float("nan"), "x"):
        with pytest.raises(InvalidModel, match=f"inner is {inner!r}; expected a number between 0 and 1"):
            InexactPolicyIteration(inner=inner)
    with pytest.raises(InvalidModel, match="tol is nan; expected a number of at least 0"):
        InexactPolicyIteration().plan(tmp_path, float("nan"))
    with pytest.raises(InvalidModel, match="folder is a NoneType"):
        InexactPolicyIteration().plan(None)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(InvalidModel, match=r"holds no model; expected about\.json"):
        ModelFolder.open(tmp_path)
    (tmp_path / "about.json").write_text(json.dumps({"S": 2, "A": 1, "gamma": 0.5}))
    with pytest.raises(InvalidModel, match=r"indptr\.npy cannot be read"):
        ModelFolder.open(tmp_path)
    with pytest.raises(InvalidModel, match="is not empty; expected a new folder"):
        Writer(tmp_path, 1, 0.5)
    with pytest.raises(InvalidModel, match="gamma"):
        Writer(tmp_path / "new", 1, 1.0)
    with (
        pytest.raises(InvalidModel, match="2 rows of 2 successors, 1 indices"),
        Writer(tmp_path / "newer", 1, 0.5) as writer,
    ):
        writer.append([1, 1], [0], [1.0], [[0.0], [1.0]])
    rational = garnet(5, 2, 2, "9/10", rng=np.random.default_rng(0))
    with pytest.raises(InvalidModel, match="expected a Discounted problem of floats"):
        ModelFolder.write(tmp_path / "rational", rational)
