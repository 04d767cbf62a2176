"""Gambit's extensive-form games .efg whose information sets lie in stages of simultaneous moves."""

from dataclasses import dataclass, field
from itertools import product
from math import prod
from pathlib import Path

import numpy as np
from flint import fmpq

from ..base.arrays import objects
from ..base.errors import InvalidModel
from ..model import Finite, MarkovGame
from ._lines import abbreviate, about, rational, refusal, whole
from .nfg import LARGEST, _Tokens

CHANCE, END = 0, -1
NODES = 2**16
"""Largest number of nodes of a tree."""


@dataclass
class _Node:
    """A node: its player (0 is chance, -1 a terminal node), information set, actions, payoffs and children."""

    player: int
    set: tuple | None
    actions: list
    paid: np.ndarray
    law: list = field(default_factory=list)
    children: list = field(default_factory=list)


def read(path: Path, horizon) -> MarkovGame:
    """Read a .efg file as a Markov game whose states are the publicly known histories; names are dropped.

    A stage is a set of simultaneous moves, at most one a player, after a history that all players know: the horizon is
    the number of stages of the longest play. Chance may move between stages, or first in one without being observed
    before its end; what chance draws after a player's move is public. After a play ends, the game stays in a last state
    that pays nothing. Where a player has fewer actions than elsewhere, the last one is repeated; who does not move has
    copies of one action.

    Raises: InvalidModel naming the information set if it spans histories that a player does not know to be different
        at the start of a stage, or if a player forgets what it knew or did (imperfect recall); also for an information
        set given with two lists of actions or probabilities, or an outcome with two payoffs.
    """
    with about(path):
        tokens = _Tokens(path)
        players = tokens.header("EFG", "2")
        if not players:
            raise refusal(tokens.line, "there is no player; expected one at least")
        if (tokens.peek() or "").startswith('"'):
            tokens.take("a comment")
        root = _Tree(tokens, players).read()
        if tokens.peek() is not None:
            raise refusal(tokens.line, f"{abbreviate(tokens.peek())} comes after the last node")
        _check_recall(root, players)
        return _Stages(root, players).game(horizon)


