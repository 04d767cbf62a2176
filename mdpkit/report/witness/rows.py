"""Rows of an instance that a drawing shows, as text."""

import numbers
from dataclasses import dataclass, fields, is_dataclass
from itertools import product

import numpy as np
from flint import fmpq

from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...ink.graph import BLACK
from ...model import MDP, Discounted, Finite, MarkovGame, PreferenceProblem, TabularPolicy
from ...model.mdp import stepwise
from ..style import COLOURS
from .words import number_text, plain, span, symbol, wrap

MEANINGS = {"expert": COLOURS[0], "learner": COLOURS[1], "policy": COLOURS[2], "data": COLOURS[3], "reference": BLACK}
MOST_PLACES, MOST_ROWS = 24, 60


@dataclass(frozen=True)
class Place:
    """A state, at a step if the drawing is unrolled; `lines` are its name and the policies' actions, with colours."""

    state: int
    step: int | None
    lines: tuple[tuple[str, str], ...]

    @property
    def name(self):
        return f"s{self.state}" if self.step is None else f"t{self.step} s{self.state}"


@dataclass(frozen=True)
class Way:
    """Transition of some actions at a place: `law` holds the next places and probabilities; empty if irrelevant."""

    place: str
    words: str
    law: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Graph:
    """State graph: `starts` are initial places and probabilities; `steps` counts the columns, 0 if not unrolled."""

    heading: str
    places: tuple[Place, ...]
    ways: tuple[Way, ...]
    starts: tuple[tuple[str, str], ...]
    steps: int
    caption: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Table: headers, and rows of cells (text and colour)."""

    heads: tuple[tuple[str, str], ...]
    rows: tuple[tuple[tuple[str, str], ...], ...]
    caption: tuple[tuple[str, str], ...]


def describe(instance, matters=None) -> list[Graph | Table]:
    """Graphs and tables that a drawing of an instance shows."""
    matters, parts = matters or {}, vars(instance)
    decisions = {name: part for name, part in parts.items() if isinstance(part, MDP | MarkovGame)}
    preferences = [part for part in parts.values() if isinstance(part, PreferenceProblem)]
    if decisions:
        known = [
            _collect(part, parts, name + "." if k else "", matters) for k, (name, part) in enumerate(decisions.items())
        ]
        heads = [name if len(decisions) > 1 else "" for name in decisions]
        return [_Decision(*each).graph(head) for each, head in zip(known, heads, strict=True)]
    if len(preferences) == 1:
        return [_responses(preferences[0], parts, matters)]
    return [entries(instance)]


def entries(instance) -> Table:
    """Every number of an instance, one array row per line, for instances without a graph.

    Raises: InvalidModel if it exceeds a page.
    """
    rows = []
    for name, part in vars(instance).items():
        labels = (
            {f"{name}.{field.name}": getattr(part, field.name) for field in fields(part)}
            if is_dataclass(part)
            else {name: part}
        )
        for label, value in labels.items():
            if isinstance(value, np.ndarray) and value.ndim:
                for k in np.ndindex(value.shape[:-1]):
                    rows.append((f"{label}{list(k) if k else ''}", wrap([number_text(x) for x in value[k]], 8)))
            elif value is not None:
                rows.append((label, number_text(value)))
    return _shorten(Table((), tuple(tuple((words, BLACK) for words in row) for row in rows), ()))


def _shorten(table):
    if len(table.rows) > MOST_ROWS:
        raise InvalidModel(
            f"the instance has {len(table.rows)} rows to show; expected at most {MOST_ROWS}: shrink it, or give `matters`"
        )
    return table


# ---- decisions
def relevant_entries(matters, name, array) -> np.ndarray:
    """Whether each entry of an array is relevant: `matters` broadcast to its shape; True if not given.

    Raises: InvalidModel if the shapes disagree.
    """
    rows = np.asarray(matters.get(name, True), dtype=bool)
    if rows.shape != array.shape[: rows.ndim]:
        raise InvalidModel(
            f"matters[{name!r}] has shape {rows.shape}; expected leading axes of {name}, whose shape is {array.shape}"
        )
    return np.broadcast_to(rows.reshape(rows.shape + (1,) * (array.ndim - rows.ndim)), array.shape)


def _collect(problem, parts, prefix, matters):
    """Collect a problem, its policies and scalars, and `matters` keyed by the problem's fields."""
    own = {name: matters[prefix + name] for name in ("P", "r", "rho") if prefix + name in matters}
    shape = problem.r.shape[-2:]
    policies = {
        name: part
        for name, part in parts.items()
        if not prefix and isinstance(part, TabularPolicy) and part.table.shape[-2:] == shape
    }
    return problem, policies, _scalars(parts, matters) if not prefix else (), {**matters, **own} if not prefix else own


