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
# # Coverage separates offline, hybrid and online preference learning
#
# A reference policy, a reward observed through comparisons, and a KL penalty beta to the reference. The notebook studies one
# problem with three responses: the data compare the first two and never show the third, which is bad and has small probability
# under the reference. Rewards are given by weights e^(r/beta), so that every policy is rational and every value a sum of
# logarithms. Each section has one parameter, the bound and a control.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import PreferenceProblem, TabularPolicy, measure, objects
from mdpkit.claims.coverage.bounded_reward_keeps_rlhf_in_a_kl_ball import rare as rare_weight
from mdpkit.claims.coverage.coverage_bounds_the_preference_gap import (
    check,
    rare_in_data,
    two_responses,
    without_the_policy,
)
from mdpkit.claims.coverage.log_linear_offline_preference_fails_by_gradient_descent import (
    clip_reward,
    lift_third,
    one_hot,
)
from mdpkit.claims.coverage.misspecified_offline_preference_falls_below_the_reference import exact
from mdpkit.claims.coverage.online_rlhf_needs_only_local_coverage import apart, rare
from mdpkit.claims.preference import chi_square_bounds_the_gain_of_a_correlated_proxy as correlated
from mdpkit.claims.preference import kl_does_not_bound_the_loss_of_a_correlated_proxy as insufficient
from mdpkit.claims.preference import offline_kl_is_no_substitute_for_the_on_policy_kl as offline_kl
from mdpkit.claims.preference.kl_ball_coverage_is_nearly_global import rare as rare_response
from mdpkit.learn import DPO, RLHF, BradleyTerry, HyPO, fit, grant, name_components
from mdpkit.report import draw_claim
from mdpkit.solve import tilt, zero_error_policy


def three(small="1/50", weights=(7, 1, "1/64"), data=("1/2", "1/2", 0)):
    """The data compare the first two responses; the reference gives the third with probability `small`."""
    third = mdpkit.rational(small)
    return PreferenceProblem(
        objects([[(1 - third) / 2, (1 - third) / 2, third]]), weights=objects([weights]), data=objects([data])
    )


# %% [markdown]
# ## The suboptimality is a KL divergence
#
# The optimum is the reference tilted by the weights. The suboptimality of a policy is exactly beta times its KL divergence from it.

# %%
problem = three()
best = mdpkit.solve(problem)
print(best.policy.table, best.value)
for table in (problem.reference, objects([["1/3", "1/3", "1/3"]]), objects([[0, 0, 1]])):
    policy = TabularPolicy(table)
    gap = measure.value_gap(problem, best.policy, policy)
    print(f"gap {gap.mid:.6f} = {gap}")
    assert gap == measure.divergence_from(problem, policy, best.policy) * problem.beta
    assert gap != measure.divergence_from(problem, best.policy, policy) * problem.beta or (table == 0).any()

# %% [markdown]
# A policy outside the support of the reference has value minus infinity, which is represented exactly.

# %%
never = three(small=0)
assert measure.value(never, TabularPolicy(objects([["1/2", "1/4", "1/4"]]))).mid == -np.inf
verdict = mdpkit.verify("gap_is_kl_to_the_optimum")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## What the data do not identify
#
# The compared pair determines the ratio of the first two responses only. The parameter is the mass of the third.

# %%
for mass in (0, "1/50", "1/2", "99/100"):
    policy = zero_error_policy(problem, mass)
    gap = measure.value_gap(problem, best.policy, policy)
    print(f"mass {mass!s:>6}: pair error {measure.pair_error(problem, policy).mid}, gap {gap.mid:.4f}")
    assert measure.pair_error(problem, policy) == 0
assert gap > 5

# %% [markdown]
# The rarer the response under the reference, the larger the loss at a fixed mass. If the data show it, pair error 0 implies optimality.

# %%
gaps = []
for k in (4, 8, 16, 32):
    one = three(small=f"1/{2**k}", weights=(1, 1, 1))
    gaps.append(measure.value_gap(one, tilt(one), zero_error_policy(one, "1/2")).mid)
    print(f"reference mass 2^-{k}: gap {gaps[-1]:.3f}")
