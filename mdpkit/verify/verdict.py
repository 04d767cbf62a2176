"""Verdicts on claims."""

from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from types import SimpleNamespace

from ..base.shown import MOST, Shown, Table, clip
from .claim import STATEMENT
from .controls import ControlResult
from .violation import Violation, witness_rows


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
        outcome: an Outcome; a search is never a proof.
        evidence: the weakest kind used, of exact, enclosed, float, sampled.
        instances: number of admitted instances over all parts; `degenerate` ones (both sides 0) are counted separately.
        tightest: the largest ratio left/right of the claim's own statement; None for equalities and if all right
            ends are 0. `rows` has it per size.
        widest: largest width of an interval.
        drawn, turned_away: number of exact random draws, and of those that violate an assumption.
        proposed: number of instances evaluated in floats only, by which the search was guided.
        lost: {"float", "exact"}: the largest float ratio above 1 whose exact ratio is at most 1; None without one.
        controls: ControlResult(name, kind, bites, reason, sides) per control.
        witness: the shrunk violating instance of a REFUTED claim; `witness_part` names the statement that it violates.
        matters: block name -> the rows whose change affects a side; None if the instance was listed, not drawn.
        violations: both sides of what the witness violates; empty unless REFUTED.
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
    witness_part: str | None = None
    note: str = ""
    drawn: int = 0
    turned_away: int = 0
    proposed: int = 0
    lost: dict | None = None
    matters: dict | None = field(default=None, compare=False)
    violations: tuple[Violation, ...] = field(default=(), compare=False)

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
            "drawn": self.drawn,
            "turned_away": self.turned_away,
            "proposed": self.proposed,
            "tightest": self.tightest if self.tightest != float("inf") else None,
            "widest": self.widest,
            "controls": [
                {"name": control.name, "kind": control.kind, "bites": control.bites, "reason": control.reason}
                for control in self.controls
            ],
            "rows": [dict(row) for row in self.rows],
            "seconds": round(self.seconds, 3),
            "seed": self.seed,
            "profile": self.profile,
        }
        if self.lost is not None:
            data["lost"] = self.lost
        if self.note:
            data["note"] = self.note
        if self.witness is not None:
            data["witness"] = encode(self.witness)
            data["violations"] = [each.to_data() for each in self.violations]
        return data

    def explain(self, most: int = 24) -> str:
        """Why the claim is refuted: both sides of what fails, then the rows of the witness that change them.

        Empty unless REFUTED.

        Args: most: number of rows at most; a last line says where there are more.
        """
        if self.witness is None:
            return ""
        rows = list(islice(witness_rows(self.witness, self.matters), most + 1))
        what = "all rows" if self.matters is None else "rows that change a side"
        lines = [f"violated: {each}" for each in self.violations]
        lines.append(f"witness{'' if self.witness_part == STATEMENT else f' of {self.witness_part!r}'}, {what}:")
        lines += [f"  {name} = {entries}" for name, entries in rows[:most]]
        return "\n".join([*lines, "  ..."] if len(rows) > most else lines)

    @property
    def remarks(self) -> list[str]:
        """Caveats: how many draws violate an assumption, and float violations that exact arithmetic rejects."""
        words = []
        if self.turned_away:
            words.append(f"{self.turned_away} of {self.drawn} draws violate an assumption")
        if self.lost is not None:
            exact = "undefined" if self.lost["exact"] is None else f"{self.lost['exact']:.6g}"
            words.append(
                f"a float ratio of {self.lost['float']:.9g} is {exact} exactly: an error of the float recursion"
            )
        return words

    def _colour(self):
        return BLUE if self.passed else VERMILION if self.outcome in (Outcome.REFUTED, Outcome.CONTROL_SILENT) else GREY

    def _heading(self):
        return f"{self.claim}: {self.outcome.name}\n{self.outcome.value}"

    def _tables(self):
        shown = {
            name: getattr(self, name)
            for name in ("evidence", "instances", "tightest", "widest", "seed", "profile", "note")
        }
        shown["draws"] = "; ".join(self.remarks)
        facts = tuple((name, value) for name, value in shown.items() if value not in (None, ""))
        controls = tuple((each.name, each.kind, each.bites, each.reason) for each in self.controls)
        tables = [Table("", (), facts), Table("controls", ("name", "kind", "fails", "reason"), controls)]
        if self.witness is not None:
            tables.append(
                Table(
                    "violated",
                    ("statement", "left side", "right side"),
                    tuple(each.cells() for each in self.violations),
                )
            )
            rows = tuple(islice(witness_rows(self.witness, self.matters), 2 * MOST + 1))
            note = f"the first {2 * MOST} rows" if len(rows) > 2 * MOST else ""
            what = "witness" if self.matters is None else "witness, rows that change a side"
            tables.append(Table(what, (), rows[: 2 * MOST], note))
        return tuple(tables)

    @property
    def summary(self) -> str:
        """The outcome and the counts on one line, then what the note says and which controls are silent."""
        tight = "" if self.tightest is None else f", tightest ratio {self.tightest:.6g}"
        bite = f"{sum(control.bites for control in self.controls)} of {len(self.controls)} controls fail as they must"
        lines = [f"{self.claim}: {self.outcome.name} ({self.evidence}, {self.instances} instances{tight}; {bite})"]
        lines += [f"  {words}" for words in self.remarks]
        if self.note:
            lines.append(f"  {' '.join(self.note.split())}")
        lines += [
            f"  silent control: {control.name}: {control.reason}" for control in self.controls if not control.bites
        ][:3]
        return "\n".join(lines)

    def __repr__(self):
        lines = [self.summary, *(f"  {line}"[:140] for line in self.explain().split("\n") if line)]
        return clip("\n".join(lines), MOST)
