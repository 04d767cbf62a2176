"""Inexact policy iteration on PETSc, for one model on several processes or beyond memory."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ...base.errors import InvalidModel, MissingPackage, NotSolved
from ...base.interval import Interval
from ...base.record import expect_counts
from ...base.tolerance import gamma as relative
from ...kernels import discounted
from ...model.horizon import Discounted
from ...model.mdp import MDP
from .._expects import expects
from ..bounds import around, deterministic, judge_shifted, proof, shifts
from ..solution import Solution, Status
from ..sweep import Rounding
from .folder import ModelFolder

WORKER = Path(__file__).with_name("worker.py")
PATIENCE = 3
"""Number of improvements without another policy or a smaller span after which only rounding is left."""


@dataclass(frozen=True)
class Plan:
    """Answer for a model in a folder.

    Attributes:
        folder: the model. status: as of a Solution. value: bounds on the optimal value `[s]`, which the value of the
            policy `choice[s]` also meets. improvements: number of greedy improvements. steps: GMRES steps of each.
    """

    folder: ModelFolder
    status: Status
    value: Interval
    choice: np.ndarray
    improvements: int
    steps: tuple[int, ...]


@dataclass(frozen=True)
class InexactPolicyIteration:
    """Policy iteration whose evaluations are solved by GMRES up to a share of the residual, by MPI processes on PETSc.

    Args:
        ranks: number of processes.
        inner: share of the improvement's residual at which GMRES stops.
        restart: GMRES steps between restarts. steps: largest number of GMRES steps for a policy.
        improvements: largest number of improvements.
        python: a Python with petsc4py; by default the system's, or MDPKIT_PETSC_PYTHON.
        progress: called with {"improvement", "span", "steps"} of every improvement.

    Discounted problems with one law for all steps. Each process keeps the rows of the policy for its share of the
    states, and reads the law from memory-mapped files in blocks. The bounds are computed by mdpkit from the values
    found, and hold whatever PETSc did. Rational problems are solved in float64; the bounds then hold for the rational
    problem.

    Raises: MissingPackage where there is no petsc4py or mpiexec; NotSolved if a process fails.
    Source: adapted from Gargiani, Liao-McPherson, Zanelli and Lygeros, 2022.
    """

    ranks: int = 1
    inner: float = 1e-3
    restart: int = 50
    steps: int = 1000
    improvements: int = 1000
    python: str | None = None
    progress: Callable[[dict[str, Any]], Any] = lambda said: None

    def __post_init__(self) -> None:
        expect_counts(ranks=self.ranks, restart=self.restart, steps=self.steps, improvements=self.improvements)
        if not isinstance(self.inner, Real) or not 0 < self.inner < 1:
            raise InvalidModel(f"inner is {self.inner!r}; expected a number between 0 and 1")

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects(self, problem, MDP, Discounted)
        meant = problem.to_float() if problem.exact else problem
        with TemporaryDirectory() as path:
            plan, w, below, above = self._plan(ModelFolder.write(Path(path, "model"), meant), tol)
        policy = deterministic(problem, plan.choice)
        certificate = proof(problem, policy, plan.value, w, below, above)
        return Solution(problem, self, plan.status, policy, plan.value, plan.improvements, certificate)

    def plan(self, folder: ModelFolder | str | PathLike[str], tol: float = 1e-8) -> Plan:
        """The answer for a model in a folder, to bounds of width `tol`.

        Raises: InvalidModel for a wrong folder, or a tol that is not a number of at least 0.
        """
        if not isinstance(tol, Real) or not tol >= 0:
            raise InvalidModel(f"tol is {tol!r}; expected a number of at least 0")
        if not isinstance(folder, ModelFolder | str | PathLike):
            raise InvalidModel(f"folder is a {type(folder).__name__}; expected a ModelFolder or the path of one")
        return self._plan(folder if isinstance(folder, ModelFolder) else ModelFolder.open(folder), tol)[0]

    def _plan(self, folder, tol):
        g = folder.gamma
        goal = tol * (1 - g) * 0.9
        with TemporaryDirectory(dir=folder.path) as out:
            said = self._launch(folder, Path(out), goal)
            w, choice = (np.array(np.load(Path(out, f"{name}.npy"))) for name in ("value", "choice"))
        with np.errstate(over="ignore", invalid="ignore"):
            w, choice, low, high, error = improve(folder, w)
            below, above = shifts(low, high, error, g)
            value = around(w, below, above)
        capped = len(said) >= self.improvements and high - low > goal
        status = judge_shifted(value, tol, Status.CAPPED if capped else Status.FLOOR_REACHED, w, g)
        steps = tuple(each["steps"] for each in said)
        return Plan(folder, status, value, choice, len(said), steps), w, below, above

    def _launch(self, folder, out, goal):
        for name, kind in (("value", np.float64), ("choice", np.int64)):
            np.lib.format.open_memmap(out / f"{name}.npy", "w+", kind, (folder.S,)).flush()
        settings = {name: int(getattr(self, name)) for name in ("restart", "steps", "improvements")}
        settings["inner"] = float(self.inner)
        python = self.python or find_python()
        for program in ("mpiexec", python):
            if shutil.which(program) is None:
                raise MissingPackage(f"{program} is not installed; {INSTALL}")
        command = [
            *("mpiexec", "--oversubscribe", "-n", str(self.ranks), python, str(WORKER), str(folder.path), str(out)),
            json.dumps({**settings, "goal": goal, "patience": PATIENCE}),
        ]
        said = []
        with open(out / "errors.txt", "w+") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=mpi_environment())
            try:
                for line in process.stdout:
                    if line.startswith("{"):
                        said.append(json.loads(line))
                        self.progress(said[-1])
                code = process.wait()
            finally:
                process.terminate()  # mpiexec then ends its processes
                process.wait()
                process.stdout.close()
            errors.seek(0)
            wrong = errors.read()
        if "No module named 'petsc4py'" in wrong:
            raise MissingPackage(f"{python} has no petsc4py; {INSTALL}")
        if code or not said:
            raise NotSolved(f"PETSc's processes ended with code {code} after {len(said)} improvements: {wrong[-2000:]}")
        return said


INSTALL = (
    "install Debian's packages python3-petsc4py and openmpi-bin, or `pip install petsc petsc4py` (it compiles PETSc), and "
    "name that Python in MDPKIT_PETSC_PYTHON"
)


def find_python() -> str:
    """The Python with petsc4py: MDPKIT_PETSC_PYTHON, or the system's."""
    system = "/usr/bin/python3"
    return os.environ.get("MDPKIT_PETSC_PYTHON") or (system if Path(system).exists() else sys.executable)


