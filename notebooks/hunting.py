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
# # Is the constant attained? Searching for the worst case
#
# A bound that looks loose on random instances may be tight. A hunt maximises the ratio of the two sides on floats, rounds the
# maximiser to small rationals, and verifies it exactly.

# %%
# %matplotlib inline
from IPython.display import display

import mdpkit
from mdpkit.hunt import matters
from mdpkit.report import draw_witness

# %% [markdown]
# ## Matching pennies, found by search
#
# The regret gap of a mediator that errs with probability e per step under deviations is at most 2 u H e. The search starts without any
# known instance.

# %%
found = mdpkit.hunt("regret_gap_is_bounded_by_recoverability", 8, counted=True, grid={"H": [1, 2]})
print(found)
for row in found.records:
    print(f"H={row.fixed['H']}: random draws reach {row.random:.3f}, the hunt {row.exact}, by {row.engine}")
    assert row.verdict == "TIGHT"

# %% [markdown]
# Only rows that affect the ratio are drawn.

# %%
row = found.smallest
display(draw_witness(found.witness(), matters(found.target.at(row.fixed), row.smallest)))

# %% [markdown]
# ## A formula from a table
#
# The cloning bound with a constant linear in H is false. By how much? Each control is a false statement, and can be
# hunted as well.

# %%
wrong = mdpkit.hunt(
    "cloning_error_compounds_quadratically", 12, counted=True, grid={"H": [1, 2, 3]}, control="a linear constant"
)
print(wrong)
print("exponent in H:", wrong.slopes)
assert [row.verdict for row in wrong.records[1:]] == ["REFUTED", "REFUTED"]
display(draw_witness(wrong.witness()))

# %% [markdown]
# ## A limit
#
# The coverage bound is approached as the optimum's probability of a response tends to 0, and is not attained: each member of
# the sequence is certified by an interval.

# %%
limit = mdpkit.hunt("coverage_bounds_the_preference_gap", 10, counted=True).records[0]
print(limit.verdict, [f"{each.least:.4f}" for each in limit.members])
assert limit.best < 1
