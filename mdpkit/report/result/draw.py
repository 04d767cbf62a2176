"""From a result to a figure. Nothing is verified here: what is drawn is what would be stored."""

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

from ...claims import get
from ...ink.figures import bound, identity, name_sides
from ...verify.claim import Claim
from ...verify.verdict import Verdict
from ..style import blank, style_context, widths
from .store import Stored, result_of, text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_claim(result: Verdict | Stored, claim: Claim | None = None) -> "Figure":
    """The figure of what was found.

    Args:
        result: from `mdpkit.verify`, or a stored one from `read`.
        claim: whose `figure` function draws; the registered one if left out. A claim without one is drawn by both its sides.

    Returns: a matplotlib Figure of 3.25 in width (6.75 in where the claim draws panels; or as `mdpkit.style` says), which belongs to
        no window.
    Raises: UnknownClaim where the result belongs to no registered claim and none is given.
    """
    claim = claim or get(result.claim)
    if isinstance(result, Verdict):
        result = result_of(result, claim)
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


def render(figure: "Figure", result: Stored, kind: str = "pdf") -> bytes:
    """The bytes of a figure as "pdf", "svg" or "png": the same in every process.

    They hold no date and no program's name; the PDF names the sha256 of the result that it shows as its subject.
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
    """What a figure says it was drawn from."""
    return f"sha256 {hashlib.sha256(text(result).encode()).hexdigest()}"


def _plainest(result):
    return identity if any("pairs" in row for row in result.rows) else bound


def settle_colours(figure):
    """Lines keep "C0" as a name until they are drawn, and would take another cycle's colour outside `style_context()`."""
    from matplotlib.colors import to_hex
    from matplotlib.lines import Line2D

    for line in figure.findobj(Line2D):
        line.set_color(to_hex(line.get_color()))
