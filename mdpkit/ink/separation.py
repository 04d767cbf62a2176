"""The picture of offline, online and hybrid preference learning on one problem, from stored numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .simplex import simplex

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL = 6
"""Font size of the legends of a panel."""


def separation(
    ax: "Axes", rows: Sequence[Mapping[str, Any]], extra: Mapping[str, Any], failing: Sequence[Mapping[str, Any]]
) -> None:
    """Four panels: gaps, the simplex of responses, coverage of KL balls, and log-ratios of an extrapolation.

    Args: rows: with data of gaps and laws. extra: data of the two lower panels. failing: controls of the first panel.
    """
    page = ax.figure
    page.set_size_inches(6.75, 5.2)
    cells = page.add_gridspec(2, 2)
    ax.set_subplotspec(cells[0, 0])
    draw_gaps(ax, rows, failing)
    draw_laws(page.add_subplot(cells[0, 1]), rows[0]["data"])
    draw_balls(page.add_subplot(cells[1, 0]), extra["radii"], extra["balls"])
    draw_ratios(page.add_subplot(cells[1, 1]), extra["log_ratios"])


def draw_gaps(ax, rows, failing):
    mass = [2.0 ** -row["parameters"]["k"] for row in rows]
    for name, style, words in (
        ("descended", "^C2", "log-linear descent"),
        ("offline", "sC2", "offline minimiser"),
        ("lost", "k:", r"$(k/2-1)\,\log 2$"),
        ("rlhf", "sC0", "two-stage RLHF"),
        ("hybrid", "oC0", "HyPO"),
        ("allowed", "k--", r"$\frac{5}{4}\, 2^{-k}$"),
    ):
        ax.plot(mass, [row["data"]["gaps"][name] for row in rows], style, label=words, markersize=4)
    for row in failing:
        ax.plot(2.0**-8, max(row["sides"][-1], 1e-9), "xC1", label="response shown (fails)")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.invert_xaxis()
    ax.set(xlabel="reference mass $2^{-k}$ of the unseen response", ylabel=r"gap $/ \beta$")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=SMALL)


def draw_laws(ax, data):
    none, seen = np.array(data["laws"]["none"]), data["seen"]
    points = {
        "reference": (data["reference"], "ok"),
        r"$\pi^*$": (data["optimum"], "*k"),
        "HyPO": ([*(none[:2] * seen), 1 - seen], "oC0"),
        "offline minimiser": (data["laws"]["offline"], "sC2"),
    }
    names = "$y_1$", "$y_2$", "$y_3$, unseen"
    zero_loss = ([none, [0, 0, 1]], "-C2", None)
    simplex(ax, [zero_loss], lambda pi: divergence(pi, data["reference"]), points, names, (0.05, 0.2, 0.5, 1, 1.5, 2))
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.05), fontsize=SMALL)


def divergence(pi, reference):
    """KL(pi || reference) `[k]` in nats, for picture coordinates."""
    return (pi * np.log(np.where(pi > 0, pi, 1) / np.where(pi > 0, reference, 1))).sum(axis=-1)


def draw_balls(ax, radii, balls):
    for (name, found), style in zip(balls.items(), ("-oC0", "-sC0", "-^C0"), strict=True):
        ax.plot(radii, found, style, label=f"rarest mass {name}", markersize=4)
    ax.set_xscale("log", base=2)
    ax.set(xlabel=r"radius $\epsilon$ of the KL ball, nats", ylabel=r"$C_{ball} / C_{glo}$", ylim=(0, 1.05))
    ax.legend(fontsize=SMALL)


def draw_ratios(ax, ratios):
    ax.bar(range(3), ratios, color=["C0", "C0", "0.6"], width=0.6)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(range(3), ["$y_1$, shown", "$y_2$, shown", "$y_3$, unseen"])
    ax.set(ylabel=r"$\log (\pi / \mathrm{ref})$ of descent")
