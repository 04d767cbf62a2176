"""The tour in a real JupyterLab: opened, run by its menu, and looked at."""

import json
import re
from pathlib import Path

import jupytext
import pytest
from tools.lab import jupyterlab

from mdpkit.instances import bundled

TOUR = Path(__file__).parents[2] / "notebooks" / "00_tour.py"
CONNECTED = """fetch('/api/sessions').then(answer => answer.json())
    .then(all => all.some(each => each.kernel.connections > 0 && each.kernel.execution_state == 'idle'))"""
"""What is run before page and kernel are connected is lost, and the page calls a kernel idle that has not started."""
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden) "


def every(selector, of):
    """A list on the page: something of each element."""
    return f"[...document.querySelectorAll({json.dumps(PANEL + selector)})].map(each => {of})"


@pytest.fixture
def opened(browser, tmp_path):
    """The notebook as committed, in the format that JupyterLab opens, and its page, high enough to show all of it."""
    notebook, folder, home = jupytext.read(TOUR), tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    jupytext.write(notebook, folder / "00_tour.ipynb")
    with jupyterlab(folder, home) as at:
        browser.size(1280, 9000)
        browser.open(at("lab/tree/00_tour.ipynb"))
        sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        shown = every(".jp-CodeCell .jp-InputPrompt", "each.offsetHeight")
        browser.until(f"{shown}.filter(Boolean).length == {len(sources)}")
        browser.until(CONNECTED)
        yield browser, sources


def choose(page, menu, command):
    """Click on an entry of a menu, once the menu follows the mouse."""
    bar, entry = ".lm-MenuBar-item", f".lm-Menu [data-command='{command}']"
    place = page.run(f"[...document.querySelectorAll('{bar}')].findIndex(each => each.textContent.trim() == {menu!r})")
    page.click(f"{bar}:nth-child({place + 1})")
    page.until(f'document.querySelector("{entry}")?.offsetHeight > 0')
    page.point(entry)
    page.until(f'document.querySelector("{entry}.lm-mod-active") !== null')
    page.click(entry)
    page.until(f'document.querySelector("{entry}") === null')


def output(kind):
    return f"[data-mime-type='{kind}']"


COMPLAINT = f":is({output('application/vnd.jupyter.error')}, {output('application/vnd.jupyter.stderr')})"


def test_the_tour_runs_and_shows_tables_and_pictures(opened):
    page, sources = opened
    page.events.clear()
    choose(page, "Run", "runmenu:run-all")
    prompts = every(".jp-CodeCell .jp-InputPrompt", "each.textContent")
    finished = f"{prompts}.join('') == '{''.join(f'[{k + 1}]:' for k in range(len(sources)))}'"
    complaints = every(COMPLAINT, "each.textContent")
    page.until(f"{finished} || {complaints}.length > 0")
    assert page.run(complaints) == []
    pictures = sum(bool(re.search(r"^draw\(|display\(figure\)", source, re.MULTILINE)) for source in sources)
    assert pictures > 3
    widths = every(f"{output('image/png')} img", "each.naturalWidth")
    page.until(f"{widths}.filter(Boolean).length == {pictures}")
    tables = page.run(
        every(output("text/html"), "[each.innerText, each.querySelectorAll('tr').length, each.offsetHeight]")
    )
    assert len(tables) == sum(bool(re.search(r"^display\((?!figure)", source, re.MULTILINE)) for source in sources)
    assert all(height > 20 for _, _, height in tables)
    lake = bundled("frozen_lake_4x4")
    words, rows, _ = tables[0]
    assert words.startswith(repr(lake))
    assert rows == lake._repr_html_().count("<tr") > 1
    assert page.errors == []
