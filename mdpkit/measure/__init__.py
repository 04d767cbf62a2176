"""Floor 4: numbers of a problem and a policy, each an Interval."""

from .divergence import kl as kl
from .divergence import total_variation as total_variation
from .gap import cloning_error as cloning_error
from .gap import recoverability as recoverability
from .gap import value_gap as value_gap
from .moments import next_state_variance as next_state_variance
from .moments import squared_bellman_error as squared_bellman_error
from .moments import squared_temporal_difference as squared_temporal_difference
from .occupancy import occupancy as occupancy
from .regret import best_deviation as best_deviation
from .regret import deviated_value as deviated_value
from .regret import regret as regret
from .regret import regret_gap as regret_gap
from .tube import tube as tube
from .value import action_value as action_value
from .value import advantage as advantage
from .value import state_value as state_value
from .value import value as value
