"""The page of many claims, built once."""

from pathlib import Path

import pytest
from tools.listed import LISTED

from mdpkit.report import write_page

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def whole_page(tmp_path_factory) -> Path:
    """The page of the committed results of the listed claims."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(path, LISTED, ROOT / "figures", ROOT)
    return path
