"""Floor 6: statements that a machine can doubt. One claim, one file, a sentence with a verb as its name."""

from ._claim import Assumption as Assumption
from ._claim import Bound as Bound
from ._claim import Claim as Claim
from ._claim import Control as Control
from ._claim import Equal as Equal
from ._claim import Part as Part
from ._holds import holds as holds
from ._register import find as find
from ._register import get as get
from ._register import ids as ids
from ._register import left_out as left_out
from ._register import themes as themes
from ._verdict import Outcome as Outcome
from ._verdict import Verdict as Verdict
from ._verify import verify as verify
