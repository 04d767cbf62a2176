"""One instance of a statement: its models by name."""

from types import SimpleNamespace
from typing import Any


class Instance(SimpleNamespace):
    """The models of one instance as attributes, as a claim's check, assumptions and controls receive them.

    A `types.SimpleNamespace` is accepted wherever an Instance is.

    >>> pair = Instance(p=1, q=2)
    >>> pair.replace(q=3)
    Instance(p=1, q=3)
    """

    def replace(self, **changes: Any) -> "Instance":
        """A copy with some models changed or added."""
        return Instance(**{**vars(self), **changes})
