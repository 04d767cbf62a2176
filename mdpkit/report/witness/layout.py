"""Layout of drawings: a pure function, independent of the output format."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np

from ...base.errors import InvalidModel
from ...ink.graph import BLACK, GAP, Arrow, Box, Curve, Sketch, Text, connect, measure_text
from ..style import widths
from .rows import MOST_PLACES, Graph, tabulate

MARGIN, LINE, BETWEEN = 0.08, 0.16, 0.2
SPREADS = (1, 1.25, 1.5, 1.8, 2.2)
MOST_ARROWS = 60
"""Largest number of arrows tried: more do not fit on a page."""


def laid_out(shown) -> Sketch:
    """Lay out graphs and tables one below another, with the lower left corner at 0."""
    sketches, floor = [], 0.0
    for part in shown:
        sketch = _graph(part) if isinstance(part, Graph) else _table(part)
        x0, _, x1, top = sketch.extent
        sketches.append(move(sketch, -(x0 + x1) / 2, floor - top))
        floor = sketches[-1].extent[1] - 2 * LINE
    fields = ("boxes", "curves", "texts", "rules")
    whole = Sketch(*(tuple(each for sketch in sketches for each in getattr(sketch, field)) for field in fields))
    x0, y0, *_ = whole.extent
    return move(whole, MARGIN - x0, MARGIN - y0)


def move(sketch, dx, dy):
    """The sketch moved by dx to the right and dy up."""
    step = np.array([dx, dy])

    def there(at):
        return tuple(map(float, np.array(at) + step))

    return Sketch(
        tuple(replace(box, at=there(box.at)) for box in sketch.boxes),
        tuple(Curve(curve.arrow, curve.points + step) for curve in sketch.curves),
        tuple(replace(text, at=there(text.at)) for text in sketch.texts),
        tuple((x0 + dx, x1 + dx, y + dy) for x0, x1, y in sketch.rules),
        sketch.hidden,
    )


# ---- graphs
def _graph(graph):
    """The narrowest drawing without overlaps; a table if none fits a page."""
    placings = (_layer,) if graph.steps else (_layer, _around)
    widest = widths().page - 2 * MARGIN
    arrows = sum(len(way.law) + 1 if len(way.law) > 1 else 1 for way in graph.ways)
    for placed, spread in (
        product(placings, SPREADS) if len(graph.places) <= MOST_PLACES and arrows <= MOST_ARROWS else ()
    ):
        boxes = placed(graph, spread)
        if max(box.extent[2] for box in boxes) - min(box.extent[0] for box in boxes) > widest:
            continue
        sketch = _spread(graph, boxes)
        if not sketch.hidden and sketch.extent[2] - sketch.extent[0] <= widest:
            return _add_caption(sketch, graph)
    return _table(tabulate(graph))


def _spread(graph, boxes):
    places, arrows = {box.name: box for box in boxes}, []
    before, after = [], []
    for name, chance in graph.starts:
        before.append(_start(places[name], chance))
        arrows.append(Arrow(before[-1].name, name))
    ends = {}
    for way in graph.ways:
        if not way.law:
            ends.setdefault(way.place, []).append(way.words)
    for name, several in ends.items():
        for k, words in enumerate(several):
            after.append(_end(places[name], words, k, several))
            arrows.append(Arrow(name, after[-1].name))
    taken = [*boxes, *before, *after]
    for k, way in enumerate(graph.ways):
        if len(way.law) == 1:
            arrows.append(Arrow(way.place, way.law[0][0], way.words))
        elif way.law:
            fork = Box(f"fork {k}", _fork(way, places, taken))
            taken.append(fork)
            arrows.append(Arrow(way.place, fork.name, way.words, head=False))
            arrows += [Arrow(fork.name, target, chance) for target, chance in way.law]
    sketch = connect(taken, arrows, covered=False)
    if graph.steps < 2:
        return sketch
    top = sketch.extent[3] + LINE
    columns = {place.step: places[place.name].at[0] for place in graph.places}
    return replace(sketch, texts=(*sketch.texts, *(Text(f"$t$ = {t}", (x, top)) for t, x in columns.items())))


def _around(graph, spread):
    """State boxes on a circle, initial states on the left."""
    boxes = [Box(place.name, (0, 0), place.lines) for place in graph.places]
    column = _columns(graph)
    boxes.sort(key=lambda box: column[box.name])
    across, up = (max(box.size[k] for box in boxes) for k in (0, 1))
    angles = np.pi - 2 * np.pi * np.arange(len(boxes)) / len(boxes)
    radius = spread * len(boxes) / 6
    return [
        replace(box, at=(float((across + 0.9 * radius) * np.cos(angle)), float((up + 0.7 * radius) * np.sin(angle))))
        for box, angle in zip(boxes, angles, strict=True)
    ]


def _layer(graph, spread):
    """State boxes in columns: one per step, or by distance from the initial states."""
    column = _columns(graph)
    boxes = {place.name: Box(place.name, (0, 0), place.lines) for place in graph.places}
    x = _across(graph, column, boxes, spread)
    height = max((box.size[1] for box in boxes.values()), default=0)
    pitch = height + 0.45 * spread
    if graph.steps:
        states = sorted({place.state for place in graph.places})
        return [
            replace(boxes[place.name], at=(x[place.step], -pitch * states.index(place.state))) for place in graph.places
        ]
    placed = []
    for k in sorted(set(column.values())):
        names = _order([name for name in boxes if column[name] == k], graph, placed)
        placed += [
            replace(boxes[name], at=(x[k], -pitch * (row - (len(names) - 1) / 2))) for row, name in enumerate(names)
        ]
    return placed


def _columns(graph):
    if graph.steps:
        return {place.name: place.step for place in graph.places}
    column = dict.fromkeys((name for name, _ in graph.starts), 0)
    for _ in graph.places:
        for way in graph.ways:
            if way.place in column:
                for target, _ in way.law:
                    column.setdefault(target, column[way.place] + 1)
    last = max(column.values(), default=-1)
    return {place.name: column.get(place.name, last + 1) for place in graph.places}


def _across(graph, column, boxes, spread):
    """Centres of the columns, with room for arrow labels between them."""
    columns = sorted(set(column.values()))
    half = {k: max(box.size[0] for name, box in boxes.items() if column[name] == k) / 2 for k in columns}
    x = {columns[0]: 0.0} if columns else {}
    for k, following in pairwise(columns):
        room = 0.45
        for way in graph.ways:
            ends = [column[way.place], *(column[target] for target, _ in way.law)]
            if min(ends) <= k and max(ends) >= following:
                words, chances = measure_text(way.words)[0], max(measure_text(chance)[0] for _, chance in way.law)
                room = max(room, words + 0.15 if len(way.law) == 1 else words + chances + 0.35)
        x[following] = x[k] + half[k] + half[following] + room * spread
    return x


def _order(names, graph, placed):
    """Names from top to bottom, each near its predecessors."""
    up = {box.name: box.at[1] for box in placed}

    def height(name):
        found = [up[way.place] for way in graph.ways if way.place in up and name in dict(way.law)]
        return -float(np.mean(found)) if found else 0.0

    return sorted(names, key=height)


def _start(box, chance):
    x = box.extent[0]
    lines = ((chance, BLACK),) if chance else ()
    return Box(f"start {box.name}", (x - 0.25 - measure_text(chance)[0] / 2, box.at[1]), lines, framed=False)


def _end(box, words, k, several):
    """Label at the tip of an arrow to an irrelevant successor."""
    heights = [measure_text(each)[1] + 0.05 for each in several]
    y = box.at[1] + sum(heights) / 2 - sum(heights[:k]) - heights[k] / 2
    tip = Box(f"end {k} {box.name}", (0, 0), tuple((line, BLACK) for line in words.split("\n")), framed=False)
    return replace(tip, at=(box.extent[2] + 0.25 + tip.size[0] / 2, y))


def _fork(way, places, taken):
    """Fork point of a stochastic arrow, clear of other elements."""
    source = places[way.place]
    start = np.array(source.at)
    goal = np.mean([places[target].at for target, _ in way.law if target != way.place], axis=0)
    length = float(np.linalg.norm(goal - start))
    along = (goal - start) / length if length > 0.1 else np.array([1.0, 0.0])
    across = np.array([-along[1], along[0]])
    width, height = source.size
    unit = abs(along)
    edge = min(width / 2 / unit[0] if unit[0] > 0 else np.inf, height / 2 / unit[1] if unit[1] > 0 else np.inf)
    stem = edge + 0.15 + measure_text(way.words)[0] * unit[0] + 0.12 * unit[1]
    back = 0.3 if way.place in dict(way.law) else 0
    choices = []
    for aside in (back, -back - 0.3, back + 0.3, -back - 0.6, back + 0.6):
        for far in (stem, (edge + length) / 2):
            at = start + along * far + across * aside
            near = min(_distance(at, box) for box in taken)
            choices.append(
                (near < 0.18, round(float(abs(aside)), 6), round(-float(near), 6), len(choices), tuple(map(float, at)))
            )
    return min(choices)[-1]


def _distance(at, box):
    x0, y0, x1, y1 = box.extent
    return float(np.hypot(max(x0 - at[0], at[0] - x1, 0), max(y0 - at[1], at[1] - y1, 0)))


# ---- words around, and tables
def _add_caption(sketch, graph):
    """Add a heading above, and a legend below."""
    x0, y0, x1, y1 = sketch.extent
    heading = [Text(graph.heading, ((x0 + x1) / 2, y1 + LINE))] if graph.heading else []
    return replace(sketch, texts=(*sketch.texts, *heading, *below(graph.caption, x0, x1, y0)))


def below(words, x0, x1, y):
    """Words side by side below the range x0 to x1, on as many lines as needed."""
    lines, room = [[]], max(widths().column - 2 * MARGIN, x1 - x0)
    for each in words:
        if lines[-1] and sum(measure_text(text)[0] + BETWEEN for text, _ in [*lines[-1], each]) > room + BETWEEN:
            lines.append([])
        lines[-1].append(each)
    texts = []
    for k, line in enumerate(lines):
        lengths = [measure_text(text)[0] for text, _ in line]
        x = (x0 + x1 - sum(lengths) - BETWEEN * (len(line) - 1)) / 2
        for (text, colour), width in zip(line, lengths, strict=True):
            texts.append(Text(text, (x + width / 2, y - LINE * (k + 1)), colour))
            x += width + BETWEEN
    return texts


def _table(table):
    """Lay out a table with columns as wide as their text."""
    lines = [table.heads, *table.rows] if table.heads else table.rows
    lengths = [max(measure_text(row[k][0])[0] for row in lines) for k in range(len(lines[0]))]
    left = np.concatenate([[0], np.cumsum(np.array(lengths) + BETWEEN)])
    texts, rules, y, right = [], [], 0.0, float(left[-1]) - BETWEEN
    widest = widths().page - 2 * MARGIN
    if right > widest:
        raise InvalidModel(
            f"the rows to show are {right:.1f} in wide; expected at most {widest:.1f}: shrink them, or give `matters`"
        )
    for k, row in enumerate(lines):
        high = max(measure_text(words)[1] for words, _ in row) + 0.04
        texts += [
            Text(words, (float(x), y - high / 2), colour, left=True)
            for x, (words, colour) in zip(left, row, strict=False)
            if words
        ]
        y -= high
        if k == 0 and table.heads:
            rules.append((0.0, right, y - GAP / 2))
            y -= GAP
    rules += [(0.0, right, GAP), (0.0, right, y - GAP)]
    return Sketch((), (), (*texts, *below(table.caption, 0.0, right, y - GAP)), tuple(rules))