def _scalars(parts, matters):
    """Relevant scalars beside a problem, zero-dimensional arrays included."""
    shown = []
    for name, part in parts.items():
        number = part.lower[()] if isinstance(part, Interval) and part.exact and not part.shape else part
        number = number[()] if isinstance(number, np.ndarray) and not number.shape else number
        if isinstance(number, numbers.Number | fmpq) and np.any(matters.get(name, True)):
            shown.append(f"{plain(name)} = {number_text(number)}")
    return tuple(shown)


def _letters(names):
    initials = [name[0].upper() for name in names]
    return [initial if initials.count(initial) == 1 else name for name, initial in zip(names, initials, strict=True)]


def colours_of(names):
    """A colour for every name, the standard one for expert and learner."""
    spare = iter(colour for colour in COLOURS * len(names) if colour not in MEANINGS.values())
    return [MEANINGS[name] if name in MEANINGS else next(spare) for name in names]


class _Decision:
    def __init__(self, problem, policies, scalars, matters):
        self.problem, self.scalars, self.all = problem, scalars, not matters
        self.game = isinstance(problem, MarkovGame)
        S, A = problem.r.shape[-2:]
        P = problem.P.toarray().reshape(S, A, S) if hasattr(problem.P, "tocsr") else problem.P
        r = problem.r if self.game else problem.r[..., None, :, :]
        rewarded = relevant_entries(matters, "r", problem.r)
        self.P, self.led = stepwise(P, 3), stepwise(relevant_entries(matters, "P", P), 3).any(axis=-1)
        self.r, self.rewarded = stepwise(r, 3), stepwise(rewarded if self.game else rewarded[..., None, :, :], 3)
        self.starting = relevant_entries(matters, "rho", problem.rho)
        self.available = problem.available
        self.played = [
            (
                letter,
                colour,
                stepwise(part.table, 2),
                stepwise(relevant_entries(matters, name, part.table), 2).any(axis=-1),
            )
            for (name, part), letter, colour in zip(
                policies.items(), _letters(policies), colours_of(policies), strict=True
            )
        ]
        legend = zip(policies, self.played, strict=True)
        self.legend = tuple(
            (name if name == letter else f"{letter}: {name}", colour) for name, (letter, colour, *_) in legend
        )
        self.H = problem.horizon.H if isinstance(problem.horizon, Finite) else None
        self.steps = self.H if self.H == 1 or any(_varies(array) for array in (self.P, self.r)) else 0

    def graph(self, heading):
        ways, lines, starts = [], {}, []
        for t, s in product(range(self.steps or 1), range(self.problem.S)):
            place = (s, t if self.steps else None)
            lines[place] = self.plays(t, s)
            ways += [(place, words, law) for words, law in self.effects(t, s)]
        for s in np.flatnonzero(self.problem.rho > 0):
            if self.starting[s]:
                starts.append(((int(s), 0 if self.steps else None), _chance(self.problem.rho[s])))
        met = {place for place, _, law in ways for place in (place, *(n for n, _ in law))} | {
            place for place, _ in starts
        }
        places = {
            at: Place(at[0], at[1], ((self.state(at[0]), BLACK), *lines[at]))
            for at in lines
            if self.all or lines[at] or at in met
        }
        if not places:
            raise InvalidModel("no row of the instance matters; expected one at least to draw")
        return Graph(
            heading,
            tuple(places.values()),
            tuple(
                Way(places[at].name, words, tuple((places[n].name, chance) for n, chance in law))
                for at, words, law in ways
            ),
            tuple((places[at].name, chance) for at, chance in starts),
            self.steps,
            self.caption(),
        )

    def effects(self, t, s):
        """(label, transition distribution) of each group of equivalent actions at step t in state s."""
        available = np.flatnonzero(self.available[s])
        groups = {}
        for a in available:
            led = self.led[t % len(self.led), s, a] and not (self.steps and t == self.H - 1)
            row = self.P[t % len(self.P), s, a]
            after = t + 1 if self.steps else None
            law = tuple(((int(n), after), _chance(row[n])) for n in np.flatnonzero(row)) if led else ()
            reward = self.reward(t, s, a)
            if law or reward:
                groups.setdefault(law, {}).setdefault(reward, []).append(int(a))
        for law, rewards in groups.items():
            lines = [
                ": ".join(filter(None, (self.actions(several, available), reward)))
                for reward, several in rewards.items()
            ]
            yield "\n".join(lines), law

    def reward(self, t, s, a):
        paid, counts = (array[t % len(array), :, s, a] for array in (self.r, self.rewarded))
        if not any(x != 0 for x in paid[counts]):
            return ""
        each = [number_text(x) if count else r"$\cdot$" for x, count in zip(paid, counts, strict=True)]
        return f"$r$ = ({', '.join(each)})" if len(each) > 1 else f"$r$ = {each[0]}"

    def plays(self, t, s):
        """Actions of each policy at step t, or over all steps if the drawing is not unrolled."""
        found, available = [], np.flatnonzero(self.available[s])
        for letter, colour, table, counts in self.played if len(available) > 1 else ():
            steps = [t] if self.steps else range(len(table))
            when = {}
            for step in steps:
                if counts[step % len(counts), s]:
                    when.setdefault(self.law(table[step % len(table), s], available), []).append(step)
            for words, at in when.items():
                suffix = "" if self.steps or len(at) == len(table) else f" at $t$ = {span(at)}"
                found += [(line, colour) for line in f"{letter}: {words}{suffix}".split("\n")]
        return found

    def law(self, row, available):
        support = [int(a) for a in np.flatnonzero(row)]
        if len(support) == 1:
            return self.actions(support, ())
        if len(support) == len(available) > 2 and all(row[a] == row[support[0]] for a in support):
            return f"{number_text(row[support[0]])} each"
        return wrap([f"{number_text(row[a])} {self.actions([a], ())}" for a in support], 2)

    def actions(self, several, available):
        """Names of actions; a star if a player's action is irrelevant."""
        if len(several) == len(available):
            return "any"
        if not self.game:
            names = self.problem.action_names
            return wrap([plain(names[a]) if names else symbol("a", a) for a in several], 3)
        counts = self.problem.actions
        joint = list(zip(*np.unravel_index(several, counts), strict=True))
        sets = [sorted({int(each[i]) for each in joint}) for i in range(len(counts))]
        starred = all(len(chosen) in (1, count) for chosen, count in zip(sets, counts, strict=True))
        if len(several) > 1 and starred and len(several) == np.prod([len(chosen) for chosen in sets]):
            joint = [[chosen[0] if len(chosen) == 1 else r"{\ast}" for chosen in sets]]
        between = "" if max(counts) <= 10 else ","
        return wrap([symbol("a", between.join(map(str, each))) for each in joint], 3)

    def state(self, s):
        names = None if self.game else self.problem.state_names
        return plain(names[s]) if names else symbol("s", s)

    def caption(self):
        horizon = self.problem.horizon
        if isinstance(horizon, Discounted):
            horizon = rf"$\gamma$ = {number_text(horizon.gamma)}"
        else:
            horizon = f"$H$ = {self.H}" if self.H else "average reward"
        return ((horizon, BLACK), *((each, BLACK) for each in self.scalars), *self.legend)


