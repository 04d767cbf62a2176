"""Whatever the verifier, n plans succeed with probability at most 1 - (1 - p)^n, and D decisions at most n^D times p.

Statement  Of n plans drawn from a frozen policy w one is executed, of highest score. For every score and every set of
           plans of probability p under w,
               P(the executed plan is in the set) <= 1 - (1 - p)^n,
           with equality for the verifier that recognises the set; in particular pi_n(y) <= n w(y) for every plan y, and
           0 where w(y) = 0. In an episode with D decisions and a return that is at least 0 on every path, FOREWARN has
           return at most n^D J_1 for every verifier and every model, J_1 the return of executing a single draw at each
           decision. J_1 is the frozen policy's return J(w) if its plans are its actions; for a Mixture, whose members
           are its plans, J(w) may be 0 and J_1 positive. On a lock of D steps, each of which opens with probability p,
           the right verifier has (1 - (1 - p)^n)^D, whose ratio to n^D J(w) tends to 1 as p -> 0.
Assumes    the plans of the frozen policy are its actions (in J_1 = J(w)).
Units      probabilities.
Kind       for all; exists
Source     adapted from Wu, Tian, Swamy and Bajcsy, 2025.
Proof      proofs/steering/steering_cannot_invent_plans.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.lifting import enclose, law
from ...instances.blocks import Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.steering import draw_laws, narrow_lock, skill_lock
from ...learn import FOREWARN, Mixture, ScoredVerifier, fit, grant
from ...model import MDP, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def success(m):
    return (measure.best_of_n(m.base, m.scores, m.n) * m.good).sum(axis=-1)


def chance(m):
    """p: the probability of the set under the frozen policy, `[x]`."""
    return (law(m.base, "table") * m.good).sum(axis=-1)


def check(m):
    return Bound(success(m), 1 - (1 - chance(m)) ** m.n)


def one_draw_less(m):
    return Bound(success(m), 1 - (1 - chance(m)) ** max(m.n - 1, 1))


def ratio(m):
    return Bound(measure.best_of_n(m.base, m.scores, m.n), law(m.base, "table") * m.n)


def attains(m):
    return Equal({"success": (success(m), 1 - (1 - chance(m)) ** m.n)})


FAMILY = Family(
    blocks=dict(law=Simplex("X", to="Y"), scores=Choice("X", "Y", of=(0, 1, 2)), good=Choice("X", "Y", of=(0, 1))),
    sizes=dict(X=(1, 1), Y=(2, 4), N=(1, 5)),
    models=dict(
        base=lambda x: TabularPolicy(x.law), scores=lambda x: x.scores, good=lambda x: x.good, n=lambda x: x.sizes["N"]
    ),
)


# ---- exact instances and controls
def plans(n, law, scores, good):
    return Instance(base=TabularPolicy(objects([law])), scores=np.array([scores]), good=np.array([good]), n=n)


def recognise(p="1/10", n=4):
    """The verifier recognises a plan of probability p."""
    (p,) = objects([p])
    return plans(n, [p, 1 - p], [1, 0], [1, 0])


def outside():
    """The good plan is never drawn."""
    return plans(3, [0, "1/2", "1/2"], [2, 1, 0], [1, 0, 0])


def from_all_plans(best_of_n, reference, scores, n):
    """The highest score of all plans, drawn or not."""
    ones = objects(np.ones(scores.shape, dtype=int)) / scores.shape[-1]
    return best_of_n(TabularPolicy(ones), scores, n)


# ---- episodes
def frozen_policy(m):
    """The base, or the mixture of the members in equal shares."""
    return Mixture([TabularPolicy(table) for table in m.members]) if has_members(m) else m.base


def has_members(m):
    return hasattr(m, "members")


def steer(m, n):
    """The return of FOREWARN with n plans for each decision."""
    learner = FOREWARN(frozen_policy(m), ScoredVerifier(m.scores), n, m.replan, m.predicted)
    return measure.value(m.mdp, fit(learner, grant(m.mdp, episodes="exact"), rng=None).policy)


def decisions(m):
    return -(-m.mdp.horizon.H // m.replan)


def episode(m):
    return Bound(steer(m, m.n), steer(m, 1) * m.n ** decisions(m))


def one_decision_less(m):
    return Bound(steer(m, m.n), steer(m, 1) * m.n ** (decisions(m) - 1))


def single_draw(m):
    """J_1 = J(w)."""
    return Equal({"return": (steer(m, 1), measure.value(m.mdp, frozen_policy(m)))})


def lock(p="1/100", H=2, n=4):
    m = narrow_lock(H, p)
    return m.replace(predicted=m.mdp, n=n, replan=1, p=objects([p]))


def lock_opens(m):
    p, D = enclose(m.p)[0], decisions(m)
    frozen = measure.value(m.mdp, m.base)
    return Equal({"steered": (steer(m, m.n), (1 - (1 - p) ** m.n) ** D), "frozen": (frozen, p**D)})


def mixture_of_two(n=2):
    """Two members, of which the lock needs the first and then the second."""
    m = skill_lock()
    return m.replace(predicted=m.mdp, n=n, replan=1)


def list_episodes():
    """Episodes with random laws, verifiers, predictions and plan lengths, from a fixed generator, and a mixture."""
    return [*list_actions(), mixture_of_two(), mixture_of_two(3)]


def list_actions():
    rng = np.random.default_rng(1)
    found = [lock(), lock(H=3)]
    for replan in (1, 2, 3):
        m = narrow_lock(3)
        P, predicted = (draw_laws(rng, 2, 2, 2) for _ in range(2))
        mdp, model = (MDP(each, m.mdp.r, m.mdp.rho, horizon=m.mdp.horizon) for each in (P, predicted))
        found.append(m.replace(mdp=mdp, predicted=model, n=3, replan=replan, p=objects([0])))
    return found


def curve(m):
    """Share of the bound n^D J(w) that the lock attains, for p = 2^-k."""
    p = [1 / 2**k for k in range(1, 11)]
    return {"p": p, "share": [((1 - (1 - x) ** m.n) / (m.n * x)) ** m.mdp.horizon.H for x in p]}


def figure(ax, rows):
    """The lock's return as a share of its bound, against p."""
    for row, style in zip((row for row in rows if row["part"] == LOCK and row.get("data")), "os", strict=False):
        ax.plot(row["data"]["p"], row["data"]["share"], f"{style}-C0", label=f"n = {row['parameters']['n']}, 2 steps")
    ax.axhline(1, color="k", linestyle="--", label="$n^D J(w)$")
    ax.axhline(1 / 4, color="C1", linestyle=":", label="one decision less, n = 4 (fails)")
    ax.set_xscale("log", base=2)
    ax.set(xlabel="probability $p$ of the right action", ylabel="return / bound", ylim=(0, 1.05))
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


