"""Against a Markov mediator, memoryless deviations gain as much as those that depend on the whole history.

Statement  Let W_t(s) = sum_a max_b sum_{j: j_i = a} sigma_t(j | s) Q_t(s, (b, j_-i)), with Q_t(s, j) = r_{i,t}(s, j) +
           sum_n P_t(n | s, j) W_{t+1}(n) and W_H = 0. For a mediator whose recommendations are drawn afresh given the
           state, the largest gain of player i over all deviations that depend on everything it has seen - its earlier
           recommendations and plays, or the whole joint actions, and the states - is
               R_i = rho W_0 - J_i(sigma).
Assumes    the mediator is Markov: given the state its recommendations are independent of the past.
Units      R_i in units of reward; deviators are pure, which loses nothing, as their value is linear in each choice.
Kind       for all (rational draws, every deviator enumerated; two steps, two actions per player)
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/memoryless_deviations_suffice.md
"""

from itertools import product

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...measure.games.regret import parts_of_joint_actions
from ...model import Deviation, Finite, JointPolicy, MarkovGame
from ...model.mdp import stepwise
from ...verify.claim import Assumption, Claim, Control, Equal
from ...verify.faults import ignore_recommendations


def every_choice(n):
    """All 2^n choices of n bits, `[choice, bit]`."""
    return np.array(list(product((0, 1), repeat=n)))


def mediators(m):
    """The Markov mediators of which one is drawn, each with the same probability, for both steps."""
    return [m.mediator] + ([m.second] if hasattr(m, "second") else [])


def enumerate_deviators(m, i, joint=False):
    """The largest value of player i over all pure deviators of two steps, one by one, summed over the first state.

    A deviator picks an action for each first recommendation, and one for each observation of the first step (its own
    recommendation, or the joint action), second state and second recommendation.
    """
    game, laws = m.game, [stepwise(each.table, 2) for each in mediators(m)]
    own, swapped = parts_of_joint_actions(game.actions, i)
    P, r, seen = stepwise(game.P, 3)[0], stepwise(game.r, 3)[:, i], np.arange(game.J) if joint else own
    cells = list(product(range(seen.max() + 1), range(game.S), (0, 1)))
    stage = [[_by_recommendation(law[-1, n], r[-1, n], own, swapped) for n in range(game.S)] for law in laws]
    total, later = 0, every_choice(len(cells))
    for s in range(game.S):
        values = []
        for first in every_choice(2):
            played = swapped[np.arange(game.J), first[own]]
            paid, gain = 0, game.like(np.zeros((len(cells), 2), dtype=int))
            for law, after in zip(laws, stage, strict=True):
                paid = paid + (law[0, s] * r[0, s, played]).sum() / len(laws)
                reached = law[0, s][:, None] * P[s, played] / len(laws)
                for c, (o, n, a) in enumerate(cells):
                    gain[c] = gain[c] + reached[seen == o, n].sum() * after[n][a]
            values.append((paid + gain[:, 0].sum() + later @ (gain[:, 1] - gain[:, 0])).max())
        total = total + game.rho[s] * max(values)
    return total


def _by_recommendation(law, reward, own, swapped):
    """The reward of playing b when a is recommended, times the probability of a, `[a,b]`."""
    return np.array([[(law * reward[swapped[:, b]])[own == a].sum() for b in (0, 1)] for a in (0, 1)])


def collapse(m):
    """The Markov mediator with the laws of recommendations given the state, under obedience."""
    if not hasattr(m, "second"):
        return m.mediator
    d = sum(measure.occupancy(m.game, joint).lower for joint in mediators(m)) / 2
    return JointPolicy(d / d.sum(axis=2, keepdims=True))


def value_of_obedience(m):
    values = [measure.value(m.game, joint) for joint in mediators(m)]
    return sum(values[1:], values[0]) / len(values)


def check(m):
    programme, players = measure.regret(m.game, collapse(m)), range(m.game.players)
    found = {"own history": np.array([enumerate_deviators(m, i) for i in players])}
    if m.game.S == 1 and m.game.players == 2:
        found["joint history"] = np.array([enumerate_deviators(m, i, joint=True) for i in players])
    return Equal({name: (programme, value - value_of_obedience(m)) for name, value in found.items()})


# ---- games
def family(players):
    """Games of two steps and two actions per player, with mediators that need not be products."""
    joint = tuple("ABC"[:players])
    return Family(
        blocks=dict(
            P=Simplex("H", "S", joint, to="S"),
            r=Box("H", players, "S", joint, lower=-1),
            rho=Simplex(to="S"),
            sigma=Simplex("H", "S", to=joint),
        ),
        sizes=dict(H=(2, 2), S=(1, 2), **dict.fromkeys(joint, (2, 2))),
        models=dict(
            game=lambda x: MarkovGame(x.P, x.r, x.rho, horizon=Finite(2), actions=(2,) * players),
            mediator=lambda x: JointPolicy(x.sigma),
        ),
    )


