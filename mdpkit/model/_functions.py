"""Decision processes, games and safety problems built from user functions of states and actions."""

from collections.abc import Mapping
from itertools import product

import numpy as np
from flint import fmpq

from ..base.arrays import rational
from ..base.errors import ExactnessLost, InvalidModel
from ..base.tolerance import ROW_SUM
from .horizon import Discounted
from .rows import array_kind, assemble, dense, double


def process_from_functions(cls, states, actions, transition, reward, *, horizon, start=None, sparse=False):
    """Implementation of `MDP.from_functions`."""
    index = _index("states", states)
    allowed = {s: _index(f"actions({s!r})", _call("actions", actions, s)) if callable(actions) else None for s in index}
    action = _index(
        "actions", dict.fromkeys(a for own in allowed.values() for a in own) if callable(actions) else actions
    )
    pairs = [(s, a) for s in index for a in allowed[s] or action]
    law = {pair: _law(_place("transition", *pair), _call("transition", transition, *pair), index) for pair in pairs}
    pay = {pair: _number(_place("reward", *pair), _call("reward", reward, *pair)) for pair in pairs}
    rho = None if start is None else _law("start", start, index)
    exact = _kind(
        [*_probabilities(law, rho), *((_place("reward", *pair), paid) for pair, paid in pay.items())], horizon
    )
    names = {"state_names": map(str, index), "action_names": map(str, action)}
    law, pay = ({(index[s], action[a]): given for (s, a), given in table.items()} for table in (law, pay))
    return assemble(cls, (len(index), len(action)), law, pay, rho, exact=exact, sparse=sparse, horizon=horizon, **names)


def game_from_functions(cls, states, actions, transition, reward, *, horizon, start=None):
    """Implementation of `MarkovGame.from_functions`."""
    index = _index("states", states)
    own = [_index(f"actions of player {i}", each) for i, each in enumerate(_players(actions))]
    joint = list(product(*own))
    pairs = [(s, j) for s in index for j in joint]
    law = {pair: _law(_place("transition", *pair), _call("transition", transition, *pair), index) for pair in pairs}
    pay = {pair: _rewards(_place("reward", *pair), _call("reward", reward, *pair), len(own)) for pair in pairs}
    rho = None if start is None else _law("start", start, index)
    exact = _kind(
        [*_probabilities(law, rho), *((_place("reward", *pair), x) for pair, paid in pay.items() for x in paid)],
        horizon,
    )
    number, filled = array_kind(exact)
    r = filled((len(own), len(index), len(joint)))
    for k, pair in enumerate(pairs):
        s, j = divmod(k, len(joint))
        for i, paid in enumerate(pay[pair]):
            r[i, s, j] = number(paid)
    P = dense(len(index), len(joint), {divmod(k, len(joint)): law[pair] for k, pair in enumerate(pairs)}, exact)
    if rho is not None:
        given, rho = rho, filled(len(index))
        for s, p in given.items():
            rho[s] = number(p)
    names = {"state_names": tuple(map(str, index)), "action_names": tuple(tuple(map(str, each)) for each in own)}
    return cls(P, r, rho, horizon=horizon, actions=tuple(map(len, own)), **names)


def safety_from_functions(cls, states, actions, transition, failure):
    """Implementation of `SafetyProblem.from_functions`."""
    index, action = _index("states", states), _index("actions", actions)
    failed = np.array([_truth(f"failure({s!r})", _call("failure", failure, s)) for s in index])
    pairs = [(s, a) for s in index for a in action]
    reached = {pair: _call("transition", transition, *pair) for pair in pairs}
    shape = len(index), len(action)
    names = {"state_names": tuple(map(str, index)), "action_names": tuple(map(str, action))}
    if not any(isinstance(given, Mapping) for given in reached.values()):
        successors = [_state(_place("transition", *pair), reached[pair], index) for pair in pairs]
        return cls(failed, np.array(successors).reshape(shape), **names)
    law = {pair: _law(_place("transition", *pair), _as_law(given), index) for pair, given in reached.items()}
    exact = _kind(list(_probabilities(law, None)), None)
    return cls(
        failed, P=dense(*shape, {divmod(k, len(action)): law[pair] for k, pair in enumerate(pairs)}, exact), **names
    )


