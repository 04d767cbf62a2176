"""Drawing primitives: boxes, arrows and words on one pair of axes, and the axes that several figures share."""
