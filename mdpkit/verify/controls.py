"""Run negative controls: check that each variation fails, and for the stated reason."""

from dataclasses import dataclass

import numpy as np

from ..base.decision import Decision
from ..base.interval import interval
from ..base.markup import abbreviate
from ..base.replaceable import sabotaged
from .claim import Bound
from .judge import Kind, all_exact, as_float, decide, holds, judge


@dataclass(frozen=True)
class ControlResult:
    """Whether a control bites (its variation fails as required), and why. `sides` are the compared ends, as floats."""

    name: str
    kind: str
    bites: bool
    reason: str
    sides: tuple = ()


def run_control(claim, control) -> ControlResult:
    """Run a control on its witness; a control that raises does not bite."""
    part = claim.part(control.part)
    try:
        witness = control.witness()
        bites, reason, sides = _KINDS[control.kind](claim, part, control, witness)
    except Exception as error:
        bites, reason, sides = False, f"raised {type(error).__name__}: {error}", ()
    return ControlResult(control.name, control.kind, bites, reason, sides)


def _drops(claim, part, control, witness):
    if control.drops not in {assumption.name for assumption in part.assumes}:
        return False, f"the varied statement does not assume {control.drops!r}", ()
    for assumption in part.assumes:
        kept = holds(assumption, witness)
        if assumption.name == control.drops and kept:
            return False, f"the dropped assumption still holds on the witness: {assumption.name}", ()
        if assumption.name != control.drops and not kept:
            return False, f"another assumption fails on the witness: {assumption.name}", ()
    return _demand_no(decide(part.check(witness), claim.resolution, all_exact(witness)), f"without '{control.drops}'")


def _tightens(claim, part, control, witness):
    before = _hold(claim, part, witness)
    if isinstance(before, str):
        return False, before, ()
    loose, tight = part.check(witness), control.tightens(witness)
    if type(loose) is not type(tight):
        return False, f"the claim returns {type(loose).__name__}, its tightening {type(tight).__name__}", ()
    after = decide(tight, claim.resolution, all_exact(witness))
    if isinstance(loose, Bound):
        if not _at_most(before.sides[0], after.sides[0]):
            return False, "a loosening: the left end decreased", _ends(after)
        if not _at_most(after.sides[-1], before.sides[-1]):
            return False, "a loosening: the right end increased", _ends(after)
        return _demand_no(after, "tightened")
    return _tightened_equal(claim, control, loose, tight, after)


def _at_most(a, b):
    """Whether a <= b is proved, or the enclosures are identical, as for an end that the control did not change."""
    return (a <= b).all_yes() or (
        a.shape == b.shape and np.array_equal(a.lower, b.lower) and np.array_equal(a.upper, b.upper)
    )


def _tightened_equal(claim, control, loose, tight, after):
    at = control.at or (next(iter(loose.pairs)) if len(loose.pairs) == 1 else None)
    if at not in loose.pairs or set(loose.pairs) != set(tight.pairs):
        return False, f"`at` is {control.at!r}; the claim's pairs are {', '.join(map(repr, loose.pairs))}", ()
    for name in loose.pairs:
        if name != at and after.entries[name] is not Decision.YES:
            return False, f"it changes the pair {name!r} as well as {at!r}", ()
    if after.entries[at] is not Decision.NO:
        return False, f"{at!r} is decided {after.entries[at].name} after the change", ()
    return True, f"{at!r} is no longer equal: {_shown_pair(tight.pairs[at])}", _ends(after)


def _sabotages(claim, part, control, witness):
    before = _hold(claim, part, witness)
    if isinstance(before, str):
        return False, before, ()
    with sabotaged(control.sabotages, control.by) as reached:
        after = decide(part.check(witness), claim.resolution, all_exact(witness))
    if not reached:
        return False, f"the check never calls {_public(control.sabotages)}", ()
    return _demand_no(after, f"with {control.sabotages.__name__} sabotaged")


_KINDS = {"drops": _drops, "tightens": _tightens, "sabotages": _sabotages}


def _public(function) -> str:
    """The name by which a user calls a replaceable function, such as measure.value."""
    _, room, *_, name = function.name.split(".")
    return f"{room}.{name}"


def _hold(claim, part, witness):
    """The judgement of the claim itself on the witness, or the reason why it does not hold there."""
    verdict = judge(part, witness, claim.resolution)
    if verdict.kind is Kind.REFUSED:
        return f"an assumption fails on the witness: {verdict.assumption}"
    return (
        verdict
        if verdict.decision is Decision.YES
        else f"the claim itself is decided {verdict.decision.name} on the witness"
    )


def _demand_no(verdict, words):
    ends = _ends(verdict)
    if verdict.decision is not Decision.NO:
        return False, f"{words}, the claim is still decided {verdict.decision.name}", ends
    if verdict.entries:
        broken = next(name for name, decision in verdict.entries.items() if decision is Decision.NO)
        return True, f"{words}, {broken!r} is no longer equal", ends
    return True, f"{words}, the bound is decided NO ({_ratio(verdict)})", ends


def _ratio(verdict):
    """The ratio in words, for the reason."""
    value = as_float(verdict.ratio)
    return "no ratio" if value is None else f"left / right = {value:.6g}"


def _ends(verdict):
    """The two compared ends, as floats; empty if they are arrays."""
    broken = next((k for k, each in enumerate((verdict.entries or {}).values()) if each is Decision.NO), 0)
    first, last = (
        (verdict.sides[2 * broken], verdict.sides[2 * broken + 1])
        if verdict.entries
        else (verdict.sides[0], verdict.sides[-1])
    )
    return () if first.shape or last.shape else (first.mid, last.mid)


def _shown_pair(pair):
    return " against ".join(_shown(x) for x in pair)


def _shown(x):
    known = interval(x)
    if known.shape:
        return f"an array of shape {known.shape}"
    return abbreviate(known.lower[()]) if known.exact else f"{known.mid:.6g}"
