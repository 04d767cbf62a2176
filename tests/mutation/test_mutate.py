"""The tool that plants errors: repeatable, well formed, and able to tell a caught error from a harmless change."""

import ast
import importlib.util
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
    first, again, other = mutate.drawn(0, 40), mutate.drawn(0, 40), mutate.drawn(1, 40)
    assert first == again
    assert first != other
    assert len(set(first)) == 40
    assert {mutant.file.parts[1] for mutant in first} == set(mutate.MUTATED)


def test_every_mutant_is_a_program_that_differs(mutate):
    for mutant in mutate.drawn(2, 200):
        source = (mutate.ROOT / mutant.file).read_bytes()
        changed = mutant.applied(source)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
        assert mutant.diff().count("\n-") + mutant.diff().startswith("-") >= 1


def test_every_operator_is_drawn(mutate):
    kinds = {mutant.what for mutant in mutate.drawn(0, 10**6)}
    assert kinds == {
        *("operator", "comparison", "and/or", "min/max", "truth", "constant", "bound of a range", "index", "swapped indices"),
        *("negated condition", "dropped statement"),
    }


def test_no_file_of_the_package_is_written(mutate):
    file = mutate.ROOT / "mdpkit" / "kernels" / "finite.py"
    before = file.read_bytes()
    mutate.mutants(file.relative_to(mutate.ROOT))
    assert file.read_bytes() == before


def test_a_known_error_is_killed_and_a_harmless_change_survives(mutate):
    file = Path("mdpkit/kernels/finite.py")
    source = (mutate.ROOT / file).read_text()
    for old, new, outcome in (("V[t + 1])", "V[t])", "killed"), ("total += law[n]", "total = total + law[n]", "survived")):
        start = source.encode().index(old.encode())
        mutant = mutate.Mutant(file, 0, "by hand", start, start + len(old.encode()), new)
        assert mutate.judged(mutant, ["tests/kernels/test_finite.py"], limit=60)[0] == outcome


def test_an_endless_mutant_is_stopped(mutate):
    file = Path("mdpkit/kernels/finite.py")
    source = (mutate.ROOT / file).read_bytes()
    start = source.index(b"    total = law[0] * 0\n")
    mutant = mutate.Mutant(file, 0, "by hand", start, start, "    while True:\n        pass\n")
    assert mutate.judged(mutant, ["tests/kernels/test_finite.py"], limit=3)[0] == "timed out"
