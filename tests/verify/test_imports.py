"""Modules that a user's claim file imports: found beside it, its own, seen as they are now, and known by name."""

import sys
from pathlib import Path

import pytest

from mdpkit.verify.imports import import_file, modules_of


@pytest.fixture
def write(tmp_path):
    """Write a file below the folder of a test; its path."""

    def write(name, text=""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def names(path, folder):
    return [file.relative_to(folder).as_posix() for file in sorted(set(modules_of(path).values()))]


def test_every_module_of_ones_own_is_known_and_no_other(write, tmp_path):
    write("beside.py", "import inside.deep")
    write("inside/__init__.py")
    write("inside/deep.py", "from . import shallow")
    write("inside/shallow.py", "import json, numpy, flint, mdpkit.measure")
    write("unused.py")
    write("named.py")
    path = write("claim.py", "import importlib, beside\nimportlib.import_module('named')")
    import_file(path)
    assert names(path, tmp_path) == [
        "beside.py",
        "inside/__init__.py",
        "inside/deep.py",
        "inside/shallow.py",
        "named.py",
    ]
    assert modules_of(Path("performance_difference_lemma")) == {}


def test_a_module_that_two_files_import_belongs_to_both(write, tmp_path):
    write("shared.py")
    paths = [write(f"claim_{k}.py", "import shared") for k in range(2)]
    for _ in range(2):
        for path in paths:
            import_file(path)
            assert names(path, tmp_path) == ["shared.py"]


def test_of_two_folders_each_file_gets_its_own_module(write):
    for folder in ("one", "two"):
        write(f"{folder}/theirs.py", f"NAME = {folder!r}")
    found = [
        import_file(write(f"{folder}/claim.py", "from theirs import NAME")).NAME for folder in ("one", "two", "one")
    ]
    assert found == ["one", "two", "one"]


def test_an_edited_module_is_seen(write):
    """Though its size and the second of its change are the same."""
    path = write("claim.py", "from edited import LIMIT")
    for limit in (1, 2, 3):
        write("edited.py", f"LIMIT = {limit}")
        assert limit == import_file(path).LIMIT


def test_a_file_that_fails_leaves_nothing_behind(write, tmp_path):
    path, before = (
        write("claim.py", "import halfway\nraise KeyError('lost')"),
        (list(sys.path), sys.dont_write_bytecode),
    )
    write("halfway.py", "DONE = False")
    with pytest.raises(KeyError):
        import_file(path)
    assert (sys.path, sys.dont_write_bytecode) == before
    write("halfway.py", "DONE = True")
    assert import_file(write("claim.py", "import halfway")).halfway.DONE
    assert not list(tmp_path.rglob("*.pyc"))
