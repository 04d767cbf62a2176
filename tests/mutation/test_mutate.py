"""The tool that plants errors: repeatable, well formed, and able to tell a caught error from a harmless change."""

import ast
import importlib.util
import re
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def mutate():
    spec = importlib.util.spec_from_file_location("mutate", Path(__file__).with_name("mutate.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutate"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["mutate"]


def test_a_seed_names_its_mutants(mutate):
    first, again, other = (
        mutate.drawn(mutate.ROOT, 0, 40),
        mutate.drawn(mutate.ROOT, 0, 40),
        mutate.drawn(mutate.ROOT, 1, 40),
    )
    assert first == again
    assert first != other
    assert len(set(first)) == 40
    assert {mutant.file.parts[1] for mutant in mutate.drawn(mutate.ROOT, 0, 1000)} == set(mutate.TESTED)


def test_every_file_of_a_room_is_drawn_unless_it_is_left_out(mutate):
    """A new room must be drawn or named here; what a control replaces is mathematics, in whichever file it is."""
    package = mutate.ROOT / "mdpkit"
    assert {folder.name for folder in package.iterdir() if (folder / "__init__.py").exists()} - set(mutate.TESTED) == {
        *("bench", "claims", "cli", "ink", "report", "testing")
    }
    drawn = set(mutate.mathematics(mutate.ROOT))
    for path in mutate.plumbing():
        assert (mutate.ROOT / path).is_dir() or (mutate.ROOT / path).with_suffix(".py").is_file(), path
    decorated = re.compile(r"^@(replaceable|inner)\b", re.MULTILINE)
    marked = {
        file.relative_to(mutate.ROOT) for file in package.rglob("*.py") if decorated.search(file.read_text("utf-8"))
    }
    assert marked
    assert marked <= drawn
    assert Path("mdpkit/solve/least_squares.py") in drawn
    assert Path("mdpkit/model/shaping.py") in drawn


def test_every_mutant_is_a_program_that_differs(mutate):
    for mutant in mutate.drawn(mutate.ROOT, 2, 200):
        assert ast.dump(ast.parse(mutant.applied())) != ast.dump(ast.parse(mutant.source))
        assert mutant.diff().startswith("-")
        assert f"\n{mutant.source.decode()}".splitlines()[mutant.line] == mutant.diff().splitlines()[0][1:]


def test_every_operator_is_drawn(mutate):
    kinds = {mutant.what for mutant in mutate.drawn(mutate.ROOT, 0, 10**6)}
    assert kinds == {
        *(
            "operator",
            "comparison",
            "and/or",
            "min/max",
            "truth",
            "constant",
            "bound of a range",
            "index",
            "swapped indices",
        ),
        *("negated condition", "dropped statement"),
    }


def changed(mutate, old, new):
    """A mutant by hand: one piece of text of the kernels of finite problems replaced."""
    file = Path("mdpkit/kernels/finite.py")
    source = (mutate.ROOT / file).read_bytes()
    start = source.index(old.encode())
    return mutate.Mutant(file, source, start, start + len(old.encode()), new, "by hand")


def test_a_known_error_is_killed_and_a_harmless_change_survives(mutate):
    before = (mutate.ROOT / "mdpkit/kernels/finite.py").read_bytes()
    for old, new, wanted in (
        ("V[t + 1])", "V[t])", "killed"),
        ("total += law[n]", "total = total + law[n]", "survived"),
    ):
        outcome, by, _ = mutate.judged(
            mutate.ROOT, changed(mutate, old, new), ["tests/kernels/test_finite.py"], limit=60
        )
        assert outcome == wanted
        assert ("test_finite.py::test_" in by) == (wanted == "killed")
    assert (mutate.ROOT / "mdpkit/kernels/finite.py").read_bytes() == before


def test_an_endless_mutant_is_stopped(mutate):
    endless = changed(mutate, "    total = law[0] * 0\n", "    while True:\n        pass\n")
    assert mutate.judged(mutate.ROOT, endless, ["tests/kernels/test_finite.py"], limit=3)[0] == "timed out"
