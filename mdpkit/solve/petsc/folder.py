"""A discounted problem in memory-mapped files, written and read in parts, so that it need not fit into memory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np

from ...base.errors import InvalidModel
from ...base.files import write_whole
from ...base.record import expect_counts
from ...base.tolerance import ROW_SUM
from ...model.horizon import Discounted
from ...model.mdp import MDP

KINDS = {"indptr": np.int64, "indices": np.uint32, "data": np.float64, "r": np.float64}
BLOCK = 2**22
"""Number of transitions that are read at once."""


@dataclass(frozen=True)
class ModelFolder:
    """A folder with the model of a discounted problem.

    Attributes:
        path: the folder, with `about.json` and, as numpy files, the transition law in CSR form with row s*A + a
            (`indptr`, `indices`, `data`), the successors of each row in increasing order, and the reward `r[s,a]`, -inf
            where an action is missing.
        S, A: numbers of states and actions. gamma: the discount, in [0, 1).
        longest: largest number of successors. defect: largest distance of a row's sum from 1.
        size: largest absolute reward.
    """

    path: Path
    S: int
    A: int
    gamma: float
    longest: int
    defect: float
    size: float

    @classmethod
    def write(cls, path: str | PathLike[str], problem: MDP) -> Self:
        """Write a discounted problem with one law for all steps; its rows are taken as they are stored.

        Raises: InvalidModel for another horizon, or a rational problem.
        """
        if not isinstance(problem.horizon, Discounted) or problem.exact:
            raise InvalidModel(f"{problem!r} cannot be written to a folder; expected a Discounted problem of floats")
        P, r = problem.P, problem.r if problem.mask is None else np.where(problem.mask, problem.r, -np.inf)
        with Writer(path, problem.A, problem.horizon.gamma) as writer:
            if hasattr(P, "indptr"):
                writer.append(np.diff(P.indptr.astype(np.int64)), P.indices, P.data, r)
            else:
                flat = P.reshape(-1, problem.S)
                rows, columns = np.nonzero(flat)
                writer.append(np.bincount(rows, minlength=len(flat)), columns, flat[rows, columns], r)
        return cls.open(path)

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Self:
        """Open a folder, and check all of it in one pass.

        Raises: InvalidModel naming the file and entry, what was found and what was expected.
        """
        path = Path(path)
        try:
            about = json.loads((path / "about.json").read_text(encoding="ascii"))
            S, A, gamma = about["S"], about["A"], about["gamma"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidModel(f"{path} holds no model; expected about.json with S, A and gamma: {error}") from error
        for name, size in (("S", S), ("A", A)):
            if type(size) is not int or size < 1:
                raise InvalidModel(f"{path / 'about.json'}: {name} is {size!r}; expected an integer of at least 1")
        if type(gamma) not in (int, float):
            raise InvalidModel(f"{path / 'about.json'}: gamma is {gamma!r}; expected a number in [0, 1)")
        Discounted(gamma)
        arrays = {name: _array(path, name) for name in KINDS}
        indptr, r = arrays["indptr"], arrays["r"]
        if r.shape != (S, A) or indptr.shape != (S * A + 1,):
            raise InvalidModel(
                f"{path}: r has shape {r.shape} and indptr {indptr.shape}; expected ({S}, {A}) and ({S * A + 1},)"
            )
        if indptr[0] != 0 or not indptr[-1] == len(arrays["indices"]) == len(arrays["data"]):
            raise InvalidModel(
                f"{path}: indptr goes from {indptr[0]} to {indptr[-1]}; indices has {len(arrays['indices'])} entries and "
                f"data {len(arrays['data'])}"
            )
        longest, defect, size = 0, 0.0, 0.0
        for first, last, ends in _blocks(indptr, A, S):
            facts = _examine(path, first, *_rows(arrays, first, last, ends), S)
            longest, defect, size = max(longest, facts[0]), max(defect, facts[1]), max(size, facts[2])
        return cls(path, S, A, float(gamma), longest, defect, size)

    def blocks(self) -> Iterator[tuple[int, tuple[np.ndarray, ...]]]:
        """(first state, (indptr, indices, data, r)) of consecutive parts; indptr starts at 0 in each."""
        arrays = {name: _array(self.path, name) for name in KINDS}
        for first, last, ends in _blocks(arrays["indptr"], self.A, self.S):
            yield first, _rows(arrays, first, last, ends)

    @property
    def transitions(self) -> int:
        return int(_array(self.path, "indptr")[-1])


class Writer:
    """Write a model part by part: within `with Writer(...) as writer`, `writer.append` the rows of the next states.

    Args: path: a folder, which must be new or empty. A: number of actions. gamma: the discount.
    Raises: InvalidModel for a folder that is not empty, a discount outside [0, 1), or at its end a wrong entry.
    """

    def __init__(self, path: str | PathLike[str], A: int, gamma: float) -> None:
        expect_counts(A=A)
        self.path, self.A, self.gamma = Path(path), A, float(Discounted(gamma).gamma)
        self.path.mkdir(parents=True, exist_ok=True)
        if any(self.path.iterdir()):
            raise InvalidModel(f"{self.path} is not empty; expected a new folder")
        self.files = {name: open(self.path / f"{name}.npy", "w+b") for name in KINDS}  # noqa: SIM115
        self.counts = dict.fromkeys(KINDS, 0)
        for file in self.files.values():
            file.write(b"\0" * HEAD)
        self._put("indptr", np.zeros(1, int))
        self.end = 0

    def append(self, lengths: Any, indices: Any, data: Any, r: Any) -> None:
        """Add states.

        Args:
            lengths: number of successors of each row, state by state and action by action.
            indices, data: successors, increasing in each row, and their probabilities, row after row.
            r: reward `r[s,a]` of the added states, -inf where an action is missing.
        """
        lengths, r = np.asarray(lengths, np.int64), np.asarray(r, float).reshape(-1, self.A)
        if lengths.shape != (r.size,) or not lengths.sum() == len(indices) == len(data):
            raise InvalidModel(
                f"{len(lengths)} rows of {lengths.sum()} successors, {len(indices)} indices, {len(data)} probabilities and "
                f"rewards of {r.size} rows; expected one number of rows, and of successors"
            )
        self._put("indptr", self.end + np.cumsum(lengths))
        self.end += int(lengths.sum())
        for name, array in (("indices", indices), ("data", data), ("r", r)):
            self._put(name, np.asarray(array))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, *raised: Any) -> None:
        if kind is None:
            self._complete()
        else:
            for file in self.files.values():
                file.close()

    def _complete(self):
        """Complete the files, and check the folder."""
        shapes = {name: (count,) for name, count in self.counts.items()}
        S = self.counts["r"] // self.A
        shapes["r"] = (S, self.A)
        for name, file in self.files.items():
            file.seek(0)
            file.write(_head(KINDS[name], shapes[name]))
            file.close()
        write_whole(self.path / "about.json", json.dumps({"S": S, "A": self.A, "gamma": self.gamma}))
        ModelFolder.open(self.path)

    def _put(self, name, array):
        array, wanted = np.asarray(array), np.dtype(KINDS[name])
        whole = wanted.kind in "iu"
        if array.size and array.dtype.kind not in ("iu" if whole else "iuf"):
            raise InvalidModel(f"{name} holds {array.dtype}; expected {'integers' if whole else 'real numbers'}")
        if whole and array.size and not 0 <= array.min() <= array.max() <= np.iinfo(wanted).max:
            raise InvalidModel(f"{name} goes from {array.min()} to {array.max()}; expected 0 to {np.iinfo(wanted).max}")
        kept = np.ascontiguousarray(array, wanted)
        self.files[name].write(kept.tobytes())
        self.counts[name] += kept.size


HEAD = 128
"""Length of a numpy file's head, which is written last."""


