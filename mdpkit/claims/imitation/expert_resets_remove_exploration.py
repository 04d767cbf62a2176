"""Finding one rewarding leaf of a tree takes order A^H episodes from the root, or H A resets to the expert's states.

Statement  A tree with A actions and H steps pays 1 at one leaf, drawn uniformly from all A^H. Any learner, adaptive or
           randomised, returns after m episodes from the root a policy with
               E[J] <= (m + 1) / A^H,
           with equality for a sweep over the leaves: a return of 1/2 takes A^H / 2 - 1 episodes. Episodes that start
           at states which do not depend on the leaf count alike. PSDP with resets to the expert's states has return
           at least J(E) for every reward on the tree, after exactly H A resets, A H (H+1)/2 steps and no episode
           from the root.
Assumes    no reset depends on the leaf, only the last step pays (first bound); resets to the expert's states (last).
Units      J is the undiscounted return, in [0, 1] in the first bound; resets are episodes from a chosen state.
Kind       for all; exists (enumerated)
Source     adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023; Bagnell, Kakade, Ng and Schneider, 2003.
Proof      proofs/imitation/expert_resets_remove_exploration.md
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...ink.figures import panels
from ...instances.blocks import Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.tree import (
    leaf_law,
    leaf_reward,
    path_to_leaf,
    policy_of_leaf_law,
    policy_to_leaf,
    tree_mdp,
)
from ...learn import PSDP, ForwardSearch, OpenLoopSearch, QLearning, fit, grant
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- every learner
def success(m):
    """Probability of a return of 1 for every leaf, if the learner answers with the leaf once an episode ended there."""
    *tests, last = (leaf_law(measure.occupancy(m.tree, TabularPolicy(table))) for table in m.tests)
    missed = 1 - last
    for each in tests:
        missed = missed * (1 - each)
    return 1 - missed


def check(m, answers=1):
    chances = success(m)
    return Bound(chances.sum() / len(chances), rational(len(m.tests) - 1 + answers) / len(chances))


def without_an_answer(m):
    return check(m, answers=0)


LONGEST = 4


def build_tree(x):
    return tree_mdp(x.sizes["A"], x.sizes["H"], pattern=x.tests)


def shorten(x):
    """Policies on the tree of H steps whose leaves have the laws of the first H of the drawn laws' LONGEST actions."""
    A, H = x.sizes["A"], x.sizes["H"]
    return np.stack([policy_of_leaf_law(law.reshape(A**H, -1).sum(axis=1), A, H).table for law in x.tests])


FAMILY = Family(
    blocks=dict(tests=Simplex("M", to=("A",) * LONGEST)),
    sizes=dict(H=(1, LONGEST), M=(1, 5), A=(2, 3)),
    models=dict(tree=build_tree, tests=shorten),
)


# ---- learners by episodes: instances
def leftmost(A, H) -> PSDP:
    """Tries every action once at every reset state; leftmost elsewhere."""
    return PSDP(rollouts_per_action=1, default_policy=policy_to_leaf(0, A, H))


def play(learner, A, H, rewards=None, shown=policy_to_leaf):
    """The learner's policies `[leaf,(t,)s,a]` for the rewards `[leaf,s,a]`, and the most it used; seeds are equal.

    By default the rewards pay at the leaf only. A learner that is granted resets has them to `starts[leaf,k]`, each a
    step and a node: the states that the policy `shown(leaf, A, H)` visits.
    """
    rewards = objects([leaf_reward(leaf, A, H) for leaf in range(A**H)]) if rewards is None else rewards
    fits, starts = [], []
    for leaf, r in enumerate(rewards):
        problem, granted = tree_mdp(A, H, r), {}
        if "resets" in learner.needs:
            granted = dict(expert=shown(leaf, A, H), demonstrations="exact", resets="exact")
            starts.append(np.argwhere(measure.occupancy(problem, granted["expert"]).lower.sum(axis=2) > 0))
        access = grant(problem, episodes=A**H, rewards=True, rng=np.random.default_rng(0), **granted)
        fits.append(fit(learner, access, rng=np.random.default_rng(0)))
    used = {name: max(getattr(each.used, name) for each in fits) for name in ("episodes", "resets", "steps")}
    starts = np.array(starts, dtype=np.int64).reshape(len(rewards), -1, 2)
    policies = objects([each.policy.table for each in fits])
    return Instance(tree=tree_mdp(A, H), rewards=rewards, policies=policies, starts=starts, A=A, H=H, **used)


