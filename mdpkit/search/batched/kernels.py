"""Compiled kernels in a compiled loop over the members of a population."""

import numpy as np

from .array import Batched, count

KINDS = {"f8": np.float64, "i8": np.int64, "b1": np.bool_, "u4": np.uint32, "u8": np.uint64}


def run(kernel, args):
    """The kernel's results on all members.

    Raises: Diverged where an integer or boolean argument, which says how long a kernel runs, differs between members.
    """
    n = count(args)
    ready = [_ready(x, *text.partition("[")[::2]) for x, text in zip(args, kernel.arguments, strict=True)]
    found = kernel.over_members()(n, *ready)
    return tuple(map(Batched, found)) if isinstance(found, tuple) else Batched(found)


def _ready(x, kind, dims):
    if dims or kind == "f8":
        return np.ascontiguousarray(x.values if type(x) is Batched else np.asarray(x)[None], dtype=KINDS[kind])
    return int(x)
