"""Equality of records to the last bit, and settings under which drawn ones are the same at every run."""

from dataclasses import fields

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, settings
from scipy.sparse import csr_array

from mdpkit.base.record import Record
from mdpkit.instances import Instance

STEADY = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    verbosity=Verbosity.normal,
    phases=(Phase.generate, Phase.shrink),
    stateful_step_count=1,
    report_multiple_bugs=False,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    deadline=None,
    print_blob=False,
    backend="hypothesis",
)


def same(a, b):
    """Equal in type, kind, shape and every bit."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if a.dtype == object:
            assert [(type(x), x) for x in a.ravel()] == [(type(x), x) for x in b.ravel()]
        else:
            assert a.tobytes() == b.tobytes()
    elif isinstance(a, csr_array):
        assert a.shape == b.shape
        for name in ("data", "indices", "indptr"):
            same(getattr(a, name), getattr(b, name))
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, Record):
        assert a == b
        assert a.digest() == b.digest()
        for field in fields(a):
            same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, Instance):
        assert list(vars(a)) == list(vars(b))
        for name in vars(a):
            same(getattr(a, name), getattr(b, name))
    elif isinstance(a, float):
        assert a.hex() == b.hex()
    else:
        assert a == b
