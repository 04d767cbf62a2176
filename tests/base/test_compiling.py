"""Kernels: one source for floats and rationals, a cache that is never stale."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from flint import fmpq
from tools.processes import HANG

import mdpkit.base.compiling as compiling
from mdpkit.base.arrays import objects, zeros
from mdpkit.base.compiling import cache_folder, compiled, inner, kernels_digest, user_cache


@inner
def dot(x, y):
    total = x[0] * 0
    for i in range(len(x)):
        total += x[i] * y[i]
    return total


def _apply(A, x, times):
    """A to the power `times`, applied to x; and how often it was applied."""
    y = x.copy()
    for _ in range(times):
        following = np.zeros(len(y), y.dtype)
        for i in range(len(y)):
            following[i] = dot(A[i], y)
        y = following
    return y, times


apply = compiled(_apply, "f8[1]&i8 (f8[2], f8[1], i8)")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MDPKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def test_one_source_runs_compiled_on_floats_and_as_it_stands_on_rationals():
    A, x = np.array([[1, 2], [3, 4]]), np.array([1, -1])
    fast, times = apply(A.astype(float), x.astype(float), 3)
    slow, _ = apply(objects(A), objects(x), 3)
    assert fast.dtype == np.float64
    assert all(isinstance(entry, fmpq) for entry in slow)
    assert times == 3
    assert fast.tolist() == [int(entry) for entry in slow] == (np.linalg.matrix_power(A, 3) @ x).tolist()
    assert len(apply._fast.signatures) == 1
    assert apply.py_func is _apply
    assert apply.__doc__ == _apply.__doc__


def test_the_signature_takes_read_only_arrays_and_nothing_else():
    A, x = np.eye(2), np.ones(2)
    A.flags.writeable = False
    assert apply(A, x, 1)[0].flags.writeable
    for wrong in (
        np.eye(4)[::2, ::2],
        np.eye(2, dtype=int),
        np.asfortranarray(np.arange(4.0).reshape(2, 2)),
        np.ones(2),
    ):
        with pytest.raises(TypeError, match="No matching definition"):
            apply(wrong, x, 1)


def test_a_rational_twin_is_asked_for_rationals_alone():
    def twin(A, x, times):
        return zeros(2, A), -1

    paired = compiled(_apply, "f8[1]&i8 (f8[2], f8[1], i8)", exact=twin)
    assert paired(objects(np.eye(2, dtype=int)), objects([1, 1]), 2)[1] == -1
    assert paired(np.eye(2), np.ones(2), 2)[1] == 2


def test_nothing_is_compiled_before_the_first_call_on_floats():
    lazy = compiled(_apply, "no signature at all")
    assert lazy(objects(np.eye(2, dtype=int)), objects([1, 1]), 2)[1] == 2
    with pytest.raises((KeyError, ValueError)):
        lazy(np.eye(2), np.ones(2), 2)


def test_the_cache_lies_where_it_is_told(monkeypatch, tmp_path):
    assert apply(np.eye(2), np.ones(2), 1)[1] == 1
    assert list(cache_folder().rglob("*.nbc"))
    monkeypatch.setenv("MDPKIT_CACHE", str(tmp_path / "chosen"))
    assert cache_folder() == tmp_path / "chosen" / "kernels" / kernels_digest()
    monkeypatch.delenv("MDPKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert user_cache() == tmp_path / "xdg" / "mdpkit"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert user_cache() == tmp_path / "home" / ".cache" / "mdpkit"


def test_other_users_of_numba_keep_their_own_cache():
    import numba

    def fail_within(folder):
        with compiling._cached_in(numba.config, folder):
            assert folder == numba.config.CACHE_DIR
            raise RuntimeError("stop")

    before = numba.config.CACHE_DIR
    with pytest.raises(RuntimeError, match="stop"):
        fail_within("elsewhere")
    assert before == numba.config.CACHE_DIR


# ---- a package with kernels of its own, in fresh interpreters
CALLEE = "from ..base.compiling import inner\n\n\n@inner\ndef step(x):\n    return x + {}\n"
CALLER = """
from ..base.compiling import compiled
from .callee import step


def _total(x):
    total = x[0] * 0
    for i in range(len(x)):
        total += step(x[i])
    return total


total = compiled(_total, "f8 (f8[1])")
"""
ASK = """
import numpy as np
from mdpkit.kernels.caller import total
print(total(np.array([1.0, 2.0])), sum(getattr(total._fast, "stats", ({}, {}))[1].values(), 0))
"""


@pytest.fixture
def package(tmp_path):
    root = tmp_path / "mdpkit"
    shutil.copytree(Path(compiling.__file__).parent, root / "base", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "__init__.py").touch()
    (root / "kernels").mkdir()
    (root / "kernels" / "__init__.py").touch()
    (root / "kernels" / "caller.py").write_text(CALLER)
    (root / "kernels" / "callee.py").write_text(CALLEE.format(1))
    return root


def ask(package, program=ASK, **environment):
    home = package.parent
    environment = {**os.environ, "MDPKIT_CACHE": str(home / "cache"), "PYTHONPATH": str(home), **environment}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_second_run_reads_the_cache_and_an_edited_callee_is_seen(package):
    assert ask(package) == ["5.0", "0"]
    assert ask(package) == ["5.0", "1"]
    (package / "kernels" / "callee.py").write_text(CALLEE.format(10))
    assert ask(package) == ["23.0", "0"]


def test_two_processes_may_fill_the_same_empty_cache(package):
    with ThreadPoolExecutor(2) as pool:
        assert [total for total, _ in pool.map(ask, [package, package])] == ["5.0", "5.0"]
    assert ask(package) == ["5.0", "1"]


def test_compiling_can_be_switched_off(package):
    assert ask(package, NUMBA_DISABLE_JIT="1")[0] == "5.0"
    assert not list((package.parent / "cache").rglob("*"))


DIGEST = "from mdpkit.base.compiling import kernels_digest; print(kernels_digest())"


def test_the_digest_of_the_kernels_goes_by_their_names_and_content(package):
    seen = [ask(package, DIGEST)[0]]
    assert ask(package, DIGEST) == seen
    for change in (
        lambda: (package / "kernels" / "callee.py").write_text(CALLEE.format(2)),
        lambda: (package / "kernels" / "callee.py").rename(package / "kernels" / "callee2.py"),
        lambda: (package / "kernels" / "deeper").mkdir() or (package / "kernels" / "deeper" / "more.py").touch(),
        lambda: (package / "kernels" / "caller.py").unlink(),
    ):
        change()
        seen.append(ask(package, DIGEST)[0])
    assert len(set(seen)) == len(seen) == 5
