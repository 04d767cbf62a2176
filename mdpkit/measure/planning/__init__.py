"""Values, optimal actions, occupancy measures, and what a wrong model costs."""
