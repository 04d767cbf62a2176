"""Decision processes from the transition tables of gymnasium environments."""

import logging
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import isfinite

import numpy as np
from flint import fmpq

from ..base.errors import InvalidModel
from .rows import assemble

LOG = logging.getLogger(__name__)

DENOMINATOR = 1000
"""Largest denominator of the fractions to which probabilities are repaired."""

DOUBLE, SINGLE = Fraction(1, 2**50), Fraction(1, 2**24)
"""Rounding error of a probability after a few roundings to float64, or one to float32.

Fractions with denominators up to 1000 are at least 1e-6 apart, so at most one lies that near.
"""

LARGEST_DENSE = 2**22
"""Transition laws with more entries are stored sparse, hence in floats."""

KNOWN = {
    "FrozenLakeEnv": (("left", "down", "right", "up"), lambda env, s: divmod(s, env.ncol)),
    "CliffWalkingEnv": (("up", "right", "down", "left"), lambda env, s: divmod(s, env.shape[1])),
    "TaxiEnv": (("south", "north", "east", "west", "pickup", "dropoff"), lambda env, s: tuple(env.decode(s))),
}
"""Names of the actions, and of the states by number, of gymnasium's own tables."""


HARMLESS = {
    *("TimeLimit", "OrderEnforcing", "PassiveEnvChecker", "RecordEpisodeStatistics", "RecordVideo"),
    *("HumanRendering", "RenderCollection", "AddWhiteNoise", "ObstructView"),
}
"""Wrappers that change neither states, actions, transitions nor rewards; a step limit is not part of a table."""


def from_gymnasium(cls, environment, *, horizon, state_names=None, action_names=None, **options):
    """Implementation of `MDP.from_gymnasium`."""
    env = _make(environment, options) if isinstance(environment, str) else environment
    source = environment if isinstance(environment, str) else type(env.unwrapped).__name__
    try:
        _refuse_what_no_table_shows(env, source)
        return _read(cls, env.unwrapped, source, horizon, state_names, action_names)
    finally:
        if isinstance(environment, str):
            env.close()


def _make(name, options):
    try:
        import gymnasium
    except ImportError as error:
        raise InvalidModel(f"{name} needs gymnasium, which is not installed: pip install 'mdpkit[io]'") from error
    try:
        return gymnasium.make(name, **options)
    except Exception as error:
        raise InvalidModel(f"gymnasium cannot make {name!r}: {error}") from error


def _refuse_what_no_table_shows(env, source):
    """Refuse environments whose steps differ from the table P: wrappers, and Taxi with a fickle passenger."""
    layer = env
    while layer is not env.unwrapped:
        if type(layer).__name__ not in HARMLESS:
            words = "may change what the table P says; give the environment below it, or environment.unwrapped for the table alone"
            raise InvalidModel(f"{source}: the wrapper {type(layer).__name__} {words}")
        layer = layer.env
    if getattr(layer, "fickle_passenger", False):
        words = "a passenger who changes destination, which its table P leaves out; expected fickle_passenger=False"
        raise InvalidModel(f"{source}: step() has fickle_passenger=True, {words}")


def _read(cls, env, source, horizon, state_names, action_names):
    table = _table(env, source)
    S, A = len(table), 1 + max(a for row in table for a in row)
    starts = getattr(env, "initial_state_distrib", None)
    start = (
        [1 / S] * S
        if starts is None
        else [_float(f"{source}: initial_state_distrib[{s}]", p) for s, p in enumerate(starts)]
    )
    if len(start) != S:
        raise InvalidModel(f"{source}: initial_state_distrib has {len(start)} entries; the table has {S} states")
    known_actions, known_state = KNOWN.get(type(env).__name__, (None, None))
    ends, added = _ends(table, start)
    law, pay, exact = {}, {}, S * A * S <= LARGEST_DENSE
    repairs = {}
    for s, row in enumerate(table):
        for a, outcomes in row.items():
            if s in ends and not added:
                law[s, a], pay[s, a] = {s: fmpq(1)}, fmpq(0)
                continue
            probabilities = [p for p, *_ in outcomes]
            rationals = lawful(probabilities, repairs)
            exact = exact and rationals is not None
            law[s, a], pay[s, a] = _merge(
                outcomes, rationals or list(map(_exactly, probabilities)), S if added else None
            )
    if added:
        law.update({(S, a): {S: fmpq(1)} for a in range(A)})
        pay.update({(S, a): fmpq(0) for a in range(A)})
    rho = lawful(start, repairs)
    exact = exact and rho is not None
    if state_names is None and known_state is not None:
        state_names = [str(known_state(env, s)) for s in range(S)]
    if state_names is not None:
        state_names = [*state_names, "end"] if added and len(state_names) == S else state_names
    _say(source, repairs if exact else {}, exact, ends, added, starts is None)
    sizes, named = (S + added, A), {"state_names": state_names, "action_names": action_names or known_actions}
    named = {name: given for name, given in named.items() if given is not None}
    rho = dict(enumerate(rho or map(_exactly, start)))
    sparse = not exact and (S + added) * A * (S + added) > LARGEST_DENSE
    return assemble(cls, sizes, law, pay, rho, exact=exact, sparse=sparse, horizon=horizon, **named)


