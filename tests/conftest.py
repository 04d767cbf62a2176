"""Hypothesis profiles (the same draws in every run, except at night), a report of what is left out, and a browser."""

import os

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from mdpkit.base.compiling import user_cache

EVERY_RUN = {
    "max_examples": 60,
    "derandomize": True,
    "database": None,
    "deadline": None,
    "phases": (Phase.explicit, Phase.generate, Phase.target, Phase.shrink),
    "stateful_step_count": 30,
    "report_multiple_bugs": False,
    "suppress_health_check": (HealthCheck.too_slow, HealthCheck.data_too_large),
    "print_blob": False,
    "backend": "hypothesis",
    "verbosity": Verbosity.normal,
}
PROFILES = {
    "dev": EVERY_RUN,
    "ci": {**EVERY_RUN, "report_multiple_bugs": True, "print_blob": True},
    "nightly": {
        **EVERY_RUN,
        "max_examples": 3000,
        "derandomize": False,
        "database": DirectoryBasedExampleDatabase(user_cache() / "hypothesis"),
        "phases": tuple(Phase),
        "report_multiple_bugs": True,
        "print_blob": True,
    },
}

for _name, _fields in PROFILES.items():
    settings.register_profile(_name, **_fields)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_configure(config):
    from tools.left_out import LeftOut  # pytest has put `tests` on the path by now

    config.addinivalue_line("markers", "networks: needs the extra deep")
    config.pluginmanager.register(LeftOut(os.environ.get("MDPKIT_MAY_LEAVE_OUT", "anything")), "left-out")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A headless Chromium with one page; its tests are skipped where there is none."""
    from tools.chromium import PATH, Chromium

    if PATH is None:
        pytest.skip("chromium is not installed (Debian's package chromium)")
    running = Chromium(tmp_path_factory.mktemp("profile"))
    try:
        yield running
    finally:
        running.close()
