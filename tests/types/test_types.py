"""What a type checker says about user code, and that every public signature is annotated."""

import importlib
import inspect
import re
import subprocess
import sys
from dataclasses import is_dataclass
from functools import cached_property
from pathlib import Path

import pytest
from tools.left_out import MISSING, needs_the_extra
from tools.processes import HANG

HERE = Path(__file__).parent
ROOMS = (
    "base claims hunt ink ink.figures instances learn measure model report solve strategies testing verify deep".split()
)
NETWORKS = ("deep", "deep.envs", "deep.twins")
OPERATORS = "add and bool eq float format ge getitem gt init iter le len lt mul ne neg pow sub truediv".split()
"""Methods with two underscores that are called by what a user writes."""


def errors(cache, *files):
    """(file's name, line) -> the codes of the errors that mypy finds there, in order."""
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(cache), "--no-error-summary", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG, cwd=HERE.parents[1])
    assert done.returncode in (0, 1), done.stderr
    found = {}
    for line in done.stdout.splitlines():
        said = re.fullmatch(r"(.+):(\d+): error: .*\[([a-z-]+)\]", line)
        assert said or ": note: " in line, line
        if said:
            found.setdefault((Path(said[1]).name, int(said[2])), []).append(said[3])
    return found


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("mypy")


def test_user_code_has_the_types_and_errors_that_it_states(cache):
    stated = {}
    for number, line in enumerate((HERE / "rejected.py").read_text(encoding="utf-8").splitlines(), 1):
        if codes := re.search(r"  # error: (.+)$", line):
            stated["rejected.py", number] = codes[1].split(", ")
    assert len(stated) > 40
    assert errors(cache, HERE / "accepted.py", HERE / "rejected.py") == stated


def names(room):
    """Public functions and classes of a room: those that a package lists or imports, and those that a file defines."""
    module = importlib.import_module(f"mdpkit.{room}")
    listed = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    things = {name: getattr(module, name) for name in listed}
    return {
        name: thing
        for name, thing in things.items()
        if callable(thing)
        and thing.__module__.startswith("mdpkit." if hasattr(module, "__path__") else module.__name__)
    }


def test_no_public_name_is_any(cache, tmp_path):
    rooms = [room for room in (*ROOMS, *NETWORKS[1:]) if not (MISSING and room in NETWORKS)]
    places = {f"mdpkit.{room}.{name}" for room in rooms for name in names(room)}
    top = {f"mdpkit.{name}" for name in importlib.import_module("mdpkit").__all__ if name not in ROOMS}
    lines = [f"from {place.rpartition('.')[0]} import {place.rpartition('.')[2]}" for place in sorted(places | top)]
    checked = "\n".join(f"{line} as n{k}\nv{k}: Nothing = n{k}" for k, line in enumerate(lines))
    file = tmp_path / "nothing.py"
    file.write_text(f"class Nothing: ...\n{checked}\n", encoding="utf-8")
    found = errors(cache, file)
    assert {
        line for line, k in zip(lines, range(len(lines)), strict=True) if ("nothing.py", 2 * k + 3) not in found
    } == set()
    assert {lines[line // 2 - 1]: codes for (_, line), codes in found.items() if codes != ["assignment"]} == {}


def unannotated(thing, first=0):
    """The parameters of a function from the `first` on, and "return", that have no annotation."""
    signature = inspect.signature(thing)
    parameters = list(signature.parameters.values())[first:]
    left = [parameter.name for parameter in parameters if parameter.annotation is parameter.empty]
    return left + ["return"] * (signature.return_annotation is signature.empty)


def methods(kind):
    """(name, function, whether it takes the object or class first) of what a user calls on a class of the package."""
    for owner in kind.__mro__:
        if not owner.__module__.startswith("mdpkit."):
            continue
        for name, thing in vars(owner).items():
            public = not name.startswith("_") or re.sub(r"^__r?|__$", "", name) in OPERATORS
            generated = is_dataclass(owner) and (name in ("__init__", "__eq__") or name in owner.__dataclass_fields__)
            if isinstance(thing, property):
                thing = thing.fget
            if isinstance(thing, cached_property):
                thing = thing.func
            bare = thing.__func__ if isinstance(thing, classmethod | staticmethod) else thing
            if public and not generated and inspect.isfunction(bare) and bare.__module__.startswith("mdpkit."):
                yield f"{owner.__name__}.{name}", bare, not isinstance(thing, staticmethod)


def lacking(things):
    """name -> what has no annotation, over functions and the methods of classes."""
    found = {}
    for name, thing in things.items():
        parts = methods(thing) if inspect.isclass(thing) else [(name, thing, False)]
        found |= {each: left for each, function, bound in parts if (left := unannotated(function, int(bound)))}
    return found


@pytest.mark.parametrize("room", ROOMS[:-1])
def test_every_public_signature_is_annotated(room):
    assert names(room) or room == "ink"
    assert lacking(names(room)) == {}


@needs_the_extra
@pytest.mark.parametrize("room", NETWORKS)
def test_every_public_signature_of_networks_is_annotated(room):
    assert lacking(names(room)) == {}


def test_a_missing_annotation_is_found():
    def half(x: int, y) -> int: ...

    class Kind:
        @property
        def size(self): ...

        def __add__(self, other: int): ...

        @classmethod
        def made(cls, x) -> "Kind": ...

        def _own(self, x): ...

    half.__module__ = Kind.__module__ = "mdpkit.planted"
    for thing in (Kind.size.fget, Kind.__add__, Kind.made.__func__, Kind._own):
        thing.__module__ = "mdpkit.planted"
    assert lacking({"half": half, "Kind": Kind}) == {
        "half": ["y"],
        "Kind.size": ["return"],
        "Kind.__add__": ["return"],
        "Kind.made": ["x"],
    }