def _table(env, source):
    """For each state, a mapping from actions to outcomes (probability, next state, reward, terminated)."""
    table = getattr(env, "P", None)
    if table is None:
        raise InvalidModel(
            f"{source} has no table P[state][action]; only environments that list their transitions can be read"
        )
    S, read = len(table), []
    for s in range(S):
        try:
            row = table[s]
            row = dict(row) if isinstance(row, Mapping) else dict(enumerate(row))
        except (KeyError, TypeError) as error:
            expected = f"states 0 to {S - 1}, each with its outcomes by action"
            raise InvalidModel(f"{source}: P[{s}] is no table of actions; expected {expected}") from error
        if not row or not all(isinstance(a, int) or hasattr(a, "__index__") for a in row) or min(row) < 0:
            raise InvalidModel(f"{source}: P[{s}] has the actions {list(row)}; expected integers from 0")
        read.append(
            {
                int(a): [_outcome(f"{source}: P[{s}][{a}][{k}]", each, S) for k, each in enumerate(row[a])]
                for a in sorted(row)
            }
        )
    if not read:
        raise InvalidModel(f"{source}: its table P is empty")
    return read


def _outcome(place, given, S):
    try:
        probability, n, reward, ended = given
    except (TypeError, ValueError) as error:
        raise InvalidModel(f"{place} is {given!r}; expected (probability, next state, reward, terminated)") from error
    if not hasattr(n, "__index__") or not 0 <= n < S:
        raise InvalidModel(f"{place} leads to state {n!r}; expected an integer from 0 to {S - 1}")
    return _float(place, probability), int(n), _float(place, reward), bool(ended)


def _float(place, x):
    try:
        number = float(x)
    except (TypeError, ValueError) as error:
        raise InvalidModel(f"{place} holds {x!r}; expected a number") from error
    if not isfinite(number):
        raise InvalidModel(f"{place} holds {number}; expected a finite number")
    return number


def _ends(table, start):
    """Terminal states, and whether an absorbing state must be added.

    A terminal state in which episodes also start, or that is entered within an episode, cannot itself become
    absorbing."""
    entered = [(n, ended) for row in table for outcomes in row.values() for p, n, _, ended in outcomes if p]
    ends = {n for n, ended in entered if ended}
    return ends, bool(ends & {n for n, ended in entered if not ended}) or any(start[n] for n in ends)


def _merge(outcomes, probabilities, end):
    row, paid = {}, fmpq(0)
    for (_, n, reward, ended), p in zip(outcomes, probabilities, strict=True):
        n = end if ended and end is not None else n
        row[n] = row.get(n, fmpq(0)) + p
        paid += p * _decimal(reward)
    return row, paid


def lawful(numbers, repairs=None):
    """Rational distribution of which floats are a rounding; None if it is not identified.

    Tried in turn, until the row sums to exactly 1: fractions with a denominator up to 1000, each within a few roundings
    of its float64 number; the decimals as they are written; such fractions within the rounding to float32 of a float32
    number, or to the digits written (at most 2^-24). Changes are entered in `repairs`.

    >>> lawful([0.33333333333333337, 0.3333333333333333, 0.33333333333333337])
    [1/3, 1/3, 1/3]
    >>> lawful([0.1234, 0.8766])
    [617/5000, 4383/5000]
    >>> lawful([0.3, 0.3])
    """
    for reading in (lambda x: _near(x, DOUBLE), _decimal, lambda x: _near(x, _coarse(x))):
        row = list(map(reading, numbers))
        if None not in row and sum(row, fmpq(0)) == 1:
            if repairs is not None:
                repairs.update({x: p for x, p in zip(numbers, row, strict=True) if p != _decimal(x)})
            return row
    return None


def _coarse(x):
    if float(np.float32(x)) == x:
        return SINGLE
    return min(SINGLE, Fraction(10) ** Decimal(repr(x)).as_tuple().exponent / 2)


def _near(x, tolerance):
    near = Fraction(x).limit_denominator(DENOMINATOR)
    return fmpq(near.numerator, near.denominator) if abs(near - Fraction(x)) <= tolerance else None


def _decimal(x):
    part = Fraction(repr(x))
    return fmpq(part.numerator, part.denominator)


def _exactly(x):
    return fmpq(*x.as_integer_ratio())


def _say(source, repairs, exact, ends, added, uniform):
    for x, p in sorted(repairs.items()):
        LOG.info("%s: the probability %r is read as %s", source, x, p)
    if not exact:
        LOG.info("%s: read in float64: a transition law does not identify its rationals, or is too large", source)
    if ends:
        what = "an absorbing state is added, last" if added else f"the states {sorted(ends)} become absorbing"
        LOG.info("%s: episodes end; %s", source, what)
    if uniform:
        LOG.info("%s: the environment has no initial distribution; it is uniform", source)