def distinct(A, H, M):
    """M - 1 episodes that end at different leaves, and another leaf as the answer."""
    tests = objects([policy_to_leaf(leaf, A, H).table for leaf in range(M)])
    return Instance(tree=tree_mdp(A, H), tests=tests)


def another(leaf, A, H):
    """Goes to the first leaf, whichever pays."""
    return policy_to_leaf(0, A, H)


def everywhere(leaf, A, H):
    """Goes to every leaf with the same probability."""
    return policy_of_leaf_law(objects([f"1/{A**H}"] * A**H), A, H)


def blind():
    """Learners without information on the leaf."""
    learners = [*(OpenLoopSearch(m) for m in (0, 1, 3, 7, 15)), *explorers(3), QLearning(15, Fraction(1, 2), 0)]
    return [*(play(each, 2, 4) for each in learners), play(leftmost(2, 4), 2, 4, shown=another)]


def explorers(m):
    """Q-learning with m episodes, at three rates of exploration and first values."""
    return [QLearning(m, *each) for each in ((Fraction(1, 2), 0), (Fraction(1, 10), 0), (0, 1))]


def blind_for_longer():
    return [play(each, 2, 4) for each in (*explorers(7), *explorers(15)[1:])]


def half_of_the_leaves(A, H):
    """One leaf fewer than half of them is tried."""
    return play(OpenLoopSearch(A**H // 2 - 1), A, H)


def guide(A, H):
    """Policy search with resets to the states of an expert that goes to the leaf."""
    return play(leftmost(A, H), A, H)


def any_rewards():
    """Rewards drawn independently at every node and action, in [-1, 1]; expert k goes to leaf k."""
    rng = np.random.default_rng(0)
    draws = [(A, H, rng.integers(-12, 13, (A**H, (A**H - 1) // (A - 1), A))) for A, H in ((2, 2), (2, 4), (3, 3))]
    return [play(leftmost(A, H), A, H, objects(r) / 12) for A, H, r in draws]


def shape(A, H):
    """Every step on the path to the leaf pays 1/H, and the learner fixes the first step first."""
    rewards = objects([leaf_reward(leaf, A, H, shaped=True) for leaf in range(A**H)])
    return play(ForwardSearch(), A, H, rewards)


# ---- their returns
def returns(m, tables=None):
    """J `[leaf]` of the learner's policies, or of `tables`, each under the reward of its leaf."""
    pairs = zip(m.rewards, m.policies if tables is None else tables, strict=True)
    return stack([measure.value(replace(m.tree, r=r), TabularPolicy(m.tree.like(table))) for r, table in pairs])


def average(m):
    J = returns(m)
    return Bound(J.sum() / len(J), rational(m.episodes + m.resets + 1) / len(J))


def sweep(m):
    return Equal({"return": average(m).sides})


def halfway(m):
    return Equal(
        {
            "return": (average(m).sides[0], rational("1/2")),
            "episodes": (rational(m.episodes), rational(m.A**m.H) / 2 - 1),
        }
    )


# ---- resets to the expert's states
def count(m):
    counts = {
        "resets": (m.resets, m.A * m.H),
        "steps": (m.steps, m.A * m.H * (m.H + 1) // 2),
        "episodes": (m.episodes, 0),
    }
    return Equal({"return": (returns(m), 1), **{name: (rational(a), rational(b)) for name, (a, b) in counts.items()}})


def competes(m):
    return Bound(returns(m, [policy_to_leaf(leaf, m.A, m.H).table for leaf in range(len(m.rewards))]), returns(m))


# ---- assumptions
def of_the_expert(m):
    ways = [path_to_leaf(leaf, m.A, m.H) for leaf in range(len(m.rewards))]
    return all(ways[leaf][t][0] == state for leaf, chosen in enumerate(m.starts) for t, state in chosen)


BLIND = Assumption("no reset depends on the leaf", lambda m: (m.starts == m.starts[:1]).all())
LAST = Assumption("the last step alone pays", lambda m: (m.rewards[:, : -(m.A ** (m.H - 1))] == 0).all())
THERE = Assumption("the resets are to the expert's states", of_the_expert)
PLAYED, HALF, RESETS, ANY = (
    "learners by episodes",
    "a return of one half",
    "resets to the expert's states",
    "any reward",
)
BY_LEAF, PAID, ASTRAY = "resets that depend on the leaf", "a reward at every step", "resets to every node of the tree"
A, H = AT = 2, 4
FEW = 2, 3


def figure(ax, rows):
    """Episodes for a return of 1/2 against the horizon, and learners' returns against their episodes at H = 4."""
    ax, right = panels(ax, 2)
    parts = {
        part: [row for row in rows if row["part"] == part and not row.get("control")] for part in (PLAYED, HALF, RESETS)
    }
    failing = [row["sides"] for row in rows if row.get("control") and row["label"] in (BY_LEAF, PAID)]
    sweep, reset = (
        [row["parameters"] for row in parts[part] if row["parameters"]["A"] == A] for part in (HALF, RESETS)
    )
    steps = np.arange(2, 11)
    ax.plot(steps, A**steps / 2 - 1, "k--", label="bound $A^H/2 - 1$")
    ax.plot([each["H"] for each in sweep], [each["episodes"] for each in sweep], "oC0", label="sweep over the leaves")
    ax.plot(
        [each["H"] for each in reset],
        [each["resets"] for each in reset],
        "sC2",
        label="resets to the expert's states: $HA$",
    )
    ax.plot(steps, A * steps, ":C2")
    astray = next(row["sides"] for row in rows if row.get("control") and row["label"] == ASTRAY)
    ax.plot(FEW[1], astray[0], "xC1", label="resets to every node of the tree (fail)")
    ax.set(xlabel="horizon $H$", ylabel="episodes for a return of 1/2", yscale="log")
    m = np.arange(17)
    right.plot(m, np.minimum(1, (m + 1) / A**H), "k--", label="bound $(m + 1) / A^H$")
    got = [(row["parameters"]["episodes"] + row["parameters"]["resets"], row["sides"][0]) for row in parts[PLAYED]]
    right.plot(*zip(*got, strict=True), ".C0", label="learners")
    right.plot([side[1] * A**H - 1 for side in failing], [side[0] for side in failing], "xC1", label="informed (fail)")
    right.set(xlabel="episodes $m$", ylabel="average return", xticks=m[::4])
    for each in (ax, right):
        each.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=6)


CLAIM = Claim(
    "expert_resets_remove_exploration",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}\, J \le \frac{m+1}{A^H} \text{ after } m \text{ episodes from the root}, \qquad J(\hat\pi) "
        r"\ge J(E) \text{ after } H A \text{ resets}"
    ),
    papers=("swamy2023", "bagnell2003"),
    tags=("resets", "inverse-reinforcement-learning", "sample-complexity"),
    controls=(
        Control("no final answer beside the episodes", witness=lambda: distinct(2, 3, 4), tightens=without_an_answer),
        Control(BY_LEAF, witness=lambda: guide(*AT), drops=BLIND.name, part=PLAYED),
        Control(PAID, witness=lambda: shape(*AT), drops=LAST.name, part=PLAYED),
        Control(ASTRAY, witness=lambda: play(leftmost(*FEW), *FEW, shown=everywhere), drops=THERE.name, part=RESETS),
        Control(
            "resets to another policy's states",
            witness=lambda: play(leftmost(*FEW), *FEW, shown=another),
            drops=THERE.name,
            part=ANY,
        ),
    ),
    also=(
        Part(PLAYED, blind, average, assumes=(BLIND, LAST), thorough=blind_for_longer),
        Part(
            "a sweep attains it",
            lambda: [play(OpenLoopSearch(m), A, H) for A, H in ((2, 3), (3, 2)) for m in range(A**H)],
            sweep,
        ),
        Part(
            HALF,
            lambda: [half_of_the_leaves(A, H) for A, H in ((2, 1), (2, 2), (2, 3), (2, 4), (4, 1), (4, 2))],
            halfway,
            thorough=lambda: [half_of_the_leaves(2, 5)],
        ),
        Part(
            RESETS,
            lambda: [guide(A, H) for A, H in ((2, 2), (2, 4), (3, 2), (4, 2))],
            count,
            assumes=(THERE,),
            thorough=lambda: [guide(A, H) for A, H in ((2, 5), (3, 3))],
        ),
        Part(ANY, any_rewards, competes, assumes=(THERE,)),
    ),
    figure=figure,
)
