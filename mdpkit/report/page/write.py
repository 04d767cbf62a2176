"""The self-contained page of all stored results: no network, no date, no verification."""

from collections import Counter
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from ... import __version__
from ...base.errors import MdpkitError
from ...base.files import write_whole
from ...base.markup import abbreviate
from ...claims import ids
from ..result.draw import draw_claim
from ..witness.draw import draw_witness
from ..witness.files import read_witness
from .entry import KINDS, ORDER, Entry, address, entries, words_of
from .formula import displays
from .inline import Figures
from .mathfont import math_font
from .note import note_html
from .papers import index
from .statement import lines_of
from .typeset import typeset

TEMPLATES = Path(__file__).parent / "templates"
MARKS = {"CERTIFIED": "✓", "SURVIVED": "✓", "NOT_VERIFIED": "○"}


def write_page(
    path: str | PathLike[str],
    claims: Iterable[str | PathLike[str]] | None = None,
    folder: str | PathLike[str] = "figures",
    root: str | PathLike[str] | None = None,
    progress: Callable[[int, int, str], Any] = lambda done, total, words: None,
) -> list[Entry]:
    """Write the page of a folder of stored results.

    Args:
        path: path of the page. claims: ids and paths of files; by default every registered claim.
        folder: folder of results, constants and witnesses.
        root: parent of the folders `proofs` and `notebooks`; by default beside `folder`, else the working directory.
        progress: called with (done, total, claim) after each claim.

    Returns: the entries of the page, in order.
    Raises: UnknownClaim, InvalidClaim; InvalidModel for an invalid stored file; OSError if the page cannot be written.

    The bytes depend on the files read alone. `path` is replaced atomically.
    """
    shown = entries(ids() if claims is None else claims, folder, _root(Path(folder)) if root is None else root)
    write_whole(path, page(shown, Path(path), progress))
    return shown


def _root(folder):
    beside = folder.resolve().parent
    return beside if (beside / "proofs").is_dir() else Path()


def page(shown: list[Entry], path: Path, progress=lambda done, total, words: None) -> str:
    """The page at `path` as HTML; all text from claims is escaped."""
    from base64 import b64encode
    from hashlib import sha256

    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = FileSystemLoader(TEMPLATES)
    here = Environment(
        loader=templates, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    here.filters |= {
        "displays": displays,
        "typeset": lambda text: typeset(text, address_of),
        "lines": lines_of,
        "words": words_of,
        "number": _number,
        "named": _assignments,
    }
    anchors = {each.id: f"#{each.id}" for each in shown}

    def address_of(name):
        return anchors.get(name.removesuffix(".md"))

    def to(file):
        return quote(address(file, path), safe="/.")

    figures = Figures()

    def section(each):
        note = each.note and note_html(
            each.note.read_text(encoding="utf-8"), lambda name: address_of(name.rpartition("/")[2])
        )
        return {"entry": each, "figure": _figure(figures, each), "witness": _witness(figures, each), "note": note}

    sections = []
    for each in shown:
        sections.append(section(each))
        progress(len(sections), len(shown), each.id)
    notes = "".join(section["note"] or "" for section in sections)
    formulas = notes + "".join(line for each in shown for line in displays(each.claim.formula))
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    return here.get_template("page.html").render(
        sections=sections,
        themes=_group(sections),
        papers=index(shown),
        outcomes=[outcome for outcome in ORDER if any(each.outcome == outcome for each in shown)],
        counts=Counter(each.outcome for each in shown),
        figures=figures,
        kinds=KINDS,
        marks=MARKS,
        to=to,
        math_font=math_font(formulas) if formulas else "",
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_digest=b64encode(sha256(script.encode()).digest()).decode(),
        version=__version__,
    )


def _figure(figures, entry):
    """The figure of the stored rows, or a message if the claim has changed and cannot draw them."""
    if entry.result is None:
        return None
    try:
        figure = draw_claim(entry.result, entry.claim)
    except Exception:
        if not entry.stale:
            raise
        return Markup("<p>The claim's file has changed and cannot draw this result.</p>")
    return figures.inline(figure, f"Figure of {entry.title}: {entry.meaning}")


def _witness(figures, entry):
    if entry.witness is None:
        return None
    words, path = entry.witness
    try:
        return figures.inline(draw_witness(*read_witness(path)), words)
    except MdpkitError as error:
        return Markup("<p>It cannot be drawn: {}</p>").format(error)


def _group(sections):
    found = {}
    for section in sections:
        found.setdefault(section["entry"].theme, []).append(section)
    return found


def _number(value, exact=None):
    """A number to six digits, or as a fraction, abbreviated above 20 digits."""
    if value is None:
        return "—"
    return abbreviate(exact) if exact else f"{value:.6g}"


def _assignments(values):
    return " ".join(f"{name}={value}" for name, value in values.items())
