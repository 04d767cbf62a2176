"""What a run of the tests leaves out where an extra or a program is not installed: said in one line at its end."""

from importlib.util import find_spec
from pathlib import Path

import pytest

EXTRA = ("torch", "gymnasium", "stable_baselines3", "safetensors")
"""The packages of the extra `deep`."""
MISSING = [name for name in EXTRA if find_spec(name) is None]
NETWORKS = Path(__file__).parents[2] / "mdpkit" / "deep"
ALL_TESTS = 'pip install -e ".[test,deep]" && pytest -n 2'

needs_the_extra = pytest.mark.skipif(bool(MISSING), reason=f"the extra deep is not installed: no {', '.join(MISSING)}")


class LeftOut:
    """A plugin: without the extra `deep` the doctests of `mdpkit/deep` are not collected, and what was left out is reported.

    With the option `--nothing-left-out` a skipped test, or an extra that is missing, makes the run fail.
    """

    def __init__(self, strict):
        self.strict, self.reasons = strict, {}

    def pytest_ignore_collect(self, collection_path):
        return True if MISSING and NETWORKS in (collection_path, *collection_path.parents) else None

    def pytest_runtest_logreport(self, report):
        self._count(report)

    def pytest_collectreport(self, report):
        self._count(report)

    def _count(self, report):
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def pytest_sessionfinish(self, session):
        if self.strict and (self.reasons or MISSING) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        left = [f"{reason} ({count})" for reason, count in sorted(self.reasons.items())]
        if MISSING:
            left.insert(0, f"networks and their doctests; with them: {ALL_TESTS}")
        terminalreporter.write_line(f"left out: {'; '.join(left) or 'nothing'}")
