"""The committed result of a claim, without time, machine and versions."""

import hashlib
import json
import math
import sys
from dataclasses import asdict, dataclass, field, fields
from os import PathLike
from pathlib import Path

from ...base.errors import InvalidModel
from ...base.files import write_whole
from ...verify.claim import STATEMENT, Claim
from ...verify.verdict import PASSED, Outcome, Verdict


@dataclass(frozen=True)
class Stored:
    """The committed part of a verdict.

    Attributes:
        claim, outcome, evidence, instances, degenerate, tightest, widest, rows, seed, profile: as in the Verdict, with
            the outcome by name and infinite numbers as None.
        controls: name, kind, bites, reason and compared sides of each.
        digest: sha256 of the claim's file when it was verified; empty if there is no file.
    """

    claim: str
    outcome: str
    evidence: str
    instances: int
    degenerate: int
    tightest: float | None
    widest: float | None
    controls: list[dict]
    rows: list[dict]
    digest: str
    seed: int
    profile: str
    remarks: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return Outcome[self.outcome] in PASSED

    @property
    def drawn(self) -> list[dict]:
        """Rows passed to a claim's `figure`: the verdict's rows, then one per control."""
        controls = [
            {"control": True, "label": each["name"], "part": STATEMENT, "sides": each["sides"]}
            for each in self.controls
        ]
        return [*self.rows, *controls]


def digest_of(claim: Claim) -> str:
    """sha256 of a claim's file; empty for a claim defined in a notebook."""
    file = getattr(sys.modules[claim.check.__module__], "__file__", None)
    return "" if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()


def result_of(verdict: Verdict, claim: Claim) -> Stored:
    """The reproducible part of a verdict, a function of claim, seed and profile."""
    found = {field.name: getattr(verdict, field.name) for field in fields(Stored) if field.name != "digest"}
    found |= {
        "outcome": verdict.outcome.name,
        "controls": [asdict(each) for each in verdict.controls],
        "digest": digest_of(claim),
    }
    return Stored(**plain(found))


def text(result: Stored) -> str:
    """JSON with sorted keys and one row per line, so that diffs are readable.

    >>> result = Stored("c", "CERTIFIED", "exact", 1, 0, 1.0, 0.0, [], [{"b": 1, "a": 2}], "", 0, "quick")
    >>> text(result).splitlines()[8:13]
    ['"profile": "quick",', '"remarks": [],', '"rows": [', '{"a": 2, "b": 1}', '],']
    """
    entries = (f"{_json(name)}: {_lines(value)}" for name, value in sorted(asdict(result).items()))
    return "{\n" + ",\n".join(entries) + "\n}\n"


def write(result: Stored, path: str | PathLike[str]) -> Path:
    """Store a result, atomically."""
    return write_whole(path, text(result).encode("ascii"))


def read(path: str | PathLike[str]) -> Stored:
    """Read a result stored by `write`.

    Raises: InvalidModel if the file is missing, is not JSON, or is not a stored result.
    """
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise InvalidModel(f"{path} holds no stored result: {error}") from error
    wanted = {each.name for each in fields(Stored)}
    found = set(data) if isinstance(data, dict) else set()
    if found != wanted:
        missing, extra = sorted(wanted - found), sorted(found - wanted)
        raise InvalidModel(f"{path} holds no stored result: entries missing {missing}, not expected {extra}")
    return Stored(**data)


def _lines(value):
    return "[\n" + ",\n".join(map(_json, value)) + "\n]" if isinstance(value, list) and value else _json(value)


def _json(value):
    return json.dumps(value, sort_keys=True, allow_nan=False)


def plain(value):
    """Convert tuples to lists and dictionaries, and infinities to None, for JSON."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and math.isinf(value) else value
