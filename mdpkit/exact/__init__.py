"""Rational linear algebra and certificates."""
