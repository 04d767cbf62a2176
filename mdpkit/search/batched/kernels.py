"""Compiled kernels in a compiled loop over the members of a population."""

from functools import cache

import numpy as np

from .array import Batched, count

KINDS = {"f8": np.float64, "i8": np.int64, "b1": np.bool_, "u4": np.uint32, "u8": np.uint64}


def run(kernel, args):
    """The kernel's results on all members.

    Raises: Diverged where an integer or boolean argument, which says how long a kernel runs, differs between members.
    """
    n = count(args)
    ready = [_ready(x, text) for x, text in zip(args, kernel.arguments, strict=True)]
    found = kernel.over_members()(n, *ready)
    return tuple(map(Batched, found)) if isinstance(found, tuple) else Batched(found)


def _ready(x, text):
    kind, array = _parse(text)
    if not array:
        return int(x)
    x = x.values if type(x) is Batched else np.asarray(x)[None]
    return x if x.dtype == kind and x.flags.c_contiguous else np.ascontiguousarray(x, dtype=kind)


@cache
def _parse(text):
    """The kind of an argument, and whether it has a value for each member."""
    kind, dims, _ = text.partition("[")
    return KINDS[kind], bool(dims) or kind == "f8"
