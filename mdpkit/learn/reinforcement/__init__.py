"""Learners that look for reward in episodes, without an expert."""