def _players(actions):
    """Lists of the actions of each player."""
    if callable(actions) or isinstance(actions, str | Mapping):
        raise InvalidModel(f"actions is {actions!r}; expected one sequence of actions for each player")
    try:
        players = list(actions)
    except TypeError as error:
        raise InvalidModel(f"actions: {error}; expected one sequence of actions for each player") from error
    for i, each in enumerate(players):
        if isinstance(each, str):
            raise InvalidModel(f"actions of player {i} are the text {each!r}; expected a sequence of actions")
    if not players:
        raise InvalidModel("actions name no player; expected one sequence of actions for each player")
    return players


def _rewards(place, given, players):
    """Rewards, one number per player."""
    try:
        rewards = None if isinstance(given, str | Mapping | set) else list(given)
    except TypeError:
        rewards = None
    if rewards is None or len(rewards) != players:
        raise InvalidModel(f"{place} is {given!r}; expected {players} numbers, one for each player")
    return [_number(f"{place}[{i}]", x) for i, x in enumerate(rewards)]


def _truth(place, given):
    given = given.item() if isinstance(given, np.bool_) else given
    if not isinstance(given, bool):
        raise InvalidModel(f"{place} is {given!r}; expected True or False")
    return given


def _state(place, given, index):
    """Index of a state."""
    try:
        return index[given]
    except (KeyError, TypeError):
        words = f"which is none of the {len(index)} states; expected a state, or a mapping from states to probabilities"
        raise InvalidModel(f"{place} leads to {given!r}, {words}") from None


def _as_law(given):
    """A state in place of a distribution, as a point mass."""
    try:
        return given if isinstance(given, Mapping) else {given: 1}
    except TypeError:
        return given


def _place(name, s, a) -> str:
    return f"{name}({s!r}, {a!r})"


def _probabilities(law, rho):
    """Yield (place, number) of every probability."""
    yield from ((_place("transition", *pair), p) for pair, row in law.items() for p in row.values())
    yield from (("start", p) for p in (rho or {}).values())


def _index(what, things):
    """Index of each item, in the order given."""
    try:
        things = list(things)
        index = {thing: k for k, thing in enumerate(things)}
    except TypeError as error:
        raise InvalidModel(f"{what}: {error}; expected a sequence of names that can be dictionary keys") from error
    if not things:
        raise InvalidModel(f"{what} are none; expected at least one")
    if len(index) < len(things):
        raise InvalidModel(
            f"{what} name {next(x for k, x in enumerate(things) if index[x] != k)!r} twice; expected every one once"
        )
    return index


def _call(name, function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        raise InvalidModel(
            f"{name}({', '.join(map(repr, arguments))}) raised {type(error).__name__}: {error}"
        ) from error


def _law(place, given, index):
    if not isinstance(given, Mapping):
        raise InvalidModel(
            f"{place} is {given!r}; expected a mapping from states to probabilities, such as {{{next(iter(index))!r}: 1}}"
        )
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
    """A number as a float, or else as a rational."""
    x = x.item() if isinstance(x, np.ndarray | np.generic) and x.size == 1 else x
    if isinstance(x, float):
        if not np.isfinite(x):
            raise InvalidModel(f"{place} is {x}; expected a finite number")
        return x
    try:
        return rational(x)
    except (ExactnessLost, TypeError, ValueError, ZeroDivisionError) as error:
        raise InvalidModel(
            f"{place} is {x!r}; expected an integer, a Fraction, text such as '1/3', or a float"
        ) from error


def _kind(numbers, horizon) -> bool:
    """Whether the problem is rational; integers take the kind of the other numbers.

    Args: numbers: (place, number) of every number returned by the functions.

    Raises: InvalidModel naming a float and a fraction if both occur.
    """
    floating = next((each for each in numbers if isinstance(each[1], float)), None)
    fraction = next((each for each in numbers if not isinstance(each[1], float) and each[1].q != 1), None)
    if floating and fraction:
        raise InvalidModel(
            f"{floating[0]} gives the float {floating[1]} and {fraction[0]} the rational {fraction[1]}; expected one kind"
        )
    if fraction:
        return True
    return not floating and not (isinstance(horizon, Discounted) and isinstance(horizon.gamma, float))
