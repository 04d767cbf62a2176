"""Gambit's strategic-form games .nfg, in which player 1's strategy varies fastest."""

import json
import re
from math import prod
from pathlib import Path

from ..base.arrays import objects
from ..base.errors import InvalidModel
from ..base.files import write_whole
from ..model import Finite, MarkovGame
from ._lines import abbreviate, about, lines, number, rational, refusal, whole, write_number

TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([{}])|,|([^\s{}",]+))')
LARGEST = 2**22
"""Largest number of payoffs of a game."""

LONGEST = 2**13
"""Largest number of characters of a text that spans several lines."""


def read(path: Path, horizon) -> MarkovGame:
    """Read a .nfg file as a one-state game, played once if no horizon is given; names are dropped.

    As in Gambit, a decimal denotes a rational: 0.1 is 1/10, so payoffs that are equal in decimals tie exactly.
    """
    with about(path):
        tokens = _Tokens(path)
        players = tokens.header("NFG", "1")
        actions = tokens.strategies()
        if len(actions) != players:
            raise refusal(tokens.line, f"there are strategies for {len(actions)} players; expected {players}")
        if players * prod(actions) > LARGEST:
            raise refusal(
                tokens.line, f"{prod(actions)} contingencies are too many; expected at most {LARGEST} payoffs"
            )
        if (tokens.peek() or "").startswith('"'):
            tokens.take("a comment")
        paid = (
            tokens.outcomes(players, prod(actions)) if tokens.peek() == "{" else tokens.payoffs(players * prod(actions))
        )
        if tokens.peek() is not None:
            raise refusal(
                tokens.line, f"{abbreviate(tokens.peek())} comes after the last of {prod(actions)} contingencies"
            )
        return _game(players, actions, paid, horizon)


def _game(players, actions, paid, horizon):
    table = objects([rational(token) for token in paid]).reshape(*reversed(actions), players).T.reshape(players, 1, -1)
    P = objects([[[1]] * prod(actions)])
    return MarkovGame(P, table, horizon=horizon or Finite(1), actions=actions)


class _Tokens:
    """Tokens (texts, braces, numbers) with their lines; commas are blanks."""

    def __init__(self, path):
        self.source, self.line, self.waiting = lines(path), 1, []

    def peek(self):
        while not self.waiting:
            self.line, text = next(self.source, (self.line, None))
            if text is None:
                return None
            self.waiting = self.split(text)[::-1]
        return self.waiting[-1]

    def split(self, text):
        found, at = [], 0
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                text, at = self.longer(text[at:].lstrip()), 0
                continue
            found += [part for part in match.groups() if part]
            at = match.end()
        return found

    def longer(self, begun):
        """An incomplete token, continued over the lines up to the one where its text may end."""
        first = self.line
        for line, text in self.source if begun.startswith('"') else ():
            self.line, begun = line, f"{begun} {text}"
            if len(begun) > LONGEST:
                break
            if '"' in text:
                return begun
        raise refusal(first, f"{abbreviate(begun)} is no whole text in quotes, number or brace")

    def take(self, what):
        token = self.peek()
        if token is None:
            raise refusal(self.line, f"the file ends here; expected {what}")
        return self.waiting.pop()

    def header(self, format, version) -> int:
        """Read format, version, number kind, title and the names of the players; the number of players."""
        self.expect(format)
        self.expect(version)
        kind = self.take("the number kind R or D")
        if kind not in ("R", "D"):
            raise refusal(self.line, f"the number kind is {abbreviate(kind)}; expected R or D")
        self.text("the title")
        return len(self.texts("a player"))

    def expect(self, word):
        token = self.take(word)
        if token != word:
            raise refusal(self.line, f"{abbreviate(token)} stands where {word} is expected")

    def text(self, what):
        token = self.take(what)
        if not token.startswith('"'):
            raise refusal(self.line, f"{what} is {abbreviate(token)}; expected a text in quotes")

    def texts(self, what):
        self.expect("{")
        found = []
        while self.peek() != "}":
            found.append(self.text(what))
        self.expect("}")
        return found

    def strategies(self):
        """Number of strategies of every player, given as a list of names or as a count."""
        self.expect("{")
        counts = []
        while self.peek() != "}":
            counts.append(
                len(self.texts("a strategy"))
                if self.peek() == "{"
                else whole(self.line, self.take("a count"), "a count")
            )
            if counts[-1] < 1:
                raise refusal(self.line, f"player {len(counts)} has no strategy; expected one at least")
        self.expect("}")
        if not counts:
            raise refusal(self.line, "there is no player; expected one at least")
        return tuple(counts)

    def payoffs(self, count):
        return [number(self.line, self.take(f"payoff {k + 1} of {count}"), "a payoff") for k in range(count)]

    def outcomes(self, players, contingencies):
        """Payoffs given by a list of outcomes; outcome 0 pays 0."""
        self.expect("{")
        known = [["0"] * players]
        while self.peek() != "}":
            self.expect("{")
            self.text("the name of an outcome")
            known.append(self.payoffs(players))
            self.expect("}")
        self.expect("}")
        paid = []
        for k in range(contingencies):
            token = self.take(f"the outcome of contingency {k + 1} of {contingencies}")
            paid += known[whole(self.line, token, "an outcome", len(known))]
        return paid


def write(game, path: Path):
    """Write a one-state game that is played once as .nfg, atomically.

    Decimals are the shortest that round to the same float64, rationals are written p/q; both are read back as
    rationals.

    Raises: InvalidModel where there are more states or steps.
    """
    if not isinstance(game, MarkovGame):
        raise InvalidModel(f"{path} can hold a MarkovGame, got {game!r}")
    if game.S != 1 or game.horizon != Finite(1):
        raise InvalidModel(f"{path} can hold a game of one state and one step, got {game!r}; save it as .json or .npz")
    if game.mask is not None:
        raise InvalidModel(f"{path} cannot hold missing actions; save the game as .json or .npz, or without its mask")
    table = game.r.reshape(game.players, *game.actions).T.reshape(-1, game.players)
    names = [f'"{i + 1}"' for i in range(game.players)]
    strategies = ["{ " + " ".join(f'"{a + 1}"' for a in range(count)) + " }" for count in game.actions]
    head = f"NFG 1 R {json.dumps('Written by mdpkit')} {{ {' '.join(names)} }} {{ {' '.join(strategies)} }}"
    write_whole(path, "\n".join([head, "", *(" ".join(map(write_number, row)) for row in table)]) + "\n")
