"""Figures that several claims share."""


def identity(ax, rows):
    """Both sides of an identity against each other, and the controls off the diagonal."""
    pairs = [pair for row in rows if not row.get("control") for pair in row.get("pairs", {}).values()]
    controls = [row["sides"] for row in rows if row.get("control") and row["sides"]]
    ends = [min(min(pair) for pair in pairs + controls), max(max(pair) for pair in pairs + controls)]
    ax.plot(ends, ends, "k--", label="equality")
    ax.plot(*zip(*pairs, strict=True), "o", color="C0", label="instances")
    if controls:
        ax.plot(*zip(*controls, strict=True), "x", color="C1", label="controls (fail)")
    ax.set(xlabel="left side", ylabel="right side")
    ax.legend()
