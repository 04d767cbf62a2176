"""Matrix products and indexing of populations."""

import numpy as np

from .array import Batched, count, dims, full


def matmul(x, y):
    """Matrix products of all members."""
    most = max(dims(x), dims(y), 2)
    left, right = (_stack(each, most, column=each is y) for each in (x, y))
    found = left @ right
    if dims(y) == 1:
        found = found[..., 0]
    if dims(x) == 1:
        found = found[..., 0] if dims(y) == 1 else found[..., 0, :]
    return Batched(found)


def _stack(x, most, column):
    """A factor as matrices with enough leading axes: vectors become rows, or columns."""
    values = x.values if type(x) is Batched else np.asarray(x)
    if dims(x) == 1:
        values = values[..., None] if column else values[..., None, :]
    if type(x) is not Batched:
        return values
    return values.reshape(len(values), *[1] * (most - max(x.ndim, 2)), *values.shape[1:])


def gather(x, keys):
    """Entries of all members, at places that differ between members."""
    from .functions import member_by_member

    n, keys = count((x, *keys)), _without_ellipsis(keys, dims(x))
    listed = [k for k, key in enumerate(keys) if not isinstance(key, slice)]
    if len(keys) > dims(x) or not all(_is_place(keys[k]) for k in listed):
        return member_by_member(lambda array, *places: array[places], (x, *keys), {})
    most = max(dims(keys[k]) for k in listed)
    first = np.arange(n).reshape(n, *[1] * most)
    found = full(x, n)[(first, *(_lined_up(key, n, most) for key in keys))]
    if listed[-1] - listed[0] >= len(listed):  # numpy puts the axes of places first where a slice parts them
        return Batched(found)
    return Batched(np.moveaxis(found, range(1, 1 + most), range(1 + listed[0], 1 + listed[0] + most)))


def _without_ellipsis(keys, ndim):
    """The keys with slices in place of an ellipsis."""
    at = next((k for k, key in enumerate(keys) if key is Ellipsis), None)
    return keys if at is None else (*keys[:at], *[slice(None)] * (ndim - len(keys) + 1), *keys[at + 1 :])


def _is_place(key) -> bool:
    """Whether a key of all members is a number or an array of integers."""
    return isinstance(key, int | np.integer) or (isinstance(key, Batched | np.ndarray) and key.dtype.kind in "iu")


def _lined_up(key, n, most):
    """A key that broadcasts against those of `n` members with `most` axes."""
    if isinstance(key, slice) or not dims(key):
        return key.values.reshape(n, *[1] * most) if type(key) is Batched else key
    return key.values.reshape(n, *[1] * (most - dims(key)), *key.shape) if type(key) is Batched else key[None]


def solve(a, b):
    """Solutions of all members' linear systems; NaN where a matrix is singular."""
    n = count((a, b))
    matrices, right = full(a, n), full(b, n)
    right = right[..., None] if dims(b) == 1 else right
    try:
        found = np.linalg.solve(matrices, right)
    except np.linalg.LinAlgError:
        found = np.array([_solve(*each) for each in zip(matrices, right, strict=True)])
    return Batched(found[..., 0] if dims(b) == 1 else found)


def _solve(matrix, right):
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.full(right.shape, np.nan)


def take_along_axis(array, indices, axis=-1):
    n = count((array, indices))
    return Batched(np.take_along_axis(full(array, n), full(indices, n), axis=axis % dims(array) + 1))


def einsum(subscripts, *operands, **options):
    """Sums of products of all members: the batch takes a letter of its own."""
    from .functions import member_by_member

    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    if "..." in subscripts:
        return member_by_member(np.einsum, (subscripts, *operands), options)
    if not arrow:
        letters = inputs.replace(",", "")
        output = "".join(letter for letter in sorted(set(letters)) if letters.count(letter) == 1)
    batch = next(letter for letter in "ZYXWVU" if letter not in subscripts)
    terms = [batch + term if type(x) is Batched else term for term, x in zip(inputs.split(","), operands, strict=True)]
    values = (x.values if type(x) is Batched else x for x in operands)
    return Batched(np.einsum(f"{','.join(terms)}->{batch}{output}", *values, **options))
