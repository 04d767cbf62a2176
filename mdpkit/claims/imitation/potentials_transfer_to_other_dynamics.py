"""A potential shapes a reward for every dynamics; its average over the source's transitions does not transfer.

Statement  Let r'(s,a,s') = r(s,a) + Phi_{t+1}(s') - Phi_t(s) with Phi_H = 0. In every dynamics P', retraining on r'
           returns what retraining on r does, for all ties. Averaged over the transitions P of a source, the reward
           r(s,a) + E_P Phi_{t+1}(s') - Phi_t(s) differs from r' in P' by e_t = (P_t - P'_t) Phi_{t+1}, and an optimal
           policy for it loses in P' at most
               max_pi J'(pi) - J'(retrained) <= sum_{t < H-1} (max e_t - min e_t)
                                             <= 2 sum_{t < H-1} osc(Phi_{t+1}) max_{s,a} TV(P_t, P'_t).
           Two lotteries attain both for every H >= 2. Even with Phi = V* of the source the loss can be H, all there is:
           its supremum is H for every H >= 2.
Assumes    the terminal potential is 0.
Units      J' is the undiscounted return in P'; osc is the range over states; TV in [0, 1]; rewards in [0, 1] for the
           last sentence.
Kind       for all; identity; exists
Source     adapted from Ng, Harada and Russell, 1999; Sapora, Swamy, Lu, Teh and Foerster, 2024.
Proof      proofs/imitation/potentials_transfer_to_other_dynamics.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...ink.figures import heat_map, panels
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.transfer import lotteries, swapped_roads
from ...model import MDP, Finite, TabularPolicy, shaped_reward
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def loss(m):
    """What retraining in the target loses on the reward that was averaged in the source, with the worst ties."""
    best = measure.retrained_return(m.target, m.target.r, "worst")
    return best - measure.retrained_return(m.target, shaped_reward(m.source, m.potential), "worst")


def variations(m):
    """TV(P_t, P'_t) of every transition, `[t,s*a]`: that of policies whose actions are the next states."""
    laws = [TabularPolicy(P.reshape(*P.shape[:-3], -1, P.shape[-1])) for P in (m.source.P, m.target.P)]
    return measure.total_variation(*laws)


def ranges(m):
    """Per step before the last: the range of e_t, and twice the range of the potential times the total variation."""
    e = shaped_reward(m.source, m.potential) - shaped_reward(m.target, m.potential)
    variation, steps = variations(m), range(m.target.horizon.H - 1)
    spread = [e[t].max() - e[t].min() for t in steps]
    high, low = m.potential.max(axis=-1), m.potential.min(axis=-1)
    bound = [(variation if variation.ndim == 1 else variation[t]).max() * (high[t + 1] - low[t + 1]) * 2 for t in steps]
    return spread, bound


def total(terms, m):
    return sum(terms[1:], terms[0]) if terms else m.target.like(0)[()]


def check(m):
    spread, bound = ranges(m)
    return Bound(loss(m), total(spread, m), total(bound, m))


def halve(m):
    left, spread, bound = check(m).sides
    return Bound(left, spread / 2, bound / 2)


def first_step(m):
    spread, bound = ranges(m)
    return Bound(loss(m), spread[0], bound[0])


def transfers(m):
    shaped = shaped_reward(m.target, m.potential)
    return Equal(
        {
            f"{ties} ties": tuple(measure.retrained_return(m.target, reward, ties) for reward in (shaped, m.target.r))
            for ties in ("worst", "uniform", "best")
        }
    )


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        other=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        potential=Box("H", "S", lower=-1),
    ),
    sizes=dict(H=(2, 4), S=(1, 3), A=(2, 3)),
    models=dict(
        source=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        target=lambda x: MDP(x.other, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        potential=lambda x: np.concatenate([x.potential, x.potential[:1] * 0]),
    ),
)


# ---- instances that attain it
def attains(m):
    left, spread, bound = check(m).sides
    most = m.delta * 2 * (m.target.horizon.H - 1)
    return Equal({"loss": (left, most), "range of the error": (spread, most), "bound": (bound, most)})


def loses_all(m):
    V = measure.optimal_value(m.source)
    return Equal({"loss": (loss(m), m.target.horizon.H), "potential": (m.potential, V)})


GRID = 10


