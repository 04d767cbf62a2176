"""A numpy-compatible array backed by a torch tensor, so that unchanged checks can be differentiated."""

import math

import numpy as np
import torch

from ...base.errors import NotTraceable


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """A float64, int64 or boolean tensor with numpy's interface: operators, indexing and the functions measures call.

    Families, models, checks and measures run on it unchanged, and kernels through their torch counterparts. Batching is
    done outside, by `torch.func.vmap`, so shapes and axes are those of one instance.

    Raises: NotTraceable if code branches on values, writes into an array, or calls a function without counterpart.

    >>> x = Traced(torch.tensor([1.0, 3.0], dtype=torch.float64, requires_grad=True))
    >>> (gradient,) = torch.autograd.grad(np.where(x > 2, x * x, x).sum().tensor, x.tensor)
    >>> gradient
    tensor([1., 6.], dtype=torch.float64)
    """

    __slots__ = ("tensor",)
    __hash__ = None

    def __init__(self, tensor):
        self.tensor = tensor

    # ---- numpy's protocols
    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__" or options or ufunc not in _UFUNCS:
            raise NotTraceable(f"np.{ufunc.__name__} ({method}, {sorted(options)}) has no counterpart on traced arrays")
        return Traced(_UFUNCS[ufunc](*inputs))

    def __array_function__(self, function, types, args, options):
        if function not in _FUNCTIONS:
            raise NotTraceable(f"np.{function.__name__} has no counterpart on traced arrays")
        return _FUNCTIONS[function](*args, **options)

    def run_kernel(self, kernel, args):
        """Result of a compiled kernel's torch counterpart."""
        from .recursions import TWINS

        if kernel not in TWINS:
            raise NotTraceable(f"the kernel {kernel.__name__.lstrip('_')} has no torch counterpart")
        found = TWINS[kernel](*(x if isinstance(x, int) else tensor(x) for x in args))
        return tuple(map(Traced, found)) if isinstance(found, tuple) else Traced(found)

    def __array__(self, dtype=None, copy=None):
        raise NotTraceable(
            "a traced array would be converted to numbers: the check branches on values, or writes into an array"
        )

    def __bool__(self):
        raise NotTraceable("the check branches on values")

    __float__ = __int__ = __index__ = __bool__

    # ---- an array's attributes and methods
    @property
    def shape(self):
        return tuple(self.tensor.shape)

    @property
    def ndim(self):
        return self.tensor.ndim

    @property
    def size(self):
        return math.prod(self.shape)

    @property
    def dtype(self):
        return _DTYPES[self.tensor.dtype]

    @property
    def T(self):
        return Traced(self.tensor.permute(*reversed(range(self.ndim))))

    def __len__(self):
        return len(self.tensor)

    def __iter__(self):
        return (self[k] for k in range(len(self)))

    def __getitem__(self, key):
        keys = key if isinstance(key, tuple) else (key,)
        if any(isinstance(k, Traced) and k.tensor.dtype == torch.bool for k in keys):
            raise NotTraceable("a traced array is indexed by booleans: the shape depends on values")
        return Traced(
            self.tensor[tuple(tensor(k) if isinstance(k, np.ndarray | np.integer | Traced) else k for k in keys)]
        )

    def astype(self, dtype, copy=True):
        return Traced(self.tensor.to(_TORCH[np.dtype(dtype)]))

    def reshape(self, *shape):
        return Traced(self.tensor.reshape(*shape))

    def sum(self, axis=None, keepdims=False):
        return Traced(self.tensor.sum(dim=_axes(axis), keepdim=keepdims))

    def max(self, axis=None, keepdims=False):
        return Traced(self.tensor.amax(dim=_axes(axis), keepdim=keepdims))

    def min(self, axis=None, keepdims=False):
        return Traced(self.tensor.amin(dim=_axes(axis), keepdim=keepdims))

    def any(self, axis=None):
        return Traced(self.tensor.to(torch.int64).amax(dim=_axes(axis)) > 0)

    def all(self, axis=None):
        return Traced(self.tensor.to(torch.int64).amin(dim=_axes(axis)) > 0)


_DTYPES = {torch.float64: np.dtype(float), torch.int64: np.dtype(np.int64), torch.bool: np.dtype(bool)}
_TORCH = {numpy: of_torch for of_torch, numpy in _DTYPES.items()}


def tensor(x):
    """The tensor of a Traced, or numbers converted to a tensor, with floats in double precision."""
    if isinstance(x, Traced):
        return x.tensor
    array = np.asarray(x)
    if array.dtype not in _TORCH:
        raise NotTraceable(
            f"an array of {array.dtype} is combined with a traced one; expected floats, integers or booleans"
        )
    return torch.tensor(array)


def _axes(axis):
    return () if axis is None else axis


def _of_tensors(function):
    return lambda *inputs: function(*map(tensor, inputs))


def _of_floats(function):
    """Convert integers to floats, as numpy does."""
    return lambda *inputs: function(*(tensor(x).to(torch.float64) for x in inputs))


def _power(base, exponent):
    """Power; integer exponents stay Python numbers, so that the derivative of x^2 involves no logarithm."""
    return torch.pow(tensor(base), exponent if isinstance(exponent, int) else tensor(exponent))


_UFUNCS = {
    **{
        ufunc: _of_tensors(function)
        for ufunc, function in {
            np.add: torch.add,
            np.subtract: torch.sub,
            np.multiply: torch.mul,
            np.matmul: torch.matmul,
            np.negative: torch.neg,
            np.absolute: torch.abs,
            np.maximum: torch.maximum,
            np.minimum: torch.minimum,
            np.less: torch.lt,
            np.less_equal: torch.le,
            np.greater: torch.gt,
            np.greater_equal: torch.ge,
            np.equal: torch.eq,
            np.not_equal: torch.ne,
            np.bitwise_and: torch.bitwise_and,
            np.bitwise_or: torch.bitwise_or,
            np.invert: torch.bitwise_not,
            np.isnan: torch.isnan,
        }.items()
    },
    np.true_divide: _of_floats(torch.div),
    np.log: _of_floats(torch.log),
    np.exp: _of_floats(torch.exp),
    np.sqrt: _of_floats(torch.sqrt),
    np.power: _power,
}


# ---- numpy functions, with numpy's argument names
def _where(condition, x, y):
    return Traced(torch.where(tensor(condition), tensor(x), tensor(y)))


def _stack(arrays, axis=0):
    return Traced(torch.stack([tensor(x) for x in arrays], dim=axis))


def _repeat(a, repeats, axis):
    return Traced(tensor(a).repeat_interleave(repeats, dim=axis))


def _broadcast_to(array, shape):
    return Traced(tensor(array).broadcast_to(shape))


def _broadcast_arrays(*arrays):
    return tuple(map(Traced, torch.broadcast_tensors(*map(tensor, arrays))))


def _clip(a, a_min, a_max):
    return Traced(torch.minimum(torch.maximum(tensor(a), tensor(a_min)), tensor(a_max)))


def _solve(a, b):
    """Solve a linear system, with NaN if it is singular, so that one member of a batch does not stop the others."""
    found, failed = torch.linalg.solve_ex(tensor(a), tensor(b))
    return Traced(torch.where(failed == 0, found, torch.nan))


_FUNCTIONS = {
    np.where: _where,
    np.stack: _stack,
    np.repeat: _repeat,
    np.broadcast_to: _broadcast_to,
    np.broadcast_arrays: _broadcast_arrays,
    np.clip: _clip,
    np.linalg.solve: _solve,
    np.ndim: lambda a: a.ndim,
    np.shape: lambda a: a.shape,
}
