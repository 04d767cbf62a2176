"""The table of best constants: what a hunt finds for every statement that can be hunted, and how soon wrong ones fall."""

import os
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import InvalidClaim
from ..verify import register
from ..verify.worst import keep
from ._hunt import Hunt, hunt
from ._target import target, targets

HORIZONS = (1, 2, 3, 4)
"""Where a statement has a horizon, it is hunted at each of these, so that a formula can be read off."""


@dataclass(frozen=True)
class Job:
    """One line of the table."""

    claim: str
    part: str
    control: str

    def grid(self) -> dict | None:
        """The horizons that the family allows; None where there is none."""
        ends = self.target().instances.sizes.get("H")
        return None if ends is None else {"H": [h for h in HORIZONS if ends[0] <= h <= ends[1]]}

    def target(self):
        return target(register.find(self.claim), self.part, self.control or None)


def jobs(claims=None) -> list[Job]:
    """Every universal inequality of the claims (all that are registered, if left out), then every changed one that must fall."""
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


def constants(work, seconds=30, *, wrong_seconds=3, counted=False, seed=0, workers=None, progress=lambda hunted: None) -> list[Hunt]:
    """Hunt every line of the table.

    Args:
        work: from `jobs`.
        seconds: CPU seconds a true statement, shared by its horizons. wrong_seconds: those a wrong one.
        counted: let a second stand for 2000 evaluations of the check, as for `hunt`.
        workers: processes; one a core if left out.
        progress: called with every Hunt as it ends.

    Returns: the Hunts in the order of the work. No hunt is shown a known witness.
    """
    from joblib import Parallel, delayed

    pool = Parallel(workers or os.cpu_count() or 1, "loky", return_as="generator", batch_size=1)
    found = []
    for hunted in pool(delayed(_one)(job, wrong_seconds if job.control else seconds, counted, seed) for job in work):
        found.append(hunted)
        progress(hunted)
    return found


def _one(job, seconds, counted, seed):
    grid = None if job.control else job.grid()
    return hunt(job.claim, seconds, counted=counted, grid=grid, seed=seed, part=job.part, control=job.control or None)


DIGITS = 60
"""A row of a draw with longer fractions is no instance that one would keep."""


def keep_worst(hunts, folder) -> list[Path]:
    """Write the smallest record of each true statement, one file a claim, for `verify` to judge again.

    Records that hold long fractions are left out: limits, and what was not rounded.
    """
    found = {}
    for hunted in hunts:
        row = hunted.smallest
        if not hunted.control and row is not None and _short(row.worth.x, hunted.target.instances.blocks):
            found.setdefault(hunted.claim, {})[hunted.part] = [row.worth.x]
    return [keep(claim, draws, folder) for claim, draws in found.items()]


def _short(x, blocks):
    return all(len(str(entry)) <= DIGITS for name in blocks for entry in getattr(x, name).ravel())
