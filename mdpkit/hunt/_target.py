"""Targets of a hunt: the ratio of the two sides of a universal inequality, as a function of its family's blocks."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..base.arrays import rational
from ..base.errors import InvalidClaim
from ..base.mode import propose
from ..base.replaceable import sabotaged
from ..instances.blocks import Choice
from ..instances.family import Family
from ..verify.claim import STATEMENT, Claim


@dataclass(frozen=True)
class Target:
    """A statement to hunt, with the fields of a Part.

    Attributes:
        claim, part, control: its origin; with a control it is the claim's statement as altered by that control.
        proved: whether the claim names a proof of the bound.
        fixed: axis or scalar block -> value.
    """

    claim: Claim
    part: str
    control: str
    instances: Family
    check: object
    assumes: tuple
    proved: bool
    fixed: dict

    def at(self, fixed) -> "Target":
        """The target with axes of the family, or scalar blocks, fixed at given values.

        Raises: InvalidClaim if there is no such axis or block, or it does not admit the value.
        """
        family = self.instances
        for name, value in fixed.items():
            family = _fixed(family, name, value)
        return replace(self, instances=family, fixed=dict(fixed))


def target(claim: Claim, part: str | None = None, control: str | None = None) -> Target:
    """The statement of a claim to hunt.

    Args:
        part: name of the Part; defaults to the first universal inequality.
        control: name of a control that tightens or sabotages: its altered statement is hunted, which must be refuted.
    Raises: InvalidClaim with the reason if there is nothing to hunt.
    """
    changed = None if control is None else _control(claim, control)
    if changed is not None:
        part = changed.part
    found = _part(claim, part)
    _demand_ratio(claim, found)
    if changed is not None:
        found = replace(found, check=changed.tightens or partial(_under, changed, found.check))
        _demand_ratio(claim, found, f" as altered by {control!r}")
    return Target(
        claim,
        found.name,
        control or "",
        found.instances,
        found.check,
        found.assumes,
        changed is None and _proved(claim),
        {},
    )


def targets(claim: Claim) -> list[Target]:
    """All universal inequalities of a claim; empty if there are none."""
    found = []
    for part in claim.parts:
        try:
            found.append(target(claim, part.name))
        except InvalidClaim:
            continue
    return found


def _part(claim, name):
    names = [part.name for part in claim.parts]
    if name is not None:
        if name not in names:
            raise InvalidClaim(f"{claim.id} has no part {name!r}; it has {', '.join(map(repr, names))}")
        return claim.part(name)
    lacks = []
    for part in claim.parts:
        why = _lack(part)
        if why is None:
            return part
        lacks.append(f"its {'statement' if part.name == STATEMENT else f'part {part.name!r}'} {why}")
    raise InvalidClaim(f"{claim.id} cannot be hunted: {'; '.join(lacks)}")


def _lack(part) -> str | None:
    """The reason why a part cannot be hunted, or None."""
    if not isinstance(part.instances, Family):
        return "is enumerated or drawn by a function, not by a Family of blocks: there is nothing to search"
    sides = _probe(part)
    if isinstance(sides, Exception):
        return f"cannot be evaluated on plain floats: {type(sides).__name__}: {sides}"
    if not hasattr(sides, "sides"):
        return "is an equality, which has no ratio: `verify` searches for its violation"
    return None


def _demand_ratio(claim, part, changed=""):
    why = _lack(part)
    if why is not None:
        raise InvalidClaim(f"{claim.id} cannot be hunted: its {part.name}{changed} {why}")


def _probe(part):
    """Both sides on one float draw, or the last error after a few attempts."""
    family, rng = part.instances, np.random.default_rng(0)
    sizes = family.ladder()[-1]
    for _ in range(5):
        try:
            with propose(), np.errstate(all="ignore"):
                blocks = family.random(rng, sizes, 1)
                return part.check(
                    family.build(family.to_draw({name: array[0] for name, array in blocks.items()}, sizes))
                )
        except Exception as error:
            last = error
    return last


def _control(claim, name):
    for control in claim.controls:
        if control.name == name:
            if control.drops is not None:
                raise InvalidClaim(
                    f"the control {name!r} drops an assumption; only controls that tighten or sabotage can be hunted"
                )
            return control
    raise InvalidClaim(
        f"{claim.id} has no control {name!r}; it has {', '.join(repr(control.name) for control in claim.controls)}"
    )


def _under(control, check, m):
    with sabotaged(control.sabotages, control.by):
        return check(m)


def _proved(claim) -> bool:
    """Whether the statement names a proof note by a line `Proof  proofs/...`."""
    return any(line.split()[:1] == ["Proof"] and "proofs/" in line for line in claim.statement.splitlines())


# ---- fixed values
def _fixed(family, name, value):
    if name in family.sizes:
        low, _ = family.sizes[name]
        size = _whole(name, value)
        if size < low or (name in family.fixed and size not in range(low, family.sizes[name][1] + 1)):
            raise InvalidClaim(f"{name}={value} is infeasible: the family has {name} from {low} on")
        return replace(family, sizes={**family.sizes, name: (size, size)})
    block = family.blocks.get(name)
    if block is None or block.axes or block.row_axes:
        scalars = [other for other, each in family.blocks.items() if not each.axes and not each.row_axes]
        raise InvalidClaim(
            f"{name} is neither an axis nor a scalar block; the family has {', '.join([*family.sizes, *scalars])}"
        )
    number = rational(value)
    inside = number in block.of if isinstance(block, Choice) else block.lower <= number <= block.upper
    if not inside:
        raise InvalidClaim(f"{name}={value} is infeasible: it lies outside {block}")
    return replace(family, blocks={**family.blocks, name: Choice(of=(number,))})


def _whole(name, value):
    number = rational(value)
    if number.q != 1:
        raise InvalidClaim(f"{name}={value} is infeasible: the length of an axis is an integer")
    return int(number.p)
