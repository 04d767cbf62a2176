"""Matrix products and indexing of populations."""

import numpy as np

from .array import Batched, count, full


def matmul(x, y):
    """Matrix products of all members."""
    most = max(np.ndim(x), np.ndim(y), 2)
    left, right = (_stack(each, most, column=each is y) for each in (x, y))
    found = left @ right
    if np.ndim(y) == 1:
        found = found[..., 0]
    if np.ndim(x) == 1:
        found = found[..., 0] if np.ndim(y) == 1 else found[..., 0, :]
    return Batched(found)


def _stack(x, most, column):
    """A factor as matrices with enough leading axes: vectors become rows, or columns."""
    values = x.values if type(x) is Batched else np.asarray(x)
    if np.ndim(x) == 1:
        values = values[..., None] if column else values[..., None, :]
    if type(x) is not Batched:
        return values
    return values.reshape(len(values), *[1] * (most - max(x.ndim, 2)), *values.shape[1:])


def gather(x, keys):
    """Entries of all members, at places that differ between members."""
    from .functions import member_by_member

    n = count((x, *keys))
    if len(keys) <= x.ndim and all(type(key) is Batched and key.dtype.kind in "iu" for key in keys):
        most = max(key.ndim for key in keys)
        first = np.arange(n).reshape(n, *[1] * most)
        rest = (key.values.reshape(n, *[1] * (most - key.ndim), *key.shape) for key in keys)
        return Batched(x.values[(first, *rest)])
    return member_by_member(lambda array, *places: array[places], (x, *keys), {})


def solve(a, b):
    """Solutions of all members' linear systems; NaN where a matrix is singular."""
    n = count((a, b))
    matrices, right = full(a, n), full(b, n)
    right = right[..., None] if np.ndim(b) == 1 else right
    try:
        found = np.linalg.solve(matrices, right)
    except np.linalg.LinAlgError:
        found = np.array([_solve(*each) for each in zip(matrices, right, strict=True)])
    return Batched(found[..., 0] if np.ndim(b) == 1 else found)


def _solve(matrix, right):
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.full(right.shape, np.nan)


def take_along_axis(array, indices, axis=-1):
    n = count((array, indices))
    return Batched(np.take_along_axis(full(array, n), full(indices, n), axis=axis % np.ndim(array) + 1))


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
