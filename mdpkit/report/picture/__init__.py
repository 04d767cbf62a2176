"""Pictures of problems, policies and values."""
