"""Captions of figures, from the claim and the result shown."""

from ...ink.figures import bound, identity
from ...verify.claim import Claim
from .store import Stored

POINTS = {
    bound: "Points: the tightest instance of each size, its left side against its right side; on the dashed line both are equal.",
    identity: "Points: both sides of the identity, for one instance of each size; on the dashed line both are equal.",
}
MARKS = {
    **{mark: "\\" + mark for mark in "{}$&#%_"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}",
    '"': "''",
}


def caption(result: Stored, claim: Claim) -> str:
    """Plain-text caption: the claim, what is drawn, what was verified, and which controls fail."""
    drawn = claim.figure or (identity if any("pairs" in row for row in result.rows) else bound)
    headline = " ".join(claim.statement.partition("\n\n")[0].split())
    figure = POINTS.get(drawn) or " ".join((drawn.__doc__ or "").strip().partition("\n\n")[0].split())
    plural = "" if result.instances == 1 else "s"
    verified = f"{result.outcome.lower().replace('_', ' ').capitalize()}: {result.instances} instance{plural}, {result.evidence} arithmetic"
    tight = "" if result.tightest is None else f", largest ratio of left to right side {result.tightest:.4g}"
    failing = [each["name"] for each in result.controls if each["bites"]]
    silent = [each["name"] for each in result.controls if not each["bites"]]
    controls = f"Controls that fail as they must: {'; '.join(failing)}." if failing else ""
    return " ".join(
        filter(
            None, (headline, figure, f"{verified}{tight}.", controls, f"Silent: {'; '.join(silent)}." if silent else "")
        )
    )


def in_tex(words: str) -> str:
    r"""Plain text for LaTeX.

    >>> print(in_tex("50% of d_t < 1"))
    50\% of d\_t \ensuremath{<} 1
    """
    return "".join(MARKS.get(mark, mark) for mark in words)
