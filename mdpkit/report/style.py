"""Figure style: two widths, 8 pt, one meaning per colour, embedded text."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from ..base.errors import InvalidModel

COLUMN, PAGE = 3.25, 6.75  # inches: one column of a two-column page, and the whole of it
GOLDEN = 0.618

# C0 is the claim, C1 a control that fails, C2 a second case of the claim, C3 samples; a bound is black and dashed
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#999999", "#CC79A7", "#E69F00", "#56B4E9")


class Widths(NamedTuple):
    """Widths of figures in inches: one column, and the page."""

    column: float
    page: float


STYLES = {
    "column": Widths(COLUMN, COLUMN),
    "icml": Widths(COLUMN, PAGE),
    "neurips": Widths(5.5, 5.5),
    "page": Widths(PAGE, PAGE),
}
_style = ContextVar("style", default="icml")


def widths() -> Widths:
    """The current widths: 3.25 and 6.75 in, or those of the enclosing `style`."""
    return STYLES[_style.get()]


@contextmanager
def style(name: str) -> Iterator[None]:
    """Context in which figures have the widths and style of a target page.

    Args: name: "neurips" (5.5 in, one column), "icml" (columns of 3.25 in on a page of 6.75 in), "column" (3.25 in and
        never more) or "page" (6.75 in).

    Inside, the user's own figures default to the width of a column, 8 pt, with an Okabe-Ito cycle and embedded TrueType
    fonts, and without LaTeX; `draw`, `draw_witness` and `draw_claim` use a column if the drawing fits, else the page.
    Save figures inside as well.

    Raises: InvalidModel listing the available names.
    Source: the text of neurips.sty is 5.5 in wide; icml.sty sets two columns of 3.25 in, .25 in apart.

    >>> import matplotlib
    >>> with style("neurips"):
    ...     print(matplotlib.rcParams["figure.figsize"], matplotlib.rcParams["font.size"])
    [5.5, 3.399] 8.0
    """
    if name not in STYLES:
        raise InvalidModel(f"no style is called {name!r}; expected one of {', '.join(map(repr, STYLES))}")
    column = STYLES[name].column
    token = _style.set(name)
    try:
        with style_context({"figure.figsize": (column, GOLDEN * column)}):
            yield
    finally:
        _style.reset(token)


def settings() -> dict:
    """Settings for matplotlib: an Okabe-Ito cycle, embedded TrueType fonts, no LaTeX.

    >>> settings()["font.size"], settings()["pdf.fonttype"]
    (8, 42)
    """
    from matplotlib import cycler

    sizes = ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "figure.titlesize", "axes.titlesize")
    return {
        **dict.fromkeys(sizes, 8),
        "legend.fontsize": 7,
        "font.family": "DejaVu Sans",
        "mathtext.fontset": "dejavusans",
        "text.usetex": False,
        "pdf.fonttype": 42,
        "ps.fonttype": 42,
        "svg.hashsalt": "mdpkit",
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "lines.markersize": 3.5,
        "lines.linewidth": 1.2,
        "legend.frameon": False,
        "legend.handlelength": 1.5,
        "savefig.dpi": 200,
    }


def style_context(more=None):
    """Context with these settings, and `more`, on matplotlib's defaults, ignoring the user's."""
    from matplotlib import style

    return style.context({**settings(), **(more or {})}, after_reset=True)


def blank(width=COLUMN, height=2.4):
    """A Figure of `width` by `height` inches and its axes; call and save it inside `style_context()`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def bare(width, height):
    """A Figure covered by axes without frame or ticks; call and save it inside `style_context()`."""
    figure, ax = blank(width, height)
    figure.set_layout_engine("none")
    ax.set_axis_off()
    ax.set_position((0, 0, 1, 1))
    return figure, ax
