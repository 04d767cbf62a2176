"""The protocol of a method of `solve`."""

from typing import Any, Protocol, runtime_checkable

from .solution import Solution


@runtime_checkable
class Method(Protocol):
    """A method of `solve(problem, method)`: an algorithm with its settings, usually a frozen dataclass.

    >>> from mdpkit.solve import BackwardInduction
    >>> isinstance(BackwardInduction(), Method)
    True
    """

    def run(self, problem: Any, tol: float, before: Solution | None = None) -> Solution:
        """Solve a problem.

        Args:
            problem: of a type that this method solves.
            tol: largest width of the value bounds on floats.
            before: a CAPPED Solution of a previous method, from which this one may start.

        Returns: a Solution with `problem` and `method` as given. Bounds wider than `tol` are a status, never an error.
        Raises: TypeError for a problem of another type or horizon.
        """
        ...
