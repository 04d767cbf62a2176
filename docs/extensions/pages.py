"""Generated pages, not committed: the tour, one page per claim, the named instances, the notes, one page per room."""

import ast
import enum
import importlib
import importlib.util
import inspect
import json
import os
import re
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from typer.main import get_command
from typer.testing import CliRunner

import mdpkit
from mdpkit.base.errors import InvalidModel
from mdpkit.base.files import write_whole
from mdpkit.base.markup import LONG
from mdpkit.claims import ids
from mdpkit.cli import app
from mdpkit.instances import named_instances
from mdpkit.instances.catalogue import theme_of
from mdpkit.learn.needs import COLUMNS, needs
from mdpkit.report import draw_instance
from mdpkit.report.page.entry import KINDS, entries, words_of
from mdpkit.report.page.formula import displays
from mdpkit.report.page.inline import SCALE
from mdpkit.report.page.papers import index
from mdpkit.report.page.statement import lines_of
from mdpkit.report.page.typeset import typeset
from mdpkit.report.result.constants import draw_constants, tables
from mdpkit.report.result.draw import as_bytes, draw_claim, render
from mdpkit.verify.register import claims_using, path_of

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
ROOMS = (
    "model",
    "instances",
    "solve",
    "measure",
    "learn",
    "base",
    "verify",
    "claims",
    "hunt",
    "report",
    "strategies",
    "testing",
)
NETWORKS = ("deep", "deep.experiment", "deep.aggregates", "deep.twins", "deep.envs")
"""The room of networks and its public modules, on one page, where torch is installed."""

NOTES = {
    path.relative_to(ROOT / "proofs").with_suffix("").as_posix(): path
    for path in sorted(ROOT.glob("proofs/lemmas/*.md"))
}
NOTES["notation"] = ROOT / "proofs/notation.md"
POINTS_AN_INCH = 72


