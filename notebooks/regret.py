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
# # Imitation of mediators: value is easy, regret is hard
#
# Each section takes one instance, varies one parameter, and violates the bound as one of the controls does. It ends with
# `mdpkit.verify`.

# %%
# %matplotlib inline
from IPython.display import display

import mdpkit
from mdpkit import measure
from mdpkit.claims.games.coverage_gated_regret_is_asymptotically_tight import check as gated_check
from mdpkit.claims.games.coverage_gated_regret_is_asymptotically_tight import pennies as gated_pennies
from mdpkit.claims.games.deviation_classes_are_ordered import changing, mismatch, useful_later, wrong_twice
from mdpkit.claims.games.regret_equivalence_implies_value_equivalence import (
    apart,
    by_visits,
    telling_rewards,
    visits,
    witnesses,
)
from mdpkit.claims.games.regret_gap_constant_two_is_optimal import unpaid_partner
from mdpkit.claims.games.zero_sum_equilibria_need_the_constant_two import hair
from mdpkit.claims.games.zero_sum_equilibria_need_the_constant_two import sides as zero_sum_sides
from mdpkit.instances.library.games import (
    bonus_chain,
    fork,
    hidden_stakes,
    matching_pennies,
    moulin_vial,
    rare_pennies,
)
from mdpkit.report import draw_claim
from mdpkit.solve import CoarseCorrelatedEquilibrium, CorrelatedEquilibrium

CLASSES = ("constant", "coarse", "trigger", "swap", "one-shot")

# %% [markdown]
# ## Classes of deviations
#
# If one of two mismatches is recommended, a player that observes its recommendation can always match. The parameter is the class.

# %%
for m in (mismatch(1), mismatch(3), wrong_twice(), changing(), useful_later()):
    gains = {name: measure.regret(m.game, m.mediator, name)[0] for name in CLASSES}
    print(f"{m.name:>30}: " + ", ".join(f"{name} {gain.lower[()]}" for name, gain in gains.items()))
    assert gains["constant"] <= gains["coarse"]
    assert gains["coarse"] <= gains["trigger"]
    assert gains["trigger"] <= gains["swap"]
    assert gains["one-shot"] <= gains["swap"]

# %% [markdown]
# One-shot deviations are not comparable with the chain: they can gain more than a trigger, and less than a constant deviation.

# %%
m = useful_later()
assert measure.regret(m.game, m.mediator, "one-shot")[0] > measure.regret(m.game, m.mediator, "trigger")[0]
m = wrong_twice()
assert measure.regret(m.game, m.mediator, "one-shot")[0] < measure.regret(m.game, m.mediator, "constant")[0]

