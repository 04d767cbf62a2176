"""Claims: statements with two sides, assumptions, controls and instances."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..base.errors import InvalidClaim
from ..instances.family import Family
from .papers import paper

STATEMENT = "statement"
"""Name of a claim's own statement among its parts."""


class Bound:
    """A chain of inequalities a <= b <= ... <= z. Each is decided; the ratio is a/z.

    Args: sides: two or more Intervals (arrays are compared entrywise) or rational numbers.
    """

    def __init__(self, *sides: Any) -> None:
        if len(sides) < 2:
            raise InvalidClaim(f"a Bound has {len(sides)} sides; expected at least two")
        self.sides = sides


class Equal:
    """Named pairs that are equal entrywise.

    Args: pairs: name -> (a, b), Intervals or rational numbers or arrays of them.
    """

    def __init__(self, pairs: Mapping[str, tuple[Any, Any]]) -> None:
        if not pairs or any(len(pair) != 2 for pair in pairs.values()):
            raise InvalidClaim("Equal takes a non-empty dictionary of name -> (a, b)")
        self.pairs = dict(pairs)


@dataclass(frozen=True)
class Assumption:
    """An assumption: a sentence, and the function of an instance that decides it (a bool or a Decision)."""

    name: str
    holds: Callable


@dataclass(frozen=True)
class Control:
    """A negative control: a variation of the claim that must fail on a witness, for a machine-checked reason.

    Args:
        name: description of the variation.
        witness: function of no arguments that builds the fixed instance.
        drops: name of an assumption: all others hold on the witness, this one fails, and the claim is decided NO.
        tightens: a check: the claim holds on the witness, and the tightened statement, none of whose ends is looser,
            is decided NO.
        at: for Equal, the pair that `tightens` changes.
        sabotages: a measure: the claim holds on the witness with the measure itself, and is decided NO with `by` in
            its place.
        by: function of (original measure, *its arguments).
        part: name of the Part whose check is varied; defaults to the claim's own statement, `"statement"`.
    """

    name: str
    witness: Callable
    drops: str | None = None
    tightens: Callable | None = None
    at: str | None = None
    sabotages: Callable | None = None
    by: Callable | None = None
    part: str = STATEMENT

    def __post_init__(self) -> None:
        given = [kind for kind in ("drops", "tightens", "sabotages") if getattr(self, kind) is not None]
        if len(given) != 1:
            raise InvalidClaim(
                f"control {self.name!r} has {given or 'no kind'}; expected exactly one of drops, tightens, sabotages"
            )
        if (self.sabotages is None) != (self.by is None):
            raise InvalidClaim(f"control {self.name!r}: `sabotages` and `by` go together")
        if self.sabotages is not None and not hasattr(self.sabotages, "name"):
            raise InvalidClaim(f"control {self.name!r} sabotages {self.sabotages!r}, which is not a public measure")

    @property
    def kind(self) -> str:
        return next(kind for kind in ("drops", "tightens", "sabotages") if getattr(self, kind) is not None)


@dataclass(frozen=True)
class Part:
    """A further statement of the theorem, with a Claim's fields and its own instances; excluded from `tightest`."""

    name: str
    instances: Family | Callable[[], Iterable]
    check: Callable
    assumes: tuple[Assumption, ...] = ()
    accepts: tuple | None = None
    data: Callable | None = None
    thorough: Callable[[], Iterable] | None = None


RELATIONS = ("exact", "weaker", "stronger")


@dataclass(frozen=True)
class Formal:
    """A theorem of a proof assistant's library beside a claim.

    Args:
        system: the proof assistant. repository: owner/name on GitHub. commit: the version that was read.
        theorem: its name there.
        relation: whether it states the same ("exact"), or is "weaker" or "stronger" than the claim.
        note: how it differs.
    """

    system: str
    repository: str
    commit: str
    theorem: str
    relation: str
    note: str = ""

    def __post_init__(self):
        if self.relation not in RELATIONS:
            raise InvalidClaim(f"{self.theorem} is {self.relation!r}; expected one of {', '.join(RELATIONS)}")
        if self.relation != "exact" and not self.note:
            raise InvalidClaim(f"{self.theorem} is {self.relation}; expected a note that says how it differs")

    @property
    def url(self) -> str:
        """Address of the version that was read."""
        return f"https://github.com/{self.repository}/tree/{self.commit}"


