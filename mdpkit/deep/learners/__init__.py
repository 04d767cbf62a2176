"""Neural-network learners, with the interface of their tabular counterparts."""
