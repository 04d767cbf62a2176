"""A decision process from a user's own states, actions and functions."""

from collections.abc import Mapping

import numpy as np
from flint import fmpq

from ..base.arrays import rational
from ..base.errors import ExactnessLost, InvalidModel
from ..base.tolerance import ROW_SUM
from .horizon import Discounted
from .rows import assembled, double


def from_functions(cls, states, actions, transition, reward, *, horizon, start=None, sparse=False):
    """The record that `MDP.from_functions` returns."""
    index = _numbered("states", states)
    allowed = {s: _numbered(f"actions({s!r})", _called("actions", actions, s)) if callable(actions) else None for s in index}
    action = _numbered("actions", dict.fromkeys(a for own in allowed.values() for a in own) if callable(actions) else actions)
    law, pay = {}, {}
    for s, i in index.items():
        for a in allowed[s] or action:
            place = f"({s!r}, {a!r})"
            law[i, action[a]] = _law(f"transition{place}", _called("transition", transition, s, a), index)
            pay[i, action[a]] = _number(f"reward{place}", _called("reward", reward, s, a))
    rho = None if start is None else _law("start", start, index)
    exact = _kind(law, pay, rho, horizon, (list(index), list(action)))
    names = {"state_names": map(str, index), "action_names": map(str, action)}
    return assembled(cls, (len(index), len(action)), law, pay, rho, exact=exact, sparse=sparse, horizon=horizon, **names)


def _numbered(what, things):
    """Every thing with its number, in the order given."""
    try:
        things = list(things)
        index = {thing: k for k, thing in enumerate(things)}
    except TypeError as error:
        raise InvalidModel(f"{what}: {error}; expected a sequence of names that can be dictionary keys") from error
    if not things:
        raise InvalidModel(f"{what} are none; expected at least one")
    if len(index) < len(things):
        raise InvalidModel(f"{what} name {next(x for k, x in enumerate(things) if index[x] != k)!r} twice; expected every one once")
    return index


def _called(name, function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        raise InvalidModel(f"{name}({', '.join(map(repr, arguments))}) raised {type(error).__name__}: {error}") from error


def _law(place, given, index):
    if not isinstance(given, Mapping):
        raise InvalidModel(f"{place} is {given!r}; expected a mapping from states to probabilities, such as {{{next(iter(index))!r}: 1}}")
    row = {}
    for state, probability in given.items():
        if state not in index:
            raise InvalidModel(f"{place} leads to {state!r}, which is none of the {len(index)} states")
        p = _number(f"{place} to {state!r}", probability)
        if p < 0:
            raise InvalidModel(f"{place} leads to {state!r} with {probability!r}; a probability is at least 0")
        row[index[state]] = p
    if any(isinstance(p, float) for p in row.values()):
        total, slack = sum(map(double, row.values())), ROW_SUM
    else:
        total, slack = sum(row.values(), fmpq(0)), 0
    if abs(total - 1) > slack:
        raise InvalidModel(f"{place} sums to {total}, not 1 (off by {double(abs(total - 1)):.1e})")
    return row


def _number(place, x):
    """A float, or the rational that anything else is."""
    x = x.item() if isinstance(x, np.ndarray | np.generic) and x.size == 1 else x
    if isinstance(x, float):
        if not np.isfinite(x):
            raise InvalidModel(f"{place} is {x}; expected a finite number")
        return x
    try:
        return rational(x)
    except (ExactnessLost, TypeError, ValueError, ZeroDivisionError) as error:
        raise InvalidModel(f"{place} is {x!r}; expected an integer, a Fraction, text such as '1/3', or a float") from error


def _kind(law, pay, rho, horizon, names) -> bool:
    """Whether the problem is rational: integers take the kind of the rest.

    Raises: InvalidModel naming a float and a fraction where both are given.
    """

    def called(name, where):
        return f"{name}({names[0][where[0]]!r}, {names[1][where[1]]!r})"

    numbers = [(called("transition", where), p) for where, row in law.items() for p in row.values()]
    numbers += [(called("reward", where), paid) for where, paid in pay.items()] + [("start", p) for p in (rho or {}).values()]
    floating = next((each for each in numbers if isinstance(each[1], float)), None)
    fraction = next((each for each in numbers if not isinstance(each[1], float) and each[1].q != 1), None)
    if floating and fraction:
        raise InvalidModel(f"{floating[0]} gives the float {floating[1]} and {fraction[0]} the rational {fraction[1]}; expected one kind")
    if fraction:
        return True
    return not floating and not (isinstance(horizon, Discounted) and isinstance(horizon.gamma, float))
