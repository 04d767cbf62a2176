"""The suites as users have them: the documented pytest file passes, pytest is not imported, failures have messages."""

import re
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest
from tools.processes import HANG

import mdpkit
from mdpkit import MDP, Finite, TabularPolicy, testing
from mdpkit.solve import BackwardInduction

coin = MDP([[[1.0], [1.0]]], [[0.0, 1.0]], horizon=Finite(2))


def run(folder, *words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=HANG, cwd=folder)


def test_the_pytest_file_of_the_documentation_passes(tmp_path):
    block = re.search(r"```python\n(.*?)```", testing.__doc__, re.DOTALL)[1]
    (tmp_path / "test_mine.py").write_text(block)
    done = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py")
    assert done.returncode == 0, done.stdout + done.stderr
    count = sum(len(checks) for checks in (testing.POLICY_CHECKS, testing.LEARNER_CHECKS, testing.SOLVER_CHECKS))
    assert f"{count} passed" in done.stdout


def test_the_room_needs_no_pytest(tmp_path):
    program = (
        "import sys; sys.modules['pytest'] = None; import mdpkit.testing; print(len(mdpkit.testing.POLICY_CHECKS))"
    )
    done = run(tmp_path, "-c", program)
    assert done.returncode == 0, done.stderr


class Deaf(TabularPolicy):
    """Plays the first action whatever its law is."""

    def sample(self, obs, t, u):
        return np.zeros(np.shape(u), dtype=int)


def test_a_failure_says_what_differs():
    with pytest.raises(AssertionError, match=r"sample and log_prob disagree by 5\.0e-01 in probability"):
        testing.check_policy(testing.PolicyCase("deaf", Deaf([[0.5, 0.5]]), coin))


def test_checks_fail_where_python_removes_asserts(tmp_path):
    program = dedent("""
        from mdpkit import MDP, Finite, TabularPolicy, testing
        stay = MDP([[[1.0], [1.0]]], [[0.0, 1.0]], horizon=Finite(2))
        try:
            testing.check_policy(testing.PolicyCase("none", object(), stay))
        except AssertionError:
            print("failed")
    """)
    assert run(tmp_path, "-O", "-c", program).stdout.split() == ["failed"]


class Overconfident(BackwardInduction):
    """Returns bounds that are not the optimum's."""

    def run(self, problem, tol, before=None):
        answer = super().run(problem, tol, before)
        return type(answer)(
            answer.problem, answer.method, answer.status, answer.policy, answer.value + 1, answer.iterations
        )


def test_wrong_bounds_are_found():
    problem = coin.to_exact()
    case = testing.SolverCase("wrong", Overconfident(), problem, lambda problem: mdpkit.objects([[2], [1], [0]]))
    with pytest.raises(AssertionError, match="does not contain the truth"):
        testing.check_solver(case)


@pytest.mark.parametrize("method", [BackwardInduction, object(), "policy iteration"])
def test_what_is_not_a_method_is_refused(method):
    with pytest.raises(TypeError, match=r"is not a method: expected an object with run\(problem, tol, before\)"):
        mdpkit.solve(coin, method)
    with pytest.raises(AssertionError, match="is not a Method"):
        testing.check_solver(testing.SolverCase("none", method, coin.to_exact()))
