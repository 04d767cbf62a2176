"""The hunt at one value of what is fixed: smallest sizes first, many short searches, rounding, exact verification."""

import time
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from flint import fmpq

from ..base.mode import propose
from ..search.engines import LEAST, row_by_row
from ..search.population import POPULATION, evaluate
from ..search.rounding import rationals
from ..search.score import Score
from ..search.shrink import shrink
from ..verify.judge import holds
from ._certify import Worth, as_drawn, as_member, complexity, worth
from ._limit import pushed
from ._portfolio import Portfolio

OVER = 1e-6
"""Ratios this far over 1 on floats are looked at exactly at once."""
SHORT = 0.4
"""Seconds of one search, at most, unless it is still rising; less where the budget is small."""
PER_SECOND = 2000
"""Evaluations of the check that stand for a second where a budget is counted: about what a slow core does."""
ALIKE = 1e-3
"""Of records this close, the smaller size is shown."""
WATCHED = 20
"""Exact draws on which an assumption is compared with its floats."""
GLANCE = 0.4
"""Share of the budget for one search at every size, before any record is rounded: a wrong statement falls there already."""
FLAT = 3
"""Searches that leave a record of exactly 1 as it is, after which a size is left."""
COARSE = (1, 2, 3, 4, 5, 6, 8, 10, 12)
"""Denominators to which all rows are rounded together."""
LIMIT_MEMBERS = 3
"""Members beyond the record that make it a limit."""
TINY = fmpq(1, 10**6)
"""Probabilities below this are made 0, to see whether the limit is attained."""


@dataclass
class Row:
    """What a hunt found at one value of what is fixed.

    Attributes:
        fixed: axis or scalar block -> value, as given. sizes: of the record.
        best: the record's ratio; a certified lower bound on the best constant, else (no `worth`) a float.
        exact: the ratio as "p/q" text, or None where it is no rational.
        verdict: REFUTED, TIGHT, BEST, LIMIT or SPURIOUS.
        engine: the search that found it. seconds: CPU seconds until the end; to_99: until 99 % of the record.
        random: the largest ratio among fresh draws, half of whose rows are certain outcomes.
        refuted_after: CPU seconds until the first violation.
        worth: the record itself. smallest: of a refuted statement the violation of the smallest size, else the record.
        members: those of a limit. without: engine -> why it could not be used.
    """

    fixed: dict
    sizes: dict
    best: float
    exact: str | None
    verdict: str
    engine: str
    seconds: float
    to_99: float
    random: float
    evaluations: int
    refuted_after: float | None = None
    worth: Worth | None = None
    smallest: Worth | None = None
    members: list = field(default_factory=list)
    without: dict = field(default_factory=dict)
    note: str = ""

    def to_data(self) -> dict:
        """JSON data."""
        plain = ("fixed", "sizes", "best", "exact", "verdict", "engine", "seconds", "to_99", "random", "evaluations", "refuted_after")
        plain += ("without", "note")
        data = {name: getattr(self, name) for name in plain}
        data["fixed"] = {name: value if isinstance(value, int) else str(value) for name, value in self.fixed.items()}
        for name in ("seconds", "to_99", "refuted_after"):
            data[name] = data[name] and round(data[name], 3)
        if self.smallest is not None:
            found = self.smallest
            ratio = float(found.least) if np.isfinite(found.least) else None
            data["witness"] = {"sizes": dict(found.x.sizes), "ratio": ratio, "exact": None if found.exact is None else str(found.exact)}
        return {name: None if isinstance(value, float) and not np.isfinite(value) else value for name, value in data.items()}


class Clock:
    """Seconds spent since its start: of the processor or, counted, one for every `PER_SECOND` evaluations of the watched scores."""

    def __init__(self, counted):
        self.counted, self.start, self.scores = counted, time.process_time(), []

    def __call__(self) -> float:
        if self.counted:
            return sum(score.evaluations for score in self.scores) / PER_SECOND
        return self.processor()

    def processor(self) -> float:
        return time.process_time() - self.start


def hunt_row(target, seconds, rng, notice=lambda words: None, counted=False) -> Row:
    """Hunt a target for about this many seconds of a Clock."""
    clock = Clock(counted)
    ladder = target.instances.ladder()
    rungs = [_Rung(target, sizes, rng, clock) for sizes in ladder]
    if not target.proved:
        for rung in rungs:
            rung.glance(min(SHORT, GLANCE * seconds / len(ladder)))
    begun = clock()
    search = max(0.75 * seconds - begun, 0)  # the rest is for rounding, shrinking and limits
    for k, rung in enumerate(rungs):
        rung.run(begun + search * (k + 1) / len(ladder), short=min(SHORT, search / len(ladder) / 8))
        notice(f"{' '.join(f'{axis}={size}' for axis, size in rung.sizes.items())}: {rung.best.least:.6g}")
        if target.proved and rung.best.reached:
            break
    return _settled(target, rungs, clock)


