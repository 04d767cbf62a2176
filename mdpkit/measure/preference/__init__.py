"""Values, divergences and zero-error policies of preference problems."""
