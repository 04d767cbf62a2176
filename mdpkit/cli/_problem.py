"""Problems on the command line: a file, a gymnasium environment, or a bundled problem."""

import logging
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import typer

from ._app import UsageError

ENVIRONMENT, BUNDLED = "gym:", "bundled:"


def horizon_option(gamma, steps, average=False, total=False):
    """The horizon given by the options, or None.

    Raises: UsageError for several or invalid horizons.
    """
    from ..base.errors import InvalidModel
    from ..model import Average, Discounted, Finite, Total

    options = {"--gamma": gamma is not None, "--horizon": steps is not None, "--average": average, "--total": total}
    given = [name for name, present in options.items() if present]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)}: expected one of them")
    if average:
        return Average()
    if total:
        return Total()
    try:
        if steps is not None:
            return Finite(steps)
        return None if gamma is None else Discounted(_number(gamma))
    except InvalidModel as error:
        raise UsageError(f"{'--horizon' if gamma is None else '--gamma'}: {error}") from None


def _number(gamma):
    try:
        return Fraction(gamma)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"--gamma is {gamma!r}; expected a number such as 0.99 or 99/100") from None


def read(reference, horizon, rewards=None, options="--gamma G or --horizon H"):
    """Read a problem: `gym:ID`, `bundled:NAME`, or the path of a file. Log messages go to stderr.

    Args:
        rewards: name of the reward structure to read from the file.
        options: the command's horizon options, for the error message.
    """
    from ..instances import bundled, load
    from ..model import MDP

    if rewards is not None and reference.startswith((ENVIRONMENT, BUNDLED)):
        raise UsageError(f"--rewards chooses among the reward structures of a file; {reference} is none")
    if horizon is None and _names_none(reference):
        raise UsageError(f"{reference} names no horizon; give {options}")
    if reference.startswith(BUNDLED):
        problem = bundled(reference.removeprefix(BUNDLED))
        return problem if horizon is None else replace(problem, horizon=horizon)
    with _remarks():
        if reference.startswith(ENVIRONMENT):
            return MDP.from_gymnasium(reference.removeprefix(ENVIRONMENT), horizon=horizon)
        return load(reference, horizon=horizon, rewards=rewards)


def _names_none(reference):
    from ..instances.io import names_no_horizon

    return reference.startswith(ENVIRONMENT) or (names_no_horizon(reference) and Path(reference).is_file())


@contextmanager
def _remarks():
    """Context that writes log messages to stderr, one line each."""

    class Remarks(logging.Handler):
        def emit(self, record):
            typer.echo(record.getMessage(), err=True)

    logger, handler = logging.getLogger("mdpkit"), Remarks(logging.INFO)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)


def as_file(reference, horizon, rewards=None) -> Path:
    """Path of an instance file: the given one if complete, else one in the user's cache, named by its content."""
    from ..base.compiling import user_cache
    from ..instances import save

    if horizon is None and rewards is None and not reference.startswith(BUNDLED) and not _names_none(reference):
        return Path(reference)
    problem = read(reference, horizon, rewards)
    folder = user_cache() / "problems"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{problem.digest()}.json"
    save(problem, path)
    return path
