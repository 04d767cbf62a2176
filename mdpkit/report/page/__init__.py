"""One self-contained page of everything that is stored."""
