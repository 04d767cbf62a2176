"""How every figure looks: two widths, 8 pt, one colour for one meaning, text that stays text."""

COLUMN, PAGE = 3.25, 6.75  # inches: one column of a two-column page, and the whole of it

# C0 is the claim, C1 a control that fails, C2 a second case of the claim, C3 samples; a bound is black and dashed
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#999999", "#CC79A7", "#E69F00", "#56B4E9")


def settings() -> dict:
    """matplotlib's settings: an Okabe-Ito cycle, embedded TrueType fonts, no LaTeX.

    >>> settings()["font.size"], settings()["pdf.fonttype"]
    (8, 42)
    """
    from matplotlib import cycler

    sizes = ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "figure.titlesize", "axes.titlesize")
    return {
        **dict.fromkeys(sizes, 8),
        "legend.fontsize": 7,
        "font.family": "DejaVu Sans",
        "mathtext.fontset": "dejavusans",
        "text.usetex": False,
        "pdf.fonttype": 42,
        "ps.fonttype": 42,
        "svg.hashsalt": "mdpkit",
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "lines.markersize": 3.5,
        "lines.linewidth": 1.2,
        "legend.frameon": False,
        "legend.handlelength": 1.5,
        "savefig.dpi": 200,
    }


def styled():
    """A context with these settings on top of matplotlib's own, whatever a user has set."""
    from matplotlib import style

    return style.context(settings(), after_reset=True)


def blank(width=COLUMN, height=2.4):
    """A Figure of `width` by `height` inches and its one pair of axes; to be called, and saved, inside `styled()`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()
