"""Plant one error at a time in the files that hold mathematics and see whether a test notices.

    python tests/mutation/mutate.py --seed 0 --count 40
    python tests/mutation/mutate.py --seed 0 --count 40 kernels/finite.py measure/planning/value.py
    python tests/mutation/mutate.py --tests tests/solve/test_average.py solve/gains.py

Every mutant is a copy of the package with one change. Nothing is compiled and the cache is empty, so that a mutant is
judged by its own code. A mutant that runs past the limit counts as killed, and is said to have.

Drawn is every file of the rooms in `TESTED` except those in `PLUMBING`: a file that is added or moved is drawn without
being listed.
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
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
NUMBERS = ("exact", "kernels", "measure", "solve")
TESTED = {
    "base": ("base", *NUMBERS),
    "deep": ("deep",),
    "exact": NUMBERS,
    "hunt": ("hunt",),
    "instances": ("instances",),
    "kernels": NUMBERS,
    "learn": ("learn", "conformance"),
    "measure": NUMBERS,
    "model": ("model", *NUMBERS),
    "search": ("search", "verify"),
    "solve": (*NUMBERS, "conformance"),
    "verify": ("verify",),
}
"""Rooms of the package that hold mathematics -> folders of the tests that judge their mutants."""
PLUMBING = (
    "base/{compiling,errors,files,markup,mode,record,replaceable,shown,types,verb,versions} deep/envs deep/plumbing "
    "hunt/_constants instances/{_choices,_decode,_encode,_form,_lines,catalogue,drn,instance,io,nfg,npz,prism} "
    "learn/{_environment,needs} model/{_gymnasium,access,mistaken} solve/{_expects,method} "
    "verify/{blame,claim,holds,imports,papers,profile,register,run,verdict,worst}"
)
"""Files and folders of those rooms without mathematics: readers, writers, records, messages, processes."""
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


@cache
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


def plumbing() -> Iterator[Path]:
    """The paths below the root that PLUMBING names, without the ending of files."""
    for each in PLUMBING.split():
        folder, _, names = each.partition("/")
        for name in names.strip("{}").split(","):
            yield Path("mdpkit", folder, name)


def mathematics(root: Path) -> list[Path]:
    """Paths below the root of the files that hold mathematics, in alphabetical order."""
    files = [file for room in TESTED for file in sorted((root / "mdpkit" / room).rglob("*.py"))]
    left_out = set(plumbing())
    paths = [file.relative_to(root) for file in files if file.name != "__init__.py"]
    return [path for path in paths if left_out.isdisjoint((path.with_suffix(""), *path.parents))]


def drawn(root: Path, seed: int, count: int, files=()) -> list[Mutant]:
    """`count` different mutants of the files, paths below the root; of all that hold mathematics if none is named."""
    every = [mutant for file in files or mathematics(root) for mutant in mutants(root, file)]
    picked = np.random.default_rng(seed).choice(len(every), size=min(count, len(every)), replace=False)
    return [every[k] for k in picked]


def copied(root: Path, to: Path):
    """The package, its settings and the tests, as they are now, without the test of what is compiled."""
    ignored = shutil.ignore_patterns("__pycache__", "test_compiling.py")
    shutil.copytree(root / "mdpkit", to / "mdpkit", ignore=ignored)
    shutil.copytree(root / "tests", to / "tests", ignore=ignored)
    shutil.copy(root / "pyproject.toml", to)


def tests_of(root: Path, mutant: Mutant) -> list[str]:
    """The folders of tests that judge a mutant, those of its own room first."""
    room = mutant.file.parts[1]
    present = [each for each in TESTED[room] if (root / "tests" / each).is_dir()]
    return [f"tests/{each}" for each in sorted(present, key=lambda each: each != room)]


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
    parser.add_argument(
        "--tests", action="append", help="tests that judge instead of those of the mutant's room; may be given again"
    )
    parser.add_argument("files", nargs="*", help="paths below mdpkit/; all that hold mathematics if left out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copied(ROOT, root)
        files = [Path("mdpkit") / file for file in given.files] or mathematics(root)
        picked = drawn(root, given.seed, given.count, files)
        if any(mutant.file.parts[1] == "deep" for mutant in picked) and find_spec("torch") is None:
            raise SystemExit(
                "mutants of mdpkit/deep are judged by tests that need the extra deep, which is not installed"
            )
        judges = [given.tests or tests_of(root, mutant) for mutant in picked]
        outcome, by, seconds = judged(root, None, sorted(set(chain.from_iterable(judges))), limit=3600)
        if outcome != "survived":
            raise SystemExit(f"the unchanged package is {outcome} by {by}; mend that first")
        text = hashlib.sha256(b"\0".join((root / file).read_bytes() for file in files)).hexdigest()[:16]
        print(f"{len(files)} files with digest {text}; unchanged package: {seconds:.0f} s", flush=True)
        tally = {"killed": 0, "timed out": 0, "survived": 0}
        for number, (mutant, tests) in enumerate(zip(picked, judges, strict=True)):
            outcome, by, took = judged(root, mutant, tests, given.limit or 4 * seconds)
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
