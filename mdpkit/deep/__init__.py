"""Floor 6, an annex: what needs torch. Nobody below imports it; `import mdpkit` does not load it."""
