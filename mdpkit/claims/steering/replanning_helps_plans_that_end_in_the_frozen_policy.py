"""Replanning more often never hurts if plans end in the frozen policy, and may hurt if they are skills.

Statement  Every k steps n plans are drawn from a frozen policy w, and the one of highest expected value is executed for
           k steps, or to the end of the H steps. The return is the value g >= 0 of the last state, V^k the value of
           this steering from each state, towards its own values, and J(w) the value of w. If a plan is an action
           followed by w, and k' divides k, then with D = ceil(H/k) and D' = ceil(H/k') decisions
               J(w)  <=  V^k  <=  V^k'  <=  n^(D' - D) V^k.
           On a lock of H steps, each of which opens with probability p, V^k = (1 - (1 - p)^n)^D p^(H - D), so that the
           ratio of the last two sides tends to 1 as p -> 0; they coincide if n = 1 or D' = D. If the plans are skills,
           members of a Mixture that act as they are for k steps, no inequality with V^k' holds: if one skill opens the
           lock and is drawn with probability p, V^k = (1 - (1 - p)^n)^D falls as decisions are added; on a lock whose
           steps need two skills in turn V^2 = 0 and V^1 > 0. Let e be the largest total variation between P and a model
           P'. Choices by P' towards the same values, with plans of k_j steps, lose at most
               2 e sum_j k_j (max V - min V),    V the values at the end of the j-th plan.
           FOREWARN with these values as scores has these returns.
Assumes    plans end in the frozen policy (in the chain).
Units      values of g.
Kind       for all; identity; exists
Source     adapted from Wu, Tian, Swamy and Bajcsy, 2025.
Proof      proofs/steering/replanning_helps_plans_that_end_in_the_frozen_policy.md
"""

import numpy as np

from ... import measure
from ...base.arrays import like, objects, zeros
from ...base.interval import stack
from ...base.lifting import enclose, law
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.steering import draw_laws, late_errors, narrow_lock, rank, skill_lock
from ...learn import FOREWARN, Mixture, ScoredVerifier, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- plans: laws `[m,s,a]` of the actions at their first step and later, drawn with probabilities `base` `[s,m]`
def follow_actions(P, base):
    """The plans of a policy: each action, followed by the policy."""
    A = P.shape[1]
    first = np.broadcast_to(np.eye(A, dtype=int)[:, None], (A, len(P), A))
    return like(first, P), np.broadcast_to(base[None], (A, len(P), A))


def instance(P, scores, base, H, n, skills=None, **more):
    first, later = follow_actions(P, base) if skills is None else (skills, skills)
    return Instance(P=P, scores=scores, base=TabularPolicy(base), first=first, later=later, H=H, n=n, **more)


def ends_in_the_frozen_policy(m):
    return m.later.shape[0] == m.P.shape[1] and (m.later == m.base.table).all()


