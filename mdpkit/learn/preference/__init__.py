"""Learners of preference problems: reward models, offline and online preference fine-tuning, self-play."""
