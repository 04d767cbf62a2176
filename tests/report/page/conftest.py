"""The page of every claim, built once."""

from pathlib import Path

import pytest

from mdpkit.report import write_page

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def whole_page(tmp_path_factory) -> Path:
    """The page of the committed results."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(path, folder=ROOT / "figures", root=ROOT)
    return path
