"""Gradients of a claim's score, used by hunts for worst cases."""
