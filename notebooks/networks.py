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
# # Networks: what a mistake costs a clone and what it costs a learner that asks
#
# This notebook needs the extra `deep`: `pip install "mdpkit[deep]"`. The others run without it.
#
# A ledge of H steps pays 1 a step until the network's first mistake, which leads into a ditch; one action leads back. The
# expert's demonstrations never show the ditch, so nothing teaches a clone how to leave it. DAgger asks the expert there.

# %%
# %matplotlib inline
from IPython.display import display

import mdpkit
from mdpkit.report import draw_claim

# %%
verdict = mdpkit.verify("networks_that_ask_recover_and_clones_do_not")
assert verdict.passed
display(verdict, draw_claim(verdict))
