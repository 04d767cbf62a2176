"""Learning dynamics of one-shot games: simultaneous play of no-regret players."""

from .picture import draw_dynamics as draw_dynamics
from .play import LearningDynamics as LearningDynamics
from .play import Play as Play
from .rules import OptimisticGradient as OptimisticGradient
from .rules import RegretMatching as RegretMatching
from .rules import SwapRegret as SwapRegret
