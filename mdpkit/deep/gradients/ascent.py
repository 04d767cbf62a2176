"""Gradient ascent on the score of a claim, batched over many starts."""

from contextlib import contextmanager
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import torch

from ...base.errors import NotTraceable
from ...base.mode import propose
from ...instances.blocks import Box, Simplex
from ...search.population import members
from ...search.score import FLOOR, LEAST, bare
from .recursions import sharing
from .traced import Traced, tensor

STRETCH = 2
"""Steps between two yields."""
RATES, LAST_RATE, COOLING = (0.2, 1.0), 0.02, 0.99
"""Adam step sizes on the logits: range over the starts, minimum, and decay factor per step."""
MEAN, SQUARE = 0.8, 0.95
"""Decay rates of Adam's moving averages of the gradient and of its square."""
NOISE = 0.5
"""Standard deviation of the noise added to half of the starts, in units of the step size."""
EDGE = 0.01
"""Minimum distance of starts from the boundary, where gradients in the logits vanish."""
PATIENCE, GAIN = 60, 1e-4
"""The ascent stops when the best score has not improved by the factor 1 + GAIN within PATIENCE steps."""
BROKEN = 1 + 1e-6
"""Ratio above which an inner inequality of a chain counts as violated, as in the score."""
TINY = 1e-12
"""Lower bound on divisors that may be 0."""


def evaluate(score, population) -> np.ndarray:
    """Batched scores of all members of a population, `[b]`, equal to those of `score` one by one.

    Args: score: a `mdpkit.search.score.Score`. population: block name -> array with a leading batch axis.
    Raises: NotTraceable if the family, its repair, the gates or the check branch on values.
    """
    with _working(), torch.no_grad():
        _, allowed, sides, form = _evaluate(score, {name: torch.tensor(array) for name, array in population.items()})
    score.evaluations += len(allowed)
    members = [form([side[k].numpy() for side in sides]) if allowed[k] else None for k in range(len(allowed))]
    if not score.settled:  # first estimate the typical size of a right end
        for each in members:
            if each is not None:
                score.of(each)
    with score.estimate():
        return np.array([-np.inf if each is None else score.of(each) for each in members])


def climb(score, population, rng):
    """Yield (value, member) of the best member so far after every few steps, until the best score stops improving.

    Rows of a Simplex are parametrised by softmax logits, entries of a Box by a scaled sigmoid; a Choice is not changed.

    Args:
        score: a `mdpkit.search.score.Score`, which recomputes every `value` on plain floats.
        population: block name -> array with a leading batch axis: the starts.
        rng: numpy Generator of the noise.

    Raises: NotTraceable if the family, its repair, the gates or the check branch on values, or no block is real-valued.
    """
    ascent, best = _Ascent(score, population, rng), (-np.inf, None)
    while not ascent.stuck:
        with _working():
            for _ in range(STRETCH):
                ascent.step()
            member = ascent.record()
            found = score(member)
        if best[1] is None or found > best[0]:
            best = found, member
        yield best


