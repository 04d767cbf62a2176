"""Loops over arrays, compiled for float64 and run as they stand on rationals.

Arrays with a time axis have length 1 (stationary) or H there and are read at t % length.
"""
