"""Learning of constraints from demonstrations of experts that satisfy them."""
