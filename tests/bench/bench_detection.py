"""How many false statements the search behind SURVIVED finds, by kind, and at what cost.

    python tests/bench/bench_detection.py [--hunt] [--fresh N] [--seed SEED]

The planted statements are false by construction or by a control that refutes them: every control that tightens a bound
or sabotages a measure, over the claim's own family; and, made of every bound left <= right of a claim over a family,

* squared: left <= K right^2, true where the right side is large and false where it is small;
* too tight: left <= (1 - d) c right, c the largest ratio known;
* one size: that with d = 1/2, at the largest size alone, or at one other;
* needle: left <= right, but right = -1 where every row of the first law puts all its mass on its last outcome, with
  no slope towards it.

Of each it prints whether `quick` refutes it, the CPU seconds, and with --hunt whether a hunt of 100 counted seconds
(200 000 evaluations) finds what quick missed; at the end a table by kind: planted, missed by each, mean CPU seconds.
`--fresh` adds N statements drawn by a seed, which is printed.

A control need not be false at the sizes and in the boxes of the family, nor half of the best constant at one size,
where less may be attained. With --hunt, such a statement that quick and the hunt miss is hunted again, at that size
alone (of a control: that of its witness, if the family has it). If that does not refute it either, it is listed but
left out of the table. Equalities cannot be hunted, and count for quick alone.
"""

import json
import sys
import time
import zlib
from argparse import ArgumentParser
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import mdpkit
from mdpkit.base.arrays import rational
from mdpkit.base.replaceable import sabotaged
from mdpkit.instances.family import Family
from mdpkit.verify.claim import Bound
from mdpkit.verify.judge import holds
from mdpkit.verify.profile import PROFILES
from mdpkit.verify.run.work import _family, sizes_of

FIGURES = Path(__file__).parents[2] / "figures"


@dataclass(frozen=True)
class Planted:
    """A false statement.

    Attributes:
        sizes: those at which it should fail, None if it is false for certain.
    """

    kind: str
    name: str
    claim: Any
    part: Any
    sizes: dict[str, int] | None = None


def planted():
    """All planted statements, in a fixed order."""
    for claim in map(mdpkit.claims.get, mdpkit.claims.ids()):
        yield from of_controls(claim)
        known = best_ratios(claim)
        for part in claim.parts:
            if isinstance(part.instances, Family) and is_bound(part) and known.get(part.name):
                yield from of_bound(claim, part, known[part.name])


def of_controls(claim):
    for control in claim.controls:
        part = claim.part(control.part)
        if control.drops is None and isinstance(part.instances, Family):
            check = control.tightens or partial(under, control, part.check)
            sizes = sizes_of(control.witness()) if control.witness else {}
            fits = {axis: sizes.get(axis, low) for axis, (low, _) in part.instances.sizes.items()}
            yield Planted("control", f"{claim.id}: {control.name}", claim, replace(part, check=check), fits)


def under(control, check, m):
    with sabotaged(control.sabotages, control.by):
        return check(m)


def simplest(part):
    """The simplest instance of a part's family, or, where its assumptions refuse that, the first draw they do not."""
    family, rng = part.instances, np.random.default_rng(0)
    sizes = {axis: low for axis, (low, _) in family.sizes.items()}
    instance = family.build(family.from_bytes(bytes(family.byte_count(sizes)), sizes))
    while not all(holds(each, instance) for each in part.assumes):
        instance = family.build(family.from_bytes(rng.bytes(family.byte_count(sizes)), sizes))
    return instance


def is_bound(part):
    return isinstance(part.check(simplest(part)), Bound)


def best_ratios(claim):
    """The largest ratio of every part in the committed result."""
    found = {}
    for path in FIGURES.rglob(f"{claim.id}.json"):
        for row in json.loads(path.read_text())["rows"]:
            if row["ratio"] is not None:
                found[row["part"]] = max(found.get(row["part"], 0.0), row["ratio"])
    return {name: ratio for name, ratio in found.items() if ratio > 0.05}