RECOGNISED, LOCK, EPISODES, SINGLE = "the right verifier attains it", "the lock", "episodes", "single draws"
ACTIONS = Assumption("the plans of the frozen policy are its actions", lambda m: not has_members(m))
CLAIM = Claim(
    "steering_cannot_invent_plans",
    check,
    FAMILY,
    formula=r"P_{\pi_n}(G) \le 1 - (1 - w(G))^n, \qquad \pi_n(y) \le n\, w(y), \qquad J(\mathrm{steered}) \le n^D J_1",
    papers=("wu2025forewarn",),
    tags=("steering", "coverage", "best-of-n"),
    controls=(
        Control("one draw less", recognise, tightens=one_draw_less),
        Control("plans that were not drawn", outside, sabotages=measure.best_of_n, by=from_all_plans),
        Control("one decision less", lock, tightens=one_decision_less, part=EPISODES),
        Control("members of a mixture", mixture_of_two, drops=ACTIONS.name, part=SINGLE),
    ),
    also=(
        Part("each plan", FAMILY, ratio),
        Part(RECOGNISED, lambda: [recognise(p, n) for p in ("1/10", "1/2", 0) for n in (1, 4, 16)], attains),
        Part(EPISODES, list_episodes, episode),
        Part(SINGLE, list_actions, single_draw, assumes=(ACTIONS,)),
        Part(LOCK, lambda: [lock(n=n) for n in (2, 4)], lock_opens, data=curve),
    ),
    figure=figure,
)
