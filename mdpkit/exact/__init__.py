"""Floor 2: rational linear algebra and certificates."""
