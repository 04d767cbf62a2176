"""Array kernels, compiled for float64 and run in plain Python on rationals.

A time axis has length 1 (stationary) or H, and is read at t % length.
"""
