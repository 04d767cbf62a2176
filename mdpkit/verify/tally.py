"""Summary of a chunk of work: counts, the tightest instance per size, the first violation, as plain JSON data."""

from dataclasses import dataclass, field
from types import SimpleNamespace

from ..base.decision import Decision
from ..base.interval import How
from ..instances.family import Drawn
from ..instances.io import decode, encode
from .judge import Judgement, Kind, as_float

COUNTS = ("instances", "degenerate", "undecided", "drawn", "turned_away", "proposed", "compared", "evaluations")


@dataclass
class Tally:
    """Aggregated judgements. `to_data` and `from_data` are mutually inverse, so that work can be resumed from a file.

    Attributes:
        instances: admitted instances, judged exactly. degenerate: instances with both sides 0.
        undecided: of the instances. refused: assumption -> instances that violate it.
        drawn, turned_away: exact draws of the breadth, and how many of them violate an assumption.
        proposed: instances scored in floats only, which count as no instances.
        lost: the largest float ratio above 1 whose exact ratio is not, with that one.
    """

    instances: int = 0
    degenerate: int = 0
    undecided: int = 0
    refused: dict = field(default_factory=dict)
    drawn: int = 0
    turned_away: int = 0
    proposed: int = 0
    lost: dict | None = None
    evidence: str = "exact"
    widest: float = 0.0
    compared: int = 0
    rows: dict = field(default_factory=dict)
    violation: dict | None = None
    evaluations: int = 0

    def add(self, judgement: Judgement, sizes: dict, witness, label=None, facts=None):
        """Count one judgement.

        Args:
            witness: the draw or instance that was judged.
            label: key of a row for this instance alone; without it only the tightest row per size is kept.
            facts: further entries of the instance's row.
        """
        if judgement.kind is Kind.REFUSED:
            self.refused[judgement.assumption] = self.refused.get(judgement.assumption, 0) + 1
            return
        if judgement.kind is Kind.DEGENERATE and judgement.decision is Decision.YES:
            self.degenerate += 1
            return
        self.instances += 1
        self.evidence = max(self.evidence, judgement.how, key=lambda how: How[how])
        self.widest = max(self.widest, judgement.width)
        if judgement.decision is Decision.UNDECIDED:
            self.undecided += 1
        if judgement.decision is Decision.NO and self.violation is None:
            self.violation = pack(witness)
        key = label or " ".join(f"{axis}={size}" for axis, size in sorted(sizes.items()))
        row = {"sizes": dict(sizes), **numbers_of(judgement), "count": 1, **(facts or {})}
        self.rows[key] = tighter(self.rows[key], row) if key in self.rows else row

    def lose(self, proposed: float, exact: float | None):
        """Record a float ratio above 1 whose exact ratio is not; the largest one is kept."""
        if self.lost is None or proposed > self.lost["float"]:
            self.lost = {"float": proposed, "exact": exact}

    def merge(self, other: "Tally") -> "Tally":
        """Combine two tallies; of two violations the first tally's is kept."""
        merged = Tally(
            **{name: getattr(self, name) + getattr(other, name) for name in COUNTS},
            lost=max((self.lost, other.lost), key=lambda lost: lost["float"] if lost else -1.0),
            refused={
                name: self.refused.get(name, 0) + other.refused.get(name, 0)
                for name in {**self.refused, **other.refused}
            },
            evidence=max(self.evidence, other.evidence, key=lambda how: How[how]),
            widest=max(self.widest, other.widest),
            violation=self.violation or other.violation,
        )
        merged.rows = dict(self.rows)
        for key, row in other.rows.items():
            merged.rows[key] = tighter(merged.rows[key], row) if key in merged.rows else row
        return merged

    def to_data(self) -> dict:
        return dict(vars(self))

    @classmethod
    def from_data(cls, data) -> "Tally":
        return cls(**data)


def numbers_of(judgement) -> dict:
    """Ratio and sides of a judgement as stored in a row: floats for the figure, and the exact ratio as text."""
    row = {"ratio": as_float(judgement.ratio)}
    if judgement.ratio is not None and not isinstance(judgement.ratio, float):
        row["exact"] = str(judgement.ratio)
    middles = [None if side.shape else side.mid for side in judgement.sides]
    if judgement.entries is None:
        if None not in middles:
            row["sides"] = middles
    else:
        pairs = zip(judgement.entries, middles[::2], middles[1::2], strict=True)
        row["pairs"] = {name: [left, right] for name, left, right in pairs if left is not None and right is not None}
    return row


def tighter(before, row) -> dict:
    """The row with the larger ratio, the earlier one on ties; its count is the sum of both."""
    worth = [-1.0 if each["ratio"] is None else each["ratio"] for each in (before, row)]
    return {**(row if worth[1] > worth[0] else before), "count": before["count"] + row["count"]}


def pack(witness) -> dict:
    """Encode a draw with its sizes, or an instance, as JSON data."""
    if isinstance(witness, Drawn):
        arrays = {name: value for name, value in vars(witness).items() if name != "sizes"}
        return {"sizes": dict(witness.sizes), "draw": encode(SimpleNamespace(**arrays))}
    return {"instance": encode(witness)}


def unpack(data):
    """Inverse of `pack`."""
    if "draw" in data:
        return Drawn(**vars(decode(data["draw"])), sizes=data["sizes"])
    return decode(data["instance"])
