"""Named instances: small exact problems, by theme, each of which shows a statement to be tight or false."""
