"""A picture of a named instance, whatever its records are."""

from types import SimpleNamespace
from typing import TYPE_CHECKING

from ...base.record import Record
from ...model import SafetyProblem, TokenProblem
from ..witness.draw import draw_witness
from .draw import draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_instance(instance: SimpleNamespace) -> "Figure":
    """An instance as `draw_witness` shows it, and a safety problem that is its only record as a graph.

    Args: instance: records by name, such as `mdpkit.instances.named` returns.

    Returns: a matplotlib Figure that belongs to no window.
    Raises: InvalidModel where the instance fits no page; it says by how much.

    >>> from mdpkit.instances import named
    >>> figure = draw_instance(named("corridor", S=3))
    >>> [text.get_text() for text in figure.axes[0].texts if "failure" in text.get_text()]
    ['failure']
    """
    records = [part for part in vars(instance).values() if isinstance(part, Record)]
    if len(records) == 1 and isinstance(records[0], SafetyProblem | TokenProblem):
        return draw(records[0])
    return draw_witness(instance)
