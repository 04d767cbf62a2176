"""Values, optimal actions, occupancy measures, and model error."""
