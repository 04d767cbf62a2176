"""Many claims at once: work cut into tasks, done by processes, resumed after an interruption."""
