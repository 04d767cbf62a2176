"""Evolution strategies over potentials, with the area under an inner learner's learning curve as the fitness."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...base.arrays import floats, nearest
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number, Numbers
from ..players.no_regret import expect_number, fraction
from .retraining import FITNESSES

OPTIMISERS = "adam", "plain"
DECAYS = 0.9, 0.999
"""Decays of Adam's means of gradients and of their squares."""
TINY = 1e-8
"""Added to the square root of Adam's mean square."""


@dataclass(frozen=True, eq=False)
class Evolution:
    """Evolution strategies over potentials: antithetic pairs, centred ranks, and steps of Adam or of plain ascent.

    Args:
        pairs: number of pairs Phi + noise * e, Phi - noise * e in a generation; both members share their seed.
        generations: number of steps.
        noise: standard deviation of the perturbations, in units of return.
        rate: step size.
        optimiser: "adam" or "plain".
        fitness: "area": the mean return over the inner learner's updates; "last": that of its last policy. Both are
            under the unshaped reward. "shaped area" rewards cheating and is kept as a control.
        stationary: whether one potential `[s]` is evolved for all steps; otherwise `[t,s]`.
        start: initial potential; defaults to 0.

    The result is the best centre of all generations, so that its fitness is never below that of the start.
    Source: adapted from Sapora, Swamy, Lu, Teh and Foerster, 2024; Salimans, Ho, Chen, Sidor and Sutskever, 2017.
    """

    pairs: int = 16
    generations: int = 60
    noise: Number = "1/2"
    rate: Number = "1/2"
    optimiser: str = "adam"
    fitness: str = "area"
    stationary: bool = True
    start: Numbers | None = field(default=None)

    def __post_init__(self) -> None:
        expect_counts(pairs=self.pairs, generations=self.generations)
        expect_number("noise", self.noise)
        expect_number("rate", self.rate)
        for name, value, known in (
            ("optimiser", self.optimiser, OPTIMISERS),
            ("fitness", self.fitness, FITNESSES),
        ):
            if value not in known:
                raise InvalidModel(f"{name} is {value!r}; expected one of {', '.join(known)}")


@dataclass(frozen=True, eq=False)
class Evolved:
    """Result of a search for a potential.

    Attributes:
        potential: the best centre `[s]` or `[t,s]`. fitness: its fitness.
        centres, history: the centres `[g,...]` of the generations and their fitness `[g]`.
    """

    potential: np.ndarray
    fitness: float
    centres: np.ndarray
    history: np.ndarray


def evolve_potential(runs: Any, settings: Evolution | None = None, *, rng: np.random.Generator) -> Evolved:
    """Evolve a potential under which an inner learner has a high return early.

    Args:
        runs: training runs on a reward, such as `LookaheadGradient().on(problem)`.
        settings: an Evolution.
        rng: a numpy Generator.

    Raises: InvalidModel if `settings.start` has a different shape than the potentials.

    >>> from mdpkit.instances import named
    >>> from mdpkit.learn import LookaheadGradient
    >>> runs = LookaheadGradient(1, 5).on(named("cliff", H=4).mdp)
    >>> found = evolve_potential(runs, Evolution(pairs=4, generations=10), rng=np.random.default_rng(0))
    >>> bool(found.fitness > runs.fitness(np.zeros((1, 2)))[0]), found.potential.shape
    (True, (2,))
    """
    settings = Evolution() if settings is None else settings
    centre = _first(runs, settings)
    noise, rate = (nearest(fraction(number)) for number in (settings.noise, settings.rate))
    mean, square = np.zeros_like(centre), np.zeros_like(centre)
    centres, history = [], []
    for generation in range(settings.generations + 1):
        directions = rng.standard_normal((settings.pairs, *centre.shape))
        seeds = rng.integers(2**32, size=settings.pairs)
        around = np.concatenate([centre + noise * directions, centre - noise * directions, centre[None]])
        fitness = runs.fitness(around, settings.fitness, np.concatenate([seeds, seeds, seeds[:1]]))
        centres.append(centre)
        history.append(fitness[-1])
        if generation == settings.generations:
            break
        ranks = centred_ranks(fitness[:-1])
        weights = ranks[: settings.pairs] - ranks[settings.pairs :]
        gradient = np.tensordot(weights, directions, axes=1) / (2 * settings.pairs * noise)
        if settings.optimiser == "adam":
            mean = DECAYS[0] * mean + (1 - DECAYS[0]) * gradient
            square = DECAYS[1] * square + (1 - DECAYS[1]) * gradient**2
            steps = generation + 1
            gradient = mean / (1 - DECAYS[0] ** steps) / (np.sqrt(square / (1 - DECAYS[1] ** steps)) + TINY)
        centre = centre + rate * gradient
    best = int(np.argmax(history))
    return Evolved(centres[best], float(history[best]), np.stack(centres), np.array(history))


def centred_ranks(fitness) -> np.ndarray:
    """Ranks from -1/2 to 1/2; equal numbers share the mean of their ranks.

    >>> centred_ranks(np.array([3.0, 1.0, 3.0]))
    array([ 0.25, -0.5 ,  0.25])
    """
    low = np.searchsorted(np.sort(fitness), fitness, side="left")
    high = np.searchsorted(np.sort(fitness), fitness, side="right") - 1
    return (low + high) / 2 / max(len(fitness) - 1, 1) - 1 / 2


def _first(runs, settings):
    """The potential at which the search starts."""
    shape = (runs.S,) if settings.stationary or runs.H is None else (runs.H, runs.S)
    if settings.start is None:
        return np.zeros(shape)
    start = floats(np.asarray(settings.start))
    if start.shape != shape:
        raise InvalidModel(f"the initial potential has shape {start.shape}; expected {shape}")
    return start
