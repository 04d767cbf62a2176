"""Portfolio of search engines: each runs once, then mostly those with the best results."""

from importlib.util import find_spec

import numpy as np

from ..base.errors import MdpkitError
from ..search.covariance import covariance
from ..search.engines import block_moves, differential, mix, row_by_row, sparse_random
from ..search.population import POPULATION

ENGINES = {
    "differential": differential,
    "CMA-ES": covariance,
    "block moves": block_moves,
    "mixed": mix,
    "row by row": row_by_row,
    "sparse random": sparse_random,
}
STARTS = {"gradient": 64, "row by row": 8}


class Portfolio:
    """The search engines, with the best score of each."""

    def __init__(self, rng):
        self.rng, self.engines, self.dropped = rng, dict(ENGINES), {}
        self.refusals = (_NeverRaised,)
        if find_spec("torch"):
            from ..deep.gradients.ascent import climb
            from ..deep.gradients.traced import NotTraceable

            self.engines = {"gradient": climb, **self.engines}
            self.refusals = (NotTraceable,)
        else:
            self.dropped["gradient"] = "torch is not installed: pip install 'mdpkit[deep]'"
        self.reached = {}

    def starts(self, name) -> int:
        """Initial population size of an engine."""
        return STARTS.get(name, POPULATION)

    def next(self):
        """Name and engine of the next search."""
        fresh = [name for name in self.engines if name not in self.reached]
        if fresh:
            name = fresh[0]
        elif self.rng.random() < 0.4:
            name = str(self.rng.choice(list(self.engines)))
        else:
            order = sorted(self.engines, key=lambda name: -self.reached[name])
            name = order[min(int(self.rng.geometric(0.5)) - 1, len(order) - 1)]
        return name, self.engines[name]

    def reward(self, name, value):
        self.reached[name] = max(self.reached.get(name, -np.inf), value)

    def drop(self, name, error):
        """Exclude an engine that cannot handle this target."""
        del self.engines[name]
        self.dropped[name] = str(error)


class _NeverRaised(MdpkitError):
    pass