def tabulate(graph) -> Table:
    """The same transitions as rows of a table, if too many to draw.

    Raises: InvalidModel if they exceed a page.
    """
    names, starts, rows = {place.name: place.lines[0][0] for place in graph.places}, dict(graph.starts), []
    for place in graph.places:
        here = [way for way in graph.ways if way.place == place.name]
        start = [(f"start {starts[place.name]}".strip(), BLACK)] if place.name in starts else []
        played = [*start, *place.lines[1:]]
        for k in range(max(len(here), len(played), 1)):
            way = here[k] if k < len(here) else Way("", "", ())
            law = ", ".join(f"{chance} {names[name]}".strip() for name, chance in way.law)
            left = ("", "") if k else ("" if place.step is None else str(place.step), names[place.name])
            words = (*left, None, way.words.replace(",\n", ", ").replace("\n", "; "), law)
            rows.append(
                tuple(
                    (played[k] if k < len(played) else ("", BLACK)) if each is None else (each, BLACK) for each in words
                )
            )
    heads = tuple((head, BLACK) for head in ("$t$", "state", "played", "action", "leads to"))
    kept = [k for k in range(5) if any(row[k][0] for row in rows)]
    caption = ((graph.heading, BLACK), *graph.caption) if graph.heading else graph.caption
    return _shorten(Table(tuple(heads[k] for k in kept), tuple(tuple(row[k] for k in kept) for row in rows), caption))


