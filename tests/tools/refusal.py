"""The refusal of a file that hurts."""

import time
import tracemalloc

import pytest

from mdpkit.base.errors import InvalidModel
from mdpkit.instances import load

SECONDS, BYTES = 60, 100e6
"""Far beyond what a refusal takes anywhere: what grows faster than the file would take minutes."""


def refusal(path, **options):
    """The words with which a file is refused, within the time and memory that a refusal may take."""
    tracemalloc.start()
    begun = time.process_time()
    try:
        with pytest.raises(InvalidModel) as refused:
            load(path, **options)
        seconds, (_, most) = time.process_time() - begun, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seconds < SECONDS
    assert most < BYTES
    assert str(path.parent) in str(refused.value)
    return str(refused.value)
