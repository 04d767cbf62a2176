"""Figures from results; nothing is verified here."""

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

from ...claims import get
from ...ink.figures import bound, identity, name_sides
from ...verify.claim import Claim
from ...verify.verdict import Verdict
from ..style import blank, style_context, widths
from .store import Stored, plain, result_of, text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_claim(result: Verdict | Stored, claim: Claim | None = None) -> "Figure":
    """Draw the figure of a result.

    Args:
        result: from `mdpkit.verify`, or a stored one from `read`.
        claim: its `figure` function draws; by default the registered claim. Without one, both sides are plotted.

    Returns: a matplotlib Figure of width 3.25 in (6.75 in if the claim draws panels; or as set by `mdpkit.style`), not
        attached to a window.
    Raises: UnknownClaim if the result belongs to no registered claim and none is given.
    """
    claim = claim or get(result.claim)
    if isinstance(result, Verdict):
        result = _with_data(result_of(result, claim), claim)
    draw = claim.figure or _plainest(result)
    with style_context():
        figure, ax = blank(widths().column)
        draw(ax, result.drawn)
        if claim.sides and draw in (bound, identity):
            name_sides(ax, draw, *claim.sides)
        if figure.get_figwidth() != widths().column:
            figure.set_figwidth(widths().page)
        settle_colours(figure)
    return figure


def _with_data(result, claim):
    """The result, with the data of its rows that the profile left out."""
    for part in claim.parts:
        rows = {row["label"]: row for row in result.rows if row["part"] == part.name and "data" not in row}
        for k, instance in enumerate(part.instances() if part.data and rows else ()):
            if f"#{k}" in rows:
                rows[f"#{k}"]["data"] = plain(part.data(instance))
    return result


def render(figure: "Figure", result: Stored, kind: str = "pdf") -> bytes:
    """The bytes of a figure as "pdf", "svg" or "png", reproducible across processes.

    They contain no date and no program name; the subject of a PDF is the sha256 of its result.
    """
    return as_bytes(figure, kind, subject(result))


def as_bytes(figure, kind="pdf", words=None) -> bytes:
    """The bytes of a figure, without date or program; the subject of a PDF is `words`."""
    metadata = {
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Subject": words},
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
    }
    content = BytesIO()
    with style_context():
        figure.savefig(content, format=kind, metadata=metadata[kind])
    return content.getvalue()


def subject(result: Stored) -> str:
    """Provenance of a figure: the claim and the digest of the result."""
    return f"sha256 {hashlib.sha256(text(result).encode()).hexdigest()}"


def _plainest(result):
    return identity if any("pairs" in row for row in result.rows) else bound


def settle_colours(figure):
    """Resolve colour names such as "C0", which would change with the cycle outside `style_context()`."""
    from matplotlib.colors import to_hex
    from matplotlib.lines import Line2D

    for line in figure.findobj(Line2D):
        line.set_color(to_hex(line.get_color()))
