"""An array with a hidden leading batch axis, whose interface is that of one member."""

from functools import cache

import numpy as np

from ...base.errors import MdpkitError
from ...base.interval import Interval


class NotBatchable(MdpkitError):
    """A computation that cannot be done for a whole population at once; it is then done member by member."""


class Diverged(Exception):
    """A branch on values at which the members of a population part.

    Attributes: keys: one number per member; members with equal keys take the same branch.
    """

    def __init__(self, keys):
        super().__init__("the members of the population take different branches")
        self.keys = np.asarray(keys)


class Batched(np.lib.mixins.NDArrayOperatorsMixin):
    """A population of numpy arrays of one shape, with the interface of one of them.

    Families, records, checks and measures run on it unchanged; compiled kernels run in a compiled loop over members. An
    operation without a rule of its own is done member by member. Results are those of the members one by one, up to the
    order in which numpy adds.

    Args: values: array whose first axis is the batch.

    Raises: Diverged if members take different branches; NotBatchable if a value would be stored as a plain number.

    >>> x = Batched(np.array([[1.0, 3.0], [5.0, 2.0]]))
    >>> x.shape, x.max().values
    ((2,), array([3., 5.]))
    """

    __slots__ = ("values",)
    __hash__ = None

    def __init__(self, values):
        self.values = values

    def __repr__(self):
        return f"Batched({len(self.values)} members of shape {self.shape})"

    # ---- numpy's protocols
    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if any(isinstance(x, Interval) for x in inputs):
            return NotImplemented
        if options.get("out") is not None:
            raise NotBatchable(f"np.{ufunc.__name__} with out=")
        if method == "__call__" and ufunc.signature is None:
            found = ufunc(*align(inputs), **options)
            return tuple(map(Batched, found)) if isinstance(found, tuple) else Batched(found)
        functions = _functions()
        if method == "reduce":
            axis, (x,) = options.pop("axis", 0), inputs
            return Batched(ufunc.reduce(x.values, axis=behind(axis, x.ndim), **options))
        if method == "reduceat" and type(inputs[1]) is not Batched:
            x, places = inputs
            return Batched(ufunc.reduceat(x.values, places, axis=behind(options.pop("axis", 0), x.ndim), **options))
        if method == "outer":
            n = count(inputs)
            x, y = (full(each, n) for each in inputs)
            shapes = (*x.shape, *[1] * (y.ndim - 1)), (n, *[1] * (x.ndim - 1), *y.shape[1:])
            return Batched(ufunc(x.reshape(shapes[0]), y.reshape(shapes[1])))
        if ufunc is np.matmul and method == "__call__":
            return functions.rules.matmul(*inputs)
        return functions.member_by_member(ufunc if method == "__call__" else getattr(ufunc, method), inputs, options)

    def __array_function__(self, function, types, args, options):
        functions = _functions()
        rule = functions.RULES.get(function)
        return rule(*args, **options) if rule else functions.member_by_member(function, args, options)

    def __array__(self, dtype=None, copy=None):
        raise NotBatchable("an array of the population would be converted to plain numbers")

    def run_kernel(self, kernel, args):
        """Results of a compiled kernel on all members."""
        from .kernels import run

        return run(kernel, args)

    # ---- branches
    def __bool__(self):
        flags = self._single("the truth value").astype(bool)
        if flags.all() or not flags.any():
            return bool(flags[0])
        raise Diverged(flags)

    def __index__(self):
        return int(self._agree())

    def __int__(self):
        return int(self._agree(np.trunc))

    def __float__(self):
        return float(self._agree())

    def _single(self, what):
        if self.size != 1:
            raise ValueError(f"{what} of an array with {self.size} entries is ambiguous")
        return self.values.reshape(-1)

    def _agree(self, of=np.asarray):
        entries = of(self._single("the value"))
        if (entries == entries[0]).all():
            return entries[0]
        raise Diverged(entries)

    # ---- one member's shape
    @property
    def shape(self):
        return self.values.shape[1:]

    @property
    def ndim(self):
        return self.values.ndim - 1

    @property
    def size(self):
        return int(np.prod(self.shape, dtype=int))

    @property
    def dtype(self):
        return self.values.dtype

    @property
    def T(self):
        return self.transpose()

    @property
    def flat(self):
        return iter(self.ravel())

    def __len__(self):
        if self.ndim < 1:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self):
        return (Batched(self.values[:, k]) for k in range(len(self)))

    def reshape(self, *shape, order="C"):
        shape = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        return Batched(self.values.reshape(len(self.values), *shape, order=order))

    def ravel(self):
        return Batched(self.values.reshape(len(self.values), -1))

    flatten = ravel

    def transpose(self, *axes):
        axes = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes
        axes = axes or range(self.ndim - 1, -1, -1)
        return Batched(self.values.transpose(0, *(axis % self.ndim + 1 for axis in axes)))

    def swapaxes(self, first, second):
        return Batched(self.values.swapaxes(first % self.ndim + 1, second % self.ndim + 1))

    def squeeze(self, axis=None):
        axis = tuple(k for k, length in enumerate(self.shape) if length == 1) if axis is None else axis
        return Batched(self.values.squeeze(axis=behind(axis, self.ndim)))

    # ---- entries
    def __getitem__(self, key):
        keys = key if isinstance(key, tuple) else (key,)
        if any(type(each) is Batched for each in keys):
            return _functions().rules.gather(self, keys)
        if all(_plain(each) for each in keys):
            return Batched(self.values[(slice(None), *keys)])
        places = np.arange(self.size).reshape(self.shape)[key]
        return Batched(self.values.reshape(len(self.values), -1)[:, places])

    def __setitem__(self, key, value):
        keys = key if isinstance(key, tuple) else (key,)
        if any(type(each) is Batched for each in keys):
            raise NotBatchable("stored at places that differ between members")
        if not all(_plain(each) for each in keys):
            return self._store(np.arange(self.size).reshape(self.shape)[key], value)
        place = (slice(None), *keys)
        if type(value) is Batched:
            missing = self.values[place].ndim - value.values.ndim
            value = value.values.reshape(len(value.values), *[1] * missing, *value.shape)
        self.values[place] = value

    def _store(self, places, value):
        """Store at places of the flattened array."""
        if not self.values.flags.c_contiguous:
            raise NotBatchable("stored at listed places of a transposed array")
        flat = self.values.reshape(len(self.values), -1)
        flat[:, places] = full(value, len(flat)) if np.ndim(value) else value

    def tolist(self):
        return [each.tolist() for each in self] if self.ndim else self

    def item(self):
        return self

    # ---- copies
    def astype(self, dtype, copy=True):
        return Batched(self.values.astype(dtype, copy=copy))

    def copy(self):
        return Batched(self.values.copy())

    def __deepcopy__(self, memo):
        return self.copy()

    # ---- reductions and products
    def dot(self, other):
        return np.dot(self, other)

    def clip(self, lower=None, upper=None):
        return np.clip(self, lower, upper)

    def cumsum(self, axis=None):
        return np.cumsum(self, axis=axis)

    def _reduce(self, name, axis, keepdims, options):
        x = self.values
        if axis is not None:
            return Batched(getattr(x, name)(axis=behind(axis, self.ndim), keepdims=keepdims, **options))
        found = getattr(x.reshape(len(x), -1), name)(axis=1, **options)
        return Batched(found.reshape(len(x), *[1] * self.ndim) if keepdims else found)