class _Rung:
    """The hunt at one size."""

    def __init__(self, target, sizes, rng, clock):
        self.target, self.sizes, self.rng, self.clock, self.short = target, sizes, rng, clock, SHORT
        self.score = Score(target, sizes, _gates(target, sizes))
        clock.scores.append(self.score)
        self.portfolio = Portfolio(rng)
        self.best = Worth(None, None, -np.inf)
        self.engine, self.history, self.spurious, self.refuted_after = "", [], None, None
        self.seen = None
        with propose():
            self.random = max(evaluate(self.score, self._draw(8 * POPULATION)), default=-np.inf)

    def _draw(self, count):
        return self.target.instances.random(self.rng, self.sizes, count)

    def glance(self, short):
        """Search once, on floats; only what seems to be a violation is judged, as it stands."""
        self.short = short
        name, value, member = self._search(np.inf)
        if member is not None:
            self.seen = name, value, member
            if value > 1 + OVER:
                self._suspect(name, value, member)

    def run(self, until, short):
        """Search, and judge what is found, until the clock shows `until`, at least once.

        A record of exactly 1 that a few further searches leave as it is ends the rung: what crosses a bound is then more
        likely to be larger.
        """
        idle, self.short = 0, short
        while idle < FLAT:
            before = self.best.least
            name, value, member = self.seen or self._search(until)
            self.seen = None
            if member is not None:
                self._judge(name, value, member)
            idle = idle + 1 if self.best.reached and self.best.least == before else 0
            if (self.target.proved and self.best.reached) or self.clock() >= until:
                return

    def _search(self, until):
        """The engine's name, the best score and the member with it, of one short search."""
        name, engine = self.portfolio.next()
        population = self._draw(self.portfolio.starts(name))
        if self.best.x is not None and self.rng.random() < 0.4:
            for block, array in as_member(self.target.instances, self.best.x).items():
                population[block][0] = array
        begun = rising = self.clock()
        best, record = -np.inf, None
        try:
            with propose():
                for value, member in engine(self.score, population, self.rng):
                    now = self.clock()
                    if value > best * (1 + 1e-3 * np.sign(best)) or record is None:
                        rising = now
                    if value > best or record is None:
                        best, record = value, member
                    over = best > 1 + OVER and not self.best.violates
                    late = now > until or now - max(begun, rising) > self.short or now - begun > 5 * self.short
                    if over or late:
                        break
        except self.portfolio.refusals as error:
            self.portfolio.drop(name, error)
            return name, -np.inf, None
        self.portfolio.reward(name, best)
        return name, best, record if np.isfinite(best) else None

    def _judge(self, name, value, member):
        """Round what is as good as the record, and judge it exactly."""
        if value > 1 + OVER and not self.best.violates:
            self._suspect(name, value, member)
        elif value < 0.98 * self.best.least:
            return
        with propose():
            x = rationals(self.score, {block: np.array(array) for block, array in member.items()})
            together = self._rounded_together(member)
        for found in (x, self._polished(x), self._polished(together)):
            self._take(name, worth(self.target, found))
        if value > self.best.least * (1 + ALIKE):
            self._take(name, worth(self.target, as_drawn(self.target.instances, member, self.sizes)))

    def _rounded_together(self, member):
        """The best of the draws with every row at one denominator: rows that must change together do."""
        family = self.target.instances
        draws = [family.rounded(member, denominator, self.sizes) for denominator in COARSE]
        return max(draws, key=lambda x: self.score(as_member(family, x)))

    def _polished(self, x):
        """The rounded draw after every row in turn has taken the best of its simple values."""
        family, until = self.target.instances, self.clock() + self.short
        best = as_member(family, x)
        with propose():
            for _, better in row_by_row(self.score, {name: array[None] for name, array in best.items()}, self.rng):
                best = better
                if self.clock() > until:
                    break
            return rationals(self.score, best, kept=1 - LEAST)

    def _suspect(self, name, value, member):
        """A ratio over 1 in floats: a violation, or a fault of the float recursion."""
        found = worth(self.target, as_drawn(self.target.instances, member, self.sizes))
        self._take(name, found)
        if found.least > -np.inf and not found.violates and self.spurious is None:
            self.spurious = (value, found)

    def _take(self, name, found):
        if (found.violates, found.least) > (self.best.violates, self.best.least):
            self.refuted_after = self.refuted_after or (self.clock.processor() if found.violates else None)
            self.best, self.engine = found, name
            self.history.append((self.clock.processor(), found.least))


