"""Preference fine-tuning: which coverage of the data is sufficient, and which is necessary."""
