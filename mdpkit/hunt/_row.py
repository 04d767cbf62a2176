"""One row of a hunt: smallest sizes first, many short searches, rounding, exact verification."""

import time
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from flint import fmpq

from ..base.mode import propose
from ..search import rays
from ..search.engines import LEAST, row_by_row
from ..search.population import POPULATION, evaluate
from ..search.rounding import rationals
from ..search.score import Score
from ..search.shrink import shrink
from ..verify.judge import holds
from ._certify import Worth, as_member, complexity, worth
from ._limit import push_to_boundary
from ._portfolio import Portfolio

OVER = 1e-6
"""Ratios that exceed 1 by this much in floats are checked exactly at once."""
SHORT = 0.4
"""Maximum seconds of one search unless it is still improving; less for a small budget."""
PER_SECOND = 2000
"""Evaluations of the check per second of a counted budget, roughly the speed of a slow core."""
ALIKE = 1e-3
"""Relative difference up to which the record of smaller size is preferred."""
WATCHED = 20
"""Number of exact draws on which an assumption is compared with its float evaluation."""
GLANCE = 0.4
"""Share of the budget for one search per size before any record is rounded; it suffices for most false statements."""
BETWEEN, BRIEFLY, EVERY = 0.25, 0.1, 10**4
"""Share of the budget, in addition, for sizes beside the ladder; the least seconds for each; their largest number."""
FLAT = 3
"""Number of searches without improvement on a record of exactly 1 after which a size is abandoned."""
COARSE = (1, 2, 3, 4, 5, 6, 8, 10, 12)
"""Denominators to which all rows are rounded jointly."""
LIMIT_MEMBERS = 3
"""Number of improving members beyond which a record is classified as a limit."""
RAY_STARTS, RAYS = 6, 6
"""Random members from which rays to the boundary start, and number of rays judged exactly."""
TINY = fmpq(1, 10**6)
"""Probabilities below this are set to 0, to test whether the limit is attained."""