# ---- values
def decisions(m, k):
    return -(-m.H // k)


def predict(m, P, V, length):
    """Q(s,m): the mean of V where plan m ends after `length` steps by P."""
    first, later = enclose(m.first), enclose(m.later)
    mean = [V] * len(m.first)
    for step in reversed(range(length)):
        laws = first if step == 0 else later
        mean = [(laws[i] * (P * each).sum(axis=-1)).sum(axis=-1) for i, each in enumerate(mean)]
    return stack(mean).T


def value_table(m, k, guess=None):
    """{t: V_t}, the values at the times of decisions and at H; with a guess of P, of choices by that guess."""
    P, V = enclose(m.P), enclose(m.scores)
    found = {m.H: V}
    right = None if guess is None else value_table(m, k)
    for start in reversed(range(0, m.H, k)):
        end = min(start + k, m.H)
        Q = predict(m, P, V, end - start)
        seen = Q if guess is None else predict(m, enclose(guess), right[end], end - start)
        V = (measure.best_of_n(m.base, rank(seen), m.n) * Q).sum(axis=-1)
        found[start] = V
    return found


def frozen_value(m):
    """J(w) in each state."""
    V = enclose(m.scores)
    for _ in range(m.H):
        V = (law(m.base, "table") * (enclose(m.P) * V).sum(axis=-1)).sum(axis=-1)
    return V


# ---- checks
def at_most(m, power):
    """V^k' <= n^power V^k."""
    slow, fast = (value_table(m, k)[0] for k in (m.k, m.faster))
    return Bound(fast, slow * m.n**power)


def check(m):
    return at_most(m, decisions(m, m.faster) - decisions(m, m.k))


def coincide(m):
    """A single plan, or as many decisions."""
    return Equal({"value": tuple(value_table(m, k)[0] for k in (m.k, m.faster))})


def one_decision_less(m):
    return at_most(m, decisions(m, m.faster) - decisions(m, m.k) - 1)


def order(m):
    """J(w) <= V^k <= V^k'."""
    return Bound(frozen_value(m), value_table(m, m.k)[0], value_table(m, m.faster)[0])


def reverse(m):
    """As if replanning more often were of no use."""
    return Bound(*(value_table(m, k)[0] for k in (m.faster, m.k)))


def loss(m, counted=True):
    """Loss by the guess in each state, and its bound; `counted` multiplies by the length of each plan."""
    table, e = value_table(m, m.k), (abs(enclose(m.P) - enclose(m.guess)).sum(axis=-1) / 2).max()
    ends = [(min(start + m.k, m.H), min(m.k, m.H - start)) for start in range(0, m.H, m.k)]
    spread = sum((table[end].max() - table[end].min()) * (length if counted else 1) for end, length in ends)
    return Bound(table[0] - value_table(m, m.k, m.guess)[0], table[0] * 0 + e * spread * 2)


def error_of_one_step(m):
    return loss(m, counted=False)


def open_lock(m):
    p, D = enclose(np.asarray(m.p)), decisions(m, m.k)
    rest = 1 if m.by_skills or D == m.H else p ** (m.H - D)
    return Equal({"value": (value_table(m, m.k)[0][0], (1 - (1 - p) ** m.n) ** D * rest)})


def by_the_learner(m):
    """FOREWARN with the values as scores, and the values of choices by the guess."""
    zero = m.scores * 0
    right = value_table(m, m.k)
    scores = np.array([right[t].lower if t in right else zero for t in range(m.H + 1)])
    P, rho = m.P, objects([1] + [0] * (len(m.P) - 1))
    r = zeros((m.H, *P.shape[:2]), P)
    r[-1] = P @ m.scores
    mdp, model = (MDP(each, r, like(rho, P), horizon=Finite(m.H)) for each in (P, m.guess))
    base = m.base if ends_in_the_frozen_policy(m) else Mixture([TabularPolicy(law) for law in m.later], m.base.table[0])
    learner = FOREWARN(base, ScoredVerifier(scores), m.n, m.k, model)
    steered = fit(learner, grant(mdp, episodes="exact"), rng=None).policy
    return Equal({"return": (measure.value(mdp, steered), value_table(m, m.k, m.guess)[0][0])})


ANY = Family(
    blocks=dict(P=Simplex("S", "A", to="S"), w=Simplex("S", to="A"), g=Box("S"), guess=Simplex("S", "A", to="S")),
    sizes=dict(S=(1, 3), A=(2, 3), H=(2, 5), N=(1, 4), K=(1, 2), M=(2, 3)),
    models=dict(
        P=lambda x: x.P,
        scores=lambda x: x.g,
        base=lambda x: TabularPolicy(x.w),
        first=lambda x: follow_actions(x.P, x.w)[0],
        later=lambda x: follow_actions(x.P, x.w)[1],
        guess=lambda x: x.guess,
        H=lambda x: x.sizes["H"],
        n=lambda x: x.sizes["N"],
        faster=lambda x: x.sizes["K"],
        k=lambda x: x.sizes["K"] * x.sizes["M"],
    ),
)


def resize(**sizes):
    return Family(blocks=ANY.blocks, sizes=ANY.sizes | sizes, models=ANY.models)


FAMILY = resize(H=(3, 5), N=(2, 4))
"""Several plans, and more decisions by k' than by k, as k' is at most 2."""
CHOICES = resize(S=(2, 3), N=(2, 4))
"""Processes in which a choice may be wrong."""


# ---- locks, and episodes
def lock(k=2, faster=1, p="1/100", H=4, n=4, skills=False):
    """The narrow lock, by actions or by two skills that always take one action; state 0 is the open one."""
    m = narrow_lock(H, p)
    each = objects([[[1, 0]] * 2, [[0, 1]] * 2]) if skills else None
    return instance(
        m.mdp.P,
        m.scores,
        m.base.table,
        H,
        n,
        each,
        k=k,
        faster=faster,
        p=objects([p])[0],
        by_skills=int(skills),
        guess=m.mdp.P,
    )


def alternate():
    """Two skills of which the lock needs the first and then the second."""
    m = skill_lock()
    shares = objects([["1/2", "1/2"]] * m.mdp.S)
    return instance(m.mdp.P, objects([0, 0, 0, 1]), shares, 2, 2, m.members, k=2, faster=1, guess=m.mdp.P)


def list_locks():
    return [lock(k, p="1/4", skills=skills) for skills in (False, True) for k in (1, 2, 3, 4)]


def err_late():
    m = late_errors()
    known = dict(k=2, faster=1, guess=m.predicted.P)
    return instance(m.mdp.P, m.scores, m.base.table, 2, m.n, **known)


def list_episodes():
    """Episodes of four steps with random laws, scores and guesses, from a fixed generator, by actions and by skills."""
    rng, found = np.random.default_rng(3), []
    for k in (1, 2, 3, 4):
        P, guess = (draw_laws(rng, 3, 2, 3) for _ in range(2))
        scores = objects([f"{x}/7" for x in rng.permutation(8)[:3]])
        known = dict(k=k, faster=1, guess=(P * 2 + guess) / 3)
        skills, shares = draw_laws(rng, 3, 3, 2), np.broadcast_to(draw_laws(rng, 3), (3, 3))
        found.append(instance(P, scores, draw_laws(rng, 3, 2), 4, 2, **known))
        found.append(instance(P, scores, shares, 4, 2, skills, **known))
    return found


# ---- the claim
def curve(m):
    return {"k": [m.k], "value": [float(value_table(m, m.k)[0][0].mid)], "skills": [m.by_skills]}


def figure(ax, rows):
    """The value of a lock of four steps against k, by plans that end in the frozen policy and by skills."""
    found = [row["data"] for row in rows if row["part"] == LOCK and row.get("data")]
    for skills, style, words in ((0, "o-C0", "plans end in the frozen policy"), (1, "s-C1", "skills (fails)")):
        mine = sorted((data["k"][0], data["value"][0]) for data in found if data["skills"] == [skills])
        ax.plot(*zip(*mine, strict=True), style, label=words)
    slow = next(data["value"][0] for data in found if data["k"] == [4] and data["skills"] == [0])
    k = np.arange(1, 5)
    ax.plot(k, slow * 4.0 ** (-(-4 // k) - 1), "k--", label="$n^{D-1} V^4$")
    ax.set(xlabel="steps $k$ between decisions", ylabel="probability that the lock opens", yscale="log")
    ax.set_xticks(k)
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


ENDS = Assumption("plans end in the frozen policy", ends_in_the_frozen_policy)
ORDER, LOCK, LOSS, LEARNER = "order", "the lock", "loss by a wrong model", "FOREWARN"
CLAIM = Claim(
    "replanning_helps_plans_that_end_in_the_frozen_policy",
    check,
    FAMILY,
    formula=(
        r"J(w) \le V^{k} \le V^{k'} \le n^{D' - D}\, V^{k} \quad (k' \mid k), \qquad "
        r"D = \lceil H / k \rceil, \; D' = \lceil H / k' \rceil"
    ),
    papers=("wu2025forewarn",),
    tags=("steering", "replanning", "best-of-n"),
    assumes=(ENDS,),
    controls=(
        Control("one decision less", lock, tightens=one_decision_less),
        Control("skills that must alternate", alternate, drops=ENDS.name),
        Control("a skill that opens the lock", lambda: lock(4, p="1/4", skills=True), drops=ENDS.name, part=ORDER),
        Control("no use of replanning", lock, tightens=reverse, part=ORDER),
        Control("the error of one step", err_late, tightens=error_of_one_step, part=LOSS),
    ),
    also=(
        Part(ORDER, ANY, order, assumes=(ENDS,)),
        Part("a single plan", resize(N=(1, 1)), coincide, assumes=(ENDS,)),
        Part("as many decisions", resize(H=(2, 2), K=(2, 2)), coincide, assumes=(ENDS,)),
        Part(LOCK, list_locks, open_lock, data=curve),
        Part(LOSS, CHOICES, loss),
        Part("loss in episodes", lambda: [err_late(), *list_episodes()], loss),
        Part(LEARNER, lambda: [*list_episodes(), *list_locks()], by_the_learner),
    ),
    figure=figure,
)
