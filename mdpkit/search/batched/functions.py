"""numpy's functions on populations."""

import numpy as np

from . import rules
from .array import Batched, Diverged, NotBatchable, align, behind, count, dims, full


def member_by_member(function, args, options):
    """The function applied to one member after the other, for what has no rule of its own."""
    n = count(args) or count(options.values())
    return _join([function(*_member(args, k), **_member(options, k)) for k in range(n)])


def _member(x, k):
    """Member k of whatever holds populations."""
    if type(x) is Batched:
        return x.values[k]
    if isinstance(x, tuple | list):
        parts = [_member(each, k) for each in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    if isinstance(x, dict):
        return {name: _member(each, k) for name, each in x.items()}
    return x


def _join(results):
    """One population of the results of all members.

    Raises: Diverged if their shapes differ; NotBatchable if they are no arrays.
    """
    first = results[0]
    if isinstance(first, tuple | list):
        parts = [_join([each[k] for each in results]) for k in range(len(first))]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if not isinstance(first, np.ndarray | np.generic | float | int | bool):
        raise NotBatchable(f"results are of type {type(first).__name__}")
    shapes = [np.shape(each) for each in results]
    if len(set(shapes)) > 1:
        raise Diverged(_keys(shapes))
    return Batched(np.array(results))


def _keys(things):
    """Equal numbers for equal things."""
    known = {}
    return [known.setdefault(thing, len(known)) for thing in things]


def _where(condition, x=None, y=None):
    if x is None:
        return np.nonzero(condition)
    return Batched(np.where(*align((condition, x, y))))


def _along_new_axis(arrays, axis=0):
    parts = list(arrays)
    return Batched(np.stack([full(x, count(parts)) for x in parts], axis=axis % (dims(parts[0]) + 1) + 1))


def _concatenate(arrays, axis=0):
    parts = list(arrays)
    return Batched(np.concatenate([full(x, count(parts)) for x in parts], axis=axis % dims(parts[0]) + 1))


def _along(function, axis):
    """A function along one axis, by default `axis`; None flattens."""

    def rule(x, *args, axis=axis, **options):
        x, axis = (x.ravel(), 0) if axis is None else (x, axis)
        return Batched(function(x.values, *args, axis=behind(axis, x.ndim), **options))

    return rule


def _repeat(x, repeats, axis=None):
    x, axis = (x.ravel(), 0) if axis is None else (x, axis)
    return Batched(np.repeat(x.values, repeats, axis=behind(axis, x.ndim)))


def _broadcast_to(x, shape, subok=False):
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    values = full(x, count((x,)))
    filled = values.reshape(len(values), *[1] * (len(shape) - dims(x)), *values.shape[1:])
    return Batched(np.broadcast_to(filled, (len(values), *shape)))


def _broadcast_arrays(*arrays, subok=False):
    shape, n = np.broadcast_shapes(*map(np.shape, arrays)), count(arrays)
    return tuple(_broadcast_to(Batched(full(x, n)), shape) for x in arrays)


def _clip(x, a_min=None, a_max=None):
    x = x if a_min is None else np.maximum(x, a_min)
    return x if a_max is None else np.minimum(x, a_max)


def _reduction(name):
    def rule(x, axis=None, keepdims=False, **options):
        options = {key: value for key, value in options.items() if value is not np._NoValue and value is not None}
        return getattr(x, name)(axis=axis, keepdims=keepdims is True, **options)

    return rule


def _shaped_like(function):
    def rule(x, *fill, dtype=None, shape=None, **options):
        if shape is not None:
            return function(x.values[0], *fill, dtype=dtype, shape=shape)
        return Batched(function(x.values, *align((*fill, x))[:-1], dtype=dtype))

    return rule


def _outer(x, y):
    n = count((x, y))
    left, right = (full(each, n).reshape(n, -1) for each in (x, y))
    return Batched(left[:, :, None] * right[:, None, :])


def _dot(x, y):
    return rules.matmul(x, y) if dims(x) and dims(y) else x * y


def _places(function):
    """Places of nonzero entries: the same for all members, or the population is split."""

    def rule(x):
        rows = x.values.reshape(len(x.values), -1) != 0
        if (rows == rows[0]).all():
            return function(x.values[0])
        raise Diverged(_keys(row.tobytes() for row in rows))

    return rule


def _moveaxis(x, source, destination):
    return Batched(np.moveaxis(x.values, behind(source, x.ndim), behind(destination, x.ndim)))


def _expand_dims(x, axis):
    axes = axis if isinstance(axis, tuple) else (axis,)
    return Batched(np.expand_dims(x.values, behind(axes, x.ndim + len(axes))))


def _entrywise(function):
    return lambda x: Batched(function(x.values))


def _over_stacks(function):
    """A function of matrices that numpy applies to stacks of them."""

    def rule(x, *args, **options):
        found = function(x.values, *args, **options)
        return type(found)(*map(Batched, found)) if isinstance(found, tuple) else Batched(found)

    return rule


def _diag(x, k=0):
    return Batched(np.diagonal(x.values, k, 1, 2)) if x.ndim == 2 else member_by_member(np.diag, (x, k), {})


def _size(x, axis=None):
    return x.size if axis is None else x.shape[axis]


RULES = {
    np.where: _where,
    np.stack: _along_new_axis,
    np.concatenate: _concatenate,
    np.repeat: _repeat,
    np.broadcast_to: _broadcast_to,
    np.broadcast_arrays: _broadcast_arrays,
    np.clip: _clip,
    np.outer: _outer,
    np.dot: _dot,
    np.einsum: rules.einsum,
    np.take_along_axis: rules.take_along_axis,
    np.diag: _diag,
    np.linalg.solve: rules.solve,
    **{getattr(np.linalg, name): _over_stacks(getattr(np.linalg, name)) for name in ("qr", "pinv", "eigh", "eigvalsh")},
    **{function: _entrywise(function) for function in (np.isposinf, np.isneginf, np.imag)},
    np.sort: _along(np.sort, -1),
    np.argsort: _along(np.argsort, -1),
    np.flip: lambda x, axis=None: Batched(np.flip(x.values, behind(axis, x.ndim))),
    np.cumsum: _along(np.cumsum, None),
    np.cumprod: _along(np.cumprod, None),
    np.diff: _along(np.diff, -1),
    np.moveaxis: _moveaxis,
    np.expand_dims: _expand_dims,
    np.zeros_like: _shaped_like(np.zeros_like),
    np.ones_like: _shaped_like(np.ones_like),
    np.empty_like: _shaped_like(np.empty_like),
    np.full_like: _shaped_like(np.full_like),
    np.flatnonzero: _places(np.flatnonzero),
    np.nonzero: _places(np.nonzero),
    np.argwhere: _places(np.argwhere),
    np.ndim: lambda x: x.ndim,
    np.shape: lambda x: x.shape,
    np.size: _size,
    np.reshape: lambda x, shape, **options: x.reshape(shape),
    np.ravel: lambda x, **options: x.ravel(),
    np.transpose: lambda x, axes=None: x.transpose(*(axes or ())),
    np.swapaxes: lambda x, first, second: x.swapaxes(first, second),
    np.squeeze: lambda x, axis=None: x.squeeze(axis),
    np.copy: lambda x, **options: x.copy(),
    np.real: lambda x: x,
    np.isscalar: lambda x: False,
    **{getattr(np, name): _reduction(name) for name in ("sum", "prod", "mean", "max", "min", "any", "all")},
    **{getattr(np, name): _reduction(name) for name in ("argmax", "argmin")},
    np.amax: _reduction("max"),
    np.amin: _reduction("min"),
}
