"""Imitation: cliffs, roads, lanes and trees, each with an expert and most with a learner."""