class _Ascent:
    """Adam on the logits of every start, in one tensor `[b, parameters]`."""

    def __init__(self, score, population, rng):
        self.score, self.rng = score, rng
        blocks = score.family.blocks
        self.blocks = {name: block for name, block in blocks.items() if isinstance(block, Simplex | Box)}
        if not self.blocks:
            raise NotTraceable("the family has no block of real numbers, so there is no gradient")
        self.still = {name: torch.tensor(array) for name, array in population.items() if name not in self.blocks}
        self.shapes = {name: population[name].shape for name in self.blocks}
        count = len(next(iter(population.values())))
        starts = [
            _logits(block, torch.tensor(population[name])).reshape(count, -1) for name, block in self.blocks.items()
        ]
        self.at = torch.cat(starts, dim=1)
        self.slope, self.square = torch.zeros_like(self.at), torch.zeros_like(self.at)
        self.rates = torch.linspace(*RATES, len(self.at), dtype=torch.float64)[:, None]
        self.noisy = torch.arange(len(self.at))[:, None] % 2
        self.steps, self.best, self.gained, self.top = 0, -np.inf, 0, self.start(0)
        evaluate(score, population)  # the score estimates the typical size of a right end

    @property
    def stuck(self) -> bool:
        return self.steps - self.gained >= PATIENCE

    def start(self, k):
        """Current iterate of start k: its logits, and its fixed blocks."""
        return self.at[k : k + 1], {name: array[k : k + 1] for name, array in self.still.items()}

    def population(self, at):
        """Block name -> array, from logits."""
        parts = at.split([int(np.prod(shape[1:])) for shape in self.shapes.values()], dim=1)
        flat = zip(self.blocks.items(), parts, strict=True)
        return {
            name: _from_logits(block, part.reshape(len(at), *self.shapes[name][1:])) for (name, block), part in flat
        }

    def step(self):
        at = self.at.detach().requires_grad_()
        floor = max(FLOOR * self.score.scale[1], LEAST)
        values = _evaluate(self.score, {**self.population(at), **self.still}, floor)[0]
        if not values.requires_grad:
            raise NotTraceable("neither side depends differentiably on a real block")
        (slope,) = torch.autograd.grad(values.sum(), at)
        self.remember(values.detach())
        self.move(slope.nan_to_num(0.0, 0.0, 0.0))

    def remember(self, values):
        k = int(values.argmax())
        value = float(values[k])
        if value > self.best:
            if not value <= self.best + GAIN * abs(self.best):
                self.gained = self.steps
            self.best, self.top = value, self.start(k)
        self.score.evaluations += len(values)
        self.steps += 1

    def move(self, slope):
        self.slope.lerp_(slope, 1 - MEAN)
        self.square.lerp_(slope**2, 1 - SQUARE)
        mean, square = (kept / (1 - keeps**self.steps) for kept, keeps in ((self.slope, MEAN), (self.square, SQUARE)))
        rate = (self.rates * COOLING**self.steps).clamp(min=LAST_RATE)
        noise = torch.tensor(self.rng.standard_normal(self.at.shape)) * self.noisy * NOISE
        self.at = self.at + rate * (mean / (square.sqrt() + TINY) + noise)

    def record(self):
        """The best member so far, block name -> numpy array."""
        at, still = self.top
        found = {**self.population(at), **still}
        return members({name: found[name].numpy() for name in self.score.family.blocks}, 0)


def _logits(block, array):
    if isinstance(block, Simplex):
        return array.clamp(min=EDGE).log()
    low, high = float(block.lower), float(block.upper)
    return ((array - low) / max(high - low, TINY)).clamp(EDGE, 1 - EDGE).logit()


def _from_logits(block, logits):
    if isinstance(block, Simplex):
        return logits.softmax(dim=-1)
    low, high = float(block.lower), float(block.upper)
    return low + (high - low) * logits.sigmoid()


# ---- the score of a batch
def _evaluate(score, population, floor=LEAST):
    """Evaluate the check on a batch of tensors, with the same code as on plain floats.

    Returns: scores `[b]`, whether the gates admit each member `[b]`, the sides `[b, ...]` in order, and a function that
    reassembles the sides of one member into a Bound or an Equal.
    """
    forms = []

    def check(arrays):
        with sharing():
            instance = score.family.build(
                score.family.to_draw({name: Traced(array) for name, array in arrays.items()}, score.sizes)
            )
            allowed = torch.stack([_flag(gate(instance)) for gate in score.gates] or [torch.tensor(True)]).all()
            found = score.part.check(instance)
        if hasattr(found, "sides"):
            forms.append(_bound)
            sides = [_plain(side) for side in found.sides]
            value = _ratio(sides, floor)
        else:
            forms.append(_equal)
            sides = [_plain(side) for pair in found.pairs.values() for side in pair]
            value = torch.stack([(a - b).abs().amax() for a, b in _equal(sides).pairs.values()]).amax()
        return value.where(allowed & value.isfinite(), -torch.inf), allowed, sides

    try:
        return *torch.func.vmap(check)(population), forms[0]
    except NotTraceable:
        raise
    except Exception as error:
        raise NotTraceable(f"{type(error).__name__}: {error}") from error


def _bound(sides):
    return SimpleNamespace(sides=sides)


def _equal(sides):
    return SimpleNamespace(pairs=dict(enumerate(zip(sides[::2], sides[1::2], strict=True))))


def _ratio(sides, floor):
    """The score of a Bound; see `mdpkit.search.score`."""
    value = (sides[0] / sides[-1].clamp(min=floor)).amax()
    for a, b in pairwise(sides) if len(sides) > 2 else ():
        link = (a / b.clamp(min=floor)).amax()
        value = torch.where(link > BROKEN, value.maximum(link), value)
    return value


def _plain(side):
    return tensor(side if isinstance(side, Traced) else bare(side))


def _flag(answer):
    return answer.all().tensor if isinstance(answer, Traced) else torch.tensor(bool(answer))


@contextmanager
def _working():
    """Context with one torch thread and plain floats; the number of threads is restored afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with propose():
            yield
    finally:
        torch.set_num_threads(threads)