class _Tree:
    """Parser of the nodes, in depth-first order."""

    def __init__(self, tokens, players):
        self.tokens, self.players, self.count = tokens, players, 0
        self.sets, self.outcomes = {}, {0: objects([0] * players)}

    def read(self):
        root, open_nodes = None, []
        while True:
            node = self.node()
            if root is None:
                root = node
            else:
                open_nodes[-1].children.append(node)
            if node.player != END:
                open_nodes.append(node)
            while open_nodes and len(open_nodes[-1].children) == len(open_nodes[-1].actions):
                open_nodes.pop()
            if not open_nodes:
                return root

    def node(self):
        tokens = self.tokens
        kind = tokens.take("a node c, p or t")
        self.count += 1
        if self.count > NODES:
            raise refusal(tokens.line, f"the tree has more than {NODES} nodes")
        tokens.text("the name of a node")
        if kind == "t":
            return _Node(END, None, [], self.outcome())
        if kind == "p":
            player = whole(tokens.line, tokens.take("a player"), "a player", self.players + 1)
            if player == 0:
                raise refusal(tokens.line, "the player is 0; players are counted from 1")
            key, actions, _ = self.information_set(player)
            return _Node(player, key, actions, self.outcome())
        if kind == "c":
            key, actions, law = self.information_set(CHANCE)
            return _Node(CHANCE, key, actions, self.outcome(), law)
        raise refusal(tokens.line, f"a node begins with {abbreviate(kind)}; expected c, p or t")

    def information_set(self, player):
        tokens = self.tokens
        key = (player, whole(tokens.line, tokens.take("an information set"), "an information set"))
        if (tokens.peek() or "").startswith('"'):
            tokens.text("the name of an information set")
        if tokens.peek() != "{":
            if key not in self.sets:
                raise refusal(tokens.line, f"{_name(key)} has no actions where it first occurs")
            return key, *self.sets[key]
        tokens.expect("{")
        actions, law = [], []
        while tokens.peek() != "}":
            actions.append(tokens.take("an action"))
            if not actions[-1].startswith('"'):
                raise refusal(tokens.line, f"an action is {abbreviate(actions[-1])}; expected a text in quotes")
            if player == CHANCE:
                law.append(rational(tokens.payoffs(1)[0]))
        tokens.expect("}")
        if not actions:
            raise refusal(tokens.line, f"{_name(key)} has no action; expected one at least")
        if player == CHANCE and (min(law) < 0 or sum(law, fmpq(0)) != 1):
            raise refusal(tokens.line, f"the probabilities of {_name(key)} are no law; they sum to {sum(law, fmpq(0))}")
        if key in self.sets and len(self.sets[key][0]) != len(actions):
            raise refusal(tokens.line, f"{_name(key)} has {len(actions)} actions, and had {len(self.sets[key][0])}")
        if self.sets.setdefault(key, (actions, law)) != (actions, law):
            what = "actions" if actions != self.sets[key][0] else "probabilities"
            raise refusal(tokens.line, f"{_name(key)} has other {what} than where it first occurs")
        return key, actions, law

    def outcome(self):
        tokens = self.tokens
        label = whole(tokens.line, tokens.take("an outcome"), "an outcome")
        if (tokens.peek() or "").startswith('"') and label != 0:
            tokens.text("the name of an outcome")
        if tokens.peek() == "{" and label != 0:
            tokens.expect("{")
            paid = objects([rational(x) for x in tokens.payoffs(self.players)])
            if (self.outcomes.setdefault(label, paid) != paid).any():
                raise refusal(tokens.line, f"outcome {label} has other payoffs than where it first occurs")
            tokens.expect("}")
        if label not in self.outcomes:
            raise refusal(tokens.line, f"outcome {label} has no payoffs where it first occurs")
        return self.outcomes[label]


def _name(key):
    player, number = key
    return f"information set {number} of {'chance' if player == CHANCE else f'player {player}'}"


def _check_recall(root, players):
    """Every player knows at each of its information sets what it knew and did before."""
    known = {}
    waiting = [(root, ((),) * players)]
    while waiting:
        node, past = waiting.pop()
        if node.player > 0:
            own = past[node.player - 1]
            if known.setdefault(node.set, own) != own:
                raise InvalidModel(
                    f"{_name(node.set)} joins nodes between which player {node.player} has known or done different "
                    "things: the game has imperfect recall; expected perfect recall"
                )
        for a, child in enumerate(node.children):
            after = list(past)
            if node.player > 0:
                after[node.player - 1] = (*past[node.player - 1], (node.set, a))
            waiting.append((child, tuple(after)))