def setup(sphinx):
    sphinx.connect("builder-inited", generate)
    sphinx.connect("missing-reference", public_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def generate(sphinx):
    """Write every generated page whose content has changed, and remove those that belong to nothing any more."""
    write_tour()
    here = Environment(
        loader=FileSystemLoader(DOCS / "templates"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    here.filters |= {"html": as_html, "words": words_of, "number": number, "cell": cell, "displays": display_formula}
    write_all("claims", claim_pages(here))
    write_all("instances", instance_pages(here))
    notes = {f"{name}.md": path.read_text(encoding="utf-8") for name, path in NOTES.items()}
    write_all("notes", {name: add_links(note) for name, note in notes.items()})
    write_all("reference", reference_pages(here))


def write_all(folder, pages):
    for name, content in pages.items():
        write(DOCS / folder / name, content)
    for old in (DOCS / folder).rglob("*.*"):
        if old.relative_to(DOCS / folder).as_posix() not in pages:
            old.unlink()


def write(path, content):
    content = content.encode() if isinstance(content, str) else content
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


# ---- the tour
def write_tour():
    """The notebook, to be run while the pages are built."""
    import jupytext

    notebook = jupytext.read(ROOT / "notebooks" / "00_tour.py")
    write(DOCS / "tour.ipynb", jupytext.writes(notebook, fmt="ipynb"))


# ---- claims
def coq_theorems() -> dict[str, dict[str, str]]:
    """Name -> claim, relation to it, what the theorem says, and its statement as Coq prints it."""
    folder = ROOT / "proofs" / "coq"
    listed = json.loads((folder / "theorems.json").read_text(encoding="utf-8"))
    blocks = (folder / "audit.expected").read_text(encoding="utf-8").split("Closed under the global context\n")
    stated = [block.split("\n", 1)[1].rstrip() for block in blocks if block]
    return {name: {**entry, "statement": text} for (name, entry), text in zip(listed.items(), stated, strict=True)}


def claim_pages(here):
    shown, theorems = entries(ids(), ROOT / "figures", ROOT), coq_theorems()
    pages = {
        "index.md": here.get_template("claims.md").render(themes=by_theme(shown)),
        "papers.md": here.get_template("papers.md").render(rows=index(shown)),
        "formal.md": here.get_template("formal.md").render(
            shown=shown,
            titles={entry.id: entry.title for entry in shown},
            theorems=theorems,
        ),
    }
    for entry in shown:
        figure = None if entry.result is None else draw_claim(entry.result, entry.claim)
        if figure is not None:
            pages[f"{entry.id}.svg"] = render(figure, entry.result, "svg")
        pages[f"{entry.id}.md"] = here.get_template("claim.md").render(
            entry=entry,
            proved={name: each for name, each in theorems.items() if each["claim"] == entry.id},
            width=None if figure is None else round(figure.get_figwidth() * POINTS_AN_INCH * SCALE),
            kinds=KINDS,
            again=replace(entry, folder=Path("figures")).again,
            note=entry.note and add_links(under(entry.note.read_text(encoding="utf-8")), entry.id),
            source=Path(os.path.relpath(path_of(entry.id), DOCS / "claims")).as_posix(),
            first=first_statement(path_of(entry.id)),
        )
    return pages | constants_pages(here, [line for entry in shown for line in entry.constants])


def constants_pages(here, lines):
    """The table of all stored constants, with its figure."""
    figure = draw_constants(lines)
    width = round(figure.get_figwidth() * POINTS_AN_INCH * SCALE)
    words = add_links("\n".join(tables(lines)))
    return {
        "constants.svg": as_bytes(figure, "svg"),
        "constants.md": here.get_template("constants.md").render(width=width, tables=words),
    }


def by_theme(shown):
    found = {}
    for entry in shown:
        found.setdefault(entry.theme, []).append(entry)
    return found


def first_statement(path) -> int:
    """The line at which a file goes on after its docstring."""
    return ast.parse(path.read_text(encoding="utf-8")).body[1].lineno


def as_html(text) -> Markup:
    """Plain-text formulas as paragraphs, displays as paragraphs of their own."""
    known = {name: f"{name}.html" for name in ids()}
    lines = [
        (display, typeset(line, lambda name: known.get(name.removesuffix(".md")))) for display, line in lines_of(text)
    ]
    return Markup("\n").join(
        Markup('<p class="display">{}</p>' if display else "<p>{}</p>").format(line) for display, line in lines
    )


def display_formula(tex) -> Markup:
    """A claim's formula, on lines of its own."""
    return Markup("\n").join(Markup('<div class="equation">{}</div>').format(line) for line in displays(tex))


def under(note) -> str:
    """A note without its title, its headings one level lower."""
    return re.sub(r"^(#+ )", r"#\1", re.sub(r"\A# .*\n", "", note), flags=re.MULTILINE)


def add_links(note, own=None) -> str:
    """A note whose mentions of other claims and notes are links."""
    targets = {name: f"/claims/{name}.md" for name in ids()} | {name: f"/notes/{name}.md" for name in NOTES}

    def link(found):
        return f"[{found[0]}]({targets[found[1]]})" if found[1] in targets and found[1] != own else found[0]

    return re.sub(r"`(?:proofs/)?([\w/]+?)(?:\.md)?`", link, note)


def number(value, exact=None) -> str:
    """A number to six digits, or the fraction that it is."""
    return "—" if value is None else exact if exact and len(exact) <= LONG else f"{value:.6g}"


def cell(text) -> str:
    """Text as it stands in a cell of a table."""
    return re.sub(r"([\\*_`$|<\[\]~#])", r"\\\1", str(text))


# ---- named instances
def instance_pages(here):
    """One page with every named instance, and their pictures."""
    pages, themes = {}, {}
    for name, build in named_instances().items():
        width, missing = None, ""
        try:
            figure = draw_instance(build())
        except InvalidModel as error:
            missing = str(error)
        else:
            width = round(figure.get_figwidth() * POINTS_AN_INCH * SCALE)
            pages[f"{name}.svg"] = as_bytes(figure, "svg")
        function = f"{build.__module__}.{build.__qualname__}"
        shown = dict(name=name, function=function, width=width, missing=missing, claims=claims_using(build))
        themes.setdefault(theme_of(build), []).append(shown)
    return pages | {"index.md": here.get_template("instances.md").render(themes=dict(sorted(themes.items())))}


# ---- the reference
def reference_pages(here):
    names = (*ROOMS, *NETWORKS[:1]) if importlib.util.find_spec("torch") else ROOMS
    rooms = {room: importlib.import_module(f"mdpkit.{room}") for room in names}
    listed = {room: names_of(module) for room, module in rooms.items()}
    for name in NETWORKS[1:] if NETWORKS[0] in rooms else ():
        listed[NETWORKS[0]] += names_of(importlib.import_module(f"mdpkit.{name}"))
    pages = {
        f"{room}.md": here.get_template("room.md").render(room=room, words=sentence(module), names=listed[room])
        for room, module in rooms.items()
    }
    errors = importlib.import_module("mdpkit.base.errors")
    pages["errors.md"] = here.get_template("room.md").render(
        room="errors", words=sentence(errors), names=names_of(errors)
    )
    pages["learners.md"] = here.get_template("learners.md").render(kinds=COLUMNS, rows=learner_rows())
    pages["commands.md"] = here.get_template("commands.md").render(
        commands={name: help_of(name) for name in get_command(app).commands}
    )
    words = {room: sentence(module) for room, module in rooms.items()}
    pages["index.md"] = here.get_template("reference.md").render(
        rooms=words, lemmas=[name for name in NOTES if name != "notation"]
    )
    return pages


def learner_rows():
    """What every learner declares that it needs; those of the annex where torch is installed."""
    rooms = [importlib.import_module("mdpkit.learn")]
    if importlib.util.find_spec("torch"):
        rooms.append(importlib.import_module("mdpkit.deep"))
    return needs(*rooms).rows


def help_of(command) -> str:
    """What a command says of itself."""
    return CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "84"}, prog_name="mdpkit").stdout.strip()


def names_of(module) -> list[tuple[str, str, list[str]]]:
    """(kind, public name, values of an enumeration) of every object that a room offers, in alphabetical order."""
    room = module.__name__
    found = []
    for name in sorted(dir(module), key=str.casefold):
        thing = getattr(module, name)
        if name.startswith("_") or inspect.ismodule(thing) or not getattr(thing, "__module__", "").startswith(room):
            continue
        public = f"mdpkit.{name}" if mdpkit._NAMES.get(name) == room.rpartition(".")[2] else f"{room}.{name}"
        kind = (
            "function" if not inspect.isclass(thing) else "exception" if issubclass(thing, BaseException) else "class"
        )
        values = [each.name for each in thing] if kind == "class" and issubclass(thing, enum.Enum) else []
        found.append((kind, public, values))
    return found


def sentence(module) -> str:
    """What a room says of itself."""
    return inspect.getdoc(module)


def public_name(sphinx, env, node, contnode):
    """An annotation names the file that defines a thing: a link to its public name, plain text where it has none."""
    target, domain = node.get("reftarget", ""), env.domains.python_domain
    if node.get("refdomain") != "py" or node.get("reftype") != "class" or not target.startswith("mdpkit."):
        return None
    _, room, *_, name = target.split(".")
    for public in (f"mdpkit.{name}", f"mdpkit.{room}.{name}"):
        if public in domain.objects and public != target:
            return domain.resolve_xref(env, node["refdoc"], sphinx.builder, "obj", public, node, contnode)
    return contnode