assert (np.diff(gaps) > 0).all()
shown = three(data=("2/5", "2/5", "1/5"))
assert measure.pair_error(shown, tilt(shown)) == 0
assert measure.pair_error(shown, zero_error_policy(problem, "1/2")) > 0
verdict = mdpkit.verify("unseen_response_makes_offline_preference_arbitrarily_bad", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
verdict = mdpkit.verify("offline_preference_needs_global_coverage", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## With coverage a small pair error is enough
#
# The squared gap is at most C(pi*) C(pi) e / 2. On two responses the bound is approached as the optimum becomes deterministic.

# %%
for k in (2, 4, 16, 64, 256):
    gap, bound = check(two_responses(k, f"1/{k + 1}")).sides
    print(f"k = {k:3}: squared gap {gap.mid:12.4f}, bound {bound.mid:12.4f}, ratio {gap.mid / bound.mid:.4f}")
    assert gap <= bound
assert gap.mid / bound.mid > 0.93

# %% [markdown]
# Without the concentrability of the policy itself the bound fails where the policy's responses are rare in the data.

# %%
gap, bound = without_the_policy(rare_in_data()).sides
assert gap > bound
verdict = mdpkit.verify("coverage_bounds_the_preference_gap", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Coverage coefficients
#
# The coefficient grows with the class: one policy, all tilts of a bounded reward, a KL ball, all policies. The parameter is the
# range of the reward.

# %%
law = objects([["98/100", "1/50"]])
for width in (2, 8, 64, 10**4):
    tilts = PreferenceProblem(law, weights=objects([[1, width]]))
    ball = measure.ball_coverage(tilts, measure.logarithm(width))
    tilted, everything = measure.tilt_coverage(tilts, width), measure.full_coverage(tilts)
    print(f"e^(R/beta) = {width:6}: tilts {tilted.mid:8.4f}, ball {ball.mid:8.4f}, all {everything.mid}")
    assert tilted <= ball
    assert ball <= everything
verdict = mdpkit.verify("coverage_coefficients_are_ordered", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# Policies induced by bounded rewards stay in a KL ball. The linear bound is nearly attained by a rare response of large
# weight.

# %%
for k in (4, 8, 16):
    m = rare_weight(k)
    divergence = measure.divergence_from_reference(m.learned, tilt(m.learned))
    print(f"k = {k:2}: divergence {divergence.mid:9.4f}, range {measure.logarithm(m.width).mid:9.4f}")
    assert divergence <= measure.logarithm(m.width)
verdict = mdpkit.verify("bounded_reward_keeps_rlhf_in_a_kl_ball", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Online and offline on one problem
#
# All responses have equal reward, the data come from the reference, one response is rare. At the same pair error the gap of the
# policy of a clipped reward is small, and the gap of a policy fitted offline diverges.

# %%
for k in (8, 16, 32):
    online, _, _, allowed, lost, offline = (side.mid**0.5 for side in apart(rare(k)).sides)
    print(
        f"reference mass 2^-{k}: online {online:.2e} (at most {allowed:.2e}), offline {offline:.3f} (at least {lost:.3f})"
    )
    assert online < allowed < lost < offline
unclipped = rare(27, learned=(1, 1, 2**170))
assert measure.value_gap(unclipped.problem, tilt(unclipped.problem), tilt(unclipped.problem, unclipped.learned)) > 10
verdict = mdpkit.verify("online_rlhf_needs_only_local_coverage", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A vanishing on-policy KL penalty
#
# Among the policies of pair error 0, a vanishing KL penalty selects the one closest to the reference. It keeps about the
# reference's mass on the third response, independently of its reward.

# %%
closest = 1 - measure.closest_mass(problem).mid[0]
print(f"mass {closest:.5f} on the third response, divergence {measure.closest_divergence(problem).mid:.5f}")
for mass in ("1/200", "1/50", "1/10", "1/2"):
    far = measure.divergence_from_reference(problem, zero_error_policy(problem, mass))
    print(f"mass {mass:>6}: divergence {far.mid:.5f}")
    assert measure.closest_divergence(problem) <= far
verdict = mdpkit.verify("hybrid_preference_picks_the_closest_minimiser", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# The learners find these policies from the comparisons. What the comparisons leave open is reported: the third response is
# not connected with the others. DPO leaves its log-ratio alone, HyPO moves it to the closest policy, and a bounded reward
# keeps RLHF within its divergence bound.

# %%
floats = problem.to_float()
for learner in (DPO(), HyPO(penalty="1/100000"), RLHF(BradleyTerry(bound=2))):
    answer = fit(learner, grant(floats, preferences="exact"), rng=None)
    gap = measure.value_gap(floats, mdpkit.solve(floats).policy, answer.policy).mid
    print(f"{type(learner).__name__:5}: {answer.policy.table.round(4)[0]}, gap {gap:.4f}")
print(name_components(answer.trace["components"][0]))
assert measure.divergence_from_reference(floats, answer.policy).mid <= BradleyTerry(bound=2).divergence_bound(beta=1)

# %% [markdown]
# ## The average of the log-ratio over offline data is no divergence
#
# Similar rewards, near (1, 0, -5) at beta = 1/2. The parameter is the mass of the unseen response. The on-policy KL is least
# at the mass .0275; the same log-ratio averaged over the data falls without bound as the mass leaves the data, and the gap
# tends to 7.66. The forward divergence, its negative up to a constant, takes the mass to 0, which is better here, since the
# unseen response is bad, and worse where it is good.

# %%
for mass in ("1/50", "1/2", "49/50"):
    found = offline_kl.penalties(offline_kl.near(mass=mass))
    print(f"mass {mass:>5}: " + ", ".join(f"{name} {found[name]:.3f}" for name in ("offline", "divergence", "gap")))
for weight in ("1/22026", 55, 22026):
    last, kept, first = (each.mid for each in offline_kl.gaps(offline_kl.near(("7389/1000", 1, weight))))
    print(f"weight {weight!s:>7}: gap {last:.3f} off the data, {kept:.3f} by reverse KL, {first:.3f} by forward KL")
    assert (first < kept) is (weight == "1/22026")
verdict = mdpkit.verify("offline_kl_is_no_substitute_for_the_on_policy_kl", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
verdict = mdpkit.verify("reverse_kl_keeps_the_reference_mass_of_unseen_responses", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A KL ball contains policies of nearly global coverage
#
# The parameter is the reference mass of the rarest response, at radius log 4. All policies of the ball together need a
# share of global coverage that vanishes only as the inverse of its logarithm; the policies of bounded rewards need 4.

# %%
for k in (2, 4, 8, 16):
    m = rare_response(f"1/{4**k}", 4)
    ball, C = measure.ball_coverage(m.problem, measure.logarithm(4)).mid, measure.full_coverage(m.problem).mid
    print(f"C_glo = 4^{k}: ball {ball / C:.3f} of it, bounded rewards {measure.tilt_coverage(m.problem, 4).mid:.3f}")
    assert ball > C / k
verdict = mdpkit.verify("kl_ball_coverage_is_nearly_global", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The separation in one picture

# %%
verdict = mdpkit.verify("hybrid_preference_matches_online_where_offline_fails", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A proxy reward: chi-square, not KL
#
# A proxy that is correlated with the true reward under the reference is safe as far as the chi-square of the occupancies
# reaches. The parameter is k: the policy stays within half a nat of the reference, the correlation tends to 1, and the
# loss grows without bound. Control: a policy of chi-square at most 1.

# %%
for k in (2, 4, 8, 16):
    m = insufficient.move(k)
    found = insufficient.numbers(m)
    print(f"k = {k:2}: KL {found['divergence']:.3f}, loss {found['lost']:10.3f} standard deviations of the true reward")
    assert found["divergence"] <= 1 / 2
    assert insufficient.numbers(insufficient.near_in_chi_square(k))["lost"] <= 1
left, right = correlated.check(correlated.mislead_the_moments()).sides
assert left <= right
verdict = mdpkit.verify("chi_square_bounds_the_gain_of_a_correlated_proxy", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
verdict = mdpkit.verify("kl_does_not_bound_the_loss_of_a_correlated_proxy", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Gradient descent converges to the bad minimiser
#
# With a feature shared between a compared response and the unseen one, gradient descent raises the probability of the unseen one.
# Clipping the learned reward to the observed range, or one feature per response, prevents it.

# %%
for k in (4, 16, 32):
    kept, _, _, lost = (getattr(side, "mid", side) for side in clip_reward(lift_third(k)).sides)
    alone = one_hot(k)
    harmless = measure.value_gap(alone.problem, tilt(alone.problem), alone.policy).mid
    print(f"reference mass 2^-{k}: end of descent {lost:.3f}, clipped {kept:.1e}, one feature each {harmless:.1e}")
    assert lost > k * np.log(2)
    assert max(kept, harmless) < 1
verdict = mdpkit.verify("log_linear_offline_preference_fails_by_gradient_descent", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Full coverage does not help a misspecified class
#
# Every pair is compared, and the loss is minimised exactly; but one pair has a larger weight, and the class has one parameter.
# The mean reward falls below that of the reference.

# %%
for t in ("9/10", "17/16", "3/2", "5/2"):
    m = exact(3, t)
    mean = (
        measure.expected_reward(m.problem, m.policy).mid
        / measure.expected_reward(m.problem, TabularPolicy(m.problem.reference)).mid
    )
    print(f"weight {m.pairs[2]!s:>8} of the pair (1, 3): mean reward {mean:.4f} of the reference's")
    assert (mean > 1) is (t == "9/10")
verdict = mdpkit.verify("misspecified_offline_preference_falls_below_the_reference", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
