"""The page of every claim, built once."""

import shutil
from pathlib import Path

import pytest

from mdpkit.claims import ids
from mdpkit.report import write_page
from mdpkit.verify.register import place

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def drawn_claims() -> list[str]:
    """The claims that have a figure on `whole_page`."""
    return ids()[::4]


@pytest.fixture(scope="session")
def whole_page(tmp_path_factory, drawn_claims) -> Path:
    """The page of every claim, with the committed results of a quarter: drawing is the cost of the page.

    Every claim's own page, with its figure, is built in tests/docs.
    """
    folder = tmp_path_factory.mktemp("page")
    for name in drawn_claims:
        for file in (ROOT / "figures").glob(f"{place(name)}.*"):
            (folder / "figures" / place(name)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / "figures" / place(name).parent)
    write_page(folder / "report.html", ids(), folder / "figures", ROOT)
    return folder / "report.html"