def in_seeds(part: str) -> str:
    """The name of a part as it enters seeds: that of the claim's own statement adds nothing to them."""
    return "" if part == STATEMENT else part


@dataclass(frozen=True)
class Claim:
    """A theorem with the means to test it.

    Args:
        id: a sentence with a verb, in snake_case; the name of its file.
        check: function of an instance that returns both sides as Bound or Equal, never a bool.
        instances: a Family, or a function that lists all instances of an enumerated statement.
        assumes: assumptions that an instance must satisfy to be admitted.
        controls: variations that must fail; at least one.
        also: further Parts of the theorem.
        accepts: (model, type, blocks): the model that a user's problem may replace, its type, and the blocks that are
            then not drawn.
        figure: function of (axes, rows) that draws stored rows.
        data: function of an enumerated instance that returns a dictionary of lists, stored in its row for the figure.
        sides: names of the left and right sides of the claim's own statement in figures, in matplotlib's notation.
        thorough: function that lists further, larger instances of an enumerated statement, judged in profile full only.
        resolution: maximum width of an interval at which an Equal in floats may pass.
        formula: the claim's own statement in LaTeX, without dollars.
        papers: keys of mdpkit/references.bib that the statement is adapted from, as `Source` cites them.
        tags: subjects, each in lower case with hyphens.
        formal: machine-checked counterparts elsewhere.
        on: parts that remain when a user's problem is given; set by `verify`.
    """

    id: str
    check: Callable
    instances: Family | Callable[[], Iterable]
    assumes: tuple[Assumption, ...] = ()
    controls: tuple[Control, ...] = ()
    also: tuple[Part, ...] = ()
    accepts: tuple | None = None
    figure: Callable | None = None
    data: Callable | None = None
    sides: tuple[str, str] | None = None
    resolution: Fraction = Fraction(1, 10**8)
    thorough: Callable[[], Iterable] | None = None
    formula: str = ""
    papers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    formal: tuple[Formal, ...] = ()
    on: tuple[Part, ...] | None = None

    def __post_init__(self) -> None:
        for field in ("assumes", "controls", "also", "papers", "tags", "formal"):
            if isinstance(getattr(self, field), str):
                raise InvalidClaim(f"{field} of {self.id} is {getattr(self, field)!r}; expected a tuple")
            object.__setattr__(self, field, tuple(getattr(self, field)))
        if not self.id.isidentifier():
            raise InvalidClaim(f"the id {self.id!r} is not a snake_case name")
        if not self.controls:
            raise InvalidClaim(f"{self.id} has no control; a claim needs at least one variation that must fail")
        for key in self.papers:
            paper(key)
        for tag in self.tags:
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", tag):
                raise InvalidClaim(f"the tag {tag!r} of {self.id} is not in lower case with hyphens")
        names = {assumption.name for assumption in self.assumes}
        names_of_parts = [part.name for part in self.parts]
        if len(set(names_of_parts)) < len(names_of_parts):
            raise InvalidClaim(f"{self.id} has parts {names_of_parts}; expected different names, none {STATEMENT!r}")
        for control in self.controls:
            if control.drops is not None and control.drops not in names | {
                a.name for p in self.also for a in p.assumes
            }:
                raise InvalidClaim(
                    f"control {control.name!r} drops {control.drops!r}; {self.id} assumes {sorted(names) or 'nothing'}"
                )
            if control.part not in names_of_parts:
                raise InvalidClaim(
                    f"control {control.name!r} names the part {control.part!r}; {self.id} has {names_of_parts}"
                )

    @property
    def parts(self) -> tuple[Part, ...]:
        """The claim's own statement, followed by its further parts."""
        own = Part(STATEMENT, self.instances, self.check, self.assumes, self.accepts, self.data, self.thorough)
        return (own, *self.also)

    @property
    def judged(self) -> tuple[Part, ...]:
        """The parts whose instances are judged; controls always vary the claim as stated."""
        return self.parts if self.on is None else self.on

    def part(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)

    @property
    def statement(self) -> str:
        """The docstring of the file (or of the check) that states the theorem."""
        import sys

        module = sys.modules.get(self.check.__module__)
        text = getattr(module, "CLAIM", None) is self and module.__doc__
        return (text or self.check.__doc__ or self.id.replace("_", " ")).strip()
