"""Search for exact, small worst-case instances of a claim."""

from ..base.verb import make_callable as _make_callable
from ._constants import constants as constants
from ._constants import jobs as jobs
from ._constants import keep_worst as keep_worst
from ._hunt import Hunt as Hunt
from ._hunt import hunt as hunt
from ._matters import matters as matters
from ._row import Row as Row
from ._target import target as target
from ._target import targets as targets

_make_callable(__name__, hunt)
