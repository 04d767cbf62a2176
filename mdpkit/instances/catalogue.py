"""Problems shipped with the package: files by `bundled`, functions of parameters by `named`."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from flint import fmpq

from ..base.errors import InvalidModel
from ..model import MDP
from .instance import Instance
from .io import load

FOLDER = Path(__file__).parent / "files"
LIBRARY = f"{__package__}.library"

Exact = int | str | Fraction | fmpq
"""Types of an exact number: 1, "1/3", Fraction(1, 3), or a rational of flint."""

Build = TypeVar("Build", bound=Callable[..., Instance])
_found: dict[str, Callable[..., Instance]] = {}


def bundled(name: str) -> MDP:
    """A benchmark problem as an exact rational MDP.

    Args: name: the name of a file in `mdpkit/instances/files`, without its ending.
    Raises: InvalidModel listing the names there are.
    Source: exported from gymnasium; tests/instances/export_gymnasium.py is the script.

    >>> bundled("frozen_lake_4x4")
    MDP(S=16, A=4, Discounted(99/100), rational, 148 transitions)
    """
    names = sorted(file.stem for file in FOLDER.glob("*.json"))
    if name not in names:
        raise InvalidModel(f"no bundled problem is called {name!r}; expected one of {', '.join(names)}")
    return load(FOLDER / f"{name}.json")


def named_instance(build: Build) -> Build:
    """Decorate a function of `mdpkit.instances.library`, so that `named` finds it by its name.

    Raises: InvalidModel where another function has the name.
    """
    other = _found.setdefault(build.__name__, build)
    if (other.__module__, other.__qualname__) != (build.__module__, build.__qualname__):
        raise InvalidModel(
            f"{build.__name__} is the name of two instances, in {other.__module__} and {build.__module__}"
        )
    _found[build.__name__] = build
    return build


def named_instances() -> dict[str, Callable[..., Instance]]:
    """Every named instance: its name, and the function of its parameters, in the order of the names.

    >>> [name for name in named_instances() if name.startswith("rare_p")]
    ['rare_pennies']
    """
    for module in pkgutil.walk_packages(importlib.import_module(LIBRARY).__path__, f"{LIBRARY}."):
        importlib.import_module(module.name)
    return dict(sorted(_found.items()))


def named(name: str, **parameters: Any) -> Instance:
    """A small instance with a name, such as a counter-example, in exact rationals.

    Args:
        name: of a function in `mdpkit.instances.library`.
        parameters: of that function; each has a default.

    Raises: InvalidModel listing the names there are, or the parameters that the instance has.

    >>> named("cliff", H=4, eps="1/10").mdp
    MDP(S=2, A=2, Finite(H=4), rational, 4 transitions)
    """
    build = build_of(name)
    own = inspect.signature(build).parameters
    for parameter in parameters:
        if parameter not in own:
            raise InvalidModel(f"{name} has no parameter {parameter!r}; expected {', '.join(own) or 'none'}")
    return build(**parameters)


def build_of(name: str) -> Callable[..., Instance]:
    """The function of a named instance.

    Raises: InvalidModel listing the names there are.
    """
    known = named_instances()
    if name not in known:
        raise InvalidModel(f"no instance is called {name!r}; expected one of {', '.join(known)}")
    return known[name]


def expect_integer(name: str, value: int, least: int, most: int | None = None):
    """Check a size.

    Raises: InvalidModel unless it is an integer from `least` to `most`.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        ends = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise InvalidModel(f"{name} is {value!r}; expected an integer {ends}")


def theme_of(build: Callable[..., Instance]) -> str:
    """The theme of a named instance: the file or folder of `mdpkit.instances.library` that holds it, up to a "_"."""
    return build.__module__.removeprefix(f"{LIBRARY}.").partition(".")[0].partition("_")[0]
