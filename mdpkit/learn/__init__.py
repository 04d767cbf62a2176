"""Learning with explicit access: `fit(learner, access, rng=)`, where the access, from `grant`, is all that the learner observes."""

from .evaluating import evaluate as evaluate
from .granting import grant as grant
from .imitation.causal_entropy import MaxCausalEntropy as MaxCausalEntropy
from .imitation.cloning import Cloning as Cloning
from .imitation.dagger import DAgger as DAgger
from .imitation.moment_matching import MomentMatching as MomentMatching
from .imitation.psdp import PSDP as PSDP
from .learner import Fit as Fit
from .learner import Learner as Learner
from .learner import Policy as Policy
from .learner import Trace as Trace
from .learner import fit as fit
from .mixture import Mixture as Mixture
from .needs import Needs as Needs
from .needs import needs as needs
from .players.no_regret import BestResponse as BestResponse
from .players.no_regret import FollowTheLeader as FollowTheLeader
from .players.no_regret import GradientAscent as GradientAscent
from .players.no_regret import Hedge as Hedge
from .players.policy_players import ExpertResets as ExpertResets
from .players.policy_players import NaturalGradient as NaturalGradient
from .players.policy_players import Planning as Planning
from .players.rewards import BoxRewards as BoxRewards
from .players.rewards import FiniteRewards as FiniteRewards
from .players.rewards import LinearRewards as LinearRewards
