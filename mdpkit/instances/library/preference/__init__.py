"""Preference fine-tuning: bandits, dialogues, token trees and preference games."""
