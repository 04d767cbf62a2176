"""Arrays with a hidden batch axis: one run of a check scores a whole population."""

from .array import Batched as Batched
from .array import Diverged as Diverged
from .array import NotBatchable as NotBatchable