# %%
verdict = mdpkit.verify("deviation_classes_are_ordered", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A coarse correlated equilibrium need not be a correlated equilibrium
#
# The parameter is the correlation of the two actions. If they are independent, recommendations are uninformative and the classes agree.

# %%
for law in (moulin_vial(4), moulin_vial(4, correlated=False)):
    coarse, swap = (measure.regret(law.game, law.mediator, name).max() for name in ("coarse", "swap"))
    print("coarse", coarse, "swap", swap)
assert coarse == swap

# %% [markdown]
# Solvers for both notions: each mediator has exactly zero regret of its own kind; the coarse one can have larger total reward.

# %%
game = moulin_vial(3).game
correlated, coarse = mdpkit.solve(game, CorrelatedEquilibrium()), mdpkit.solve(game, CoarseCorrelatedEquilibrium())
assert (measure.regret(game, correlated.policy) == 0).all_yes()
assert (measure.regret(game, coarse.policy, "coarse") <= 0).all_yes()
print("total reward", correlated.value[:, 0].sum(), coarse.value[:, 0].sum())
assert coarse.value[:, 0].sum() >= correlated.value[:, 0].sum()

# %%
verdict = mdpkit.verify("coarse_equilibrium_is_not_correlated_equilibrium", "glance")
assert verdict.outcome is mdpkit.Outcome.CERTIFIED
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The regret gap bound: 2 u H e
#
# Matching pennies: the learner has the expert's marginals, but always draws a match. The parameter is the horizon.


# %%
def facts(m):
    """The regret gap, recoverability u, and H e under deviations."""
    errors = measure.deviation_error(m.game, m.expert, m.learner) * m.game.horizon.H
    return measure.regret_gap(m.game, m.expert, m.learner), measure.recoverability(m.game, m.expert), errors


for H in (1, 2, 4, 8):
    gap, u, errors = facts(matching_pennies(H))
    print(f"H = {H}: gap {gap.lower[()]}, 2 u H e = {(u * errors * 2).lower[()]}")
    assert gap == u * errors * 2

# %% [markdown]
# The constant 2 cannot be halved; nor can the error be taken under the learner's own occupancy.

# %%
m = matching_pennies(2)
gap, u, errors = facts(m)
assert gap > u * errors
own = measure.cloning_error(fork(5).game, fork(5).learner, fork(5).expert).sum()
assert own == 0
assert facts(fork(5))[0] == 4

# %%
verdict = mdpkit.verify("regret_gap_is_bounded_by_recoverability", "glance")
assert verdict.passed
assert verdict.tightest == 1
display(verdict, draw_claim(verdict))

# %% [markdown]
# The constant 2 is optimal for deviations that observe the recommendation, and for those that do not.

# %%
for m in (matching_pennies(3), unpaid_partner(3)):
    for name in ("swap", "coarse"):
        gap = measure.regret_gap(m.game, m.expert, m.learner, name)
        print(name, gap / (measure.deviation_error(m.game, m.expert, m.learner, name) * 3), "times u H e")

# %%
verdict = mdpkit.verify("regret_gap_constant_two_is_optimal", "glance")
assert verdict.passed
assert verdict.tightest == 1
display(verdict, draw_claim(verdict))

# %% [markdown]
# This also holds if the game is zero-sum, the expert an equilibrium and the learner a product policy. The parameter is the value.

# %%
for v in ("1/2", "1/10", "1/1000"):
    loss, price = zero_sum_sides(hair(3, v))
    print(f"v = {v:>6}: regret {loss.mid:.5f}, {loss / price} times u H e")
    assert loss == price * (2 - mdpkit.rational(v))

# %%
verdict = mdpkit.verify("zero_sum_equilibria_need_the_constant_two", "glance")
assert verdict.passed
assert verdict.tightest < 1
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The regret gap of cloning scales with coverage
#
# On the fork a deviator moves to the rare state at once, the expert with probability b. The parameter is b.

# %%
for b in ("1/2", "1/5", "1/20", "1/100"):
    m = fork(10, b, "1/200")
    gap, u, _ = facts(m)
    seen = measure.cloning_error(m.game, m.expert, m.learner).sum()
    bound = u * seen * 2 / measure.coverage(m.game, m.expert, m.learner)
    print(f"b = {b:>5}: gap {gap.mid:.4f}, bound {bound.mid:.4f}, without 1/b {(u * seen * 2).mid:.4f}")
    assert gap == seen * (1 - m.b) / m.b
    assert gap <= bound
    assert bool(gap <= u * seen * 2) is (m.b >= mdpkit.rational("1/3"))

# %% [markdown]
# Matching pennies in the rare state attain half of the bound; a learner that itself moves there comes arbitrarily close to it.

# %%
for H in (2, 20, 200):
    m = rare_pennies(H, "1/4", strays=True)
    seen = measure.cloning_error(m.game, m.expert, m.learner).sum()
    ratio = measure.regret_gap(m.game, m.expert, m.learner) / (seen * 2 / measure.coverage(m.game, m.expert, m.learner))
    print(f"H = {H:3}: ratio {ratio.lower[()]}")
    assert ratio == (H - 1) / (H - 1 + mdpkit.rational(8))

# %%
verdict = mdpkit.verify("cloning_regret_gap_scales_with_coverage", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# With a coverage threshold, the factor 2 is needed only for long horizons: for two steps and b up to 1/2 it is 1 + b.

# %%
for H in (2, 20):
    m = gated_pennies(H, "1/4", strays=H > 2)
    gap, few, bound = gated_check(m).sides
    print(f"H = {H:2}: gap {gap.mid:.4f}, bound {bound.mid:.4f}, with 1 + b + He/2 {few.mid:.4f}")
assert gap > bound * (1 + m.b) / 2

# %%
verdict = mdpkit.verify("coverage_gated_regret_is_asymptotically_tight", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Recoverability must be taken under deviations
#
# Without deviations the mistake costs one stake; a deviator draws H - 1 further ones from it. The parameter is the horizon.

# %%
for H in (1, 2, 4, 8):
    m = hidden_stakes(H)
    gap, u, errors = facts(m)
    obeyed = measure.recoverability(m.game.player(0), m.expert)
    with_u, with_obeyed = u * errors * 2, obeyed * errors * 2
    print(f"H = {H}: gap {gap.lower[()]}, with u {with_u.lower[()]}, with u without deviations {with_obeyed.lower[()]}")
    assert gap <= u * errors * 2
    assert gap == obeyed * errors * (H + 1)

# %% [markdown]
# The same with a chain of bonus states: only disobeying players are paid in it, so the values of the obeyed expert do not depend on its
# length.

# %%
for length in (1, 4, 8):
    m = bonus_chain(length, H=40, slip="1/1000", seen="1/100000")
    gap, u, errors = facts(m)
    obeyed = measure.recoverability(m.game.player(0), m.expert)
    print(
        f"length {length}: gap {gap.mid:.4f}, with u = {u.lower[()]} {(u * errors * 2).mid:.4f}, obeyed {(obeyed * errors * 2).mid:.4f}"
    )
    assert gap <= u * errors * 2
    assert bool(gap <= obeyed * errors * 2) is (length == 1)

# %%
verdict = mdpkit.verify("recoverability_must_see_the_deviation", "glance")
assert verdict.outcome is mdpkit.Outcome.CERTIFIED
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Regret equivalence implies value equivalence
#
# The expert plays action 0 and the learner action 1, of three. The reward for playing b turns the difference of occupancies
# into regret.

# %%
m = apart(H=3)
gaps = visits(m)
seen = witnesses(m, telling_rewards(m, gaps))
value_gap = abs(gaps).sum()
print("largest value gap", value_gap, "regret gaps of the three rewards", seen.lower)
assert value_gap * 2 / 3 <= seen.max()
((found, counted),) = by_visits(m).pairs.values()
assert (found == counted).all_yes()

# %% [markdown]
# The reward matters: if it pays for the learner's action, the learner has no more regret than the expert.

# %%
assert seen[1] == 0
verdict = mdpkit.verify("regret_equivalence_implies_value_equivalence", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
