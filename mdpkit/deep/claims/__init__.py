"""Claims about networks: found by their path, loaded only where torch is."""