def _varies(array):
    return any((array[t] != array[0]).any() for t in range(1, len(array)))


def _chance(probability):
    return "" if probability == 1 else number_text(probability)


# ---- preferences
def _responses(problem, parts, matters):
    """One row per response: reference, data, preferences, and policies."""
    given = "weights" if problem.weights is not None else "reward" if problem.reward is not None else "win"
    columns = [("reference", "reference", BLACK, problem.reference)]
    if (problem.data != problem.reference).any():
        columns.append(("data", "data", MEANINGS["data"], problem.data))
    if given == "win":
        columns += [("win", f"beats {symbol('y', z)}", BLACK, problem.win[..., z]) for z in range(problem.Y)]
    else:
        columns.append((given, r"$e^{r/\beta}$" if given == "weights" else "reward", BLACK, getattr(problem, given)))
    policies = [
        name
        for name, part in parts.items()
        if isinstance(part, TabularPolicy) and part.table.shape == problem.reference.shape
    ]
    columns += [
        (name, plain(name), colour, parts[name].table)
        for name, colour in zip(policies, colours_of(policies), strict=True)
    ]
    counts = []
    for name, _, _, array in columns:
        whole = problem.win if name == "win" else array
        counts.append(relevant_entries(matters, name, whole).reshape(*array.shape, -1).any(axis=-1))
    rows = []
    for x, y in np.ndindex(problem.reference.shape):
        prompt = "" if y else f"{symbol('x', x)} ({number_text(problem.rho[x])})"
        cells = [
            (number_text(array[x, y]) if count[x, y] else r"$\cdot$", colour)
            for (_, _, colour, array), count in zip(columns, counts, strict=True)
        ]
        if any(count[x, y] for count in counts):
            rows.append(((prompt, BLACK), (symbol("y", y), BLACK), *cells))
    heads = (("prompt", BLACK), ("response", BLACK), *((head, colour) for _, head, colour, _ in columns))
    caption = (
        (rf"$\beta$ = {number_text(problem.beta)}", BLACK),
        *((each, BLACK) for each in _scalars(parts, matters)),
    )
    first = 0 if problem.X > 1 else 1
    return _shorten(Table(heads[first:], tuple(row[first:] for row in rows), caption))