def _head(kind, shape):
    said = repr({"descr": np.dtype(kind).str, "fortran_order": False, "shape": shape}).encode("latin1")
    return b"\x93NUMPY\x01\x00" + (HEAD - 10).to_bytes(2, "little") + said.ljust(HEAD - 11) + b"\n"


def _array(path, name):
    try:
        array = np.load(path / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InvalidModel(f"{path / f'{name}.npy'} cannot be read: {error}") from error
    if array.dtype != KINDS[name]:
        raise InvalidModel(f"{path / f'{name}.npy'} holds {array.dtype}; expected {np.dtype(KINDS[name])}")
    if array.ndim != 1 + (name == "r") or not array.flags.c_contiguous:
        order = "" if array.flags.c_contiguous else " in Fortran's order"
        raise InvalidModel(
            f"{path / f'{name}.npy'} has shape {array.shape}{order}; expected {1 + (name == 'r')} axes, in C's order"
        )
    return array


def _blocks(indptr, A, S):
    """(first, last, row ends) of consecutive states with at most BLOCK transitions, or of one state."""
    first = 0
    while first < S:
        last = min(first + 1 + BLOCK // A, S)
        ends = _read(indptr, first * A, last * A + 1)
        fit = int(np.searchsorted(ends[::A], ends[0] + BLOCK, side="right")) - 1
        last = first + max(1, min(fit, last - first))
        yield first, last, ends[: (last - first) * A + 1]
        first = last


def _read(array, first, last):
    """A part of a memory-mapped array, read from its file, so that no more of it stays in memory."""
    each = array[:1].size
    start = array.offset + first * each * array.itemsize
    return np.fromfile(array.filename, array.dtype, (last - first) * each, offset=start).reshape(-1, *array.shape[1:])


def _rows(arrays, first, last, ends):
    indices, data = (_read(arrays[name], int(ends[0]), int(ends[-1])) for name in ("indices", "data"))
    return ends - ends[0], indices, data, _read(arrays["r"], first, last)


def _examine(path, first, indptr, indices, data, r, S):
    """Largest row, largest distance of a sum from 1, and largest reward, of checked rows."""
    A = r.shape[1]
    lengths = np.diff(indptr)
    there = r.ravel() > -np.inf

    def refuse(row, found, expected):
        raise InvalidModel(f"{path}: state {first + row // A}, action {row % A}: {found}; expected {expected}")

    if (lengths < 0).any():
        refuse(int(np.argmax(lengths < 0)), "indptr decreases", "increasing row ends")
    of = np.repeat(np.arange(len(lengths)), lengths)
    for bad, found, expected in (
        (~(data >= 0), "a probability is {}", "at least 0"),
        (indices >= S, "successor {}", f"below {S}"),
    ):
        if bad.any():
            k = int(np.argmax(bad))
            refuse(int(of[k]), found.format(data[k] if "prob" in found else indices[k]), expected)
    later = of[1:] == of[:-1]
    if (indices[1:][later] <= indices[:-1][later]).any():
        k = int(np.flatnonzero(later & (indices[1:] <= indices[:-1]))[0])
        refuse(int(of[k]), f"successor {indices[k + 1]} after {indices[k]}", "each once, in increasing order")
    sums = np.bincount(of, weights=data, minlength=len(lengths))
    off = np.abs(sums - 1) * there
    if not (off <= ROW_SUM).all():
        row = int(np.argmax(~(off <= ROW_SUM)))
        refuse(row, f"its probabilities sum to {sums[row]}", f"1 within {ROW_SUM}, or a reward of -inf")
    if not (np.isfinite(r) | (r == -np.inf)).all() or not there.reshape(r.shape).any(axis=1).all():
        row = int(
            np.argmax((~(np.isfinite(r) | (r == -np.inf)) | ~there.reshape(r.shape).any(axis=1, keepdims=True)).ravel())
        )
        refuse(row, f"the reward is {r.ravel()[row]}", "a finite reward, or -inf for a missing action, but not for all")
    return int(lengths.max()), float(off.max()), float(np.abs(r[np.isfinite(r)]).max())
