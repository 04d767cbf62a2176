"""Coloured squares: a grid of states, or a heat map of a table."""

from dataclasses import dataclass

import numpy as np

from ...base.errors import InvalidModel
from ...ink.graph import BLACK, Sketch, measure_text, paint
from ..style import COLOURS, bare, widths
from ..witness.layout import MARGIN, below
from ..witness.words import MINUS

LARGEST, SMALLEST, TALLEST = 0.72, 0.1, 8.5
"""Inches: the side of a square, and the height of a page."""
NUMBER, BAR = 0.17, 0.09
DARK = "#4D4D4D"
NONE = frozenset()
PALE = 0.6
"""Largest level on which text is black."""


@dataclass(frozen=True)
class Board:
    """Axes in inches with squares; `worded` says whether the squares show their numbers."""

    figure: object
    ax: object
    side: float
    worded: bool
    corner: tuple[float, float]

    def middle(self, row, column):
        """Centre of a square, in inches."""
        return self.corner[0] + (column + 0.5) * self.side, self.corner[1] - (row + 0.5) * self.side


def shades():
    """Colour map from white to the blue of claims."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("mdpkit", ["#FFFFFF", COLOURS[0]])


def short(x) -> str:
    """Format a number to three digits."""
    return f"{x:.3g}".replace("-", MINUS)


def board(
    shape, squares, values=None, *, room=0.0, sides=(), heads=(), dark=NONE, plain=NONE, caption=(), called=""
) -> Board:
    """Squares coloured by value, with the numbers if there is room, else with a colour bar.

    Args:
        shape: rows and columns. squares: (row, column) of every square that is drawn.
        values: a number per square; NaN and infinite ones are not coloured.
        room: height of a square, in inches, reserved for something other than its number.
        sides, heads: labels of rows and columns. dark, plain: positions in `squares` of black and of uncoloured
            squares.
        caption: words and colours below. called: name of the values, for the colour bar; None for booleans, which need
            none.

    Raises: InvalidModel if a page cannot hold the squares.
    """
    rows, columns = shape
    words = ["" if values is None or called is None or k in dark else short(values[k]) for k in range(len(squares))]
    left = max((measure_text(each)[0] + 0.08 for each in sides), default=0.0)
    needed = max(max(measure_text(each)[0] for each in words) + 0.07, NUMBER + room) if any(words) else 0.0
    width, side, worded = _fit(rows, columns, left, needed)
    over = max((measure_text(each)[0] for each in heads), default=0.0)
    turned = over > side - 0.04
    top = 0.0 if not heads else over + 0.08 if turned else 0.16
    bar = bool(any(words) and not worded)
    notes = below(caption, 0.0, width - 2 * MARGIN, 0.0)
    bottom = (0.24 if bar else 0.0) + max((-note.extent[1] for note in notes), default=0.0) + (0.04 if caption else 0.0)
    height = 2 * MARGIN + top + rows * side + bottom
    figure, ax = bare(width, height)
    ax.set(xlim=(0, width), ylim=(0, height))
    corner = ((width + left - columns * side) / 2, height - MARGIN - top)
    drawn = Board(figure, ax, side, worded, corner)
    _paint(drawn, squares, normalise(values, len(squares), dark | plain), words, dark, room)
    for k, each in enumerate(sides):
        ax.text(corner[0] - 0.06, drawn.middle(k, 0)[1], each, ha="right", va="center")
    for k, each in enumerate(heads):
        ax.text(drawn.middle(0, k)[0], corner[1] + 0.05, each, ha="center", va="bottom", rotation=90 if turned else 0)
    if bar:
        _bar(
            ax,
            np.delete(values, list(plain | dark)),
            called,
            corner[0],
            corner[0] + columns * side,
            corner[1] - rows * side - 0.1,
        )
    start = corner[1] - rows * side - (0.24 if bar else 0.0)
    paint(ax, Sketch(texts=tuple(below(caption, MARGIN, width - MARGIN, start - 0.02))))
    return drawn


def _fit(rows, columns, left, needed):
    """Width of the figure, side of a square, and whether the numbers fit."""
    choices = []
    for width in dict.fromkeys(widths()):
        side = min(LARGEST, (width - 2 * MARGIN - left) / columns, TALLEST / rows)
        if side >= needed > 0:
            return width, side, True
        choices.append((width, side))
    width, side = next((choice for choice in choices if choice[1] >= 2 * SMALLEST), choices[-1])
    if side < SMALLEST:
        most = int((width - 2 * MARGIN - left) / SMALLEST), int(TALLEST / SMALLEST)
        raise InvalidModel(
            f"{rows} rows and {columns} columns of squares fit no page; expected at most {most[1]} and {most[0]}"
        )
    return width, side, False


def _paint(drawn, squares, levels, words, dark, room):
    from matplotlib.patches import Rectangle

    colours = shades()
    for k, (row, column) in enumerate(squares):
        x, y = drawn.middle(row, column)
        face = DARK if k in dark else "#FFFFFF" if levels is None or np.isnan(levels[k]) else colours(levels[k])
        patch = Rectangle(
            (x - drawn.side / 2, y - drawn.side / 2), drawn.side, drawn.side, facecolor=face, edgecolor="#808080"
        )
        patch.set(linewidth=0.4, gid=f"square {row} {column}")
        drawn.ax.add_patch(patch)
        if drawn.worded and words[k]:
            ink = "#FFFFFF" if not np.isnan(levels[k]) and levels[k] > PALE else BLACK
            height = y + drawn.side / 2 - NUMBER / 2 - 0.01 if room else y
            drawn.ax.text(x, height, words[k], ha="center", va="center", color=ink, gid=f"value {row} {column}")


def normalise(values, count, dark=NONE):
    """Scale values to [0, 1]; NaN where not finite or not shown."""
    if values is None:
        return None
    values = np.array(values, dtype=float)
    shown = np.isfinite(values) & ~np.isin(np.arange(count), list(dark))
    low, high = values[shown].min(initial=np.inf), values[shown].max(initial=-np.inf)
    return np.where(shown, (values - low) / (high - low) if high > low else 0.0, np.nan)


def _bar(ax, values, called, x0, x1, y):
    finite = np.asarray(values, dtype=float)[np.isfinite(np.asarray(values, dtype=float))]
    low, high = (short(f(finite)) if finite.size else "" for f in (np.min, np.max))
    names = [f"{called} = {low}".strip(" ="), high]
    left, right = (measure_text(each)[0] + 0.06 for each in names)
    x0, x1 = (x0, x1) if x1 - x0 > left + right + 0.6 else ((x0 + x1) / 2 - left - 0.4, (x0 + x1) / 2 + right + 0.4)
    box = ax.get_xlim(), ax.get_ylim()
    ax.imshow(np.linspace(0, 1, 128)[None], extent=(x0 + left, x1 - right, y - BAR, y), cmap=shades(), aspect="auto")
    ax.set(xlim=box[0], ylim=box[1])
    ax.text(x0 + left - 0.05, y - BAR / 2, names[0], ha="right", va="center_baseline")
    ax.text(x1 - right + 0.05, y - BAR / 2, names[1], ha="left", va="center_baseline")
