"""Small instances as a reader checks them: states and what actions do there, or tables; every number exact."""
