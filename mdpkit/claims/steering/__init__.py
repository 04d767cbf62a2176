"""Steering a frozen policy: verifiers, foresight and what they cannot do."""
