"""The table of best constants, as JSON, as Markdown and as a figure."""

import json
from pathlib import Path

from ...base.errors import InvalidModel
from ...base.files import write_whole
from ...base.versions import versions
from ..style import PAGE, blank, styled
from .draw import as_bytes, settle_colours
from .store import plain

HEAD = ("statement", "random", "best", "certificate", "formula", "verdict", "CPU s to 99 %")
WRONG = ("wrong statement", "refuted by", "states", "CPU s to the first violation")
UNBOUNDED = 1e6


def write_constants(found, folder, png=False):
    """Write constants.json, constants.md and constants.pdf.

    Args: found: a Hunt, or the line that `read_constants` has of one, for each line of the tables.
    Returns: (files, the lines of the tables).
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = {"hunts": [each if isinstance(each, dict) else line_of(each) for each in found], "versions": versions()}
    text = json.dumps(plain(data), indent=1, allow_nan=False) + "\n"
    lines = tables(data["hunts"])
    files = [write_whole(folder / "constants.json", text.encode())]
    files.append(write_whole(folder / "constants.md", ("\n".join(lines) + "\n").encode()))
    figure = draw_constants(read_constants(files[0]))
    for kind in ("pdf", "png") if png else ("pdf",):
        files.append(write_whole(folder / f"constants.{kind}", as_bytes(figure, kind)))
    return files, lines


def read_constants(path) -> list[dict]:
    """The lines that `write_constants` stored.

    Raises: InvalidModel where the file is missing or holds none.
    """
    try:
        return json.loads(Path(path).read_text())["hunts"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidModel(f"{path} holds no table of constants: {error}") from error


def line_of(hunt) -> dict:
    """What the table says of one hunt: its hardest row, and the formula through all of them."""
    data = hunt.to_data()
    del data["versions"], data["seed"]
    row = hunt.records[-1] if not hunt.control else hunt.smallest or hunt.records[0]
    certificate = "—"
    if row.worth is not None:
        certificate = "exact" if row.exact is not None else "interval"
    states = None if row.smallest is None else row.smallest.x.sizes.get("S", row.smallest.x.sizes.get("X"))
    return {**data, "shown": row.to_data(), "certificate": certificate, "states": states}


def tables(lines) -> list[str]:
    """Two Markdown tables: statements that hold, and statements that controls made wrong."""
    true, wrong = [line for line in lines if not line["control"]], [line for line in lines if line["control"]]
    said = [*_markdown(HEAD, [_cells(line) for line in true])]
    if wrong:
        said += ["", *_markdown(WRONG, [_wrong_cells(line) for line in wrong])]
    return said


def draw_constants(lines):
    """Random maximum and record of every statement that holds, on one line each; the bound is 1."""
    true = [line for line in lines if not line["control"]]
    names = [_named(line).replace("_", " ") for line in true]
    with styled():
        figure, ax = blank(PAGE, 0.6 + 0.19 * len(true))
        places = range(len(true))[::-1]
        for name, style, words in (("best", "oC0", "hunt"), ("random", ".C3", "random draws")):
            values = [line["shown"][name] for line in true]
            kept = [(max(value, 0), place) for value, place in zip(values, places, strict=True) if value is not None]
            ax.plot(*zip(*kept, strict=True), style, label=words)
        ax.axvline(1, color="k", linestyle="--", label="bound")
        ax.set_yticks(list(places), names)
        ax.set(xlabel="left side / right side", xlim=(-0.02, 1.06))
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
        settle_colours(figure)
    return figure


def _named(line):
    return line["claim"] + (f" ({line['part']})" if line["part"] else "")


def _cells(line):
    row = line["shown"]
    at = " ".join(f"{name}={value}" for name, value in row["fixed"].items())
    formula = next(iter(line["formulas"].values()), "")
    return f"`{line['claim']}`" + (f" {line['part']}" if line["part"] else "") + (f", {at}" if at else ""), *(
        (_short(row["random"]), _ratio(row), line["certificate"], formula, row["verdict"], _short(row["to_99"]))
    )


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
    return "—" if value is None or value != value else f"{value:.3g}" if abs(value) < 0.9 or abs(value) > 1.1 else f"{value:.6g}"
