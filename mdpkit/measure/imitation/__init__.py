"""Value gap, divergences between policies, and maximum causal entropy."""
