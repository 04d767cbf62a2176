"""The self-contained HTML page of all stored results."""
