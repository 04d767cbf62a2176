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
# # Networks: the loss per mistake of cloning and of DAgger
#
# This notebook needs the extra `deep`: `pip install "mdpkit[deep]"`. The others run without it.
#
# A ledge of H steps pays 1 per step until the network's first mistake, which leads into a ditch; one action leads back. The
# demonstrations do not contain the ditch, so a clone does not learn to leave it. DAgger queries the expert there.

# %%
# %matplotlib inline
from IPython.display import display

import mdpkit
from mdpkit.report import draw_claim

# %%
verdict = mdpkit.verify("networks_that_ask_recover_and_clones_do_not", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
