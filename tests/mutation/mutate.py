"""Plant one error at a time in the kernels and measures and see whether a test notices.

    python tests/mutation/mutate.py --seed 0 --count 40
    python tests/mutation/mutate.py --seed 0 --count 40 kernels/finite.py measure/planning/value.py

Every mutant is a copy of the package with one change. Nothing is compiled and the cache is empty, so that a mutant is
judged by its own code. A mutant that runs past the limit counts as killed, and is said to have.
"""

import argparse
import ast
import difflib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
MUTATED = ("kernels", "measure")
TESTED = ("exact", "kernels", "measure", "solve")
BINARY = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult}
COMPARED = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPPOSITE = {"min": "max", "minimum": "maximum", "fmin": "fmax", "argmin": "argmax"}
OPPOSITE |= {high: low for low, high in OPPOSITE.items()}


@dataclass(frozen=True)
class Mutant:
    """One change: bytes `start` to `end` of a file become `text`."""

    file: Path
    source: bytes = field(repr=False)
    start: int
    end: int
    text: str
    what: str

    @property
    def line(self) -> int:
        return self.source[: self.start].count(b"\n") + 1

    def applied(self) -> bytes:
        return self.source[: self.start] + self.text.encode() + self.source[self.end :]

    def diff(self) -> str:
        lines = (text.decode().splitlines() for text in (self.source, self.applied()))
        return "\n".join(
            line for line in difflib.unified_diff(*lines, n=0, lineterm="") if line[:2] not in ("--", "++", "@@")
        )


def changes(node):
    """Every (what, new node) that an error at this node could be; None drops a statement."""
    match node:
        case ast.BinOp(op=op) if type(op) in BINARY:
            yield "operator", ast.BinOp(node.left, BINARY[type(op)](), node.right)
        case ast.AugAssign(op=op) if type(op) in BINARY:
            yield "operator", ast.AugAssign(node.target, BINARY[type(op)](), node.value)
            yield "dropped statement", None
        case ast.Compare(ops=[op]):
            for other in COMPARED[type(op)]:
                yield "comparison", ast.Compare(node.left, [other()], node.comparators)
        case ast.BoolOp():
            yield "and/or", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.Name(id=name) if name in OPPOSITE:
            yield "min/max", ast.Name(OPPOSITE[name])
        case ast.Attribute(attr=name) if name in OPPOSITE:
            yield "min/max", ast.Attribute(node.value, OPPOSITE[name])
        case ast.Constant(value=bool(value)):
            yield "truth", ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield "constant", ast.Constant(value + 1)
            yield "constant", ast.Constant(value - 1)
        case ast.Call(func=ast.Name(id="range"), args=[*first, last], keywords=[]) if len(first) < 2:
            for op in (ast.Sub(), ast.Add()):
                yield "bound of a range", ast.Call(node.func, [*first, ast.BinOp(last, op, ast.Constant(1))], [])
        case ast.Subscript(slice=ast.BinOp(left=left, right=ast.Constant(value=1))):
            yield "index", ast.Subscript(node.value, left, node.ctx)
        case ast.Subscript(slice=ast.Tuple(elts=parts)) if len(parts) > 1:
            for k in range(len(parts) - 1):
                swapped = [*parts[:k], parts[k + 1], parts[k], *parts[k + 2 :]]
                yield "swapped indices", ast.Subscript(node.value, ast.Tuple(swapped, ast.Load()), node.ctx)
        case ast.IfExp():
            yield "negated condition", ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Assign(targets=[ast.Subscript()]) | ast.Raise() | ast.Expr(value=ast.Call()):
            yield "dropped statement", None


def conditions(node):
    """The tests of a statement or comprehension that may be negated."""
    match node:
        case ast.If(test=test) | ast.While(test=test):
            yield test
        case ast.comprehension(ifs=tests):
            yield from tests


def looked_at(tree):
    """Nodes of code that decides: no annotations, no decorators, no messages."""
    waiting = [tree]
    while waiting:
        node = waiting.pop(0)
        yield node
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "decorator_list"):
                children = value if isinstance(value, list) else [value]
                waiting.extend(
                    child for child in children if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr)
                )


def written(node) -> str:
    """The text of a changed node, in brackets where what stands around it could break it up."""
    if node is None:
        return "pass"
    loose = isinstance(node, ast.BinOp | ast.BoolOp | ast.Compare | ast.IfExp | ast.UnaryOp)
    return f"({ast.unparse(node)})" if loose else ast.unparse(node)


