"""Verify one claim."""

from dataclasses import replace
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..base.decision import Decision
from ..base.errors import ClaimBroken, InvalidClaim, InvalidModel
from ..base.record import Record
from ..instances.family import Family
from ..instances.io import load, save
from ..model.horizon import Average, Total
from ..search.matters import matters
from ..search.shrink import shrink
from . import register
from .claim import Claim, Part
from .controls import ControlResult
from .judge import Kind, holds, judge, judge_draw
from .profile import Profile, profile_named
from .run.parcel import NO_OBJECT
from .run.work import run, tasks
from .tally import Tally, unpack
from .verdict import Outcome, Verdict
from .violation import violations


def verify(
    claim: Claim | str | PathLike[str],
    profile: str = "quick",
    *,
    seed: int = 0,
    on: Any = None,
    scheduler: Any = None,
) -> Verdict:
    """Test a claim by its controls, its instances and a search for violations, decided by exact or enclosed arithmetic.

    Args:
        claim: a Claim, the id of a registered one, or the path of a file that contains one.
        profile: "glance", "quick" or "full" (counted budgets).
        seed: random seed; the same versions, seed and machine give the same verdict.
        on: the user's problem (a record, or the path of an instance file), which replaces the model that the claim
            accepts; or a whole instance, such as a saved witness, which is then the only one judged.
        scheduler: a Dask cluster that runs the tasks: the address of its scheduler, or a `distributed.Client`. The
            claim is then given by its id or file.

    Raises: UnknownClaim, InvalidClaim, InvalidModel for invalid input; ClaimBroken or ExactnessLost if the claim's own
    code is at fault; WorkerLost if the cluster cannot be used.

    >>> verify("double_sampling_bias_is_next_state_variance").outcome.name
    'SURVIVED'
    """
    if scheduler is not None:
        return _on_cluster(claim, profile, seed, on, scheduler)
    chosen = claim if isinstance(claim, Claim) else register.find(claim)
    budget = profile_named(profile)
    chosen = chosen if on is None else on_problem(chosen, on)
    results = {task.key: run(chosen, task, budget, seed) for task in tasks(chosen, budget)}
    return assemble(chosen, results, budget, seed)


def _on_cluster(claim, profile, seed, on, scheduler):
    from .run.session import verify_all  # it assembles verdicts with this module

    if isinstance(claim, Claim):
        raise InvalidClaim(f"{claim.id} {NO_OBJECT}")
    with TemporaryDirectory() as folder:
        if on is not None and not isinstance(on, str | PathLike):
            given, on = on, Path(folder) / "problem.json"
            save(given, on)
        [finished] = verify_all([claim], profile, seed=seed, on=on, scheduler=scheduler)
    if finished.verdict is None:
        raise ClaimBroken(f"{finished.claim}: {finished.error}")
    return finished.verdict


def assemble(claim, results: dict, profile: Profile, seed: int) -> Verdict:
    """Assemble the verdict on a claim from the results of all its tasks."""
    controls = tuple(
        ControlResult(**{**data, "sides": tuple(data["sides"])}) for data in results["controls"]["controls"]
    )
    tallies = [Tally() for _ in claim.judged]
    for task in tasks(claim, profile)[1:]:
        tallies[task.part] = tallies[task.part].merge(Tally.from_data(results[task.key]["tally"]))
    whole = Tally()
    for tally in tallies:
        whole = whole.merge(tally)
    _refuse_broken_assumptions(claim, tallies)
    outcome, note = _outcome(claim, tallies, controls, profile)
    broken = next((k for k, tally in enumerate(tallies) if tally.violation), None)
    witness, matter, violated = (
        (None, None, ()) if broken is None else _witness(claim.judged[broken], tallies[broken], claim.resolution)
    )
    ratios = [row["ratio"] for row in tallies[0].rows.values() if row["ratio"] is not None]
    judged = zip(claim.judged, tallies, strict=True)
    rows = [{"part": part.name, "label": key, **row} for part, tally in judged for key, row in tally.rows.items()]
    return Verdict(
        claim=claim.id,
        theme=register.theme(claim),
        outcome=outcome,
        evidence=whole.evidence,
        instances=whole.instances,
        degenerate=whole.degenerate,
        tightest=max(ratios, default=None),
        widest=whole.widest,
        controls=controls,
        rows=tuple(rows),
        seconds=sum(result["seconds"] for result in results.values()),
        seed=seed,
        profile=profile.name,
        witness=witness,
        witness_part=None if broken is None else claim.judged[broken].name,
        note=note,
        drawn=whole.drawn,
        turned_away=whole.turned_away,
        proposed=whole.proposed,
        lost=whole.lost,
        matters=matter,
        violations=violated,
    )


def _outcome(claim, tallies, controls, profile):
    if any(tally.violation for tally in tallies):
        return Outcome.REFUTED, ""
    for part, tally in zip(claim.judged, tallies, strict=True):
        words = f"{part.name}: {tally.instances} instances admitted"
        if isinstance(part.instances, Family) and tally.instances < min(profile.demanded, profile.draws):
            refused = ", ".join(f"{count} fail '{name}'" for name, count in tally.refused.items())
            reasons = [f"{tally.degenerate} have both sides 0", *([refused] if refused else [])]
            return Outcome.VACUOUS, f"{words}, {profile.demanded} demanded; {'; '.join(reasons)}"
        if tally.instances == 0 or (not isinstance(part.instances, Family) and tally.refused):
            return (
                Outcome.VACUOUS,
                f"{words}; {sum(tally.refused.values())} of the listed instances violate an assumption",
            )
    undecided = sum(tally.undecided for tally in tallies)
    if undecided:
        widest = max(tally.widest for tally in tallies)
        limit = float(claim.resolution)
        words = f"{undecided} instances are undecided; the widest interval is {widest:.1e}, an Equal passes up to {limit:.0e}"
        return Outcome.UNDECIDED, f"{words}; a rational problem is decided exactly: problem.to_exact()"
    silent = [control.name for control in controls if not control.bites]
    if silent:
        return Outcome.CONTROL_SILENT, ""
    enumerated = not any(isinstance(part.instances, Family) for part in claim.judged)
    exact = all(tally.evidence in ("exact", "enclosed") for tally in tallies)
    return (Outcome.CERTIFIED if enumerated and exact else Outcome.SURVIVED), ""


