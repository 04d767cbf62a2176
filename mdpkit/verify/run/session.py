"""Verify many claims: split into tasks, run by several processes, resumed after interruptions."""

import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...base.errors import InvalidClaim, InvalidModel, MdpkitError, WorkerLost
from ...base.mode import propose
from ...base.parallel import each_result
from ...instances.family import Family
from ...instances.io import encode
from .. import register
from ..claim import Claim
from ..imports import modules_of
from ..profile import profile_named
from ..verdict import Verdict
from ..verification import assemble, on_problem
from .parcel import Parcel, pack, pack_claim
from .resume import Run, RunFolder, stamp
from .work import Task, attempt, tasks

CHANGED = "a source changed while the claims were being verified; verify again"


@dataclass(frozen=True)
class Finished:
    """Result for one claim: its verdict, or the error raised by its code.

    Attributes:
        reference: the id or absolute path of the claim.
        seconds: CPU time of its tasks in seconds.
    """

    reference: str
    claim: str
    theme: str
    verdict: Verdict | None
    error: str
    seconds: float

    @property
    def outcome(self) -> str:
        return "BROKEN" if self.verdict is None else self.verdict.outcome.name

    def to_data(self) -> dict:
        """JSON data; all claims share the keys up to `seconds`, and a broken one also has `error`."""
        if self.verdict is not None:
            return self.verdict.to_data()
        nothing = {
            "evidence": None,
            "instances": 0,
            "degenerate": 0,
            "drawn": 0,
            "turned_away": 0,
            "proposed": 0,
            "tightest": None,
            "widest": None,
            "controls": [],
            "rows": [],
        }
        head = {"id": self.claim, "theme": self.theme, "outcome": self.outcome}
        return {**head, **nothing, "seconds": round(self.seconds, 3), "error": self.error}


def nothing(*said):
    """Default callback, which ignores all reports."""


def verify_all(
    references, profile="quick", *, seed=0, on=None, workers=1, scheduler=None, notice=nothing, progress=nothing
) -> list[Finished]:
    """Verify many claims; the result depends neither on where its tasks run nor on interruptions.

    Args:
        references: ids of registered claims and paths of claim files.
        profile, seed: as for `verify`. on: path of an instance file, or None.
        workers: number of processes; 1 runs in the current one.
        scheduler: a Dask cluster in place of processes: the address of its scheduler, or a `distributed.Client`.
            Claims' files travel with the modules that they import, and the problem's file by its content.
        notice: called with a sentence when tasks are resumed or repeated, old runs are removed, or a cluster is silent.
        progress: called with (tasks done, total tasks, last task).

    Returns: a list of Finished, in the order of the references, without duplicates.

    An interrupted run leaves its finished tasks in the user's cache, where the same call resumes them; a later run
    removes them after two weeks without use. A completed run leaves nothing.

    Raises: UnknownClaim, InvalidClaim, InvalidModel for invalid input, before any work or if the given problem violates
    an assumption; InvalidClaim if a source changes while workers load it; WorkerLost if a worker process dies or the
    cluster cannot be used. Exceptions of a claim's own code are reported in its Finished.

    >>> [finished.outcome for finished in verify_all(["value_equivalence_is_not_regret_equivalence"])]
    ['CERTIFIED']
    """
    names = tuple(dict.fromkeys(map(_absolute, references)))
    plan = Run(names, profile_named(profile), seed, None if on is None else str(Path(on).resolve()))
    claims = [_prepare(reference, plan.on) for reference in plan.references]
    plan = replace(
        plan, modules=tuple(str(file) for name in names for file in sorted(set(modules_of(Path(name)).values())))
    )
    folder = RunFolder(plan.key())
    with folder.opened(notice):
        results = _results(plan, folder, claims, workers, scheduler, notice, progress)
        try:
            finished = [_finish(plan, k, claim, results) for k, claim in enumerate(claims)]
        except InvalidModel:
            folder.remove()
            raise
        folder.remove()
        return finished


def _results(plan, folder, claims, workers, scheduler, notice, progress):
    """The result of every job, stored or computed now."""
    jobs = [
        (k, task) for k, claim in enumerate(claims) if isinstance(claim, Claim) for task in tasks(claim, plan.profile)
    ]
    results = {job: result for job in jobs if (result := _kept(folder, *job, notice)) is not None}
    if results:
        notice(f"resumed: {len(results)} of {len(jobs)} tasks were already done")
    waiting = [job for job in jobs if job not in results]
    progress(len(results), len(jobs), "")
    for job, result in _run_jobs(plan, folder, claims, waiting, workers, scheduler, notice):
        results[job] = result
        if "error" not in result:
            folder.write(job[0], job[1].key, result)
        progress(len(results), len(jobs), f"{claims[job[0]].id}: {job[1].key}")
    return results


def _absolute(reference) -> str:
    path = Path(reference)
    return str(path.resolve()) if path.suffix == ".py" or path.exists() else str(reference)


def _prepare(reference, on) -> Claim | str:
    """The claim on the given problem, or the error message if importing a registered claim fails."""
    try:
        claim = register.find(reference)
    except MdpkitError:
        raise
    except Exception as error:
        return f"{reference} cannot be imported: {_words(error)}"
    if on is None:
        return claim
    try:
        return on_problem(claim, on)
    except MdpkitError:
        raise
    except Exception as error:
        raise InvalidModel(f"{claim.id} cannot be verified on {on}: {_words(error)}") from error


