"""Preference fine-tuning: what the data must cover, and for whom."""
