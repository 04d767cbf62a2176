"""Offline reinforcement learning: planning in a model learned from a fixed data set."""
