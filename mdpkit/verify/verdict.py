"""Verdicts on claims."""

from dataclasses import dataclass, field
from enum import Enum
from types import SimpleNamespace

from ..base.shown import MOST, Shown, Table, clipped
from .controls import ControlResult


class Outcome(Enum):
    """Outcome of a verification; each value is a sentence that explains it."""

    CERTIFIED = "Every instance of the enumerated statement was decided in exact arithmetic."
    SURVIVED = "No instance found contradicts it, and every control fails."
    REFUTED = "An instance contradicts it."
    VACUOUS = "Fewer instances were admitted than demanded."
    UNDECIDED = "Some instance could not be decided."
    CONTROL_SILENT = "A variation that must fail does not."


BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#999999"
PASSED = (Outcome.CERTIFIED, Outcome.SURVIVED)


@dataclass(frozen=True)
class Verdict(Shown):
    """The outcome of `verify`.

    Attributes:
        claim: id of the claim. theme: its folder, "user" for a user's claim.
        outcome: an Outcome; a search is never a proof. evidence: the weakest kind used, of exact, enclosed, float, sampled.
        instances: number of admitted instances over all parts; `degenerate` ones (both sides 0) are counted separately.
        tightest: the largest ratio left/right of the claim's own statement; None for equalities and if all right
            ends are 0. `rows` has it per size.
        widest: largest width of an interval.
        controls: ControlResult(name, kind, bites, reason, sides) per control.
        witness: the shrunk violating instance of a REFUTED claim; `witness_part` names the statement that it violates.
        matters: block name -> the rows whose change affects a side; None if the instance was listed, not drawn.
        seconds: CPU time in seconds.
    """

    claim: str
    theme: str
    outcome: Outcome
    evidence: str
    instances: int
    degenerate: int
    tightest: float | None
    widest: float
    controls: tuple[ControlResult, ...]
    rows: tuple[dict, ...]
    seconds: float
    seed: int
    profile: str
    witness: SimpleNamespace | None = None
    witness_part: str = ""
    note: str = ""
    matters: dict | None = field(default=None, compare=False)

    @property
    def passed(self) -> bool:
        return self.outcome in PASSED

    def to_data(self) -> dict:
        """JSON data, with the witness in the format of instance files."""
        from ..instances.io import encode

        data = {
            "id": self.claim,
            "theme": self.theme,
            "outcome": self.outcome.name,
            "evidence": self.evidence,
            "instances": self.instances,
            "degenerate": self.degenerate,
            "tightest": self.tightest if self.tightest != float("inf") else None,
            "widest": self.widest,
            "controls": [
                {"name": control.name, "kind": control.kind, "bites": control.bites, "reason": control.reason} for control in self.controls
            ],
            "rows": [dict(row) for row in self.rows],
            "seconds": round(self.seconds, 3),
            "seed": self.seed,
            "profile": self.profile,
        }
        if self.note:
            data["note"] = self.note
        if self.witness is not None:
            data["witness"] = encode(self.witness)
        return data

    def _colour(self):
        return BLUE if self.passed else VERMILION if self.outcome in (Outcome.REFUTED, Outcome.CONTROL_SILENT) else GREY

    def _heading(self):
        return f"{self.claim}: {self.outcome.name}\n{self.outcome.value}"

    def _tables(self):
        shown = {name: getattr(self, name) for name in ("evidence", "instances", "tightest", "widest", "seed", "profile", "note")}
        facts = tuple((name, value) for name, value in shown.items() if value not in (None, ""))
        controls = tuple((each.name, each.kind, each.bites, each.reason) for each in self.controls)
        tables = [Table("", (), facts), Table("controls", ("name", "kind", "fails", "reason"), controls)]
        if self.witness is not None:
            parts = vars(self.witness).items()
            tables.append(Table("witness", (), tuple((name, clipped(f"{value!r}", 1)) for name, value in list(parts)[:MOST])))
        return tuple(tables)

    def __repr__(self):
        tight = "" if self.tightest is None else f", tightest ratio {self.tightest:.6g}"
        bite = f"{sum(control.bites for control in self.controls)} of {len(self.controls)} controls fail as they must"
        lines = [f"{self.claim}: {self.outcome.name} ({self.evidence}, {self.instances} instances{tight}; {bite})"]
        if self.note:
            lines.append(f"  {' '.join(self.note.split())}")
        lines += [f"  silent control: {control.name}: {control.reason}" for control in self.controls if not control.bites][:4]
        if self.witness is not None:
            lines += [f"  witness {name} = {value!r}".split("\n")[0][:140] for name, value in vars(self.witness).items()][:4]
        return "\n".join(lines)
