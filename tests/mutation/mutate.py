"""Plant one error at a time in the kernels and measures and see whether a test notices.

    python tests/mutation/mutate.py --seed 0 --count 40

Every mutant is a copy of the package with one change. Nothing is compiled and the cache is empty, so that a mutant is
judged by its own code. A mutant that runs past the limit counts as killed, and is said to have.
"""

import argparse
import ast
import difflib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
MUTATED = ("kernels", "measure")
TESTED = ("kernels", "measure", "solve")
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
    line: int
    what: str
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]

    def diff(self) -> str:
        before = (ROOT / self.file).read_bytes()
        lines = (text.decode().splitlines() for text in (before, self.applied(before)))
        return "\n".join(line for line in difflib.unified_diff(*lines, n=0, lineterm="") if line[:2] not in ("--", "++", "@@"))


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
    """Nodes of code that runs: no annotations, no decorators."""
    waiting = [tree]
    while waiting:
        node = waiting.pop(0)
        yield node
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "decorator_list"):
                waiting.extend(child for child in (value if isinstance(value, list) else [value]) if isinstance(child, ast.AST))


def mutants(file: Path) -> list[Mutant]:
    """Every mutant of one file, a path below the root, in the order of the text."""
    source = (ROOT / file).read_bytes()
    begins = np.cumsum([0, *(len(line) for line in source.splitlines(keepends=True))])
    found = {}

    def add(node, what, text):
        start = int(begins[node.lineno - 1]) + node.col_offset
        end = int(begins[node.end_lineno - 1]) + node.end_col_offset
        one = Mutant(file, node.lineno, what, start, end, text)
        try:
            changed = ast.dump(ast.parse(one.applied(source))) != ast.dump(ast.parse(source))
        except SyntaxError:
            return
        if changed:
            found.setdefault((start, end, text), one)

    for node in looked_at(ast.parse(source)):
        for what, new in changes(node):
            text = "pass" if new is None else ast.unparse(new)
            add(node, what, text if isinstance(node, ast.stmt) else f"({text})" if isinstance(node, ast.expr) else text)
        for test in conditions(node):
            add(test, "negated condition", f"(not ({ast.unparse(test)}))")
    return [found[key] for key in sorted(found)]


def drawn(seed: int, count: int) -> list[Mutant]:
    """`count` different mutants of all kernels and measures."""
    files = [file for room in MUTATED for file in sorted((ROOT / "mdpkit" / room).glob("*.py")) if file.name != "__init__.py"]
    every = [mutant for file in files for mutant in mutants(file.relative_to(ROOT))]
    picked = np.random.default_rng(seed).choice(len(every), size=min(count, len(every)), replace=False)
    return [every[k] for k in picked]


def judged(mutant: Mutant | None, tests, limit: float) -> tuple[str, float]:
    """("killed" | "survived" | "timed out", seconds) for the tests run on a copy of the package with the mutant in it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "mdpkit", copy / "mdpkit", ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", copy)
        (copy / "tests").mkdir()
        shutil.copy(ROOT / "tests" / "conftest.py", copy / "tests")
        for room in sorted({Path(test).parts[1] for test in tests}):
            shutil.copytree(ROOT / "tests" / room, copy / "tests" / room, ignore=ignored)
        if mutant is not None:
            (copy / mutant.file).write_bytes(mutant.applied((ROOT / mutant.file).read_bytes()))
        environment = {**os.environ, "PYTHONPATH": folder, "MDPKIT_CACHE": str(copy / "cache"), "NUMBA_DISABLE_JIT": "1"}
        where = subprocess.run(
            [sys.executable, "-c", "import mdpkit; print(mdpkit.__file__)"],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        if not Path(where.stdout.strip()).resolve().is_relative_to(copy.resolve()):
            raise RuntimeError(f"the tests would import {where.stdout.strip()}, not the copy in {folder}")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *map(str, tests)]
        began = time.monotonic()
        run = subprocess.Popen(
            command, cwd=copy, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            code = run.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            return "timed out", time.monotonic() - began
        if code not in (0, 1, 2):
            raise RuntimeError(f"pytest ended with {code}, which is neither passed, failed nor broken at import")
        return "survived" if code == 0 else "killed", time.monotonic() - began


def rooms_for(mutant: Mutant | None) -> list[str]:
    """The rooms of tests that are there, the mutant's own first."""
    own = "" if mutant is None else mutant.file.parent.name
    present = [room for room in TESTED if (ROOT / "tests" / room).is_dir()]
    return [f"tests/{room}" for room in sorted(present, key=lambda room: room != own)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--limit", type=float, help="seconds for one mutant; four times those of the unchanged package if left out")
    given = parser.parse_args()
    outcome, seconds = judged(None, rooms_for(None), limit=3600)
    if outcome != "survived":
        raise SystemExit(f"the unchanged package is {outcome} by its own tests; mend that first")
    print(f"unchanged package: {seconds:.0f} s")
    tally = {"killed": 0, "timed out": 0, "survived": 0}
    for number, mutant in enumerate(drawn(given.seed, given.count)):
        outcome, took = judged(mutant, rooms_for(mutant), given.limit or 4 * seconds)
        tally[outcome] += 1
        words = "killed (timed out)" if outcome == "timed out" else outcome
        print(f"{number:3d} {words:9} {mutant.file}:{mutant.line} {mutant.what} ({took:.0f} s)\n{mutant.diff()}", flush=True)
    print(f"{tally['killed'] + tally['timed out']} killed ({tally['timed out']} of them by the time limit), {tally['survived']} survived")


if __name__ == "__main__":
    main()