def mutants(root: Path, file: Path) -> list[Mutant]:
    """Every mutant of one file, a path below the root, in the order of the text."""
    source = (root / file).read_bytes()
    begins = np.cumsum([0, *(len(line) for line in source.splitlines(keepends=True))])
    found = {}
    for node in looked_at(ast.parse(source)):
        planted = [(node, what, new) for what, new in changes(node)]
        planted += [(test, "negated condition", ast.UnaryOp(ast.Not(), test)) for test in conditions(node)]
        for old, what, new in planted:
            if new is None or ast.unparse(new) != ast.unparse(old):
                start = int(begins[old.lineno - 1]) + old.col_offset
                end = int(begins[old.end_lineno - 1]) + old.end_col_offset
                found.setdefault((start, end, written(new)), Mutant(file, source, start, end, written(new), what))
    return [found[key] for key in sorted(found)]


def kernels_and_measures(root: Path) -> list[Path]:
    """Paths below the root, in alphabetical order."""
    files = [file for room in MUTATED for file in sorted((root / "mdpkit" / room).rglob("*.py"))]
    return [file.relative_to(root) for file in files if file.name != "__init__.py"]


def drawn(root: Path, seed: int, count: int, files=()) -> list[Mutant]:
    """`count` different mutants of the files, paths below the root; of all kernels and measures if none is named."""
    every = [mutant for file in files or kernels_and_measures(root) for mutant in mutants(root, file)]
    picked = np.random.default_rng(seed).choice(len(every), size=min(count, len(every)), replace=False)
    return [every[k] for k in picked]


def copied(root: Path, to: Path):
    """The package, its settings and the tests that judge mutants, as they are now."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "mdpkit", to / "mdpkit", ignore=ignored)
    shutil.copy(root / "pyproject.toml", to)
    for room in rooms(root):
        shutil.copytree(root / room, to / room, ignore=ignored)
    shutil.copy(root / "tests" / "conftest.py", to / "tests")
    shutil.copytree(root / "tests" / "tools", to / "tests" / "tools", ignore=ignored)


def rooms(root: Path, first: str = "") -> list[str]:
    """The rooms of tests that are there, `first` in front."""
    present = [room for room in TESTED if (root / "tests" / room).is_dir()]
    return [f"tests/{room}" for room in sorted(present, key=lambda room: room != first)]


def judged(root: Path, mutant: Mutant | None, tests, limit: float) -> tuple[str, str, float]:
    """("killed" | "survived" | "timed out", by which test, seconds) on a copy of the package with the mutant in it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        copied(root, copy)
        if mutant is not None:
            (copy / mutant.file).write_bytes(mutant.applied())
        environment = {
            **os.environ,
            "PYTHONPATH": folder,
            "MDPKIT_CACHE": str(copy / "cache"),
            "NUMBA_DISABLE_JIT": "1",
        }
        asked = [sys.executable, "-c", "import mdpkit; print(mdpkit.__file__)"]
        package = Path(subprocess.check_output(asked, cwd=copy, env=environment, text=True).strip())
        if not package.resolve().is_relative_to(copy.resolve()):
            raise RuntimeError(f"the tests would import {package}, not the copy in {folder}")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *map(str, tests)]
        began = time.monotonic()
        with (copy / "log").open("w") as log:
            run = subprocess.Popen(command, cwd=copy, env=environment, stdout=log, stderr=log, start_new_session=True)
            try:
                code = run.wait(limit)
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()
                return "timed out", "the time limit", time.monotonic() - began
        failed = [
            line.split(" - ")[0]
            for line in (copy / "log").read_text().splitlines()
            if line.startswith(("FAILED", "ERROR"))
        ]
        if code not in (0, 1, 2):
            raise RuntimeError(f"pytest ended with {code}, which is neither passed, failed nor broken at import")
        return "killed" if code else "survived", ", ".join(failed), time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument(
        "--limit", type=float, help="seconds for one mutant; four times those of the unchanged package if left out"
    )
    parser.add_argument("files", nargs="*", help="paths below mdpkit/; all kernels and measures if left out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copied(ROOT, root)
        outcome, by, seconds = judged(root, None, rooms(root), limit=3600)
        if outcome != "survived":
            raise SystemExit(f"the unchanged package is {outcome} by {by}; mend that first")
        files = [Path("mdpkit") / file for file in given.files] or kernels_and_measures(root)
        text = hashlib.sha256(b"\0".join((root / file).read_bytes() for file in files)).hexdigest()[:16]
        print(f"{len(files)} files with digest {text}; unchanged package: {seconds:.0f} s", flush=True)
        tally = {"killed": 0, "timed out": 0, "survived": 0}
        for number, mutant in enumerate(drawn(root, given.seed, given.count, files)):
            outcome, by, took = judged(root, mutant, rooms(root, mutant.file.parent.name), given.limit or 4 * seconds)
            tally[outcome] += 1
            words = "survived" if outcome == "survived" else f"killed by {by}"
            print(
                f"{number}. {mutant.file}:{mutant.line} {mutant.what}, {words} ({took:.0f} s)\n{mutant.diff()}",
                flush=True,
            )
        killed = tally["killed"] + tally["timed out"]
        print(f"{killed} killed ({tally['timed out']} of them by the time limit), {tally['survived']} survived")


if __name__ == "__main__":
    main()
