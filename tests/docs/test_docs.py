"""Pages build without warnings; every claim and public name has its place, no link is dead, no page needs a network."""

import ast
import re
import shlex
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from tools.left_out import MISSING
from typer.main import get_command

import mdpkit
from mdpkit.cli import app
from mdpkit.instances import named_instances
from mdpkit.report.page.statement import parse
from mdpkit.report.page.typeset import GREEK
from mdpkit.verify.register import place, statement_of

ROOT = Path(__file__).parents[2]
TOO_LARGE = {"hartford_demand", "lqr_cart", "slip_grid", "undiscounted_riccati"}
"""Named instances that fit no page."""
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
APART = {"dd", "div", "dt", "p", "sub", "sup"}
LOADED = {
    "img": "src",
    "script": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "link": "href",
    "object": "data",
}


class Page(HTMLParser):
    """What a page refers to, the anchors that a link can target, and the words in elements of the class `statement`."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.anchors, self.statement, self.formulas, self._open = [], [], set(), "", 0, []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        self.formulas += tag == "math"
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if attributes.get(LOADED.get(tag)):
            self.loads.append(attributes[LOADED[tag]])
        if tag in APART:
            self.statement += " "
        if tag not in VOID:
            self._open.append((tag, "statement" in (attributes.get("class") or "").split()))

    def handle_endtag(self, tag):
        self.statement += " " if tag in APART else ""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if any(inside for _, inside in self._open):
            self.statement += data


def test_the_pages_are_whole(tmp_path):
    out = tmp_path / "html"
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-n",
        "-W",
        "--keep-going",
        "-q",
        "-d",
        str(tmp_path / "doctrees"),
        str(ROOT / "docs"),
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path: Page(path) for path in sorted(out.rglob("*.html"))}
    for name in mdpkit.claims.ids():
        page = pages[out / "claims" / f"{name}.html"]
        statement = parse(statement_of(name))
        assert_says(page.statement, f"{statement.headline} {statement.fields.get('Statement', statement.body)}", name)
        assert (page.formulas > 0) == ("$" in (ROOT / "proofs" / f"{place(name)}.md").read_text(encoding="utf-8")), name
        assert (
            any(each.endswith(f"{name}.svg") for each in page.loads)
            == (ROOT / "figures" / f"{place(name)}.json").exists()
        ), name
    named = pages[out / "instances" / "index.html"]
    for name, build in named_instances().items():
        assert f"{build.__module__}.{name}" in named.anchors, name
        assert any(each.endswith(f"{name}.svg") for each in named.loads) == (name not in TOO_LARGE), name
    documented = set().union(*(page.anchors for path, page in pages.items() if path.parent.name == "reference"))
    assert [name for name in public_names() if not documented & {f"mdpkit.{name}", f"mdpkit.{name}.{name}"}] == []
    networks = [] if MISSING else ["envs.ControlEnv", "twins.Twin", *mdpkit.deep.__all__]
    assert [name for name in networks if f"mdpkit.deep.{name}" not in documented] == []
    assert [
        f"{path}: {link}" for path, page in pages.items() for link in page.links if leads_nowhere(path, link, pages)
    ] == []
    assert [f"{path}: {each}" for path, page in pages.items() for each in page.loads if not is_local(path, each)] == []
    texts = {path: path.read_text(encoding="utf-8") for path in pages}
    assert [str(path) for path, text in texts.items() if str(ROOT) in text or "&lt;Figure size" in text] == []
    styles = {
        path: re.findall(r"(?:url\(|@import )\s*['\"]?([^'\")]+)", path.read_text(encoding="utf-8"))
        for path in out.rglob("*.css")
    }
    assert [f"{path}: {each}" for path, used in styles.items() for each in used if not is_local(path, each)] == []


def assert_says(shown, written, name):
    """Every written word of four letters or more is shown, in order; formulas are set in signs of their own."""
    wanted = [word for word in re.findall(r"\b[A-Za-z]{4,}\b", written) if word not in GREEK and word != "sqrt"]
    found = re.findall(r"\b[A-Za-z]{4,}\b", shown)
    assert wanted, name
    rest = iter(found)
    assert [word for word in wanted if word not in rest] == [], (name, shown)


def public_names() -> list[str]:
    """The names of the stub, without rooms."""
    imports = [
        node for node in ast.parse((ROOT / "mdpkit/__init__.pyi").read_text()).body if isinstance(node, ast.ImportFrom)
    ]
    return [each.name for node in imports if node.module for each in node.names]


def target_of(path, address) -> Path:
    """The file that an address without a host means on a page."""
    return (path.parent / unquote(urlsplit(address).path)).resolve() if urlsplit(address).path else path


def leads_nowhere(path, link, pages) -> bool:
    parts, target = urlsplit(link), target_of(path, link)
    if parts.scheme in ("http", "https"):
        return False
    if target.suffix != ".html":
        return not target.is_file()
    return target not in pages or (parts.fragment != "" and unquote(parts.fragment) not in pages[target].anchors)


@cache
def is_local(path, address) -> bool:
    """Whether what a page or a style sheet loads lies beside it."""
    parts = urlsplit(address)
    return parts.scheme == "data" or (parts.scheme == parts.netloc == "" and target_of(path, address).is_file())


def commands() -> list[str]:
    """Every command line that a page shows."""
    written = sorted(path for folder in ("", "howto", "explanation") for path in (ROOT / "docs" / folder).glob("*.md"))
    texts = [path.read_text(encoding="utf-8") for path in written]
    blocks = [block for text in texts for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)]
    lines = {line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")}
    return sorted(line.partition("&& ")[2] or line for line in lines)


@pytest.mark.parametrize("line", commands())
def test_a_command_that_is_shown_is_understood(line):
    program, *words = shlex.split(line)
    assert program == "mdpkit"
    name, *arguments = words
    get_command(app).commands[name].make_context(name, arguments)