def _kept(folder, claim, task, notice):
    try:
        return folder.read(claim, task.key)
    except ValueError as error:
        notice(f"{folder.file(claim, task.key)} is ignored and its task repeated: {error}")
        return None


# ---- doing
def _run_jobs(plan, folder, claims, waiting, workers, scheduler, notice):
    """(job, result) pairs in the order of completion."""
    jobs = {f"{claims[k].id}.{task.key}.{k}": (k, task) for k, task in waiting}
    if scheduler is not None:
        packed, problem = list(map(pack_claim, plan.references)), plan.on and pack(plan.on)
        function = _from_parcel
        calls = {name: (packed[k], problem, task, plan.profile, plan.seed) for name, (k, task) in jobs.items()}
    elif min(workers, len(waiting)) <= 1:
        function = attempt
        calls = {name: (claims[k], task, plan.profile, plan.seed) for name, (k, task) in jobs.items()}
    else:
        _compile_searches([claims[k] for k in sorted({k for k, _ in waiting})])
        function, calls = _by_reference, {name: (plan, folder.key, k, task) for name, (k, task) in jobs.items()}
    for name, result in each_result(function, calls, workers=workers, scheduler=scheduler, notice=notice):
        yield jobs[name], result


def _words(error):
    return f"{type(error).__name__}: {error}"


def _compile_searches(claims):
    """Compile the kernels used by the searches once, so that workers load them from the disk cache."""
    for family, part in (
        (part.instances, part) for claim in claims for part in claim.judged if isinstance(part.instances, Family)
    ):
        with propose(), np.errstate(all="ignore"), suppress(Exception):  # the task itself will report any exception
            sizes = family.ladder()[0]
            blocks = family.random(np.random.default_rng(0), sizes, 1)
            part.check(family.build(family.to_draw({name: array[0] for name, array in blocks.items()}, sizes)))


# ---- in a worker
def _by_reference(plan: Run, key, k, task: Task):
    return attempt(_known(plan, key, plan.references[k]), task, plan.profile, plan.seed)


@lru_cache(maxsize=8)
def _known(plan, key, reference):
    claim = _prepare(reference, plan.on)
    stamps, loaded = (
        _find_unchanged(plan, key),
        (getattr(module, "__file__", None) for module in [*sys.modules.values()]),
    )
    if any(file in stamps and stamp(file) != stamps[file] for file in (*loaded, reference, plan.on)):
        raise InvalidClaim(f"{reference}: {CHANGED}")
    return claim


@lru_cache(maxsize=1)
def _find_unchanged(plan, key):
    """Stamps of all files that decide the results, read once per worker and compared by content with the parent's."""
    stamps = plan.stamps()
    if plan.key() != key:
        raise InvalidClaim(CHANGED)
    return stamps


def _from_parcel(reference: str | Parcel, problem: Parcel | None, task: Task, profile, seed):
    """The result of a task whose claim and problem are named, or came by content; errors name the original files."""
    try:
        result = attempt(_load_claim(reference, problem), task, profile, seed)
    except MdpkitError as error:
        beside = " (on a worker, which has the claim's file and its modules, but no other files beside them)"
        result = {"error": _words(error) + beside, "seconds": 0.0}
    for parcel in (reference, problem):
        if "error" in result and isinstance(parcel, Parcel):
            result["error"] = result["error"].replace(str(parcel.unpack().parent), str(Path(parcel.origin).parent))
    return result


@lru_cache(maxsize=8)
def _load_claim(reference, problem):
    claim = _prepare(
        str(reference.unpack()) if isinstance(reference, Parcel) else reference, problem and str(problem.unpack())
    )
    if not isinstance(claim, Claim):
        raise WorkerLost(f"on a worker {claim}")
    return claim


# ---- putting together
def _finish(plan, k, claim, results) -> Finished:
    reference = plan.references[k]
    if not isinstance(claim, Claim):
        name = Path(reference).stem
        return Finished(reference, name, register.path_of(name).parent.name, None, claim, 0.0)
    own = {task.key: results[k, task] for task in tasks(claim, plan.profile)}
    seconds = sum(result["seconds"] for result in own.values())
    errors = [result["error"] for result in own.values() if "error" in result]
    if errors:
        return Finished(reference, claim.id, register.theme(claim), None, errors[0], seconds)
    try:
        verdict = _writable(assemble(claim, own, plan.profile, plan.seed))
    except (Exception, SystemExit) as error:
        if plan.on is not None and isinstance(error, InvalidModel):
            raise
        return Finished(reference, claim.id, register.theme(claim), None, _words(error), seconds)
    return Finished(reference, claim.id, register.theme(claim), verdict, "", seconds)


def _writable(verdict) -> Verdict:
    """The verdict, without its witness if that cannot be written to an instance file."""
    if verdict.witness is None:
        return verdict
    try:
        encode(verdict.witness)
    except InvalidModel as error:
        return replace(verdict, witness=None, note=f"{verdict.note} the witness cannot be written: {error}".strip())
    return verdict
