"""Layout of boxes, arrows and labels without overlaps. Lengths are in inches, and y points up."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

BLACK = "#000000"
LINE, HALF_A_LETTER, PAD, GAP = 0.138, 0.038, 0.05, 0.035
NEAR = 0.12
"""Distance from another arrow below which a label could be attributed to that arrow."""
STEPS = np.linspace(0, 1, 33)
BENDS = (0, 0.15, -0.15, 0.3, -0.3, 0.5, -0.5, 0.8, -0.8)
ASIDE = (0.15, 0.3, 0.5, 0.8)
"""Bends of curves relative to the length of the straight line; to one side only if there is an opposite arrow."""
SIDES = (((0, 1), 0), ((0, -1), 0.5), ((1, 0), 1), ((-1, 0), 1.5))
ALONG = range(5, 29)
HIDDEN = 1000
"""Cost of covering a label or a box; it exceeds all other costs together."""


@lru_cache(maxsize=4096)
def measure_text(words) -> tuple[float, float]:
    """Width and height of lines of text at 8 pt."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family="DejaVu Sans", size=8)
    lines = words.split("\n")
    widths = [TextToPath().get_text_width_height_descent(line, font, "$" in line)[0] for line in lines if line]
    return float(max(widths, default=0)) / 72, len(lines) * LINE


@dataclass(frozen=True)
class Text:
    """A label centred on a point, or to the right of it."""

    words: str
    at: tuple[float, float]
    colour: str = BLACK
    left: bool = False

    @property
    def extent(self):
        """x0, y0, x1, y1."""
        (width, height), (x, y) = measure_text(self.words), self.at
        return (
            (x if self.left else x - width / 2),
            y - height / 2,
            (x + width if self.left else x + width / 2),
            y + height / 2,
        )

    @property
    def baselines(self):
        """x, y and words of each line."""
        lines, (x, y) = self.words.split("\n"), self.at
        return [(x, y + LINE * (len(lines) / 2 - k - 0.5) - HALF_A_LETTER, line) for k, line in enumerate(lines)]


@dataclass(frozen=True)
class Box:
    """A node: coloured lines of text in a frame; without text a dot, or an invisible point if not framed."""

    name: str
    at: tuple[float, float]
    lines: tuple[tuple[str, str], ...] = ()
    framed: bool = True

    @property
    def size(self):
        if not self.lines:
            return (0.05, 0.05) if self.framed else (0, 0)
        width, height = measure_text("\n".join(words for words, _ in self.lines))
        return width + 2 * PAD, height + (PAD if self.framed else 0)

    @property
    def texts(self):
        x, y = self.at
        top = y + LINE * (len(self.lines) - 1) / 2
        return [Text(words, (x, top - LINE * k), colour) for k, (words, colour) in enumerate(self.lines)]

    @property
    def extent(self):
        (width, height), (x, y) = self.size, self.at
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2


@dataclass(frozen=True)
class Arrow:
    """An arrow from box to box with a label; a stem, which leads to a fork, has no head."""

    source: str
    target: str
    words: str = ""
    head: bool = True


@dataclass(frozen=True)
class Curve:
    """The drawn curve of an arrow: the four control points of a cubic Bezier curve."""

    arrow: Arrow
    points: np.ndarray

    @property
    def extent(self):
        run = _run(self.points)
        return (*run.min(axis=0), *run.max(axis=0))


@dataclass(frozen=True)
class Sketch:
    """A complete layout. `hidden` counts covered labels and boxes; `rules` are horizontal lines (x0, x1, y)."""

    boxes: tuple[Box, ...] = ()
    curves: tuple[Curve, ...] = ()
    texts: tuple[Text, ...] = ()
    rules: tuple[tuple[float, float, float], ...] = ()
    hidden: int = 0

    @property
    def extent(self):
        flat = [(x0, y, x1, y) for x0, x1, y in self.rules]
        ends = np.array([part.extent for part in (*self.boxes, *self.curves, *self.texts)] + flat)
        return (*ends[:, :2].min(axis=0), *ends[:, 2:].max(axis=0))


