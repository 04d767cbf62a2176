"""Foundations: exact and float arrays, intervals, decisions, compiled kernels, records, errors."""

from .arrays import objects as objects
from .arrays import rational as rational
from .decision import Decision as Decision
from .interval import Interval as Interval