class _Stages:
    """The stages of a tree; states are the nodes at which they start."""

    def __init__(self, root, players):
        self.players, self.states = players, []
        self.members = {}
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node.player > 0:
                self.members.setdefault(node.set, []).append(node)
            waiting.extend(node.children)
        self.start = self.spread(root)
        if any(paid.any() for _, paid, _ in self.start):
            raise InvalidModel("a payoff comes before the first move of a player; expected none")

    def spread(self, node):
        """What follows a publicly known node: (probability, payoffs on the way, state or None at the end) triples."""
        if node.player == END:
            return [(fmpq(1), node.paid, None)]
        if node.player != CHANCE or self.hides_last_move(node.children):
            if id(node) not in {id(state) for state in self.states}:
                self.states.append(node)
            return [(fmpq(1), objects([0] * self.players), node)]
        return [
            (p * q, node.paid + paid, state)
            for p, child in zip(node.law, node.children, strict=True)
            if p != 0
            for q, paid, state in self.spread(child)
        ]

    def hides_last_move(self, nodes):
        """Whether the nodes are one information set of several nodes, so that the move before is not observed."""
        return len(nodes) > 1 and nodes[0].player > 0 and self.same(nodes)

    def same(self, nodes):
        return {id(node) for node in nodes} == {id(node) for node in self.members.get(nodes[0].set, ())}

    def stage(self, start):
        """The first nodes of the stage's movers, in the order of the tree."""
        frontier, movers = [start], []
        while True:
            first = frontier[0]
            if first.player > 0 and not self.same(frontier):
                raise InvalidModel(
                    f"{_name(first.set)} joins histories that are not public, or is not reached by all moves of its "
                    "stage; expected every information set in one stage of simultaneous moves"
                )
            movers.append(first)
            following = [child for node in frontier for child in node.children]
            moved = {mover.player for mover in movers}
            if not self.hides_last_move(following) or following[0].player in moved:
                return movers
            frontier = following

    def game(self, horizon):
        solved, k = [], 0
        if not self.states:
            raise InvalidModel("no player moves; expected one move at least")
        depth = dict.fromkeys((id(state) for _, _, state in self.start if state is not None), 0)
        while k < len(self.states):  # states are found in the order of their stages' starts
            state = self.states[k]
            movers = self.stage(state)
            rows = self.outcomes(state, movers)
            solved.append((movers, rows))
            for _, _, following in (part for row in rows.values() for part in row):
                if following is not None:
                    depth[id(following)] = depth[id(state)] + 1
            k += 1
        return self.build(solved, depth, horizon)

    def outcomes(self, state, movers):
        """For every combination of the movers' actions what follows: (probability, payoffs, state) triples."""
        rows = {}
        for choice in product(*(range(len(mover.actions)) for mover in movers)):
            node, paid, p = state, objects([0] * self.players), fmpq(1)
            for mover, a in zip(movers, choice, strict=True):
                paid = paid + node.paid
                p = p * (mover.law[a] if mover.player == CHANCE else 1)
                node = node.children[a]
            rows[choice] = [(p * q, paid + more, following) for q, more, following in self.spread(node)]
        return rows

    def build(self, solved, depth, horizon):
        at_of = [{mover.player: m for m, mover in enumerate(movers)} for movers, _ in solved]
        actions = tuple(
            max(
                (len(movers[at[i]].actions) for (movers, _), at in zip(solved, at_of, strict=True) if i in at),
                default=1,
            )
            for i in range(1, self.players + 1)
        )
        stages = 1 + max(depth.values())
        S = len(self.states) + (stages > 1 or any(state is None for _, _, state in self.start))
        J = prod(actions)
        if S * J * max(S, self.players) > LARGEST:
            raise InvalidModel(f"{S} histories and {J} joint actions are too many; expected at most {LARGEST} numbers")
        place = {id(state): s for s, state in enumerate(self.states)}
        P, r = objects(np.zeros((S, J, S), dtype=int)), objects(np.zeros((self.players, S, J), dtype=int))
        P[S - 1, :, S - 1] = fmpq(1)
        for s, (movers, rows) in enumerate(solved):
            P[s, :, S - 1] = fmpq(0)
            chance = [range(len(mover.actions)) if mover.player == CHANCE else [None] for mover in movers]
            for j, joint in enumerate(product(*map(range, actions))):
                for drawn in product(*chance):
                    choice = tuple(
                        min(joint[mover.player - 1], len(mover.actions) - 1) if a is None else a
                        for mover, a in zip(movers, drawn, strict=True)
                    )
                    for p, paid, state in rows[choice]:
                        r[:, s, j] = r[:, s, j] + paid * p
                        P[s, j, S - 1 if state is None else place[id(state)]] += p
        rho = objects(np.zeros(S, dtype=int))
        for p, _, state in self.start:
            rho[S - 1 if state is None else place[id(state)]] += p
        return MarkovGame(P, r, rho, horizon=horizon or Finite(stages), actions=actions)


def write(game, path: Path):
    """Refuse: mdpkit reads this format and does not write it. Raises: InvalidModel."""
    raise InvalidModel(f"{path}: games are read from .efg files and not written; save as .json, .npz or .nfg")
