"""The protocol of a method of `solve`."""

from typing import Any, Protocol, runtime_checkable

from .solution import Solution


@runtime_checkable
class Method(Protocol):
    """An algorithm with its settings, as `solve(problem, method)` takes it: usually a frozen dataclass.

    >>> from mdpkit.solve import BackwardInduction
    >>> isinstance(BackwardInduction(), Method)
    True
    """

    def run(self, problem: Any, tol: float, before: Solution | None = None) -> Solution:
        """Solve a problem.

        Args:
            problem: of a type that this method solves.
            tol: largest width of the value bounds on floats.
            before: the Solution of the method that was tried before and was CAPPED, from which this one may start.

        Returns: a Solution with `problem` and `method` as given. Bounds that are not reached are a status, never an error.
        Raises: TypeError for a problem of another type or horizon.
        """
        ...
