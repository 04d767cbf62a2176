"""Statements that a machine can doubt. One claim, one file, a sentence with a verb as its name."""

from ..verify.register import find as find
from ..verify.register import get as get
from ..verify.register import ids as ids
from ..verify.register import left_out as left_out
from ..verify.register import themes as themes
