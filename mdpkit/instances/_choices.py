"""Transitions of a decision process as text formats list them, by state and choice."""

from collections.abc import Iterator

import numpy as np
from flint import fmpq

from ..base.errors import InvalidModel
from ..base.tolerance import ROW_SUM
from ..model import MDP
from ..model.rows import assemble
from ._lines import abbreviate, exact_kind, rational, refusal

LARGEST = 2**22
"""Largest number of state-action pairs of a problem, and of entries of a rational transition law."""

DENSE = 2**20
"""A float law with more entries than this is stored sparse."""


def choose(known, wanted, what, error=InvalidModel) -> int | None:
    """The requested reward structure, else the only one; None if there is none.

    Args: known: for each structure its accepted names, the proper one first. what: "reward structure" or "reward
        model".

    Raises: `error`, listing the names, if several exist and none is requested, or the request matches none or several.
    """
    listed = ", ".join(names[0] if len({*names}) == 1 else f"{names[0]} ({names[1]})" for names in known)
    if wanted is None:
        if len(known) > 1:
            raise error(
                f"there are {len(known)} {what}s ({listed}); choose one by rewards=NAME, on the command line by --rewards NAME"
            )
        return 0 if known else None
    found = [k for k, names in enumerate(known) if wanted in names]
    if len(found) == 1:
        return found[0]
    raise error(
        f"{len(found) or 'no'} {what}s are called {wanted!r}; "
        + (f"expected one of {listed}" if known else f"there is no {what}")
    )


class Choices:
    """Entries of a file by (state, choice), both counted from 0; numbers remain tokens until all are read."""

    def __init__(self):
        self.law, self.line, self.label, self.flat, self.after = {}, {}, {}, {}, {}

    def add(self, line, s, c, n, p):
        """Add a transition; a duplicate is refused."""
        row = self.law.setdefault((s, c), {})
        self.line.setdefault((s, c), line)
        if n in row:
            raise refusal(line, f"the transition from state {s} by choice {c} to {n} is listed a second time")
        row[n] = p

    def call(self, line, s, c, label):
        """Name a choice; a second, different name is refused."""
        if self.label.setdefault((s, c), label) != label:
            raise refusal(
                line,
                f"choice {c} of state {s} is called {abbreviate(label)}, and {abbreviate(self.label[s, c])} before",
            )

    def count(self, S) -> int:
        """Number of choices.

        Raises: InvalidModel if one of the S states has none, or its choices are not numbered consecutively from 0.
        """
        each = {}
        for s, c in self.law:
            each.setdefault(s, set()).add(c)
        if len(each) < S:
            raise InvalidModel(f"of {S} states {len(each)} have a transition; expected one at least from each")
        for s, found in each.items():
            if max(found) >= len(found):
                raise refusal(
                    self.line[s, max(found)],
                    f"choice {max(found)} of state {s} comes without the {max(found)} before it",
                )
        return len(self.law)

    def process(self, S, started, horizon, state_names=None, actions=None) -> MDP:
        """The decision process, with a uniform initial distribution over `start_states`.

        Args: actions: names of the actions in order; taken from the choices' labels if omitted.
        """
        number, names = self._actions() if actions is None else ({name: a for a, name in enumerate(actions)}, actions)
        where = {(s, c): (s, c if number is None else number[self.label[s, c]]) for s, c in self.law}
        A = max(len(names or ()), 1 + max(a for _, a in where.values()))
        exact = self._exact()
        if S * A > LARGEST or (exact and S * A * S > LARGEST):
            hint = "; written as decimals they would be stored sparse" if exact else ""
            raise InvalidModel(
                f"the law of {S} states and {A} actions is too large: expected at most {LARGEST} entries{hint}"
            )
        read, law, pay = rational if exact else float, {}, {}
        for key, row in self.law.items():
            law[where[key]] = self._row(key, {n: read(p) for n, p in row.items()}, exact)
            pay[where[key]] = self._reward(key, row, read)
        rho = {s: fmpq(1, len(started)) for s in started}
        named = {
            name: given for name, given in (("state_names", state_names), ("action_names", names)) if given is not None
        }
        return assemble(
            MDP, (S, A), law, pay, rho, exact=exact, sparse=not exact and S * A * S > DENSE, horizon=horizon, **named
        )

    def _exact(self):
        rows = (*self.law.values(), *self.after.values())
        return exact_kind(
            token for tokens in (*(row.values() for row in rows), *self.flat.values()) for token in tokens
        )

    def _row(self, key, row, exact):
        total = sum(row.values())
        if abs(total - 1) > (0 if exact else ROW_SUM):
            raise refusal(
                self.line[key], f"the probabilities of state {key[0]} and choice {key[1]} sum to {total}, not 1"
            )
        return row

    def _reward(self, key, row, read):
        """Expected reward of a choice: its own reward plus the mean of its transitions' rewards."""
        parts, after = [read(token) for token in self.flat.get(key, ())], self.after.get(key, {})
        if len(after) == len(row) and len({*after.values()}) == 1:
            parts.append(read(next(iter(after.values()))))
        else:
            parts += [read(row[n]) * read(token) for n, token in after.items()]
        return sum(parts[1:], parts[0]) if parts else read("0")

    def _actions(self):
        """The action of every label and the names of the actions; None, None if two choices of a state share a label.

        Labels 0, 1, ... (or _0, _1, ... in a format where a label is no number) are the actions' numbers themselves.
        """
        if set(self.label) != set(self.law) or len({(s, label) for (s, _), label in self.label.items()}) < len(
            self.label
        ):
            return None, None
        order = list(dict.fromkeys(self.label.values()))
        plain = [label.removeprefix("_") for label in order]
        if all(text.isdecimal() and len(text) < 10 and str(int(text)) == text for text in plain) and len(
            {*plain}
        ) == len(order):
            return dict(zip(order, map(int, plain), strict=True)), None
        return {label: a for a, label in enumerate(order)}, order


def rows(mdp: MDP) -> Iterator[tuple[int, int, list]]:
    """(state, action, [(next state, probability), ...]) of every action that exists, in order.

    Raises: InvalidModel where the law or the reward varies with time.
    """
    if mdp.r.ndim == 3 or (not mdp.sparse and mdp.P.ndim == 4):
        raise InvalidModel("P or r varies with time, which this format cannot say; save the problem as .json or .npz")
    for s in range(mdp.S):
        for a in np.flatnonzero(mdp.available[s]).tolist():
            if mdp.sparse:
                part = slice(*mdp.P.indptr[s * mdp.A + a : s * mdp.A + a + 2])
                yield s, a, list(zip(mdp.P.indices[part].tolist(), mdp.P.data[part].tolist(), strict=True))
            else:
                yield s, a, [(n, mdp.P[s, a, n]) for n in np.flatnonzero(mdp.P[s, a] != 0).tolist()]


def start_states(mdp: MDP) -> list[int]:
    """The states in which episodes start, if they are equally likely.

    Raises: InvalidModel where they are not.
    """
    found = np.flatnonzero(mdp.rho != 0).tolist()
    odd = next((s for s in found if mdp.rho[s] != mdp.rho[found[0]]), None)
    if odd is not None:
        words = f"rho is {mdp.rho[found[0]]} in state {found[0]} and {mdp.rho[odd]} in state {odd}"
        raise InvalidModel(f"{words}; this format starts in all states alike: save the problem as .json or .npz")
    return found
