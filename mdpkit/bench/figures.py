"""How seconds and memory grow: numbers in a CSV, and a figure drawn from it."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from ..base.files import write_whole
from ..report.style import PAGE, style_context
from .children import run
from .origin import commit, seeds
from .peers import PEERS
from .run import peaks

SIDES = ("mdpkit", "quantecon MPI", "mdpsolver MPI")
STATES = (100, 1000, 10_000, 100_000)
DISCOUNTS = (0.9, 0.99, 0.999, 0.9999)
GAMES = (1, 10, 100, 1000, 10_000)
"""Sizes of the three panels of seconds; the fourth is of the memory of garnets with a branching of 5 and 4 actions."""
SIZES = (5_000, 50_000, 500_000)
COLUMNS = ("panel", "x", "side", "y")


def measure_scaling(progress: Callable[[str], None] = lambda words: None, small: bool = False) -> list[dict[str, str]]:
    """Measure all panels: (panel, x, side, y) with y in CPU seconds, or MiB for memory.

    Args:
        progress: called with words for each point.
        small: only the smaller half of each panel.
    """
    seed, rows = seeds(commit())[0], []
    known = [side for side in SIDES if side == "mdpkit" or any(p.name == side and p.version for p in PEERS)]

    def few(values):
        return values[: len(values) // 2] if small else values

    def add(panel, x, found):
        rows.extend({"panel": panel, "x": f"{x:g}", "side": side, "y": f"{y:.4g}"} for side, y in found.items())

    for S in few(STATES):
        progress(f"S = {S}")
        sides = known if S <= 10_000 else [side for side in known if not side.startswith("mdpsolver")]
        add("S", S, run("garnet_seconds", S=S, A=4, branching=5, gamma=0.99, seed=seed, sides=sides))
    for gamma in few(DISCOUNTS):
        progress(f"gamma = {gamma}")
        found = run("garnet_seconds", S=10_000, A=4, branching=5, gamma=gamma, seed=seed, sides=known)
        add("gamma", 1 / (1 - gamma), found)
    for games in few(GAMES) if "quantecon MPI" in known else ():
        progress(f"{games} games")
        add("batch", games, {side: y / games for side, y in run("batch", games=games, actions=3, seed=seed).items()})
    for S in few(SIZES):
        progress(f"memory, S = {S}")
        found = peaks(seed, [side for side in known if not side.startswith("mdpsolver")], S=S, A=4, branching=5)
        entries = found.pop("entries")
        add("memory", entries, {side: each["peak"] / 2**20 for side, each in found.items()})
    return rows


def as_csv(rows: list[dict[str, str]]) -> str:
    """Rows as CSV.

    Args:
        rows: of `measure_scaling`.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


PANELS = {
    "S": "states, gamma .99",
    "gamma": "1 / (1 - gamma), S = 1e4",
    "batch": "3 x 3 games in a batch",
    "memory": "non-zero probabilities",
}
UNITS = {"S": "CPU s", "gamma": "CPU s", "batch": "CPU s per game", "memory": "peak MiB"}
LOOKS = {
    "mdpkit": ("C0", "o-"),
    "quantecon MPI": ("C3", "s--"),
    "mdpsolver MPI": ("C5", "^:"),
    "quantecon minmax": ("C3", "s--"),
}


def draw_scaling(rows: list[dict[str, str]]):
    """A Figure of four panels, logarithmic on both axes; call and save it inside `style_context()`.

    Args:
        rows: of `measure_scaling`.
    """
    from matplotlib.figure import Figure

    panels = [panel for panel in PANELS if any(row["panel"] == panel for row in rows)]
    across, down = min(len(panels), 2), -(-len(panels) // 2)
    figure = Figure(figsize=(PAGE, 2 * down), layout="constrained")
    for ax, panel in zip(figure.subplots(down, across, squeeze=False).ravel(), panels, strict=False):
        for side in dict.fromkeys(row["side"] for row in rows if row["panel"] == panel):
            points = [
                (float(row["x"]), float(row["y"])) for row in rows if (row["panel"], row["side"]) == (panel, side)
            ]
            colour, line = LOOKS[side]
            ax.plot(*zip(*points, strict=True), line, color=colour, label=side.replace(" MPI", ""))
        ax.set(xscale="log", yscale="log", xlabel=PANELS[panel], ylabel=UNITS[panel])
        ax.legend()
    return figure


def write_figures(folder: Path, rows: list[dict[str, str]]) -> list[Path]:
    """Write `scaling.csv` and, drawn from it, `scaling.pdf` and return their paths.

    Args:
        folder: where; made if it is missing.
        rows: of `measure_scaling`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = write_whole(folder / "scaling.csv", as_csv(rows))
    with style_context(), open(table, encoding="utf-8", newline="") as file:
        figure, drawn = draw_scaling(list(csv.DictReader(file))), io.BytesIO()
        figure.savefig(drawn, format="pdf", metadata={"CreationDate": None})
    return [table, write_whole(folder / "scaling.pdf", drawn.getvalue())]
