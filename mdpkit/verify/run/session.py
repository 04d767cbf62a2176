"""Many claims at once: cut into tasks, run by several processes, resumed where they were interrupted."""

import json
import os
import signal
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...base.errors import ClaimBroken, InvalidClaim, InvalidModel, MdpkitError
from ...base.mode import propose
from ...instances.family import Family
from ...instances.io import encode
from .. import register
from ..claim import Claim
from ..imports import companions
from ..profile import profile_named
from ..verdict import Verdict
from ..verification import assemble, on_problem
from .resume import Run, RunFolder
from .work import Task, run, tasks


@dataclass(frozen=True)
class Finished:
    """What became of one claim: its verdict, or the error that its code raised.

    Attributes:
        reference: the id or the absolute path by which the claim is found again.
        seconds: processor seconds of its work.
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
        """JSON data; every claim has the same keys up to `seconds`, and a broken one has `error`."""
        if self.verdict is not None:
            return self.verdict.to_data()
        nothing = {"evidence": None, "instances": 0, "degenerate": 0, "tightest": None, "widest": None, "controls": [], "rows": []}
        head = {"id": self.claim, "theme": self.theme, "outcome": self.outcome}
        return {**head, **nothing, "seconds": round(self.seconds, 3), "error": self.error}


def nothing(*said):
    """What a session tells when nobody listens."""


def verify_all(references, profile="quick", *, seed=0, on=None, workers=1, notice=nothing, progress=nothing) -> list[Finished]:
    """Verify many claims; the result does not depend on the number of workers, nor on interruptions.

    Args:
        references: ids of registered claims and paths of files with one.
        profile, seed: as for `verify`. on: path of an instance file, or None.
        workers: processes; 1 works in this one.
        notice: called with a sentence where something is resumed, done again, or swept away.
        progress: called with (tasks done, tasks in all, what was done last).

    Returns: a list of Finished, in the order of the references (each once).

    A run that is interrupted leaves its finished tasks in the user's cache; the same call then takes them up, and where
    none does for two weeks a later run sweeps them away. A run that completes leaves nothing.

    Raises: UnknownClaim, InvalidClaim, InvalidModel for unusable input, before any work or where the problem given
    breaks an assumption; InvalidClaim where a source changes while workers load it; ClaimBroken where a worker dies.
    What a claim's own code raises is reported in its Finished.

    >>> [finished.outcome for finished in verify_all(["value_equivalence_is_not_regret_equivalence"])]
    ['CERTIFIED']
    """
    names = tuple(dict.fromkeys(map(_absolute, references)))
    plan = Run(names, profile_named(profile), seed, None if on is None else str(Path(on).resolve()))
    claims = [_prepared(reference, plan.on) for reference in plan.references]
    plan = replace(plan, modules=tuple(str(file) for name in names for file in companions(Path(name))))
    folder = RunFolder(plan.key())
    with folder.opened(notice):
        results = _results(plan, folder, claims, workers, notice, progress)
        try:
            finished = [_finished(plan, k, claim, results) for k, claim in enumerate(claims)]
        except InvalidModel:
            folder.remove()
            raise
        folder.remove()
        return finished


def _results(plan, folder, claims, workers, notice, progress):
    """The result of every job, kept or done now."""
    jobs = [(k, task) for k, claim in enumerate(claims) if isinstance(claim, Claim) for task in tasks(claim, plan.profile)]
    results = {job: result for job in jobs if (result := _kept(folder, *job, notice)) is not None}
    if results:
        notice(f"resumed: {len(results)} of {len(jobs)} tasks were already done")
    waiting = [job for job in jobs if job not in results]
    progress(len(results), len(jobs), "")
    for job, result in _done(plan, folder, claims, waiting, workers):
        results[job] = result
        progress(len(results), len(jobs), f"{claims[job[0]].id}: {job[1].key}")
    return results


def _absolute(reference) -> str:
    path = Path(reference)
    return str(path.resolve()) if path.suffix == ".py" or path.exists() else str(reference)


def _prepared(reference, on) -> Claim | str:
    """The claim, on the problem given; or the words of the error that importing a registered claim raises."""
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
        notice(f"{folder.file(claim, task.key)} is ignored and its task done again: {error}")
        return None


# ---- doing
def _done(plan, folder, claims, waiting, workers):
    """(job, result) of each, in the order in which they are finished."""
    if min(workers, len(waiting)) <= 1:
        for k, task in waiting:
            yield (k, task), _attempt(folder, k, claims[k], task, plan)
        return
    from joblib import Parallel, delayed

    _compile_searches([claims[k] for k in sorted({k for k, _ in waiting})])
    pool = Parallel(
        min(workers, len(waiting)), "loky", return_as="generator_unordered", batch_size=1, initializer=_as_worker, initargs=(os.getpid(),)
    )
    try:
        yield from pool(delayed(_by_reference)(plan, folder.key, k, task) for k, task in waiting)
    except BrokenProcessPool as error:
        raise ClaimBroken(f"a worker died over a claim; finished tasks are kept, one worker alone shows which claim: {error}") from error


def _attempt(folder, k, claim, task, plan) -> dict:
    """The result of a task, kept in the folder; or {"error", "seconds"} where the claim's code raised, which is not kept."""
    start = time.process_time()
    try:
        # as it will be read again: resumed and fresh results are the same
        result = json.loads(json.dumps(run(claim, task, plan.profile, plan.seed)))
    except (Exception, SystemExit) as error:
        return {"error": _words(error), "seconds": time.process_time() - start}
    folder.write(k, task.key, result)
    return result


def _words(error):
    return f"{type(error).__name__}: {error}"


def _compile_searches(claims):
    """Compile what the searches use once, here: the workers load it from the disk cache."""
    for family, part in ((part.instances, part) for claim in claims for part in claim.judged if isinstance(part.instances, Family)):
        with propose(), np.errstate(all="ignore"), suppress(Exception):  # the task will meet and report what is raised here
            sizes = family.ladder()[0]
            blocks = family.random(np.random.default_rng(0), sizes, 1)
            part.check(family.build(family.drawn({name: array[0] for name, array in blocks.items()}, sizes)))


# ---- in a worker
def _by_reference(plan: Run, key, k, task: Task):
    return (k, task), _attempt(RunFolder(key), k, _known(plan, key, plan.references[k]), task, plan)


@lru_cache(maxsize=8)
def _known(plan, key, reference):
    claim = _prepared(reference, plan.on)
    if plan.key() != key:
        raise InvalidClaim(f"{reference}: a source changed while the claims were being verified; verify again")
    return claim


def _as_worker(parent):
    """Ctrl-C is the parent's to handle; a worker whose parent was killed ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


# ---- putting together
def _finished(plan, k, claim, results) -> Finished:
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
    """The verdict, without a witness that no instance file can hold."""
    if verdict.witness is None:
        return verdict
    try:
        encode(verdict.witness)
    except InvalidModel as error:
        return replace(verdict, witness=None, note=f"{verdict.note} the witness cannot be written: {error}".strip())
    return verdict
