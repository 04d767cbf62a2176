"""Avoiding failure: tubes, shields and learned constraints."""
