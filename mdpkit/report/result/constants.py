"""Best constants: one file of JSON a claim, and the table of all of them as Markdown and as a figure."""

import json
import textwrap
from pathlib import Path

import numpy as np

from ...base.errors import InvalidModel
from ...base.files import write_whole
from ...base.versions import versions
from ...verify.claim import STATEMENT
from ...verify.register import place, registered
from ..style import COLOURS, PAGE, blank, style_context
from .draw import as_bytes, settle_colours
from .store import plain

HEAD = ("statement", "random", "best", "certificate", "formula", "verdict", "CPU s to 99 %")
WRONG = ("wrong statement", "refuted by", "states", "CPU s to the first violation")
UNBOUNDED = 1e6
NAME_WIDTH = 52
"""Characters per line of a statement's name in the figure."""


def constants_file(folder, claim_id) -> Path:
    """Where the constants of a claim lie: beside its figure."""
    return Path(folder) / f"{place(claim_id)}.constants.json"


def write_constants(found, folder) -> list[Path]:
    """Write the constants of each claim into a file of its own.

    Args: found: Hunts, or lines that `read_constants` returned: all those of each claim that occurs.
    """
    by_claim = {}
    for each in found:
        line = each if isinstance(each, dict) else line_of(each)
        by_claim.setdefault(line["claim"], []).append(line)
    files = []
    for claim_id, lines in by_claim.items():
        path = constants_file(folder, claim_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(plain({"hunts": lines, "versions": versions()}), indent=1, allow_nan=False) + "\n"
        files.append(write_whole(path, text.encode()))
    return files


def read_constants(folder, claim_id) -> list[dict]:
    """The lines stored for a claim; none if it has no file.

    Raises: InvalidModel if the file holds something else.
    """
    path = constants_file(folder, claim_id)
    try:
        return json.loads(path.read_text())["hunts"]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidModel(f"{path} holds no constants: {error}") from error


def all_constants(folder) -> list[dict]:
    """The lines stored for all registered claims, in the order of the register."""
    return [line for name in registered() for line in read_constants(folder, name)]


def write_table(folder, png=False) -> list[Path]:
    """Write constants.md and constants.pdf, the table of everything that is stored in the folder."""
    folder, lines = Path(folder), all_constants(folder)
    files = [write_whole(folder / "constants.md", ("\n".join(tables(lines)) + "\n").encode())]
    figure = draw_constants(lines)
    for kind in ("pdf", "png") if png else ("pdf",):
        files.append(write_whole(folder / f"constants.{kind}", as_bytes(figure, kind)))
    return files


def line_of(hunt) -> dict:
    """Line of the table for one hunt: its hardest row, and the formula through all rows."""
    data = hunt.to_data()
    del data["versions"], data["seed"]
    row = hunt.records[-1] if not hunt.control else hunt.smallest or hunt.records[0]
    certificate = "—"
    if row.worth is not None:
        certificate = "exact" if row.exact is not None else "interval"
    states = None if row.smallest is None else row.smallest.x.sizes.get("S", row.smallest.x.sizes.get("X"))
    return {**data, "shown": row.to_data(), "certificate": certificate, "states": states}


def tables(lines) -> list[str]:
    """Two Markdown tables: statements that hold, and false variants made by controls."""
    true, wrong = [line for line in lines if not line["control"]], [line for line in lines if line["control"]]
    said = [*_markdown(HEAD, [_cells(line) for line in true])]
    if wrong:
        said += ["", *_markdown(WRONG, [_wrong_cells(line) for line in wrong])]
    return said


def draw_constants(lines):
    """Dot plot of the statements that hold: ratios of random draws and of the hunt against the bound 1."""
    true = [line for line in lines if not line["control"]]
    names = [textwrap.fill(_title(line), NAME_WIDTH) for line in true]
    heights = np.array([0.2 + 0.12 * name.count("\n") for name in names])
    places = heights.sum() - np.cumsum(heights) + heights / 2  # inches above the axis
    with style_context():
        figure, ax = blank(PAGE, 0.75 + heights.sum())
        for line, place in zip(true, places, strict=True):
            ends = [line["shown"][name] for name in ("random", "best")]
            if None not in ends:
                ax.plot(np.maximum(ends, 0), [place] * 2, color=COLOURS[3], linewidth=0.8, zorder=1)
        for name, looks, words in (
            (
                "random",
                dict(marker="o", markerfacecolor="none", markersize=6, color="#606060"),
                "largest ratio of random draws",
            ),
            ("best", dict(marker="o", color=COLOURS[0]), "record of the hunt"),
        ):
            values = [line["shown"][name] for line in true]
            kept = [(max(value, 0), place) for value, place in zip(values, places, strict=True) if value is not None]
            ax.plot(*zip(*kept, strict=True), linestyle="none", label=words, **looks)
        ax.axvline(1, color="k", linestyle="--", label="bound", zorder=0)
        for line, place in zip(true, places, strict=True):
            ax.text(1.06, place, _ratio(line["shown"]), va="center")
        ax.set_yticks(list(places), names, fontsize=7, linespacing=0.95)
        ax.tick_params(axis="y", length=0)
        ax.set(xlabel="left side / right side; at the right the record", xlim=(-0.03, 1.25), ylim=(0, heights.sum()))
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
        figure.legend(loc="outside upper right", ncols=3)
        settle_colours(figure)
    return figure


def _title(line):
    words = line["claim"].replace("_", " ")
    return words[:1].upper() + words[1:] + (f" ({line['part']})" if line["part"] != STATEMENT else "")


def _named(line):
    return line["claim"] + (f" ({line['part']})" if line["part"] != STATEMENT else "")


def _cells(line):
    row = line["shown"]
    at = " ".join(f"{name}={value}" for name, value in row["fixed"].items())
    formula = next(iter(line["formulas"].values()), "")
    return f"`{line['claim']}`" + (f" {line['part']}" if line["part"] != STATEMENT else "") + (
        f", {at}" if at else ""
    ), *((_short(row["random"]), _ratio(row), line["certificate"], formula, row["verdict"], _short(row["to_99"])))


def _wrong_cells(line):
    row, name = line["shown"], f"`{line['claim']}`, {line['control']}"
    if row["verdict"] != "REFUTED":
        return name, f"not refuted (best {_short(row['best'])})", "", ""
    ratio = "unbounded" if row["best"] is None or row["best"] > UNBOUNDED else _ratio(row)
    return name, ratio, str(line["states"] or ""), _short(row["refuted_after"])


def _ratio(row):
    return row["exact"] if row["exact"] and len(row["exact"]) <= 12 else _short(row["best"])


def _markdown(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _short(value):
    return (
        "—"
        if value is None or value != value
        else f"{value:.3g}"
        if abs(value) < 0.9 or abs(value) > 1.1
        else f"{value:.6g}"
    )
