"""Results of claims: stored, tabulated and drawn."""
