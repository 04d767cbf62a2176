"""Verification of many claims: parallel tasks that can be resumed after an interruption."""
