"""Figures that several claims share."""


def identity(ax, rows):
    """Both sides of an identity against each other, and the controls off the diagonal."""
    pairs = [pair for row in rows for pair in row.get("pairs", {}).values()]
    _against(ax, pairs, _controls(rows), "equality")
    ax.set(xlabel="left side", ylabel="right side")


def bound(ax, rows):
    """The left end of a bound against its right end: instances on or below the diagonal, the controls above."""
    pairs = [(row["sides"][-1], row["sides"][0]) for row in rows if not row.get("control") and row.get("sides")]
    _against(ax, pairs, [(right, left) for left, right in _controls(rows)], "left side = right side")
    ax.set(xlabel="right side", ylabel="left side")


def _controls(rows):
    return [row["sides"] for row in rows if row.get("control") and row["sides"]]


def _against(ax, pairs, controls, words):
    for points, style, label in ((pairs, "oC0", "instances"), (controls, "xC1", "controls (fail)")):
        finite = [point for point in points if None not in point]
        if finite:
            ax.plot(*zip(*finite, strict=True), style, label=label, zorder=3)
    ax.axline((0, 0), slope=1, color="k", linestyle="--", label=words)
    ax.legend()
