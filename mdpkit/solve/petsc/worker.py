"""Inexact policy iteration by one of several MPI processes, each with a share of the states.

This file is run by the Python that has petsc4py, which may be another one than mdpkit's: it imports numpy and petsc4py
alone. Usage: mpiexec -n RANKS python worker.py MODEL OUT SETTINGS, with SETTINGS in JSON.

The law is read from the files in blocks, three times for each improvement. In memory are the values of all states, and
of the own states the rows of the policy, their incomplete factors and GMRES's vectors.
"""

import json
import sys
from pathlib import Path

import numpy as np

BLOCK = 2**22
"""Number of transitions in a block."""


class Entries:
    """A numpy file that is read in parts, without mapping it into memory."""

    def __init__(self, path):
        mapped = np.load(path, mmap_mode="r")
        self.path, self.offset, self.dtype, self.width = path, mapped.offset, mapped.dtype, mapped[:1].size

    def __getitem__(self, part):
        start = self.offset + part.start * self.width * self.dtype.itemsize
        return np.fromfile(self.path, self.dtype, (part.stop - part.start) * self.width, offset=start)


class Rows:
    """The rows of the states first..last-1 of the model in a folder."""

    def __init__(self, folder, A, first, last):
        self.A, self.first, self.last = A, first, last
        self.indptr, self.indices, self.data, self.r = (
            Entries(folder / f"{name}.npy") for name in ("indptr", "indices", "data", "r")
        )

    def blocks(self):
        """(first, last, row ends) of consecutive states with at most BLOCK transitions, or of one state."""
        first = self.first
        while first < self.last:
            last = min(first + 1 + BLOCK // self.A, self.last)
            ends = self.indptr[first * self.A : last * self.A + 1]
            fit = int(np.searchsorted(ends[:: self.A], ends[0] + BLOCK, side="right")) - 1
            last = first + max(1, min(fit, last - first))
            yield first, last, ends[: (last - first) * self.A + 1]
            first = last

    def greedy(self, w, g):
        """change[s] = max_a (r + g P w) - w and the first maximising choice[s] of the own states."""
        change, choice = np.empty(self.last - self.first), np.empty(self.last - self.first, np.int64)
        for first, last, ends in self.blocks():
            terms = w[self.indices[ends[0] : ends[-1]]]
            terms *= self.data[ends[0] : ends[-1]]
            total = np.zeros(len(ends) - 1)
            filled = ends[1:] > ends[:-1]
            if filled.any():
                total[filled] = np.add.reduceat(terms, (ends[:-1] - ends[0])[filled])
            Q = (self.r[first:last] + g * total).reshape(-1, self.A)
            own = slice(first - self.first, last - self.first)
            choice[own] = Q.argmax(axis=1)
            change[own] = Q.max(axis=1) - w[first:last]
        return change, choice

    def equations(self, choice, g):
        """The own rows of I - g P_choice as CSR arrays; the diagonal entry comes first where P has none."""
        sizes = np.empty(self.last - self.first, PETSc.IntType)
        for first, last, ends in self.blocks():
            rows = np.arange(last - first) * self.A + choice[first - self.first : last - self.first]
            sizes[first - self.first : last - self.first] = ends[rows + 1] - ends[rows] + 1
        most, filled = int(sizes.sum(dtype=np.int64)), 0
        indices, data = np.empty(most, PETSc.IntType), np.empty(most)
        for first, last, ends in self.blocks():
            rows = np.arange(last - first) * self.A + choice[first - self.first : last - self.first]
            starts, lengths = ends[rows] - ends[0], ends[rows + 1] - ends[rows]
            before = np.concatenate([[0], np.cumsum(lengths)])
            places = np.arange(before[-1]) + np.repeat(starts - before[:-1], lengths)
            columns = self.indices[ends[0] : ends[-1]][places].astype(PETSc.IntType)
            entries = self.data[ends[0] : ends[-1]][places] * -g
            of = np.repeat(np.arange(last - first), lengths)
            stays = columns == of + first
            entries[stays] += 1
            lacks = np.flatnonzero(np.bincount(of[stays], minlength=last - first) == 0)
            sizes[first - self.first : last - self.first] = lengths
            sizes[first - self.first + lacks] += 1
            end = filled + len(columns) + len(lacks)
            indices[filled:end] = np.insert(columns, before[lacks], lacks + first)
            data[filled:end] = np.insert(entries, before[lacks], 1.0)
            filled = end
        indptr = np.concatenate([[0], np.cumsum(sizes)])
        return indptr.astype(PETSc.IntType), indices[:filled], data[:filled]


def solver(matrix, settings):
    """GMRES with block-Jacobi ILU on the right, so that the residuals it stops at are true ones."""
    krylov = PETSc.KSP().create()
    krylov.setOperators(matrix)
    krylov.setType("gmres")
    krylov.setGMRESRestart(settings["restart"])
    krylov.setPCSide(PETSc.PC.Side.RIGHT)
    krylov.setNormType(PETSc.KSP.NormType.UNPRECONDITIONED)
    krylov.getPC().setType("bjacobi")
    krylov.setTolerances(rtol=settings["inner"], atol=0, max_it=settings["steps"])
    return krylov


def iterate(folder, out, settings):
    about = json.loads((folder / "about.json").read_text())
    S, A, g = about["S"], about["A"], about["gamma"]
    rank, ranks = PETSc.COMM_WORLD.rank, PETSc.COMM_WORLD.size
    first, last = S * rank // ranks, S * (rank + 1) // ranks
    rows = Rows(folder, A, first, last)
    values, change = (PETSc.Vec().createMPI((last - first, S)) for _ in range(2))
    values.setArray(rows.r[first:last].reshape(-1, A).max(axis=1))
    spread, everywhere = PETSc.Scatter.toAll(values)
    smallest, quiet, best, last_choice = np.inf, 0, None, np.full(last - first, -1)
    for improvement in range(1, settings["improvements"] + 1):
        values.shift(-(values.max()[1] + values.min()[1]) / 2)
        spread.scatter(values, everywhere)
        w = everywhere.getArray(readonly=True)
        found, choice = rows.greedy(w, g)
        change.setArray(found)
        low, high = change.min()[1], change.max()[1]
        change.setArray((choice != last_choice).astype(float))
        quiet = 0 if change.sum() or high - low < smallest else quiet + 1
        last_choice = choice
        if high - low < smallest or best is None:
            smallest, best = high - low, (w[first:last].copy(), choice)
        steps = 0
        done = smallest <= settings["goal"] or quiet >= settings["patience"] or not np.isfinite(high - low)
        if not done and improvement < settings["improvements"]:
            indptr, indices, data = rows.equations(choice, g)
            matrix = PETSc.Mat().createAIJ(((last - first, S), (last - first, S)), csr=(indptr, indices, data))
            change.setArray(found - (low + high) / 2)  # constants are solved for by their own equation
            correction = values.duplicate()
            krylov = solver(matrix, settings)
            krylov.solve(change, correction)
            steps = krylov.getIterationNumber()
            values.axpy(1.0, correction)
            for used in (krylov, matrix, correction):
                used.destroy()
        if rank == 0:
            sys.stdout.write(json.dumps({"improvement": improvement, "span": high - low, "steps": steps}) + "\n")
            sys.stdout.flush()
        if done:
            break
    for name, own in {"value": best[0], "choice": best[1]}.items():
        written = np.load(out / f"{name}.npy", mmap_mode="r+")
        written[first:last] = own
        written.flush()
    PETSc.COMM_WORLD.barrier()


if __name__ == "__main__":
    import petsc4py

    petsc4py.init([])
    from petsc4py import PETSc

    iterate(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