def _witness(part, tally, resolution):
    """A part's violating instance, shrunk; its rows that affect a side (None if listed); the disagreeing sides."""
    found = unpack(tally.violation)
    if not isinstance(part.instances, Family):
        return found, None, violations(judge(part, found, resolution))
    smallest = shrink(part.instances, found, lambda x: still_broken(part, x, resolution))
    counts = matters(part.instances, smallest, lambda x: _sides(part, x, resolution))
    return part.instances.build(smallest), counts, violations(judge_draw(part, smallest, resolution))


def _sides(part, x, resolution):
    """Judgement of a draw in comparable form: kind, decision and ends of the sides."""
    judgement = judge_draw(part, x, resolution)
    ends = ([np.asarray(end).tolist() for end in (side.lower, side.upper)] for side in judgement.sides)
    return judgement.kind, judgement.decision, *ends


def still_broken(part, x, resolution) -> bool:
    """Whether a draw is admitted and decided NO."""
    judgement = judge_draw(part, x, resolution)
    return judgement.kind is not Kind.REFUSED and judgement.decision is Decision.NO


def _refuse_broken_assumptions(claim, tallies):
    """Reject a user's problem with which every draw violates the same assumption.

    Raises: InvalidModel if it does.
    """
    if claim.on is None:
        return
    for tally in tallies:
        for name, count in tally.refused.items():
            if tally.instances == tally.degenerate == 0 and count == sum(tally.refused.values()):
                raise InvalidModel(
                    f"{claim.id} assumes '{name}', which the given problem violates in all {count} draws"
                )


# ---- a user's own problem
def on_problem(claim: Claim, on) -> Claim:
    """The claim restricted to a given model, or to one whole instance."""
    given = load(Path(on)) if isinstance(on, str | Path) else on
    if isinstance(given, SimpleNamespace):
        return replace(claim, on=(_on_instance(claim, given),))
    if not isinstance(given, Record):
        raise InvalidModel(
            f"on is a {type(given).__name__}; expected a record, an instance, or the path of a file with one"
        )
    parts = tuple(part for part in (_on_record(part, claim, given) for part in claim.parts) if part is not None)
    if not parts:
        wanted = claim.accepts[1].__name__ if claim.accepts else None
        why = (
            f"it accepts {wanted}, the given problem is {given!r}" if wanted else "it does not accept a user's problem"
        )
        if wanted and _is_averaged(given):
            why = f"it concerns total rewards, Finite or Discounted; the given problem is {given!r}"
        elif wanted and isinstance(given, claim.accepts[1]) and "H" not in given.sizes():
            why = f"its instances are time-dependent, so it needs a finite horizon; the given problem is {given!r}"
        raise InvalidClaim(f"{claim.id} cannot be verified on this problem: {why}")
    return replace(claim, on=parts)


def _on_record(part: Part, claim: Claim, given):
    accepts = part.accepts or claim.accepts
    if accepts is None or not isinstance(part.instances, Family):
        return None
    name, kind, blocks = accepts
    if not isinstance(given, kind) or name not in part.instances.models or _is_averaged(given):
        return None
    family = part.instances.on(name, given, blocks)
    if family is None:
        return None
    _refuse_what_breaks_alone(part, claim, name, given)
    if not family.blocks:  # nothing is left to draw
        return replace(part, instances=lambda: [family.build(family.to_draw({}, sizes)) for sizes in family.ladder()])
    return replace(part, instances=family)


def _is_averaged(given):
    """Whether the criterion is average or total reward, which no family of instances covers."""
    return isinstance(getattr(given, "horizon", None), Average | Total)


class _Alone(SimpleNamespace):
    """An instance of which only one model is given."""

    def __getattr__(self, name):
        raise LookupError(f"{name} is drawn")  # not an AttributeError, which hasattr would swallow


def _refuse_what_breaks_alone(part, claim, name, given):
    """Reject a given problem that by itself violates an assumption, without any draw.

    Raises: InvalidModel if it does.
    """
    alone = _Alone(**{name: given})
    for assumption in part.assumes:
        try:
            kept = holds(assumption, alone)
        except Exception:
            continue  # it depends on the draw, or raises by itself: judging will report it
        if not kept:
            raise InvalidModel(f"{claim.id} assumes '{assumption.name}', which the given problem violates")


def _on_instance(claim, instance):
    for part in claim.parts:
        try:
            judged = judge(part, instance, claim.resolution)
        except AttributeError:
            continue  # it lacks a model of this part
        if judged.kind is not Kind.REFUSED:
            return replace(part, instances=lambda: [instance])
    models = ", ".join(vars(instance))
    raise InvalidClaim(
        f"{claim.id} cannot be judged on this instance ({models}): it lacks a model, or violates an assumption"
    )
