"""Preference learning with networks that write responses token by token."""
