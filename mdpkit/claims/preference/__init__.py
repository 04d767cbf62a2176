"""Preference fine-tuning: policies learned from comparisons of responses, of dialogues, and of token sequences."""