def of_bound(claim, part, ratio):
    family, about = part.instances, f"{claim.id}: {part.name}"
    scale = rational(f"{int(ratio * 10**6)}/1000000")
    largest = {axis: high for axis, (_, high) in family.sizes.items()}
    middle = {axis: (low + high) // 2 for axis, (low, high) in family.sizes.items()}
    if reaches_zero(part):
        for K in (10, 1000):
            yield plant("squared", f"{about}, K = {K}", claim, part, partial(squared, part.check, K))
    for d in ("1/10", "1/100"):
        yield plant(
            "too tight", f"{about}, d = {d}", claim, part, partial(scaled, part.check, scale * (1 - rational(d)))
        )
    if any(hasattr(value, "_pattern") and value._pattern().size for value in vars(simplest(part)).values()):
        yield plant("needle", about, claim, part, partial(needle, part.check))
    for sizes in (largest, middle):
        if family.sizes:
            check = partial(at_size, part.check, scale / 2, sizes, family)
            yield plant("one size", f"{about}, at {sizes}", claim, part, check, sizes)


def needle(check, m):
    patterns = (value._pattern() for value in vars(m).values() if hasattr(value, "_pattern"))
    laws = next(pattern for pattern in patterns if pattern.size)
    sides = check(m).sides
    return Bound(sides[0], sides[-1] * 0 - 1 if bool((laws[..., -1] == 1).all()) else sides[-1])


def plant(kind, name, claim, part, check, sizes=None):
    return Planted(kind, name, claim, replace(part, check=check), sizes)


def reaches_zero(part):
    """Whether the right side tends to 0 together with the left, so that a squared right side is false somewhere."""
    rng, family = np.random.default_rng(0), part.instances
    from mdpkit.search.rays import rays_from
    from mdpkit.verify.judge import judge_draw

    sizes = {axis: high for axis, (_, high) in family.sizes.items()}
    for _ in range(6):
        member = {name: array[0] for name, array in family.random(rng, sizes, 1).items()}
        for ray in rays_from(family, member, rng):
            judged = judge_draw(part, ray.exactly(family, sizes, rational(1) / 2**40), rational("1/100000000"))
            large = hasattr(judged.ratio, "p") and judged.ratio > rational("1/1000")
            if judged.sides and judged.sides[-1].enclose().upper.max() < 1e-6 and large:
                return True
    return False


def squared(check, K, m):
    sides = check(m).sides
    return Bound(sides[0], K * sides[-1] * sides[-1])


def scaled(check, factor, m):
    sides = check(m).sides
    return Bound(sides[0], times(sides[-1], factor))


def at_size(check, factor, sizes, family, m):
    seen = defaultdict(set)
    for value in vars(m).values():
        for axis, size in value.sizes().items() if hasattr(value, "sizes") and callable(value.sizes) else ():
            seen[axis].add(size)
    there = all(size in seen.get(axis, {size}) for axis, size in sizes.items())
    sides = check(m).sides
    return Bound(sides[0], times(sides[-1], factor) if there else sides[-1])


def times(side, factor):
    """A side of any number kind times a rational."""
    return side * int(factor.p) / int(factor.q)


def fresh(count, seed):
    """Statements of random kind, claim and strength."""
    rng, every = np.random.default_rng(seed), []
    for claim in map(mdpkit.claims.get, mdpkit.claims.ids()):
        known = best_ratios(claim)
        every += [
            (claim, part, known[part.name])
            for part in claim.parts
            if isinstance(part.instances, Family) and is_bound(part) and known.get(part.name)
        ]
    while count:
        claim, part, ratio = every[int(rng.integers(len(every)))]
        kind = str(rng.choice(["squared", "too tight", "one size"]))
        if kind == "squared" and not reaches_zero(part):
            continue
        K, d = int(10 ** rng.uniform(0.5, 5)), float(10 ** rng.uniform(-2, -0.3))
        sizes = {axis: int(rng.integers(low, high + 1)) for axis, (low, high) in part.instances.sizes.items()}
        scale = rational(f"{int(ratio * 10**6)}/1000000")
        check = {
            "squared": partial(squared, part.check, K),
            "too tight": partial(scaled, part.check, scale * rational(f"{int((1 - d) * 1000)}/1000")),
            "one size": partial(at_size, part.check, scale / 3, sizes, part.instances),
        }[kind]
        label = {"squared": f"K = {K}", "too tight": f"d = {d:.3f}", "one size": f"at {sizes}"}[kind]
        there = sizes if kind == "one size" else None
        yield plant(f"fresh, {kind}", f"{claim.id}: {part.name}, {label}", claim, part, check, there)
        count -= 1


def verdict_of(statement, seed):
    """Whether quick refutes it, and CPU seconds."""
    start = time.process_time()
    key = zlib.crc32(f"{statement.name}/{seed}".encode())
    try:
        found = _family(statement.part, PROFILES["quick"], key, statement.claim.resolution, 0, ()).violation is not None
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    return found, time.process_time() - start


def hunted(statement, seed, sizes=None):
    """Whether a hunt refutes it, at all sizes or some alone, None if it cannot be hunted; and CPU seconds."""
    from mdpkit.base.errors import InvalidClaim
    from mdpkit.hunt import _target
    from mdpkit.hunt._row import hunt_row

    start = time.process_time()
    try:
        aimed = _target.target(statement.claim, statement.part.name)
        aimed = replace(aimed, check=statement.part.check, proved=False).at(sizes or {})
    except InvalidClaim:
        return None, 0.0
    row = hunt_row(aimed, 100, np.random.default_rng(seed), counted=True)
    return row.verdict == "REFUTED", time.process_time() - start


@dataclass
class Record:
    """What became of a planted statement; `hunt` is None where it was not, or could not be, hunted."""

    statement: Planted
    quick: bool
    seconds: float
    hunt: bool | None = None
    hunt_seconds: float = 0.0
    known: bool = True

    @classmethod
    def of(cls, statement, seed, hunting):
        found, seconds = verdict_of(statement, seed)
        record = cls(statement, found is True, seconds)
        if hunting and not record.quick:
            record.hunt, record.hunt_seconds = hunted(statement, seed)
            if record.hunt is False and statement.sizes is not None:
                record.known = hunted(statement, seed, statement.sizes)[0] is True
        return record

    def __str__(self):
        quick = "found " if self.quick else "MISSED"
        hunt = (
            ""
            if self.quick or self.hunt is None
            else f", hunt {'found' if self.hunt else 'MISSED'} {self.hunt_seconds:.2f} s"
        )
        known = "" if self.known else ", not known to be false"
        return f"{self.statement.kind:18} {quick} {self.seconds:7.2f} s{hunt}{known}  {self.statement.name}"


def main(words):
    options = ArgumentParser()
    options.add_argument("--hunt", action="store_true")
    options.add_argument("--fresh", type=int, default=30)
    options.add_argument("--seed", type=int, default=None)
    given = options.parse_args(words)
    seed = int(np.random.default_rng().integers(10**6)) if given.seed is None else given.seed
    print(f"seed {seed}")
    table, doubtful = defaultdict(list), 0
    for statement in [*planted(), *fresh(given.fresh, seed)]:
        record = Record.of(statement, seed, given.hunt)
        print(record, flush=True)
        doubtful += not record.known
        if record.known:
            table[statement.kind.partition(",")[0]].append(record)
    table["all"] = [record for records in table.values() for record in records]
    print(f"\n{'kind':20} {'planted':>7} {'missed':>7} {'CPU s':>7} {'hunted':>7} {'missed':>7} {'CPU s':>7}")
    for kind, records in table.items():
        hunts = [record for record in records if record.hunt is not None]
        missed = sum(not record.quick for record in records), sum(not record.hunt for record in hunts)
        spent = mean(record.seconds for record in records), mean(record.hunt_seconds for record in hunts)
        print(f"{kind:20} {len(records):7} {missed[0]:7} {spent[0]:7.2f} {len(hunts):7} {missed[1]:7} {spent[1]:7.2f}")
    print(f"left out, not known to be false: {doubtful}")


def mean(numbers):
    numbers = list(numbers)
    return sum(numbers) / max(1, len(numbers))


if __name__ == "__main__":
    main(sys.argv[1:])
