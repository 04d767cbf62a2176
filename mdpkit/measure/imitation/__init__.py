"""Value gap, divergences between policies, maximum causal entropy."""
