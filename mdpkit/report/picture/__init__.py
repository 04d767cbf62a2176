"""Pictures of a problem, of what a policy does there, and of its values."""
