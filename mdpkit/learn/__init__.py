"""`fit(learner, access, rng=)`, where the access, from `grant`, is all that a learner sees of a problem."""

from .evaluating import evaluate as evaluate
from .granting import grant as grant
from .imitation.causal_entropy import MaxCausalEntropy as MaxCausalEntropy
from .imitation.cloning import Cloning as Cloning
from .imitation.dagger import DAgger as DAgger
from .imitation.moment_matching import MomentMatching as MomentMatching
from .imitation.psdp import PSDP as PSDP
from .imitation.responses import ExpertResets as ExpertResets
from .imitation.responses import NaturalGradient as NaturalGradient
from .imitation.responses import Planning as Planning
from .learner import Fit as Fit
from .learner import Learner as Learner
from .learner import Policy as Policy
from .learner import Trace as Trace
from .learner import fit as fit
from .mixture import Mixture as Mixture
from .needs import Needs as Needs
from .needs import needs as needs
from .players import BestResponse as BestResponse
from .players import FollowTheLeader as FollowTheLeader
from .players import GradientAscent as GradientAscent
from .players import Hedge as Hedge
from .rewards import BoxRewards as BoxRewards
from .rewards import FiniteRewards as FiniteRewards
from .rewards import LinearRewards as LinearRewards
