"""The picture of policies over three responses."""

import matplotlib.pyplot as plt
import numpy as np

from mdpkit.ink.simplex import CORNERS, simplex


def test_paths_levels_and_marks_are_drawn_where_they_are():
    figure, ax = plt.subplots()
    path = np.array([[1, 0, 0], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]])
    simplex(ax, [(path, "-C0", "path")], lambda p: p.max(axis=-1), {"middle": (path[-1], "*k")}, names=("a", "b", "c"))
    _, line, mark = ax.get_lines()
    assert np.allclose(line.get_xydata(), [*CORNERS[:2], CORNERS.mean(axis=0)])
    assert np.allclose(mark.get_xydata(), CORNERS.mean(axis=0))
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    assert len(ax.collections) >= 2
    plt.close(figure)
