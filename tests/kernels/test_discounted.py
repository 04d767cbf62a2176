"""Sparse sweeps against matrix algebra, and the cache of compiled kernels."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import mdpkit
from mdpkit.kernels import discounted


def drawn(seed, S=12, A=3):
    rng = np.random.default_rng(seed)
    dense = rng.dirichlet(np.full(S, 0.2), S * A) * (rng.random((S * A, S)) < 0.5)
    P = sp.csr_array(dense)
    r = np.where(rng.random((S, A)) < 0.8, rng.random((S, A)), -np.inf)
    r[:, 1] = 0.5
    return P, (P.data, P.indices.astype(np.uint32), P.indptr.astype(np.uint32)), r, rng.standard_normal(S)


@pytest.mark.parametrize("seed", range(5))
def test_greedy_is_the_bellman_operator(seed):
    P, parts, r, w = drawn(seed)
    Q = r + 0.9 * (P @ w).reshape(r.shape)
    change, choice = discounted.greedy(*parts, r, w, 0.9)
    np.testing.assert_allclose(change, Q.max(axis=1) - w, atol=1e-14)
    np.testing.assert_array_equal(choice, Q.argmax(axis=1))


@pytest.mark.parametrize("seed", range(5))
def test_correction_solves_the_policys_equations(seed):
    P, parts, r, w = drawn(seed)
    choice = discounted.greedy(*parts, r, w, 0.9)[1]
    law = P.toarray()[np.arange(12) * 3 + choice]
    rows = discounted.take_rows(*parts, choice, 3)
    e, used = discounted.correct(*rows, w, 0.9, 0.0, 10_000)
    np.testing.assert_allclose(e, np.linalg.solve(np.eye(12) - 0.9 * law, w), atol=1e-12)
    assert used < 10_000
    few, used = discounted.correct(*rows, w, 0.9, 0.0, 2)
    np.testing.assert_allclose(few, w + 0.9 * law @ (w + 0.9 * law @ w), atol=1e-13)
    assert used == 2


@pytest.mark.parametrize("seed", range(5))
def test_rows_stored_by_the_greedy_sweep_are_those_of_its_choice(seed):
    _, parts, r, w = drawn(seed)
    change, choice, *rows = discounted.greedy_rows(*parts, r, w, 0.9, len(parts[0]), np.zeros(0, np.float32))
    for found, expected in zip((change, choice), discounted.greedy(*parts, r, w, 0.9), strict=True):
        np.testing.assert_array_equal(found, expected)
    for found, expected in zip(rows, discounted.take_rows(*parts, choice, 3), strict=True):
        np.testing.assert_array_equal(found, expected.astype(found.dtype))
    coarse, _ = discounted.correct_narrowly(*rows, change, 0.9, 1e-4, 100)
    exact, _ = discounted.correct(*discounted.take_rows(*parts, choice, 3), change, 0.9, 1e-12, 1000)
    assert np.ptp(coarse - exact) < 2e-3


def test_correction_of_no_sweeps_is_the_change():
    _, parts, _, w = drawn(0)
    rows = discounted.take_rows(*parts, np.ones(12, dtype=np.int64), 3)
    e, used = discounted.correct(*rows, w, 0.9, 0.0, 0)
    assert used == 0
    np.testing.assert_array_equal(e, w)


def test_the_plain_loops_agree_with_the_compiled_ones():
    _, parts, r, w = drawn(1)
    change, choice = discounted.greedy(*parts, r, w, 0.9)
    for kernel, args in (
        (discounted.greedy, (*parts, r, w, 0.9)),
        (discounted.greedy_rows, (*parts, r, w, 0.9, len(parts[0]), np.zeros(0, np.float32))),
        (discounted.take_rows, (*parts, choice, 3)),
        (discounted.correct, (*discounted.take_rows(*parts, choice, 3), change, 0.9, 1e-3, 50)),
    ):
        for a, b in zip(kernel(*args), kernel.py_func(*args), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-14)


RUN = """
import numpy as np
from mdpkit.base.compiling import kernels_digest
from mdpkit.kernels.backward import optimal
V, _ = optimal(np.ones((1, 1, 1, 1)), np.ones((1, 1, 1)), np.ones((1, 1), bool), 3)
print(kernels_digest(), V[0, 0])
"""


def test_an_edited_callee_in_another_file_is_not_answered_from_the_cache(tmp_path):
    """`optimal` calls `expected` in kernels/finite.py; editing that file changes the digest and the compiled result."""
    shutil.copytree(
        Path(mdpkit.__file__).parent,
        tmp_path / "mdpkit",
        ignore=shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc"),
    )
    callee = tmp_path / "mdpkit" / "kernels" / "finite.py"

    def run():
        environment = {"MDPKIT_CACHE": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1", "PATH": ""}
        ran = subprocess.run(
            [sys.executable, "-c", RUN], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        digest, value = ran.stdout.split()
        return digest, float(value)

    first = run()
    assert first == run()
    text = callee.read_text()
    edited = text.replace("total += law[n] * values[n]", "total += 2 * law[n] * values[n]")
    assert edited != text
    callee.write_text(edited)
    second = run()
    assert second[0] != first[0]
    assert (first[1], second[1]) == (3, 7)