def mpi_environment() -> dict[str, str]:
    """The processes' environment: without this one's Python, with Debian's PETSc if no other is named."""
    own = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    found = {name: entry for name, entry in os.environ.items() if name not in own} | {
        "OMPI_MCA_mpi_yield_when_idle": "1"
    }
    debian = sorted(Path("/usr/lib/petscdir").glob("petsc*/*-real"))
    if debian and "PETSC_DIR" not in found:
        found["PETSC_DIR"] = str(debian[-1])
    if not (shutil.which("ssh") or shutil.which("rsh")):  # Open MPI would refuse to start; this machine needs neither
        found["OMPI_MCA_plm"] = "isolated"
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container, where Open MPI would refuse
        found |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return found


def improve(folder: ModelFolder, w: np.ndarray):
    """One backup in this process: w, the greedy choice[s], the extremes of T w - w, and a bound on their error."""
    choice, low, high = np.empty(folder.S, np.int64), np.inf, -np.inf
    for first, (indptr, indices, data, r) in folder.blocks():
        Q = discounted.action_values(data, indices, indptr.astype(np.uint32), r, w, folder.gamma)
        last = first + len(r)
        choice[first:last] = Q.argmax(axis=1)
        change = Q.max(axis=1) - w[first:last]
        low, high = min(low, float(change.min())), max(high, float(change.max()))
    defect = folder.defect + relative(folder.longest)
    rounding = Rounding(
        relative(4) * folder.size + (folder.longest + 16) * np.finfo(float).smallest_subnormal,
        relative(folder.longest + 8) + 1.01 * defect,
    )
    return w, choice, low, high, rounding(w)
