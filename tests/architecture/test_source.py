"""What no source file of the library may hold, each rule shown to fire on a planted line."""

import ast
import re
from pathlib import Path

import pytest

import mdpkit

ROOT = Path(mdpkit.__file__).parent
TESTS = Path(__file__).parents[1]
LIBRARY = sorted(ROOT.rglob("*.py"))
KERNELS = sorted((ROOT / "kernels").rglob("*.py"))
CLAIMS = sorted(file for file in (ROOT / "claims").rglob("*.py") if not file.name.startswith("_"))
NOTEBOOKS = sorted((TESTS.parent / "notebooks").glob("*.py"))
COMMAND_LINE = {ROOT / "cli.py", ROOT / "__main__.py"}
BORROWED = ROOT / "deep" / "plumbing" / "repeatable.py"
CLAIM_FILES = ROOT / "verify" / "imports.py"
UNSAFE_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve"}
MOST_LINES = 500


def nodes(source):
    return ast.walk(ast.parse(source))


def imported(source):
    """Every module named by an import, relative ones with their dots."""
    found = []
    for node in nodes(source):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found += [module] if node.module else [module + alias.name for alias in node.names]
    return found


def private_imports(source):
    """Modules and names with an underscore that are imported from elsewhere."""
    froms = [node for node in nodes(source) if isinstance(node, ast.ImportFrom)]
    names = [*imported(source), *(alias.name for node in froms for alias in node.names)]
    return [name for name in names if any(part[0] == "_" and part[:2] != "__" for part in name.split(".") if part)]


def claim_imports(source):
    """What a claim's file imports from other claims, or from their folders."""
    return [name for name in imported(source) if re.match(r"\.{1,2}([^.]|$)|mdpkit\.claims\b", name)]


def float_literals(source):
    """Lines with a float outside of `figure`, which draws what was decided before."""
    tree = ast.parse(source)
    drawing = {id(node) for part in tree.body if getattr(part, "name", None) == "figure" for node in ast.walk(part)}
    literals = (
        node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
    )
    return [node.lineno for node in literals if id(node) not in drawing]


def foreign_imports(source):
    """What a kernel may not import: all but numpy, base.compiling and other kernels."""
    own = (name for name in imported(source) if not (name.startswith(".") and not name.startswith("..")))
    return [name for name in own if name not in ("numpy", "..base.compiling")]


def calls(*names):
    """A rule against calling one of these functions by name."""
    return lambda source: [
        node.func.id
        for node in nodes(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]


prints, evaluates, executes = calls("print"), calls("eval"), calls("exec")


def unsafe(source):
    """Readers that run what they read."""
    found = [name for name in imported(source) if name.split(".")[0] in UNSAFE_MODULES]
    for node in nodes(source):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "allow_pickle"
            and getattr(node.value, "value", True) is not False
        ):
            found.append("allow_pickle")
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "load"
            and isinstance(node.value, ast.Name)
            and node.value.id == "joblib"
        ):
            found.append("joblib.load")
    return found


def torches(source):
    return [name for name in imported(source) if name.split(".")[0] in ("torch", "stable_baselines3", "safetensors")]


def global_draws(source):
    """Draws from a generator that is shared by the whole process, and seeds for it."""
    fresh = {"default_rng", "Generator", "SeedSequence", "PCG64", "BitGenerator"}
    attributes = (node for node in nodes(source) if isinstance(node, ast.Attribute) and node.attr not in fresh)
    drawn = [node.attr for node in attributes if ast.unparse(node.value) in ("np.random", "numpy.random")]
    return drawn + [name for name in imported(source) if name == "random"]


RULES = {
    "no float literal in a kernel": (KERNELS, float_literals, "x = 0.5"),
    "no float literal in a claim": (CLAIMS, float_literals, "def check(m):\n    return 1e-3 * m"),
    "a kernel imports numpy, compiling and kernels alone": (
        KERNELS,
        foreign_imports,
        "from ..base.arrays import objects",
    ),
    "nothing is printed outside the command line": ([f for f in LIBRARY if f not in COMMAND_LINE], prints, "print(1)"),
    "nothing that is read is run": (LIBRARY, unsafe, "np.load(file, allow_pickle=True)"),
    "no text is evaluated": (LIBRARY, evaluates, "def f(x):\n    return eval(x)"),
    "no text is executed but the claim file that a user names": (
        [f for f in LIBRARY if f != CLAIM_FILES],
        executes,
        "exec('1')",
    ),
    "torch and its kin are imported in the annex alone": (
        [f for f in LIBRARY if ROOT / "deep" not in f.parents],
        torches,
        "import torch",
    ),
    "a claim imports no claim": (CLAIMS, claim_imports, "from .cloning_error_compounds_quadratically import FAMILY"),
    "a claim imports nothing private": (CLAIMS, private_imports, "from ._instances import cliff"),
    "a notebook imports nothing private": (
        NOTEBOOKS,
        private_imports,
        "from mdpkit.claims.imitation._explorers import Sweep",
    ),
    "no generator is shared, but borrowed": ([f for f in LIBRARY if f != BORROWED], global_draws, "np.random.seed(0)"),
}


