"""Checks of the arguments that learners of mediators share."""

from typing import Any

from ...base.errors import InvalidModel
from .mediators import Mediators


def expect_class(mediators: Any) -> None:
    """Check that a class of mediators is a Mediators, or left out.

    Raises: InvalidModel for anything else, such as an array of tables or one JointPolicy.
    """
    if mediators is not None and not isinstance(mediators, Mediators):
        raise InvalidModel(
            f"mediators is of type {type(mediators).__name__}; expected Mediators(tables), tables[k,s,j] or "
            "tables[k,t,s,j], or None for all mediators"
        )


def expect_function(**functions: Any) -> None:
    """Check that arguments can be called; None stands for a report that is left out.

    Raises: InvalidModel naming the first that cannot.
    """
    for name, function in functions.items():
        if not (callable(function) or (function is None and name == "report")):
            raise InvalidModel(f"{name} is {function!r}; expected a function of a mediator")
