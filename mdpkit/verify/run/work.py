"""Tasks of a verification, with results in plain JSON data."""

import json
import time
import zlib
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import chain, islice

from flint import fmpq

from ...base.errors import ClaimBroken, ExactnessLost, MdpkitError
from ...base.record import Record
from ...instances.family import Family
from ..blame import locate_error
from ..breadth import breadth
from ..claim import in_seeds
from ..controls import run_control
from ..depth import depth
from ..differential import compare, expect_same_build, in_floats
from ..judge import all_exact, judge, judge_draw
from ..profile import Profile
from ..proposals import proposals
from ..tally import Tally
from ..worst import worst


@dataclass(frozen=True)
class Task:
    """One unit of work: the controls (part None), or one chunk of one part."""

    part: int | None
    chunk: int = 0

    @property
    def key(self) -> str:
        return "controls" if self.part is None else f"part{self.part}-{self.chunk}"


def tasks(claim, profile: Profile) -> list[Task]:
    """All tasks of a claim, in the order in which their results are merged."""
    work = [Task(None)]
    for k, part in enumerate(claim.judged):
        work += [Task(k, chunk) for chunk in range(profile.chunks if isinstance(part.instances, Family) else 1)]
    return work


def run(claim, task: Task, profile: Profile, seed: int) -> dict:
    """Run one task.

    Raises: ClaimBroken if a check or a builder raises on an instance; ExactnessLost if a float entered an exact run.
    """
    start = time.process_time()
    try:
        data = _controls(claim) if task.part is None else _chunk(claim, task, profile, seed)
    except MdpkitError as error:
        raise type(error)(f"{claim.id}: {error}") from error
    except Exception as error:
        raise ClaimBroken(f"{claim.id}: {locate_error(error)}") from error
    return {**data, "seconds": time.process_time() - start}


def attempt(claim, task: Task, profile: Profile, seed: int) -> dict:
    """The result of a task as JSON data, or {"error", "seconds"} if the claim's code raised."""
    start = time.process_time()
    try:
        # passed through JSON so that resumed and fresh results are identical
        return json.loads(json.dumps(run(claim, task, profile, seed)))
    except (Exception, SystemExit) as error:
        return {"error": f"{type(error).__name__}: {error}", "seconds": time.process_time() - start}


def _controls(claim):
    return {"controls": [asdict(run_control(claim, control)) for control in claim.controls]}


def _chunk(claim, task, profile, seed):
    part = claim.judged[task.part]
    # crc32 of the names: the seed of a chunk does not depend on which other claims are verified
    stretch = zlib.crc32(f"{claim.id}/{in_seeds(part.name)}/{task.chunk}/{seed}".encode())
    if isinstance(part.instances, Family):
        known = worst(claim, part) if task.chunk == 0 and not part.instances.given else ()
        return {"tally": _family(part, profile, stretch, claim.resolution, task.chunk, known).to_data()}
    return {"tally": _judge_list(part, profile, claim.resolution).to_data()}


def _family(part, profile, seed, resolution, chunk, known):
    """Float proposals, exact draws with their differential run, kept worst draws and a search, until one refutes."""
    tally = proposals(part, profile.proposals, seed, resolution) if profile.proposals else Tally()
    if tally.violation:
        return tally
    keep = profile.differential if chunk == 0 else 0
    broad, kept = breadth(part, profile.draws, seed, resolution, keep, profile.enough)
    tally = tally.merge(broad)
    if part.instances.exact:
        for x, judgement in kept:
            instance = part.instances.build(x)
            expect_same_build(part.instances, x, instance)
            tally.compared += compare(part, in_floats(instance), judgement)
    for x in known:
        tally.add(judge_draw(part, x, resolution), x.sizes, x)
    return tally if tally.violation else tally.merge(depth(part, profile.evaluations, seed, resolution, profile.sizes))


def _judge_list(part, profile, resolution):
    tally, smallest = Tally(), []
    further = part.thorough() if profile.thorough and part.thorough else ()
    for k, instance in enumerate(chain(part.instances(), further)):
        judgement = judge(part, instance, resolution)
        if all_exact(instance) and judgement.how == "float":
            raise ExactnessLost("a side is a float on a rational instance")
        facts = {"parameters": parameters(instance)}
        if part.data and profile.data:
            facts["data"] = part.data(instance)
        tally.add(judgement, sizes_of(instance), instance, label=f"#{k}", facts=facts)
        tally.evaluations += 1
        if judgement.sides:
            smallest.append((k, instance, judgement))
    smallest.sort(key=lambda each: sum(sizes_of(each[1]).values()))
    for _, instance, judgement in islice((each for each in smallest if all_exact(each[1])), profile.differential):
        tally.compared += compare(part, in_floats(instance), judgement)
    return tally


def sizes_of(instance) -> dict:
    """Size of every named axis of an instance's records."""
    sizes = {}
    for value in vars(instance).values():
        if isinstance(value, Record):
            sizes.update(value.sizes())
    return sizes


def parameters(instance) -> dict:
    """Integers, rationals and strings of an instance by name, rationals as "p/q"."""
    plain = {name: value for name, value in vars(instance).items() if isinstance(value, int | Fraction | fmpq | str)}
    return {name: value if isinstance(value, int | str) else str(value) for name, value in plain.items()}
