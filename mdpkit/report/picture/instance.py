"""A picture of a named instance, whatever its records are."""

from types import SimpleNamespace
from typing import TYPE_CHECKING

from ...model import SafetyProblem
from ..witness.draw import draw_witness
from .draw import draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_instance(instance: SimpleNamespace) -> "Figure":
    """An instance as `draw_witness` shows it, and safety problems as graphs.

    Args: instance: records by name, such as `mdpkit.instances.named` returns.

    Returns: a matplotlib Figure that belongs to no window.
    Raises: InvalidModel where the instance fits no page; it says by how much.

    >>> from mdpkit.instances import named
    >>> figure = draw_instance(named("corridor", S=3))
    >>> [text.get_text() for text in figure.axes[0].texts if "failure" in text.get_text()]
    ['failure']
    """
    parts = list(vars(instance).values())
    if len(parts) == 1 and isinstance(parts[0], SafetyProblem):
        return draw(parts[0])
    return draw_witness(instance)
