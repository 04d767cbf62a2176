"""Searches on the blocks of a family for the instance that makes two sides meet, or cross.

A search proposes on bare floats; what it finds is rounded row by row to small rationals, and judged exactly elsewhere.
"""
