"""Which states can still avoid failure."""
