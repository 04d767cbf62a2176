"""Table of best constants: hunts of all universal inequalities, and of altered statements that must be refuted."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from ..base.errors import InvalidClaim
from ..base.parallel import each_result
from ..verify import register
from ..verify.worst import keep
from ._hunt import Hunt, hunt
from ._target import Target, target, targets

HORIZONS = (1, 2, 3, 4)
"""Horizons at which statements are hunted, so that a formula in H can be fitted."""


@dataclass(frozen=True)
class Job:
    """One row of the table: a statement of a claim, or that of one of its controls."""

    claim: str
    part: str
    control: str

    def grid(self) -> dict | None:
        """The horizons that the family allows; None if it has no horizon axis."""
        ends = self.target().instances.sizes.get("H")
        return None if ends is None else {"H": [h for h in HORIZONS if ends[0] <= h <= ends[1]]}

    def target(self) -> Target:
        return target(register.find(self.claim), self.part, self.control or None)


def jobs(claims: Iterable[str] | None = None) -> list[Job]:
    """Jobs for all universal inequalities of the claims (default: all registered), then all controls to be refuted."""
    names = register.ids() if claims is None else claims
    found = [register.find(name) for name in names]
    true = [Job(claim.id, aimed.part, "") for claim in found for aimed in targets(claim)]
    wrong = []
    for claim in found:
        for control in claim.controls:
            try:
                aimed = target(claim, control=control.name)
            except InvalidClaim:
                continue
            wrong.append(Job(claim.id, aimed.part, control.name))
    return true + wrong


def constants(
    work: Iterable[Job],
    seconds: float = 30,
    *,
    wrong_seconds: float = 3,
    counted: bool = False,
    seed: int = 0,
    workers: int | None = None,
    scheduler: Any = None,
    notice: Callable[[str], Any] = lambda words: None,
    progress: Callable[[Hunt], Any] = lambda hunted: None,
) -> list[Hunt]:
    """Run all hunts of the table.

    Args:
        work: from `jobs`.
        seconds: CPU seconds per true statement, shared by its horizons. wrong_seconds: CPU seconds per control.
        counted: replace each second by 2000 evaluations of the check, as for `hunt`.
        workers: number of processes; defaults to the number of cores.
        scheduler: a Dask cluster in place of processes: the address of its scheduler, or a `distributed.Client`.
        notice: called with a sentence when the cluster is silent. progress: called with every finished Hunt.

    Returns: the Hunts in the order of `work`. Hunts do not use known witnesses.
    """
    work = list(work)
    calls = {
        f"{job.claim}.{job.part}.{job.control}.{k}": (job, wrong_seconds if job.control else seconds, counted, seed)
        for k, job in enumerate(work)
    }
    found = {}
    for name, rows in each_result(
        _rows, calls, workers=workers or os.cpu_count() or 1, scheduler=scheduler, notice=notice
    ):
        k = int(name.rpartition(".")[2])
        job = work[k]
        found[k] = Hunt(job.claim, job.part, job.control, job.target(), rows, seed)
        progress(found[k])
    return [found[k] for k in range(len(work))]


def _rows(job, seconds, counted, seed):
    grid = None if job.control else job.grid()
    hunted = hunt(job.claim, seconds, counted=counted, grid=grid, seed=seed, part=job.part, control=job.control or None)
    return hunted.records


DIGITS = 60
"""Draws with longer fractions are not stored."""


def keep_worst(hunts: Iterable[Hunt], folder: str | PathLike[str]) -> list[Path]:
    """Write the smallest record of each true statement, one file per claim, for `verify` to judge again.

    Records with long fractions (limits and unrounded draws) are omitted.
    """
    found = {}
    for hunted in hunts:
        row = hunted.smallest
        if not hunted.control and row is not None and _short(row.worth.x, hunted.target.instances.blocks):
            found.setdefault(hunted.claim, {})[hunted.part] = [row.worth.x]
    return [keep(claim, draws, folder) for claim, draws in found.items()]


def _short(x, blocks):
    return all(len(str(entry)) <= DIGITS for name in blocks for entry in getattr(x, name).ravel())