@dataclass
class Row:
    """Result of a hunt at one value of the fixed axes.

    Attributes:
        fixed: axis or scalar block -> value, as given. sizes: sizes of the record.
        best: the record's ratio: a certified lower bound on the best constant, or an uncertified float without `worth`.
        exact: the ratio as "p/q" text, or None if it is not rational.
        verdict: REFUTED, TIGHT, BEST, LIMIT or SPURIOUS.
        engine: the search that found the record. seconds: total CPU seconds; to_99: those until 99 % of the record.
        random: the largest ratio among random draws, half of whose rows are deterministic.
        refuted_after: CPU seconds until the first violation.
        worth: the record itself. smallest: for a refuted statement the violation of smallest size, else the record.
        members: members of a limit. without: engine -> why it could not be used.
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
        plain = (
            "fixed",
            "sizes",
            "best",
            "exact",
            "verdict",
            "engine",
            "seconds",
            "to_99",
            "random",
            "evaluations",
            "refuted_after",
        )
        plain += ("without", "note")
        data = {name: getattr(self, name) for name in plain}
        data["fixed"] = {name: value if isinstance(value, int) else str(value) for name, value in self.fixed.items()}
        for name in ("seconds", "to_99", "refuted_after"):
            data[name] = data[name] and round(data[name], 3)
        if self.smallest is not None:
            found = self.smallest
            ratio = float(found.least) if np.isfinite(found.least) else None
            data["witness"] = {
                "sizes": dict(found.x.sizes),
                "ratio": ratio,
                "exact": None if found.exact is None else str(found.exact),
            }
        return {
            name: None if isinstance(value, float) and not np.isfinite(value) else value for name, value in data.items()
        }


class Clock:
    """Elapsed CPU seconds or, if counted, one second per `PER_SECOND` evaluations of the registered scores."""

    def __init__(self, counted):
        self.counted, self.start, self.scores = counted, time.process_time(), []

    def __call__(self) -> float:
        if self.counted:
            return sum(score.evaluations for score in self.scores) / PER_SECOND
        return self.processor()

    def processor(self) -> float:
        return time.process_time() - self.start


def hunt_row(target, seconds, rng, notice=lambda words: None, counted=False) -> Row:
    """Hunt a target for about `seconds` seconds of a Clock."""
    ladder = target.instances.ladder()
    _load_kernels(target, ladder[0])
    clock = Clock(counted)
    rungs = [_Rung(target, sizes, rng, clock) for sizes in ladder]
    if not target.proved:
        for rung in rungs:
            rung.glance(min(SHORT, GLANCE * seconds / len(ladder)))
    begun = clock()
    search = max(0.75 * seconds - begun, 0)  # the rest is for rays, rounding, shrinking and limits
    for k, rung in enumerate(rungs):
        rung.run(begun + search * (k + 1) / len(ladder), short=min(SHORT, search / len(ladder) / 8))
        notice(f"{' '.join(f'{axis}={size}' for axis, size in rung.sizes.items())}: {rung.best.least:.6g}")
        if target.proved and rung.best.reached:
            break
    if not any(rung.best.violates for rung in rungs):
        for rung in rungs:
            rung.near_the_boundary()
    if not target.proved and not any(rung.best.violates for rung in rungs):
        rungs += _violations_between(target, ladder, seconds, rng, clock)
    return _settle(target, rungs, clock)


def _violations_between(target, ladder, seconds, rng, clock):
    """A rung at a combination of sizes beside the ladder, at which a short search finds a violation; [] if none does.

    A statement may fail at one combination of sizes alone.
    """
    others = [sizes for sizes in target.instances.ladder(most=EVERY) if sizes not in ladder]
    most = min(len(others), int(BETWEEN * seconds / BRIEFLY))
    for k in np.linspace(0, len(others) - 1, most).round().astype(int):
        rung, share = _Rung(target, others[k], rng, clock), BETWEEN * seconds / most
        rung.run(clock() + share, short=min(SHORT, share / 4))
        if rung.best.violates:
            return [rung]
    return []


def _load_kernels(target, sizes):
    """Compile or load the kernels of the check, which is not search and may take longer than a short hunt."""
    with propose():
        Score(target, sizes).of_population(target.instances.random(np.random.default_rng(0), sizes, 4))


class _Rung:
    """State of the hunt at one size of the ladder."""

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
        """Search once, in floats; only an apparent violation is judged exactly, unrounded."""
        self.short = short
        name, value, member = self._search(np.inf)
        if member is not None:
            self.seen = name, value, member
            if value > 1 + OVER:
                self._suspect(name, value, member)

    def run(self, until, short):
        """Search and judge the results until the clock reaches `until`, at least once.

        If a record of exactly 1 is not improved by a few further searches, the size is abandoned: a violation is then
        more likely at a larger size.
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
        """Engine name, best score and best member of one short search."""
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
        """Round a member that is close to or above the record, and judge it exactly."""
        if value > 1 + OVER and not self.best.violates:
            self._suspect(name, value, member)
        elif value < 0.98 * self.best.least:
            return
        with propose():
            x = rationals(self.score, {block: np.array(array) for block, array in member.items()})
            together = self._round_together(member)
        for found in (x, self._polish(x), self._polish(together)):
            self._take(name, worth(self.target, found))
        if value > self.best.least * (1 + ALIKE):
            self._take(name, worth(self.target, self.target.instances.exactly(member, self.sizes)))

    def _round_together(self, member):
        """The best draw with all rows rounded to one common denominator, for rows that must change jointly."""
        family = self.target.instances
        draws = [family.round_draw(member, denominator, self.sizes) for denominator in COARSE]
        return max(draws, key=lambda x: self.score(as_member(family, x)))

    def _polish(self, x):
        """The rounded draw after coordinate ascent over simple values of every row."""
        family, until = self.target.instances, self.clock() + self.short
        best = as_member(family, x)
        with propose():
            for _, better in row_by_row(self.score, {name: array[None] for name, array in best.items()}, self.rng):
                best = better
                if self.clock() > until:
                    break
            return rationals(self.score, best, kept=1 - LEAST)

    def near_the_boundary(self):
        """Judge exactly the rays on which the ratio may exceed 1 at tiny probabilities, errors or distances."""
        family, sizes = self.target.instances, self.sizes
        near = self.score.near_the_boundary()
        self.clock.scores.append(near)
        starts = rays.members_of(self._draw(RAY_STARTS))
        if self.best.x is not None:
            starts.append(as_member(family, self.best.x))
        with propose():
            every = [ray for start in starts for ray in rays.rays_from(family, start, self.rng)]
            found = rays.promising(near, every, RAYS)
        for ray, _ in found:
            for x in rays.suspects(ray, family, sizes):
                judged = worth(self.target, x)
                self._take("rays", judged)
                if judged.violates:
                    return

    def _suspect(self, name, value, member):
        """Check a float ratio above 1: a violation, or an error of the float recursion."""
        found = worth(self.target, self.target.instances.exactly(member, self.sizes))
        self._take(name, found)
        if found.least > -np.inf and not found.violates and self.spurious is None:
            self.spurious = (value, found)

    def _take(self, name, found):
        if (found.violates, found.least) > (self.best.violates, self.best.least):
            self.refuted_after = self.refuted_after or (self.clock.processor() if found.violates else None)
            self.best, self.engine = found, name
            self.history.append((self.clock.processor(), found.least))


