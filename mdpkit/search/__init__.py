"""Search over the blocks of a family for instances at which a bound is tight or violated.

Searches run on plain floats; their results are rounded row by row to small rationals, and judged exactly elsewhere.
"""
