"""Kernels are written once: compiled by numba for float64, run in plain Python on rationals.

An entry point is compiled by assignment, `policy_value = compiled(_policy_value, "f8[:](...)")`, so that tools which
rewrite or trace Python see the plain function. Compilation happens at the first call on floats, never at import.
"""

import hashlib
import os
from contextlib import contextmanager
from functools import cache, update_wrapper
from pathlib import Path

from .arrays import is_exact

_waiting = []


def inner(f):
    """Mark a kernel that is called by other kernels: compiled into its callers, plain Python on rationals."""
    _waiting.append(f)
    return f


class compiled:
    """Entry point of a kernel.

    If an argument has a method `run_kernel(kernel, args)`, the call is delegated to it.

    Args:
        f: loops over arrays in plain Python.
        signature: of the single specialisation, such as "f8[2] (f8[3], i8)"; see `_types`.
        exact: a faster function for rationals, if there is one; tested to agree with `f`.
    """

    def __init__(self, f, signature, exact=None):
        self.py_func, self.signature, self.exact = f, signature, exact or f
        self._fast = None
        update_wrapper(self, f)

    def __call__(self, *args):
        for arg in args:
            if is_exact(arg):
                return self.exact(*args)
            if hasattr(arg, "run_kernel"):
                return arg.run_kernel(self, args)
        if self._fast is None:
            self._fast = _compile(self.py_func, self.signature)
        return self._fast(*args)


def _compile(f, signature):
    import numba
    from numba.extending import register_jitable

    if numba.config.DISABLE_JIT:
        return f
    while _waiting:
        register_jitable(_waiting.pop())
    with _cached_in(numba.config, cache_folder()):
        return numba.njit(_types(signature), cache=True)(f)


def _types(signature):
    """Numba signature from text such as "f8[2] (f8[3], i8)": `name[dims]` is a C-contiguous array, read-only as an argument."""
    from numba import types

    kinds = {"f8": types.float64, "i8": types.int64, "b1": types.boolean, "u4": types.uint32, "u8": types.uint64}

    def one(text, readonly):
        name, _, dims = text.strip().partition("[")
        return types.Array(kinds[name], int(dims[:-1]), "C", readonly=readonly) if dims else kinds[name]

    result, _, arguments = signature.partition("(")
    results = [one(part, False) for part in result.split("&")]
    returned = results[0] if len(results) == 1 else types.Tuple(results)
    return returned(*(one(part, True) for part in arguments.rstrip(") ").split(",")))


@contextmanager
def _cached_in(config, folder):
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


@cache
def kernels_digest() -> str:
    """Digest of all kernel files, so that a change of a callee in another file invalidates the cache."""
    folder = Path(__file__).parents[1] / "kernels"
    text = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        text.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return text.hexdigest()[:16]


def user_cache() -> Path:
    """Folder for data that can be recomputed: `MDPKIT_CACHE`, else the user's cache folder."""
    chosen = os.environ.get("MDPKIT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen) if chosen else Path(base) / "mdpkit"


def cache_folder() -> Path:
    return user_cache() / "kernels" / kernels_digest()
