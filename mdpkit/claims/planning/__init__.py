"""How soon planning in a known model is good."""