def _gates(target, sizes):
    """The assumptions to be watched on floats: those that refuse some exact draws, and whose floats never refuse an admitted one.

    Floats never meet an equality (a law that equals another, a policy that is greedy): to watch it would cut off what holds.
    """
    return tuple(partial(holds, assumption) for assumption in target.assumes if _told_by_floats(assumption, target.instances, sizes))


def _told_by_floats(assumption, family, sizes):
    rng, refused = np.random.default_rng(0), False
    for _ in range(WATCHED):
        x = family.from_bytes(rng.bytes(family.byte_count(sizes)), sizes)
        try:
            if not holds(assumption, family.build(x)):
                refused = True
                continue
            with propose(), np.errstate(all="ignore"):
                if not holds(assumption, family.build(family.to_float(x))):
                    return False
        except Exception:
            return False
    return refused


# ---- at the end
def _settled(target, rungs, clock) -> Row:
    found = [rung for rung in rungs if rung.best.x is not None]
    spurious = next((rung for rung in rungs if rung.spurious), None)
    if not found:
        value, seen = (spurious.spurious[0], spurious.sizes) if spurious else (-np.inf, rungs[-1].sizes)
        return _row(target, rungs, seen, value, None, "SPURIOUS" if spurious else "BEST", "", clock, note="no draw was admitted")
    violating = [rung for rung in found if rung.best.violates]
    rung = _first_of_the_best(violating or found)
    best = _shrunk(target, rung.best)
    if violating:
        smallest = best if violating[0] is rung else _shrunk(target, violating[0].best)
        row = _row(target, rungs, best.x.sizes, best.least, best, "REFUTED", rung.engine, clock)
        return replace(row, smallest=smallest, refuted_after=min(each.refuted_after for each in violating))
    if spurious is not None:
        value, exactly = spurious.spurious
        settled = exactly.exact or exactly.least
        note = f"floats say {value:.9g}, the same instance is worth {settled} exactly: a fault of the float recursion"
        return _row(target, rungs, spurious.sizes, best.least, best, "SPURIOUS", rung.engine, clock, note=note)
    if best.reached:
        return _row(target, rungs, best.x.sizes, best.least, best, "TIGHT" if target.proved else "BEST", rung.engine, clock)
    grown = pushed(target, best)
    end = _at_the_boundary(target, grown[-1])
    if end.least >= grown[-1].least:
        best = _shrunk(target, end)
    elif len(grown) > LIMIT_MEMBERS:
        return _row(target, rungs, grown[-1].x.sizes, grown[-1].least, grown[-1], "LIMIT", rung.engine, clock, grown)
    return _row(target, rungs, best.x.sizes, best.least, best, "BEST", rung.engine, clock)


def _at_the_boundary(target, end) -> Worth:
    """The draw with what is tiny made 0: where that is worth as much, there is no limit to go to."""
    arrays = {name: getattr(end.x, name) for name in target.instances.blocks}
    for name, block in target.instances.blocks.items():
        if block.row_axes:
            arrays[name] = block.mended(np.where(arrays[name] < TINY, arrays[name] * 0, arrays[name]))
    return worth(target, target.instances.drawn(arrays, end.x.sizes))


def _first_of_the_best(rungs):
    """Of records as good as the best, that of the smallest size."""
    top = max(rung.best.least for rung in rungs)
    return next(rung for rung in rungs if rung.best.least == top or rung.best.least >= top - ALIKE * abs(top))


def _row(target, rungs, sizes, value, best, verdict, engine, clock, grown=(), note="") -> Row:
    history = [(seconds, least) for rung in rungs for seconds, least in rung.history]
    least = best.least if best is not None else value
    return Row(
        fixed=target.fixed,
        sizes=dict(sizes),
        best=float(value),
        exact=None if best is None or best.exact is None else str(best.exact),
        verdict=verdict,
        engine=engine,
        seconds=clock.processor(),
        to_99=min((seconds for seconds, seen in history if seen >= 0.99 * min(least, max(each for _, each in history))), default=np.nan),
        random=float(max(rung.random for rung in rungs)),
        evaluations=sum(rung.score.evaluations for rung in rungs),
        worth=best,
        smallest=best,
        members=list(grown),
        without={name: why for rung in rungs for name, why in rung.portfolio.dropped.items()},
        note=note,
    )


def _shrunk(target, best) -> Worth:
    """The simplest draw found that is worth as much: states, actions, steps deleted, rows replaced by simpler ones."""
    if best.exact is None:
        return best
    kept = worth(target, shrink(target.instances, best.x, lambda x: _as_good(worth(target, x), best), most=1500))
    names = target.instances.blocks
    return kept if _as_good(kept, best) and complexity(kept.x, names) <= complexity(best.x, names) else best


def _as_good(found, best):
    return found.exact is not None and found.exact >= best.exact and found.violates >= best.violates
