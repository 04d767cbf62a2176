"""Planning: bandits and detours for policy gradients, grids on linear-quadratic problems."""
