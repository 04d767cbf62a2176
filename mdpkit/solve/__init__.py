"""Solvers: `solve(problem)` returns a Solution with bounds; one file per family of methods."""

from ..base.verb import make_callable as _make_callable
from .avoid_margin import AvoidMargin as AvoidMargin
from .avoid_probability import AvoidProbability as AvoidProbability
from .avoid_tube import AvoidTube as AvoidTube
from .backward_induction import BackwardInduction as BackwardInduction
from .constrained_planning import ConstrainedPlanning as ConstrainedPlanning
from .constraint_game import constraint_game as constraint_game
from .constraint_game import lexicographic_expert as lexicographic_expert
from .dispatch import solve as solve
from .feature_matching import match_features as match_features
from .hoffman_karp import HoffmanKarp as HoffmanKarp
from .least_squares import lstd as lstd
from .least_squares import regression as regression
from .least_squares import two_stage_least_squares as two_stage_least_squares
from .magnetic_mirror_descent import MagneticMirrorDescent as MagneticMirrorDescent
from .markov_equilibria import MarkovCorrelatedEquilibrium as MarkovCorrelatedEquilibrium
from .markov_equilibria import welfare_bound as welfare_bound
from .matrix_games import matrix_games as matrix_games
from .method import Method as Method
from .minimax_winner import MinimaxWinner as MinimaxWinner
from .modified_policy_iteration import ModifiedPolicyIteration as ModifiedPolicyIteration
from .moment_game import MomentGame as MomentGame
from .multichain_policy_iteration import MultichainPolicyIteration as MultichainPolicyIteration
from .nash import LemkeHowson as LemkeHowson
from .nash import NashEquilibria as NashEquilibria
from .nash import nash_equilibria as nash_equilibria
from .payoff_polygon import payoff_polygon as payoff_polygon
from .policy_gradient import policy_gradient_values as policy_gradient_values
from .policy_iteration import PolicyIteration as PolicyIteration
from .relative_value_iteration import RelativeValueIteration as RelativeValueIteration
from .reward_fit import fitted_weights as fitted_weights
from .shapley_iteration import ShapleyIteration as ShapleyIteration
from .soft_planning import SoftPlanning as SoftPlanning
from .solution import Solution as Solution
from .solution import Status as Status
from .stage_equilibria import CoarseCorrelatedEquilibrium as CoarseCorrelatedEquilibrium
from .stage_equilibria import CorrelatedEquilibrium as CorrelatedEquilibrium
from .stage_equilibria import TriggerEquilibrium as TriggerEquilibrium
from .tilting import Tilting as Tilting
from .tilting import tilt as tilt
from .token_planning import TokenPlanning as TokenPlanning
from .token_planning import tilted_tokens as tilted_tokens
from .two_stage import TwoStageRLHF as TwoStageRLHF
from .zero_error import zero_error_policy as zero_error_policy

_make_callable(__name__, solve)
