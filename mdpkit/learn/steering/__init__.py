"""Steering of a frozen policy by a verifier that chooses among its plans."""