def between(m, share, scale):
    """A target that is the source's with probability 1 - share/GRID at every transition, and a scaled potential."""
    P = m.source.P * (GRID - share) / GRID + m.target.P * share / GRID
    return m.replace(target=replace(m.target, P=P), potential=m.potential * scale / GRID)


def losses(m):
    """The loss per unit of H, by the scale of the potential and the share of the target's transitions, in tenths."""
    H, ends = m.target.horizon.H, range(GRID + 1)
    return {"map": [[loss(between(m, share, scale)).mid / H for share in ends] for scale in ends]} if H == 4 else {}


# ---- controls
def flip():
    """One step: staying pays 1/2 and leaving nothing, but the state that is left for has the potential 1 at the end."""
    P = objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]])
    mdp = MDP(P, objects([["1/2", 0], [0, 0]]), objects([1, 0]), horizon=Finite(1))
    return Instance(source=mdp, target=mdp, potential=objects([[0, 0], [0, 1]]))


def in_the_source(shaped_reward, problem, potential):
    """The reward averaged over the source's transitions, in which states 1 and 2 are exchanged."""
    return shaped_reward(replace(problem, P=problem.P[..., [0, 2, 1]]), potential)


EDGES = [end / (2 * GRID) for end in (-1, 2 * GRID + 1)] * 2


def figure(ax, rows):
    """The loss of the averaged potential over perturbed dynamics, and its bound on the lotteries."""
    left, right = panels(ax, 2)
    row = next(row for row in rows if row["part"] == ALL and row.get("data", {}).get("map"))
    heat_map(left, row["data"]["map"], EDGES, "loss / $H$")
    left.set(xlabel="share of exchanged transitions", ylabel="scale of $\\Phi = c\\,V^*$")
    at = [row for row in rows if row["part"] == TIGHT and row["parameters"]["delta"] == "1/2"]
    H = [row["sizes"]["H"] for row in at]
    right.plot(H, [row["pairs"]["bound"][1] for row in at], "k--", label="bound")
    right.plot(H, [row["pairs"]["loss"][0] for row in at], "oC0", label="averaged over $P$")
    right.plot(H, [0 * h for h in H], "sC2", label="$\\Phi(s') - \\Phi(s)$")
    right.plot(H, [row["pairs"]["bound"][1] / 2 for row in at], "xC1", label="half the constant (fails)")
    right.set(xlabel="horizon $H$", ylabel="loss in the target")
    right.legend()


TRANSFER, TIGHT, ALL = "every dynamics", "two lotteries", "all is lost"
ENDS = Assumption("the terminal potential is 0", lambda m: (m.potential[-1] == 0).all())
CLAIM = Claim(
    "potentials_transfer_to_other_dynamics",
    check,
    FAMILY,
    formula=(
        r"\max_\pi J'(\pi) - J'(\tilde\pi) \le \sum_{t < H-1} \big( \max e_t - \min e_t \big) \le 2 \sum_{t < H-1} "
        r"\operatorname{osc}(\Phi_{t+1}) \max_{s,a} \mathrm{TV}(P_t, P'_t), \qquad e_t = (P_t - P'_t)\, \Phi_{t+1}"
    ),
    papers=("ng1999", "sapora2024"),
    tags=("reward-shaping", "retraining", "model-error"),
    assumes=(ENDS,),
    controls=(
        Control("half the constant", witness=lambda: lotteries(3), tightens=halve),
        Control("the error of the first step alone", witness=lambda: lotteries(3), tightens=first_step),
        Control("a potential that does not end at 0", witness=flip, drops=ENDS.name, part=TRANSFER),
        Control(
            "averaged over the source's transitions",
            witness=swapped_roads,
            sabotages=shaped_reward,
            by=in_the_source,
            part=TRANSFER,
        ),
    ),
    also=(
        Part(TRANSFER, FAMILY, transfers, assumes=(ENDS,)),
        Part(TIGHT, lambda: [lotteries(H, d) for d in ("1/4", "1/2") for H in range(2, 9)], attains),
        Part(ALL, lambda: [swapped_roads(H) for H in range(2, 11)], loses_all, data=losses),
    ),
    figure=figure,
    sides=(r"loss in $P'$", r"$2 \sum_t \mathrm{osc}(\Phi) \max \mathrm{TV}$"),
)
