"""A decision process as text formats list it: the choices of every state, and where each leads."""

from collections.abc import Iterator

import numpy as np
from flint import fmpq

from ..base.errors import InvalidModel
from ..base.tolerance import ROW_SUM
from ..model import MDP
from ..model.rows import assemble
from ._lines import abbreviate, exact_kind, rational, refusal

LARGEST = 2**22
"""The most states times actions of a problem, and the most entries of a rational law."""

DENSE = 2**20
"""A float law with more entries than this is stored sparse."""


def choose(known, wanted, what, error=InvalidModel) -> int | None:
    """Which of the reward structures counts: the one that is wanted, else the only one; None where there is none.

    Args: known: for each structure all that it can be called by, its name first. what: "reward structure" or "reward model".

    Raises: `error`, which lists the names, where several are there and none is wanted, or none or several are called so.
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
    """What a file lists; every choice (state, number) is counted from 0. Numbers are tokens until all of them are known."""

    def __init__(self):
        self.law, self.line, self.label, self.flat, self.after = {}, {}, {}, {}, {}

    def add(self, line, s, c, n, p):
        """One transition; a second one with the same ends is refused."""
        row = self.law.setdefault((s, c), {})
        self.line.setdefault((s, c), line)
        if n in row:
            raise refusal(line, f"the transition from state {s} by choice {c} to {n} is listed a second time")
        row[n] = p

    def call(self, line, s, c, label):
        """What a choice is called; two names for one are refused."""
        if self.label.setdefault((s, c), label) != label:
            raise refusal(
                line,
                f"choice {c} of state {s} is called {abbreviate(label)}, and {abbreviate(self.label[s, c])} before",
            )

    def count(self, S) -> int:
        """How many choices there are.

        Raises: InvalidModel where one of S states has none, or they are not numbered from 0 on.
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
        """The decision process, as likely to start in each of the states `start_states`.

        Args: actions: the names of the actions in order, by which the choices are called; found from these if left out.
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
        """Rewards of the choice itself, and expected ones of what follows; a sum only where there is more than one."""
        parts, after = [read(token) for token in self.flat.get(key, ())], self.after.get(key, {})
        if len(after) == len(row) and len({*after.values()}) == 1:
            parts.append(read(next(iter(after.values()))))
        else:
            parts += [read(row[n]) * read(token) for n, token in after.items()]
        return sum(parts[1:], parts[0]) if parts else read("0")

    def _actions(self):
        """The action of every label and the names of the actions; None, None where labels do not tell the choices of a state apart.

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
