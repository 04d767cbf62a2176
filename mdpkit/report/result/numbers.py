"""Numbers of a stored result as CSV and as LaTeX macros."""

import csv
import io

from ...verify.claim import Claim
from .caption import caption, in_tex
from .store import Stored

COLUMNS = ("part", "label", "sizes", "parameters", "name", "left", "right", "ratio", "exact", "count")


def as_csv(result: Stored) -> str:
    """One line per bound, or per pair of an equality: both ends as floats, the ratio, and the exact ratio if known.

    Controls come last, with "control" in the column `part`.
    """
    lines = io.StringIO()
    table = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
    table.writeheader()
    for row in result.rows:
        shared = {name: row.get(name) for name in ("part", "label", "ratio", "exact", "count")}
        shared |= {name: _words(row.get(name)) for name in ("sizes", "parameters")}
        ends = row.get("sides") or [None]
        pairs = row.get("pairs") or {"": (ends[0], ends[-1])}
        for name, (left, right) in pairs.items():
            table.writerow({**shared, "name": name, "left": left, "right": right})
    for control in result.controls:
        left, right = control["sides"] or (None, None)
        table.writerow({"part": "control", "label": control["name"], "left": left, "right": right})
    return lines.getvalue()


def as_macros(result: Stored, claim: Claim | None = None) -> str:
    r"""LaTeX macros of the headline numbers, such as \CloningErrorTightest.

    Args: claim: adds \...Caption, the caption of its figure, for \caption{...}.

    >>> empty = Stored("a_claim", "CERTIFIED", "exact", 3, 0, 1.0, 0.0, [], [], "", 0, "quick")
    >>> print(as_macros(empty).splitlines()[1])
    \newcommand{\AClaimEvidence}{exact}
    """
    stem = "".join(word.capitalize() for word in result.claim.split("_"))
    stem = "".join(character for character in stem if character.isalpha())  # macro names hold letters only
    values = {
        "Outcome": result.outcome.replace("_", " "),
        "Evidence": result.evidence,
        "Instances": result.instances,
        "Tightest": "--" if result.tightest is None else f"{result.tightest:.6g}",
        "Widest": "--" if result.widest is None else f"{result.widest:.3g}",
        "Controls": f"{sum(control['bites'] for control in result.controls)}/{len(result.controls)}",
    }
    if claim is not None:
        values["Caption"] = in_tex(caption(result, claim))
    return "".join(f"\\newcommand{{\\{stem}{name}}}{{{value}}}\n" for name, value in values.items())


def _words(named):
    return " ".join(f"{name}={value}" for name, value in (named or {}).items())
