"""Immutable records: decision processes, games, policies, data, access."""

from .access import Access as Access
from .access import Meter as Meter
from .comparisons import Comparisons as Comparisons
from .continuous import ContinuousProblem as ContinuousProblem
from .data import Trajectories as Trajectories
from .game import Deviation as Deviation
from .game import JointPolicy as JointPolicy
from .game import MarkovGame as MarkovGame
from .horizon import Average as Average
from .horizon import Discounted as Discounted
from .horizon import Finite as Finite
from .horizon import Total as Total
from .linear import LinearMDP as LinearMDP
from .linear_mixture import LinearMixture as LinearMixture
from .linear_quadratic import LinearQuadratic as LinearQuadratic
from .margin import MarginProblem as MarginProblem
from .mdp import MDP as MDP
from .mdp import at_step as at_step
from .moments import MomentProblem as MomentProblem
from .policy import TabularPolicy as TabularPolicy
from .preference import PreferenceProblem as PreferenceProblem
from .safety import SafetyProblem as SafetyProblem
from .shaping import shaped_reward as shaped_reward
from .tokens import TokenProblem as TokenProblem
from .tokens import response_policy as response_policy
from .tokens import token_policy as token_policy