def draws(count=14, start=0):
    """Draws of two and of three players, decoded from the bytes of fixed generators."""
    found = []
    for k in range(start, start + count):
        shape, sizes = family(2 + k % 3 // 2), dict(H=2, S=1 + k % 2, A=2, B=2)
        sizes |= {"C": 2} if k % 3 == 2 else {}
        found.append(shape.build(shape.from_bytes(np.random.default_rng(k).bytes(shape.byte_count(sizes)), sizes)))
    return found


def further_draws():
    return draws(486, 14)


def listen_first():
    """One state: at the first step, unpaid, a coin recommends 00 twice or 11 and then 01; the first is paid a match.

    The second player's action is the first recommendation at both steps; at the second the first player's is 0. The
    mediator is no Markov mediator: a deviator that remembers its first recommendation matches for certain.
    """
    r = np.zeros((2, 2, 1, 4), dtype=int)
    r[1, 0, 0] = [1, 0, 0, 1]
    game = MarkovGame(
        objects(np.ones((1, 4, 1), dtype=int)), objects(r), objects([1]), horizon=Finite(2), actions=(2, 2)
    )
    first, second = (JointPolicy(objects(np.eye(4, dtype=int)[rows])) for rows in ([[0], [0]], [[3], [1]]))
    return Instance(game=game, mediator=first, second=second)


def correlate():
    """One state, two steps of matching pennies, mismatches recommended: an obedient first player is not paid."""
    r = np.zeros((2, 2, 1, 4), dtype=int)
    r[:, 0, 0] = [1, 0, 0, 1]
    game = MarkovGame(
        objects(np.ones((1, 4, 1), dtype=int)), objects(r), objects([1]), horizon=Finite(2), actions=(2, 2)
    )
    return Instance(game=game, mediator=JointPolicy(objects([[0, "1/2", "1/2", 0]])))


def one_shot_alone(regret, game, joint, deviations="swap"):
    """Regret of deviations at one step only."""
    return regret(game, joint, "one-shot")


def alternate():
    """Two steps of matching pennies: mismatches are recommended at the first, and matches at the second."""
    m = correlate()
    return m.replace(mediator=JointPolicy(objects([[[0, "1/2", "1/2", 0]], [["1/2", 0, 0, "1/2"]]])))


def modify_alike(m):
    """The statement for deviators that modify a recommendation in the same way at every step and state."""
    pairs, game, maps = check(m).pairs, m.game, list_maps(m)
    gains = [
        [measure.deviated_value(game, m.mediator, Deviation(i, table)) for table in maps] for i in range(game.players)
    ]
    _, most = pairs["own history"]
    return Equal({**pairs, "own history": (stack([stack(row).max() for row in gains]) - value_of_obedience(m), most)})


def list_maps(m):
    """The four maps from recommendations to actions, as tables `[t,s,a,b]`."""
    rows = m.game.like(np.eye(2, dtype=int))
    return [np.broadcast_to(rows[list(each)], (2, m.game.S, 2, 2)) for each in product((0, 1), repeat=2)]


def numbers(m):
    """The gains of all players by the programme and by the best deviator with a history."""
    programme, found = check(m).pairs["own history"]
    return {"programme": programme.mid.tolist(), "history": found.mid.tolist()}


def figure(ax, rows):
    """The gain over all history-dependent deviators against that of the programme."""
    at = [row["data"] for row in rows if not row.get("control")]
    programme, found = (np.concatenate([row[name] for row in at]) for name in ("programme", "history"))
    ends = [0, programme.max() * 1.05]
    ax.plot(ends, ends, "k--", label="equal")
    ax.plot(programme, found, "oC0", mfc="none", label="every deviator enumerated")
    ax.plot([0], [0.5], "xC1", label="a mediator with memory (fails)")
    ax.set(xlabel="gain by the programme", ylabel="gain with a history")
    ax.legend()


MARKOV = Assumption("the mediator is Markov", lambda m: not hasattr(m, "second"))
CLAIM = Claim(
    "memoryless_deviations_suffice",
    check,
    draws,
    formula=(
        r"R_i = \rho W_0 - J_i(\sigma), \qquad W_t(s) = \sum_a \max_b \sum_{j : j_i = a} \sigma_t(j \mid s)\, "
        r"Q_t(s, (b, j_{-i}))"
    ),
    papers=("tang2024",),
    tags=("regret",),
    assumes=(MARKOV,),
    controls=(
        Control("a mediator with memory", witness=listen_first, drops=MARKOV.name),
        Control("one modification at both steps", witness=alternate, tightens=modify_alike, at="own history"),
        Control(
            "a deviator that sees only marginals",
            witness=correlate,
            sabotages=measure.regret,
            by=ignore_recommendations,
        ),
        Control("deviations at one step", witness=correlate, sabotages=measure.regret, by=one_shot_alone),
    ),
    thorough=further_draws,
    data=numbers,
    figure=figure,
)
