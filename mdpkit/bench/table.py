"""Tables of a benchmark, as columns of text and as Markdown between markers of a file."""

from pathlib import Path
from typing import Any

from ..base.errors import InvalidModel
from ..base.files import write_whole

START, END = "<!-- mdpkit bench -->", "<!-- end of mdpkit bench -->"
"""Lines between which `--into` writes."""

HEAD = ("work", "mdpkit, ms", "best other", "its ms", "ratio", "spread", "calls", "first, ms", "others")
THEME_HEAD = ("work", "CPU s", "at most", "ratio to a peer", "at least")


def lines(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """The rows of the solvers as texts, under a heading.

    Args:
        found: what `run` returns.
    """
    return [HEAD, *(_solver_line(row) for row in found["rows"])]


def theme_lines(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """The rows of the themes as texts, under a heading; the heading alone where there are none.

    Args:
        found: what `run` returns.
    """
    return [THEME_HEAD, *(_theme_line(name, row) for name, rows in found["themes"].items() for row in rows)]


def _solver_line(row):
    if "error" in row:
        return (row["name"], *["-"] * (len(HEAD) - 2), f"failed: {row['error']}")
    ours, *others = row["sides"]
    spread = "-" if row["spread"] is None else "-".join(_ratio(each) for each in row["spread"])
    shown = [_other(side) for side in others if side["name"] != row["peer"] and (side["seconds"] or _is_failure(side))]
    own = [] if ours["status"] == "right" else [f"mdpkit {ours['status']}"]
    ratio = "-" if own or row["ratio"] is None else _ratio(row["ratio"])
    return (
        row["name"],
        _ms(row["seconds"]),
        row["peer"] or "none is right",
        "-" if row["peer_seconds"] is None else _ms(row["peer_seconds"]),
        ratio,
        spread,
        f"{row['seeds']} x {row['repeats']}",
        _ms(row["first"]),
        "; ".join([*own, *shown]) or "-",
    )


def _is_failure(side):
    return side["status"].startswith(("wrong", "failed"))


def _other(side):
    """A peer that is not the best: its time, or how wrong it is."""
    return f"{side['name']} {side['status'] if _is_failure(side) else _ms(_typical(side['seconds']))}"


def _typical(seconds):
    from .compare import Side

    return Side("", seconds).typical


def _theme_line(theme, row):
    if "error" in row:
        return (theme, "-", "-", "-", f"failed: {row['error']}")
    most, least = row.get("limit"), row.get("demanded")
    ratio = row.get("ratio", row["peer"] / row["seconds"] if row.get("peer") else None)
    return (
        f"{theme}: {row['name']}",
        f"{row['seconds']:.3g}",
        "-" if most is None else f"{most:g}",
        "-" if ratio is None else _ratio(ratio),
        "-" if least is None else f"{least:g}",
    )


def _ms(seconds):
    return f"{seconds * 1e3:.3g}" if seconds < 1 else f"{seconds * 1e3:.0f}"


def _ratio(value):
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def notes(found: dict[str, Any]) -> list[str]:
    """What a reader of the table must know: machine, seeds, first call, memory, what is missing.

    Args:
        found: what `run` returns.
    """
    m, said = found["machine"], []
    packages = ", ".join(f"{name} {number}" for name, number in m["versions"].items())
    load = "" if m["load"] is None else f", load {found['load']:.1f}"
    said.append(f"{m['date']}, {m['processor']}, {m['cores']} cores{load}, Python {m['python']}, {packages}.")
    if found["rows"]:
        said.append(
            f"CPU milliseconds on one thread, the smallest of the calls; geometric mean over {len(found['seeds'])} seeds "
            f"derived from {found['commit'][:12]}; every call builds its model."
        )
        said.append(
            "The ratio is that to the fastest peer whose values all lie within the asked 1e-8 (1e-7 for the chain) of the "
            "certified bounds; its spread is over seeds."
        )
    if found["first"]:
        cold, warm = found["first"]
        said.append(f"A first call takes {cold:.1f} s with an empty cache, and {warm:.2f} s once kernels are compiled.")
    if found["memory"]:
        ours, other = found["memory"]["mdpkit"], found["memory"]["quantecon MPI"]
        said.append(
            f"Peak memory, garnet S=1e6 A=4 b=5 gamma .99, one call in a process of its own: {ours['peak'] / 2**20:.0f} MiB "
            f"in {ours['seconds']:.1f} s, quantecon {other['peak'] / 2**20:.0f} MiB in {other['seconds']:.1f} s, a ratio of "
            f"{ours['peak'] / other['peak']:.2f} (goal: under .8)."
        )
    if not found["checkout"]:
        said.append("The themes' own benchmarks, tests/bench, are part of a checkout; this package runs from none.")
    if found["missing"]:
        said.append(f'Not installed: {", ".join(found["missing"])}; `pip install "mdpkit[bench]"` has all peers.')
    return said


def markdown(found: dict[str, Any]) -> str:
    """The table and its notes as Markdown, without the themes.

    Args:
        found: what `run` returns.
    """
    head, *body = lines(found)
    rows = [head, ("---", *["---:" if k in (1, 3, 4) else "---" for k in range(1, len(head))]), *body]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in rows), "", *notes(found)])


def split(path: Path) -> tuple[str, str]:
    """What a file has before and after the markers.

    Args:
        path: of the file.

    Raises: InvalidModel if the file does not have both markers, one after the other.
    """
    before = path.read_text(encoding="utf-8")
    head, first, rest = before.partition(START)
    _, last, tail = rest.partition(END)
    if not first or not last:
        raise InvalidModel(f"{path} has no lines {START} and {END}; expected both, in this order")
    return head, tail


def write_into(path: Path, text: str) -> None:
    """Replace what a file has between the markers.

    Args:
        path: of the file.
        text: what to write there.

    Raises: InvalidModel if the file does not have both markers, one after the other.
    """
    head, tail = split(path)
    write_whole(path, f"{head}{START}\n{text}\n{END}{tail}")
