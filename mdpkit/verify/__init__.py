"""`verify(claim)`: claims, evaluation and search of their instances, and verdicts."""

from ..base.verb import make_callable as _make_callable
from .claim import Assumption as Assumption
from .claim import Bound as Bound
from .claim import Claim as Claim
from .claim import Control as Control
from .claim import Equal as Equal
from .claim import Formal as Formal
from .claim import Part as Part
from .holds import holds as holds
from .verdict import Outcome as Outcome
from .verdict import Verdict as Verdict
from .verification import verify as verify

_make_callable(__name__, verify)
