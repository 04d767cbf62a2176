"""Floor 0: arrays, intervals, decisions, compiling, errors."""