@pytest.mark.parametrize(("files", "offences"), [rule[:2] for rule in RULES.values()], ids=RULES)
def test_the_source_keeps_the_rule(files, offences):
    assert files
    assert {file.as_posix(): found for file in files if (found := offences(file.read_text()))} == {}


PLANTED = [(rule[1], rule[2]) for rule in RULES.values()] + [
    (float_literals, "y = x ** .5 if x else 1"),
    (float_literals, "y = 1j"),
    (float_literals, "def figure(ax, rows):\n    pass\n\n\nx = 0.5"),
    (foreign_imports, "import numba"),
    (foreign_imports, "from ..model import MDP"),
    (foreign_imports, "from .. import model"),
    (foreign_imports, "def f():\n    import scipy.sparse"),
    (unsafe, "import pickle"),
    (unsafe, "from dill import loads"),
    (unsafe, "np.load(file, allow_pickle=flag)"),
    (unsafe, "joblib.load(file)"),
    (torches, "def f():\n    from torch.func import vmap"),
    (torches, "from stable_baselines3 import SAC"),
    (claim_imports, "from ..coverage.gap_is_kl_to_the_optimum import FAMILY"),
    (claim_imports, "from . import performance_difference_lemma"),
    (claim_imports, "from mdpkit.claims.games import deviation_classes_are_ordered"),
    (private_imports, "from ..coverage._instances import full"),
    (private_imports, "from ...instances import _encode"),
    (private_imports, "from ...learn.imitation.psdp import _Sampled"),
    (private_imports, "import mdpkit.learn._finite"),
    (global_draws, "x = numpy.random.rand(3)"),
    (global_draws, "import random"),
]


@pytest.mark.parametrize(("offences", "planted"), PLANTED, ids=[planted for _, planted in PLANTED])
def test_every_rule_fires_on_what_it_forbids(offences, planted):
    assert offences(planted)


ALLOWED = [
    (float_literals, "x = 1 / 2\ny = Fraction(1, 2)\nz = 'f8 0.5'"),
    (float_literals, "def figure(ax, rows):\n    ax.plot(rows, alpha=0.5)"),
    (foreign_imports, "import numpy as np\nfrom ..base.compiling import compiled, inner\nfrom .finite import expected"),
    (foreign_imports, "from . import finite"),
    (torches, "from ..deep.slopes.ascent import climb"),
    (claim_imports, "from ... import measure\nfrom ...instances.library.games import fork"),
    (private_imports, "from __future__ import annotations\nfrom ...instances.library.games import fork"),
    (prints, "'''>>> print(1)'''\nconsole.print(1)"),
    (unsafe, "np.load(file, allow_pickle=False)\nmodel.eval()\njson.load(file)"),
    (global_draws, "rng = np.random.default_rng(0)\nrng.random()"),
]


@pytest.mark.parametrize(("offences", "allowed"), ALLOWED)
def test_no_rule_fires_on_what_is_allowed(offences, allowed):
    assert not offences(allowed)


def test_the_folders_of_claims_hold_claims_alone():
    others = [file for file in (ROOT / "claims").rglob("_*.py") if file.name != "__init__.py"]
    assert others == []


def test_no_file_is_too_long():
    long = {
        file.name: count
        for file in [*LIBRARY, *TESTS.rglob("*.py")]
        if (count := len(file.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}


def test_no_function_is_defined_twice_in_one_scope():
    """The second definition would replace the first without a word."""
    twice = []
    for file in LIBRARY:
        for scope in ast.walk(ast.parse(file.read_text())):
            if not isinstance(scope, ast.Module | ast.ClassDef | ast.FunctionDef):
                continue
            names = [
                each.name
                for each in scope.body
                if isinstance(each, ast.FunctionDef | ast.ClassDef)
                and not any(
                    word in ast.unparse(deco) for deco in each.decorator_list for word in ("overload", "setter")
                )
            ]
            twice += [f"{file.name}: {name}" for name in set(names) - {"_"} if names.count(name) > 1]
    assert twice == []
