"""Models of finite processes by parts: their table of transitions decides whether they are valid."""

from ..base.mode import proposing
from ..base.record import Record, any_exact, numbers
from .mdp import MDP


class Tabulated(Record):
    """Base class of models whose process is the MDP `tabular()`, which also checks `rho` and the horizon."""

    laws = ("rho",)

    def __post_init__(self) -> None:
        if proposing():
            return
        exact = any_exact(*(getattr(self, name) for name in self.axes))
        given = {name: axes for name, axes in self.axes.items() if name != "rho"}
        self._set(**{name: numbers(name, getattr(self, name), exact, axes) for name, axes in given.items()})
        self._check_shapes()
        table = self.tabular()
        self._set(rho=table.rho, horizon=table.horizon)

    def _check_shapes(self) -> None:
        """Raises: InvalidModel if the shapes of two fields differ on a common axis."""
        raise NotImplementedError

    def tabular(self) -> MDP:
        """The same process as a tabular MDP."""
        raise NotImplementedError