def _reduction(name):
    def method(self, axis=None, keepdims=False, **options):
        return self._reduce(name, axis, keepdims, options)

    method.__name__ = name
    return method


for _name in ("sum", "prod", "mean", "max", "min", "any", "all", "argmax", "argmin"):
    setattr(Batched, _name, _reduction(_name))


def _plain(key):
    return isinstance(key, int | np.integer | slice) or key is None or key is Ellipsis


# ---- shared by the rules
@cache
def _functions():
    """The rules, which import this file."""
    from . import functions

    return functions


def behind(axis, ndim):
    """Axes of a member as axes of the population."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    return tuple(each % ndim + 1 for each in axis) if isinstance(axis, tuple | list) else axis % ndim + 1


def align(inputs):
    """Plain arrays of which the populations broadcast against each other as their members do."""
    most = max(dims(x) for x in inputs)
    return [_widen(x.values, most + 1) if type(x) is Batched else x for x in inputs]


def _widen(values, ndim):
    """The values with axes of length 1 behind the batch, so that there are `ndim`."""
    missing = ndim - values.ndim
    return values.reshape(len(values), *[1] * missing, *values.shape[1:]) if missing else values


def dims(x) -> int:
    """np.ndim, without the detour of a population through numpy's protocol."""
    return x.values.ndim - 1 if type(x) is Batched else np.ndim(x)


def count(values) -> int:
    """The number of members of the first population among (nested) values; 0 without one."""
    for x in values:
        if type(x) is Batched:
            return len(x.values)
        if isinstance(x, tuple | list | dict):
            found = count(x.values() if isinstance(x, dict) else x)
            if found:
                return found
    return 0


def full(x, n):
    """The plain array of a population, or a plain value repeated for `n` members."""
    return x.values if type(x) is Batched else np.broadcast_to(np.asarray(x), (n, *np.shape(x)))
