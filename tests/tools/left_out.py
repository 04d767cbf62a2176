"""What a run of the tests leaves out where an extra or a program is not installed: said in one line at its end."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from mdpkit.verify.register import about_networks

ROOT = Path(__file__).parents[2]
EXTRA = ("torch", "gymnasium", "stable_baselines3", "safetensors")
"""The packages of the extra `deep`."""
MISSING = [name for name in EXTRA if find_spec(name) is None]
NETWORKS = (ROOT / "mdpkit" / "deep", ROOT / "tests" / "deep")
"""Where tests and doctests of networks are; others are marked by `needs_the_extra`, or name a claim about networks."""
ALLOWED = ("anything", "networks", "nothing")
WITH_NETWORKS = 'pip install -e ".[test,deep]" && pytest -n 2 -m networks'


needs_the_extra = pytest.mark.skipif(bool(MISSING), reason=f"the extra deep is not installed: no {', '.join(MISSING)}")


class LeftOut:
    """A plugin that marks tests of networks, ignores modules that cannot be imported and reports what is left out.

    Args: allowed: "anything", "networks" or "nothing"; where more is left out the run fails. The environment variable
    MDPKIT_MAY_LEAVE_OUT says it: a test that starts pytest in another folder must not hand it an option of these tests.
    """

    def __init__(self, allowed):
        if allowed not in ALLOWED:
            raise pytest.UsageError(f"MDPKIT_MAY_LEAVE_OUT is {allowed!r}, not one of {', '.join(ALLOWED)}")
        self.allowed, self.reasons = allowed, {}
        self.claims = about_networks()

    def pytest_ignore_collect(self, collection_path):
        about = NETWORKS[0] in (collection_path, *collection_path.parents) or collection_path.stem in self.claims
        return True if MISSING and about else None

    def pytest_collection_modifyitems(self, items):
        for item in items:
            about = any(folder in item.path.parents for folder in NETWORKS) or any(
                claim in item.nodeid for claim in self.claims
            )
            if about or any(mark == needs_the_extra.mark for mark in item.iter_markers("skipif")):
                item.add_marker("networks")

    def pytest_runtest_logreport(self, report):
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            self.reasons[reason] = self.reasons.get(reason, 0) + 1

    @property
    def others(self) -> list[str]:
        """Why tests were left out that are not about networks, and how many."""
        reasons = {
            reason: count for reason, count in self.reasons.items() if reason != needs_the_extra.mark.kwargs["reason"]
        }
        return [f"{reason} ({count})" for reason, count in sorted(reasons.items())]

    def pytest_sessionfinish(self, session):
        more = {"anything": False, "networks": bool(self.others), "nothing": bool(self.others or MISSING)}[self.allowed]
        if more and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        networks = [f"networks, for want of {', '.join(MISSING)}: {WITH_NETWORKS}"] if MISSING else []
        terminalreporter.write_line(f"left out: {'; '.join(networks + self.others) or 'nothing'}")
