"""Kernels are written once: compiled by numba for float64, run in plain Python on rationals.

An entry point is compiled by assignment, `policy_value = compiled(_policy_value, "f8[:](...)")`, so that tools which
rewrite or trace Python see the plain function. Compilation happens at the first call on floats, never at import.
"""

import hashlib
import os
import sys
from contextlib import contextmanager
from functools import cache, update_wrapper
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np

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
        any_order: the compiled loop may add in any order and fuse products with sums, so that it runs in vectors.
    """

    def __init__(self, f, signature, exact=None, any_order=False):
        self.py_func, self.signature, self.exact, self.any_order = f, signature, exact or f, any_order
        self._fast = self._over_members = None
        update_wrapper(self, f)

    def __call__(self, *args):
        for arg in args:
            if type(arg) is np.ndarray:
                if arg.dtype.hasobject:  # rationals
                    return self.exact(*args)
            elif hasattr(arg, "run_kernel"):
                return arg.run_kernel(self, args)
        return self.fast(*args)

    @property
    def fast(self):
        """The compiled kernel."""
        if self._fast is None:
            self._fast = _compile(self.py_func, _types(self.signature), self.any_order)
        return self._fast

    @property
    def arguments(self) -> list[str]:
        """Types of the arguments, as in the signature."""
        return _split(self.signature)[1]

    def over_members(self):
        """The compiled loop `f(n, *args)` over `n` members: arrays and floats have a leading axis, of length n or 1."""
        if self._over_members is None:
            self._over_members = _compile(_loop(self), _types(self.signature, batch=True))
        return self._over_members


def _compile(f, types, any_order=False):
    import numba
    from numba.extending import register_jitable

    if numba.config.DISABLE_JIT:
        return f
    while _waiting:
        register_jitable(_waiting.pop())
    with _cached_in(numba.config, cache_folder()):
        return numba.njit(types, cache=True, fastmath={"reassoc", "contract"} if any_order else False)(f)


LOOP = """import numpy as np


def over_members(n, {names}):
    k = 0
    first = kernel({members})
{allocate}
    for k in range(n):
        found = kernel({members})
{store}
    return {results}
"""


def _loop(kernel):
    """The Python function of a kernel's loop over members, from a file, which numba's cache on disk needs."""
    results, arguments = _split(kernel.signature)
    names = [f"x{k}" for k in range(len(arguments))]
    several = len(results) > 1
    allocate, store = [], []
    for k, text in enumerate(results):
        first, found = (f"{name}[{k}]" if several else name for name in ("first", "found"))
        shape = f"(n,) + {first}.shape" if "[" in text else "n"
        allocate.append(f"    out{k} = np.empty({shape}, np.{NUMPY[text.partition('[')[0]]})")
        store.append(f"        out{k}[k] = {found}")
    members = ", ".join(
        f"{x}[k % len({x})]" if _has_batch_axis(text) else x for x, text in zip(names, arguments, strict=True)
    )
    source = LOOP.format(
        names=", ".join(names),
        members=members,
        allocate="\n".join(allocate),
        store="\n".join(store),
        results=", ".join(f"out{k}" for k in range(len(results))),
    )
    return _from_file(f"{kernel.__module__}.{kernel.__name__}", source, kernel.fast)


NUMPY = {"f4": "float32", "f8": "float64", "i8": "int64", "b1": "bool_", "u4": "uint32", "u8": "uint64"}


@cache
def _split(signature):
    """Types of the results and of the arguments, from text such as "f8[2] & f8[1] (f8[3], i8)"."""
    results, _, arguments = signature.partition("(")
    return [text.strip() for text in results.split("&")], [text.strip() for text in arguments.rstrip(") ").split(",")]


def _has_batch_axis(text) -> bool:
    return "[" in text or text == "f8"


def _types(signature, batch=False):
    """Numba signature from text: `name[dims]` is a C-contiguous array, read-only as an argument.

    Args: batch: the signature of the loop over members.
    """
    from numba import types

    kinds = {"f4": types.float32, "f8": types.float64, "i8": types.int64, "b1": types.boolean}
    kinds |= {"u4": types.uint32, "u8": types.uint64}

    def one(text, readonly, more):
        name, _, dims = text.partition("[")
        dims = int(dims[:-1] or 0) if dims else 0
        return types.Array(kinds[name], dims + more, "C", readonly=readonly) if dims + more else kinds[name]

    results, arguments = _split(signature)
    results = [one(text, False, int(batch)) for text in results]
    arguments = [one(text, True, int(batch and _has_batch_axis(text))) for text in arguments]
    returned = results[0] if len(results) == 1 else types.Tuple(results)
    return returned(*([types.int64] if batch else []), *arguments)


def _from_file(name, source, kernel):
    """The function `over_members` of a source kept in the cache folder, with its global `kernel`."""
    file = cache_folder() / f"{name}.over_members.py"
    if not file.exists() or file.read_text() != source:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(source)
        part.replace(file)  # in one step: another process may be reading it
    spec = spec_from_file_location(f"{name}.over_members", file)
    module = module_from_spec(spec)
    module.kernel = kernel
    sys.modules[spec.name] = module  # numba's cache on disk looks the function up there
    spec.loader.exec_module(module)
    return module.over_members


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
