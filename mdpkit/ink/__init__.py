"""Drawing primitives: boxes, arrows and labels on axes, and figures shared by several claims."""
