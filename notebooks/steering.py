# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Steering a frozen policy by a verifier
#
# A frozen policy proposes n plans, a model predicts their outcomes, a verifier judges the predictions, and the best plan
# is executed. Each section has one instance, one parameter, the bound and a control, and ends with `mdpkit.verify`.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import MDP, Finite, TabularPolicy, measure, objects
from mdpkit.claims.steering.foresight_errors_cost_twice_their_size import envelope, loss, several
from mdpkit.instances import named
from mdpkit.learn import FOREWARN, BinaryVerifier, Mixture, ScoredVerifier, fit, grant
from mdpkit.report import draw_claim


def steer(mdp, base, verifier, **options):
    """Return of the steered policy."""
    learner = FOREWARN(base, verifier, **options)
    return measure.value(mdp, fit(learner, grant(mdp, episodes="exact"), rng=None).policy)


# %% [markdown]
# ## A binary verifier
#
# One decision between plans that succeed (action 0) or fail (action 1); the frozen policy succeeds with probability
# $p = 1/4$. The verifier accepts successes with probability $a$ and failures with probability $b$. The parameter is n.
# Success approaches the precision $pa/q$. Control: $a < b$, where more plans hurt.

# %%
P = objects([[[1, 0], [0, 1]]] * 2)
task = MDP(P, objects([[1, 0]] * 2), objects([1, 0]), horizon=Finite(1))
base = TabularPolicy(objects([["1/4", "3/4"]] * 2))
for a, b in (("9/10", "1/10"), ("3/10", "4/5")):
    verifier = BinaryVerifier.from_rates([True, False], *objects([a, b]))
    p, a, b = objects(["1/4", a, b])
    print(f"a = {a}, b = {b}: precision {p * a / (p * a + (1 - p) * b)}")
    for n in (1, 2, 4, 16):
        print(f"  n = {n}: success {steer(task, base, verifier, n=n).enclose().mid:.6f}")

# %%
verdict = mdpkit.verify("binary_verifiers_approach_their_precision")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A verifier that is wrong at a rare outcome
#
# Plans succeed with probability 1/4, and a failure of probability $e$ scores above every success. The parameter is n.
# Success is $(1-e)^n - (3/4-e)^n$: it rises, and then falls to 0. Control: the right verifier.

# %%
rare = MDP(np.broadcast_to(np.eye(3), (3, 3, 3)), [[1.0, 0, 0]] * 3, [1.0, 0, 0], horizon=Finite(1))
for e in (1 / 400, 1 / 40):
    proposals = TabularPolicy([[1 / 4, e, 3 / 4 - e]] * 3)
    for n in (1, 4, 16, 64, 256, 1024):
        found = steer(rare, proposals, ScoredVerifier([1.0, 2, 0]), n=n).mid
        right = steer(rare, proposals, ScoredVerifier([1.0, 0, 0]), n=n).mid
        formula = (1 - e) ** n - (3 / 4 - e) ** n
        print(f"e = {e}, n = {n}: success {found:.4f}, formula {formula:.4f}; right verifier {right:.4f}")
        assert abs(found - formula) < 1e-9

# %%
verdict = mdpkit.verify("misjudged_plans_win_when_many_are_drawn", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A model that is wrong
#
# Two plans succeed with probability $1/2 + e$ and $1/2 - e$, the model predicts 1/2 for both, and the tie goes to the
# worse one. The parameter is $e$. The loss is $2e (1 - 2^{1-n})$, the bound. Control: $e$ once.

# %%
for e in ("0", "1/10", "1/4", "1/2"):
    m = named("crossed_predictions", e=e, n=4)
    print(f"e = {e}: loss {loss(m).lower}, bound {(envelope(m) * several(m)).lower}")

# %%
verdict = mdpkit.verify("foresight_errors_cost_twice_their_size", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## What foresight is worth
#
# Each of two plans succeeds in one of two hidden states. A verifier that sees the label of a plan scores both alike; one
# that sees its predicted outcome takes the right one. The parameter is n. Control: `foresight="label"`.

# %%
P = objects([[[0, 0, 1, 0], [0, 0, 0, 1]], [[0, 0, 0, 1], [0, 0, 1, 0]], [[0, 0, 1, 0]] * 2, [[0, 0, 0, 1]] * 2])
r = objects([[1, 0], [0, 1], [0, 0], [0, 0]])
matching = MDP(P, r, objects(["1/2", "1/2", 0, 0]), horizon=Finite(1))
either, success = TabularPolicy(objects([["1/2", "1/2"]] * 4)), ScoredVerifier(objects([0, 0, 1, 0]))
for n in (1, 2, 4, 8):
    seen = [steer(matching, either, success, n=n, foresight=each).lower for each in ("mean", "label")]
    print(f"n = {n}: outcomes {seen[0]}, labels {seen[1]}")

# %%
verdict = mdpkit.verify("foresight_never_hurts_a_right_verifier", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## What steering cannot do
#
# A lock opens if each of $D$ steps is right, with probability $p$ under the frozen policy. The parameter is $p$. The
# right verifier has at most $n^D$ times the frozen return, and nearly that. Control: a plan that is never proposed.

# %%
for p in ("1/2", "1/10", "1/100", "0"):
    m = named("narrow_lock", H=3, p=p)
    frozen, steered = measure.value(m.mdp, m.base), steer(m.mdp, m.base, ScoredVerifier(m.scores), n=4)
    print(f"p = {p}: frozen {frozen.lower}, steered {steered.lower}, bound {(frozen * 4**3).lower}")

# %%
verdict = mdpkit.verify("steering_cannot_invent_plans", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Replanning
#
# The parameter is $k$, the number of steps between decisions on a lock of four steps. If plans are actions followed by the
# frozen policy, deciding more often helps. Control: skills, one of which opens the lock if it is executed to the end.

# %%
m = named("narrow_lock", H=4, p="1/4")
skills = Mixture([TabularPolicy(objects([row] * 2)) for row in ([1, 0], [0, 1])], objects(["1/4", "3/4"]))
for k in (1, 2, 4):
    found = [steer(m.mdp, policy, ScoredVerifier(m.scores), n=4, replan=k).enclose().mid for policy in (m.base, skills)]
    print(f"k = {k}: actions {found[0]:.4f}, skills {found[1]:.4f}")

# %%
verdict = mdpkit.verify("replanning_helps_plans_that_end_in_the_frozen_policy", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