def connect(boxes, arrows, covered=True) -> Sketch:
    """Lay out arrows and their labels between placed boxes.

    Args: covered: False to stop at the first box or label that would be covered, for trial layouts.
    """
    places, extents = {box.name: box for box in boxes}, np.array([box.extent for box in boxes])
    ends, curves, runs, hidden = {(arrow.source, arrow.target) for arrow in arrows}, [], np.empty((0, len(STEPS), 2)), 0
    for arrow in arrows:
        strange = np.array([box.name not in (arrow.source, arrow.target) for box in boxes])
        own = {arrow.source, arrow.target}
        near = np.array([0.08 if own & {curve.arrow.source, curve.arrow.target} else 0.05 for curve in curves])
        bends = ASIDE if (arrow.target, arrow.source) in ends else BENDS
        found = enumerate(_ways(arrow, places, bends))
        ways = [(_cost(points, extents[strange], runs, near) + extra, k, points) for k, (points, extra) in found]
        cost, _, points = min(ways, key=lambda way: way[:2])
        hidden += cost >= HIDDEN
        if hidden and not covered:
            return Sketch(tuple(boxes), tuple(curves), (), (), hidden)
        curves.append(Curve(arrow, points))
        runs = np.concatenate([runs, _run(points)[None]])
    texts = []
    for k, curve in enumerate(curves):
        if curve.arrow.words:
            cost, text = _beside(curve.arrow.words, k, runs, extents)
            hidden += cost >= HIDDEN
            if hidden and not covered:
                break
            texts.append(text)
            extents = np.concatenate([extents, [text.extent]])
    return Sketch(tuple(boxes), tuple(curves), tuple(texts), (), hidden)


