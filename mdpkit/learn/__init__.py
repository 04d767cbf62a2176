"""Floor 5: `fit(learner, access, rng=)`, where the access, from `grant`, is all that a learner sees of a problem."""

from .granting import grant as grant
from .imitation.cloning import Cloning as Cloning
from .learner import Fit as Fit
from .learner import Learner as Learner
from .learner import Policy as Policy
from .learner import Trace as Trace
from .learner import fit as fit
from .mixture import Mixture as Mixture