def _gates(target, sizes):
    """Assumptions enforced on floats: those that refuse some exact draws and, in floats, never refuse an admitted one.

    Assumptions that are equalities (two distributions agree, a policy is greedy) fail in floats through rounding, and
    enforcing them would exclude admissible draws.
    """
    return tuple(
        partial(holds, assumption)
        for assumption in target.assumes
        if _decided_by_floats(assumption, target.instances, sizes)
    )


def _decided_by_floats(assumption, family, sizes):
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
def _settle(target, rungs, clock) -> Row:
    found = [rung for rung in rungs if rung.best.x is not None]
    spurious = next((rung for rung in rungs if rung.spurious), None)
    if not found:
        value, seen = (spurious.spurious[0], spurious.sizes) if spurious else (-np.inf, rungs[-1].sizes)
        return _row(
            target, rungs, seen, value, None, "SPURIOUS" if spurious else "BEST", "", clock, note="no draw was admitted"
        )
    violating = [rung for rung in found if rung.best.violates]
    rung = _first_of_the_best(violating or found)
    best = _shrink_record(target, rung.best)
    if violating:
        smallest = best if violating[0] is rung else _shrink_record(target, violating[0].best)
        row = _row(target, rungs, best.x.sizes, best.least, best, "REFUTED", rung.engine, clock)
        return replace(row, smallest=smallest, refuted_after=min(each.refuted_after for each in violating))
    if spurious is not None:
        value, exactly = spurious.spurious
        settled = exactly.exact or exactly.least
        note = f"the float ratio is {value:.9g}, the exact ratio of the same instance is {settled}: an error of the float recursion"
        return _row(target, rungs, spurious.sizes, best.least, best, "SPURIOUS", rung.engine, clock, note=note)
    if best.reached:
        return _row(
            target, rungs, best.x.sizes, best.least, best, "TIGHT" if target.proved else "BEST", rung.engine, clock
        )
    grown = push_to_boundary(target, best)
    end = _at_the_boundary(target, grown[-1])
    beyond = next((each for each in (*grown, end) if each.violates), None)
    if beyond is not None:
        row = _row(target, rungs, beyond.x.sizes, beyond.least, beyond, "REFUTED", "limit", clock)
        return replace(row, refuted_after=clock.processor())
    if end.least >= grown[-1].least:
        best = _shrink_record(target, end)
    elif len(grown) > LIMIT_MEMBERS:
        return _row(target, rungs, grown[-1].x.sizes, grown[-1].least, grown[-1], "LIMIT", rung.engine, clock, grown)
    return _row(target, rungs, best.x.sizes, best.least, best, "BEST", rung.engine, clock)


def _at_the_boundary(target, end) -> Worth:
    """The draw with tiny probabilities set to 0; if its ratio is as large, the limit is attained."""
    arrays = {name: getattr(end.x, name) for name in target.instances.blocks}
    for name, block in target.instances.blocks.items():
        if block.row_axes:
            arrays[name] = block.repair(np.where(arrays[name] < TINY, arrays[name] * 0, arrays[name]))
    return worth(target, target.instances.to_draw(arrays, end.x.sizes))


def _first_of_the_best(rungs):
    """The smallest size whose record is within tolerance of the best."""
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
        to_99=min(
            (seconds for seconds, seen in history if seen >= 0.99 * min(least, max(each for _, each in history))),
            default=np.nan,
        ),
        random=float(max(rung.random for rung in rungs)),
        evaluations=sum(rung.score.evaluations for rung in rungs),
        worth=best,
        smallest=best,
        members=list(grown),
        without={name: why for rung in rungs for name, why in rung.portfolio.dropped.items()},
        note=note,
    )


def _shrink_record(target, best) -> Worth:
    """The simplest draw found with as large a ratio, by deleting states, actions and steps and simplifying rows."""
    if best.exact is None:
        return best
    kept = worth(target, shrink(target.instances, best.x, lambda x: _as_good(worth(target, x), best), most=1500))
    names = target.instances.blocks
    return kept if _as_good(kept, best) and complexity(kept.x, names) <= complexity(best.x, names) else best


def _as_good(found, best):
    return found.exact is not None and found.exact >= best.exact and found.violates >= best.violates