def paint(ax, sketch, unit=1):
    """Draw a sketch on axes whose units are `unit` inches; the gid of each artist states what it shows."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    inches = Affine2D().scale(1 / unit) + ax.transData
    for curve in sketch.curves:
        path = Path(curve.points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
        style = "-|>,head_length=2.6,head_width=1.3" if curve.arrow.head else "-"
        shape = FancyArrowPatch(
            path=path, arrowstyle=style, color=BLACK, linewidth=0.7, shrinkA=0, shrinkB=0, mutation_scale=1.6
        )
        shape.set_transform(inches)
        shape.set_gid(f"{curve.arrow.source} -> {curve.arrow.target}")
        ax.add_patch(shape)
    for box in sketch.boxes:
        (width, height), (x, y) = box.size, box.at
        if box.framed and box.lines:
            frame = FancyBboxPatch(
                (x - width / 2, y - height / 2), width, height, "round,pad=0,rounding_size=0.05", transform=inches
            )
            frame.set(facecolor="white", edgecolor=BLACK, linewidth=0.7, gid=box.name)
            ax.add_patch(frame)
        elif box.framed:
            ax.add_patch(Circle(box.at, width / 2, color=BLACK, linewidth=0, gid=box.name, transform=inches))
        for text in box.texts:
            _write(ax, text, f"in {box.name}", inches)
    for text in sketch.texts:
        _write(ax, text, "words", inches)
    for x0, x1, y in sketch.rules:
        ax.add_line(Line2D([x0, x1], [y, y], color=BLACK, linewidth=0.7, transform=inches))


def _write(ax, text, gid, inches):
    for x, y, words in text.baselines:
        ax.text(
            x,
            y,
            words,
            color=text.colour,
            ha="left" if text.left else "center",
            va="baseline",
            gid=gid,
            transform=inches,
        )


# ---- arrows
def _run(points, steps=STEPS):
    """Points along a cubic Bezier curve, `[k,2]`."""
    u = steps[:, None]
    return (
        (1 - u) ** 3 * points[0] + 3 * (1 - u) ** 2 * u * points[1] + 3 * (1 - u) * u**2 * points[2] + u**3 * points[3]
    )


def _ways(arrow, places, bends):
    """Candidate curves of an arrow, each with its aesthetic cost."""
    source, target = places[arrow.source], places[arrow.target]
    if source is target:
        yield from ((_loop(source, np.array(side)), cost) for side, cost in SIDES)
        return
    start, end = np.array(source.at), np.array(target.at)
    along = end - start
    across = np.array([-along[1], along[0]])
    for bend in bends:
        points = np.array([start, start + along / 3 + across * bend, end - along / 3 + across * bend, end])
        yield _clip(points, source.extent, target.extent, GAP / 2 if arrow.head else 0), 4 * abs(bend)


def _loop(box, side):
    along = np.array([side[1], side[0]])
    leave = np.array(box.at) + side * np.array(box.size) / 2
    out = 0.3 * side
    return np.array([leave - 0.08 * along, leave - 0.2 * along + out, leave + 0.2 * along + out, leave + 0.08 * along])


def _clip(points, source, target, margin):
    """The part of a curve between two boxes, up to `margin` before the second."""
    fine = np.linspace(0, 1, 513)
    run = _run(points, fine)
    first = int(np.argmin(_inside(run, np.array(source))))
    last = len(fine) - 1 - int(np.argmin(_inside(run, np.array(target), margin)[::-1]))
    return _part(points, fine[first], fine[last]) if first < last else points


def _part(points, first, last):
    """The segment of a cubic curve between two parameters, by its blossom."""

    def blossom(*at):
        row = points
        for u in at:
            row = row[:-1] * (1 - u) + row[1:] * u
        return row[0]

    return np.array([blossom(*[last] * k, *[first] * (3 - k)) for k in range(4)])


def _cost(points, extents, runs, near):
    """Cost of a curve: boxes covered, curves crossed, and curves approached more closely than `near`."""
    run = _run(points)
    over = HIDDEN * _inside(run, extents[:, None], GAP).any(axis=1).sum()
    margin = near.max(initial=0)
    close = ((runs.min(axis=1) - margin < run.max(axis=0)) & (run.min(axis=0) - margin < runs.max(axis=1))).all(axis=1)
    runs, near = runs[close], near[close]
    apart = np.linalg.norm(run[6:-6, None, None] - runs[None, :, 6:-6], axis=3).min(axis=2, initial=np.inf)
    return over + 0.8 * _crossings(run, runs) + 0.4 * (apart < near).sum()


def _crossings(run, runs):
    """Number of crossings between the segments of a polyline and those of others."""

    def turns(a, b, c):
        return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) > (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])

    a, b, c, d = run[:-1, None, None], run[1:, None, None], runs[None, :, :-1], runs[None, :, 1:]
    return int(((turns(a, b, c) != turns(a, b, d)) & (turns(c, d, a) != turns(c, d, b))).sum())


# ---- labels
def _beside(words, k, runs, taken):
    """The best position of the label of arrow k: its cost, and the placed text."""
    run, size = runs[k], np.array(measure_text(words))
    slope = np.gradient(run, axis=0)
    normals = np.stack([-slope[:, 1], slope[:, 0]], axis=1) / np.maximum(np.linalg.norm(slope, axis=1), 1e-9)[:, None]
    choices = []
    for at, side, further in product(ALONG, (1, -1), (0, 0.1)):
        reach = abs(normals[at]) @ size / 2 + GAP + further
        middle = run[at] + side * reach * normals[at]
        likes = 0.1 * abs(at - len(run) // 2) + 8 * further + 0.1 * (side * normals[at, 1] < 0)
        choices.append((_covering(middle, size, k, runs, taken) + likes, len(choices), middle))
    cost, _, middle = min(choices, key=lambda choice: choice[:2])
    return cost, Text(words, tuple(map(float, middle)))


def _covering(middle, size, k, runs, taken):
    """Cost of a label position: covered lines and boxes, and proximity to arrows other than its own."""
    low, high = middle - size / 2, middle + size / 2
    outside = np.maximum(np.maximum(low - runs, runs - high), 0)
    away = np.hypot(outside[..., 0], outside[..., 1]).min(axis=1)
    covered = (away < GAP / 2).sum() + ((taken[:, :2] < high + GAP) & (low - GAP < taken[:, 2:])).all(axis=1).sum()
    return HIDDEN * covered + 15 * max(NEAR - np.delete(away, k).min(initial=NEAR), 0)


def overlap(one, two) -> bool:
    """Whether two extents overlap in more than their border."""
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def _inside(run, extent, margin=0):
    low, high = extent[..., :2] - margin, extent[..., 2:] + margin
    return ((run > low) & (run < high)).all(axis=-1)
