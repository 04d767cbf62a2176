"""Choosing among n plans by predicted outcomes loses at most twice the prediction error times the range of values.

Statement  Of n plans drawn from w the one of highest expected value is executed, where the outcome of plan m is
           predicted by a model T' in place of its law T. With e = max_m TV(T_m, T'_m) and values V of outcomes, the
           executed plan falls short of the choice by T by at most
               2 e (max V - min V) (1 - sum_m w_m^n),
           the last factor being the probability that two different plans are drawn. For every e <= 1/2 two plans attain
           it, if ties of the predicted values go to the worse one. In an episode of H steps, whose return is the value
           of its last state, with a decision between actions at every step, let V_t be the values of steering by the
           true model, and let FOREWARN steer by V and a model P' within e of P. Then it loses at most
               2 e sum_t (max V_{t+1} - min V_{t+1}),
           which may be exceeded if a plan is executed for two steps.
Assumes    a decision at every step (in an episode).
Units      TV in [0, 1]; V has any unit.
Kind       for all; exists
Source     adapted from Wu, Tian, Swamy and Bajcsy, 2025.
Proof      proofs/steering/foresight_errors_cost_twice_their_size.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, zeros
from ...base.lifting import enclose, law
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import fill_support
from ...instances.library.steering import crossed_predictions, draw_laws, late_errors, rank
from ...learn import FOREWARN, ScoredVerifier, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def means(m, outcomes):
    """Expected value of each plan, `[m]`."""
    return (law(outcomes, "table") * enclose(m.values)).sum(axis=-1)


def loss(m):
    """Expected value of the plan chosen by the truth minus that of the plan chosen by the model."""
    g, predicted = means(m, m.truth), means(m, m.model)
    best, chosen = (measure.best_of_n(m.base, rank(each)[None], m.n)[0] for each in (g, predicted))
    return ((best - chosen) * g).sum()


def several(m):
    """Probability that two different plans are drawn."""
    return 1 - (law(m.base, "table") ** m.n).sum()


def envelope(m):
    """2 e times the range of the values."""
    values = enclose(m.values)
    return measure.total_variation(m.truth, m.model).max() * (values.max() - values.min()) * 2


def check(m):
    return Bound(loss(m), envelope(m) * several(m))


def once(m):
    return Bound(loss(m), envelope(m) * several(m) / 2)


def one_plan_more(m):
    """As if the same plan were drawn more often."""
    same = (law(m.base, "table") ** max(m.n - 1, 1)).sum()
    return Bound(loss(m), envelope(m) * (1 - same))


def attains(m):
    return Equal({"loss": (loss(m), envelope(m) * several(m))})


FAMILY = Family(
    blocks=dict(w=Simplex("X", to="M"), truth=Simplex("M", to="O"), model=Simplex("M", to="O"), values=Box("O")),
    sizes=dict(X=(1, 1), M=(2, 3), O=(2, 3), N=(2, 4)),
    models=dict(
        base=lambda x: TabularPolicy(fill_support(x.w)),
        truth=lambda x: TabularPolicy(x.truth),
        model=lambda x: TabularPolicy(x.model),
        values=lambda x: x.values,
        n=lambda x: x.sizes["N"],
    ),
)


# ---- episodes
def values_of_steering(mdp, base, scores, n):
    """Values `[t,s]`, t = 0..H, of steering by the true model towards themselves; row H holds the scores."""
    V = [scores]
    for _ in range(mdp.horizon.H):
        Q = mdp.P @ V[-1]
        V.append((measure.best_of_n(base, Q, n).lower * Q).sum(axis=-1))
    return np.array(V[::-1])


def episode(m):
    """The loss in an episode, and its bound."""
    right, wrong = (
        fit(
            FOREWARN(m.base, ScoredVerifier(m.V), m.n, m.replan, model), grant(m.mdp, episodes="exact"), rng=None
        ).policy
        for model in (m.mdp, m.predicted)
    )
    e = (abs(enclose(m.mdp.P) - enclose(m.predicted.P)).sum(axis=-1) / 2).max()
    V = enclose(m.V)[1:]
    return Bound(measure.value_gap(m.mdp, right, wrong), (V.max(axis=1) - V.min(axis=1)).sum() * e * 2)


def draw_episodes(count=6, S=3, H=3):
    """Episodes with random laws and predictions, from a fixed generator."""
    rng = np.random.default_rng(0)
    return [draw_episode(rng, S, H) for _ in range(count)]


def draw_episode(rng, S, H):
    P, wrong = (draw_laws(rng, S, 2, S) for _ in range(2))
    scores = objects([f"{k}/6" for k in rng.integers(0, 7, S)])
    r = zeros((H, S, 2), P)
    r[-1] = P @ scores
    mdp = MDP(P, r, objects([f"1/{S}"] * S), horizon=Finite(H))
    predicted = MDP(P * 2 / 3 + wrong / 3, r, mdp.rho, horizon=Finite(H))
    base = TabularPolicy(draw_laws(rng, S, 2))
    V = values_of_steering(mdp, base, scores, 2)
    return Instance(mdp=mdp, predicted=predicted, base=base, V=V, n=2, replan=1)


def two_steps():
    m = late_errors()
    return m.replace(V=values_of_steering(m.mdp, m.base, m.scores, m.n), replan=1)


def with_itself(total_variation, p, q):
    return total_variation(p, p)


def measure_curve(m):
    """Loss and envelope of two crossed plans against e."""
    errors = [f"{k}/20" for k in range(11)]
    found = [crossed_predictions(e, m.n) for e in errors]
    return {
        "e": [k / 20 for k in range(11)],
        "loss": [loss(each).mid for each in found],
        "bound": [(envelope(each) * several(each)).mid for each in found],
    }


def figure(ax, rows):
    """Loss against the prediction error, with the envelope."""
    found = [row for row in rows if row["part"] == ATTAINED and not row.get("control")]
    for row, style in zip(found, ("o", "s", "^"), strict=False):
        n = row["parameters"]["n"]
        ax.plot(row["data"]["e"], row["data"]["loss"], f"{style}C0", label=f"loss, n = {n}")
        ax.plot(row["data"]["e"], row["data"]["bound"], "k--", linewidth=1, label="bound" if n == 2 else None)
    ax.plot(found[0]["data"]["e"], [x / 2 for x in found[0]["data"]["bound"]], ":C1", label="half of it (fails)")
    ax.set(xlabel="total variation $e$ of the predictions", ylabel="loss of one decision")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


ATTAINED, EPISODES = "two plans attain it", "episodes"
DECIDES = Assumption("a decision at every step", lambda m: m.replan == 1)
CLAIM = Claim(
    "foresight_errors_cost_twice_their_size",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}\, g(m^*) - \mathbb{E}\, g(\hat m) \le 2 e\, (\max V - \min V) \Big(1 - \sum_m w_m^n\Big), \qquad "
        r"e = \max_m \mathrm{TV}(T_m, \hat T_m)"
    ),
    papers=("wu2025forewarn",),
    tags=("steering", "model-error", "best-of-n"),
    controls=(
        Control("a constant of 1", crossed_predictions, tightens=once),
        Control("the same plan drawn once less", crossed_predictions, tightens=one_plan_more),
        Control("no prediction error", crossed_predictions, sabotages=measure.total_variation, by=with_itself),
        Control("plans of two steps", lambda: two_steps().replace(replan=2), drops=DECIDES.name, part=EPISODES),
    ),
    also=(
        Part(
            ATTAINED,
            lambda: [crossed_predictions(e, n) for n in (2, 4, 8) for e in ("1/4",)],
            attains,
            data=measure_curve,
        ),
        Part(EPISODES, lambda: [*draw_episodes(), two_steps()], episode, assumes=(DECIDES,)),
    ),
    figure=figure,
)
