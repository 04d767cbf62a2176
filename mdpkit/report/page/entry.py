"""Entries of the page: the stored data of each claim."""

import json
import os
import re
import shlex
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from ...base.errors import InvalidModel
from ...verify import register
from ...verify.claim import STATEMENT, Claim
from ...verify.papers import Paper, paper
from ...verify.verdict import PASSED, Outcome
from ..result.constants import read_constants
from ..result.store import Stored, digest_of, read
from .statement import Statement, parse

UNVERIFIED = "NOT_VERIFIED"
KINDS = {"drops": "assumption dropped", "tightens": "statement tightened", "sabotages": "measure sabotaged"}


@dataclass(frozen=True)
class Entry:
    """A claim with its stored data.

    Attributes:
        reference: the claim's name on the command line. folder: folder of results. root: folder of `proofs/` and
            `notebooks/`.
        result: the stored result, None if there is none.
        constants: the claim's lines of the table of constants, as from `read_constants`.
    """

    claim: Claim
    reference: str
    folder: Path
    root: Path
    result: Stored | None
    constants: tuple[dict, ...]

    @property
    def id(self) -> str:
        return self.claim.id

    @property
    def title(self) -> str:
        """The id as a sentence, with words capitalised as in the claims' docstrings."""
        words = " ".join(
            word.upper() if word.upper() in _capitals() else word for word in self.id.strip("_").split("_")
        )
        return words[:1].upper() + words[1:]

    @property
    def theme(self) -> str:
        return register.theme(self.claim)

    @cached_property
    def statement(self) -> Statement:
        return parse(self.claim.statement)

    @property
    def papers(self) -> list[Paper]:
        return [paper(key) for key in self.claim.papers]

    @property
    def outcome(self) -> str:
        return UNVERIFIED if self.result is None else self.result.outcome

    @property
    def meaning(self) -> str:
        return "No result is stored." if self.result is None else Outcome[self.outcome].value

    @property
    def passed(self) -> bool:
        return self.result is not None and self.result.passed

    @cached_property
    def stale(self) -> bool:
        """Whether the claim's file has changed since the result was stored."""
        return self.result is not None and self.result.digest != digest_of(self.claim)

    @property
    def silent(self) -> list[dict]:
        return [] if self.result is None else [each for each in self.result.controls if not each["bites"]]

    @property
    def alarms(self) -> list[str]:
        """Reasons to list this claim in the banner; empty if none."""
        said = [f"the control “{each['name']}” is silent: {each['reason']}" for each in self.silent]
        if self.result is not None and not self.result.passed and not (self.outcome == "CONTROL_SILENT" and said):
            said.insert(0, f"{words_of(self.outcome)}: {self.meaning[:1].lower()}{self.meaning[1:]}")
        return said + [f"refuted by a hunt{_of(line)}" for line in self.best if line["shown"]["verdict"] == "REFUTED"]

    @property
    def tightest(self) -> str:
        """The largest ratio of the main statement, as text."""
        if self.result is None:
            return ""
        if self.result.tightest is not None:
            return f"{self.result.tightest:.6g}"
        return "identity" if any("pairs" in row for row in self.result.rows if row["part"] == STATEMENT) else ""

    @property
    def ratios(self) -> list[dict]:
        """Rows of the main statement that have a ratio, ordered by size."""
        rows = [] if self.result is None else self.result.rows
        tight = [row for row in rows if row["part"] == STATEMENT and row["ratio"] is not None]
        return sorted(tight, key=lambda row: sorted(row["sizes"].items()))

    @property
    def parts(self) -> list[dict]:
        """For each statement: number of instances decided, number of sizes, tightest ratio."""
        found = {}
        for row in [] if self.result is None else self.result.rows:
            part = found.setdefault(row["part"], {"name": row["part"], "count": 0, "rows": 0, "ratio": None})
            part["count"] += row["count"]
            part["rows"] += 1
            part["ratio"] = max((each for each in (part["ratio"], row["ratio"]) if each is not None), default=None)
        return list(found.values())

    @property
    def best(self) -> list[dict]:
        """The hunt of the main statement."""
        return [line for line in self.constants if not line["control"]]

    def hunt_of(self, control: str) -> list[dict]:
        return [line for line in self.constants if line["control"] == control]

    @property
    def witness(self) -> tuple[str, Path] | None:
        """(description, instance file) of the instance to draw."""
        refuting, extreme = self.file("refuted.json"), self.file("witness.json")
        if self.outcome == "REFUTED" and refuting.exists():
            return "The instance that contradicts the claim", refuting
        return ("The instance that the hunt found", extreme) if extreme.exists() else None

    def file(self, ending) -> Path:
        return self.folder / f"{register.place(self.id)}.{ending}"

    @property
    def note(self) -> Path | None:
        """The proof note named in the docstring, if it exists."""
        named = Path((self.statement.fields.get("Proof", "").split() or [""])[0])
        inside = named.suffix == ".md" and not named.is_absolute() and ".." not in named.parts
        return self.root / named if inside and (self.root / named).is_file() else None

    @property
    def notebooks(self) -> list[Path]:
        """Notebooks that mention the claim."""
        files = sorted((self.root / "notebooks").glob("*.py"))
        return [file for file in files if re.search(rf"\b{self.id}\b", file.read_text(encoding="utf-8"))]

    @property
    def again(self) -> list[str]:
        """Commands that verify the claim again and store the result."""
        options = [] if self.result is None or self.result.profile == "quick" else ["--profile", self.result.profile]
        options += [] if self.result is None or not self.result.seed else ["--seed", str(self.result.seed)]
        stored = [*options, *([] if str(self.folder) == "figures" else ["--folder", str(self.folder)])]
        return [
            shlex.join(["mdpkit", "verify", self.reference, *options]),
            shlex.join(["mdpkit", "figure", self.reference, *stored]),
        ]


def entries(references, folder, root=".") -> list[Entry]:
    """Read the stored data of each claim.

    Args:
        references: ids of registered claims and paths of files with one.

    Raises: UnknownClaim, InvalidClaim; InvalidModel if a file does not hold what its name says.
    """
    folder, root, found = Path(folder), Path(root), {}
    for reference in references:
        claim = register.find(reference)
        at = folder / register.place(claim.id)
        path = at.with_name(f"{claim.id}.json")
        result = read(path) if path.exists() else None
        if result is not None and (result.claim != claim.id or result.outcome not in Outcome.__members__):
            raise InvalidModel(
                f"{path} holds the result {result.outcome!r} of {result.claim!r}; expected one of {claim.id!r}"
            )
        hunts = [at.with_name(f"{claim.id}.hunt.json"), *sorted(at.parent.glob(f"{claim.id}.control.*.hunt.json"))]
        constants = [*(line for path in hunts for line in _hunt(path)), *read_constants(folder, claim.id)]
        found[claim.id] = Entry(claim, str(reference), folder, root, result, tuple(constants))
    return list(found.values())


def _hunt(path) -> list[dict]:
    """Read a stored hunt as a line of the table of constants."""
    if not path.exists():
        return []
    try:
        data = json.loads(path.read_text())
        return [{**data, "shown": data["records"][-1]}]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InvalidModel(f"{path} holds no hunt: {error}") from error


@cache
def _capitals() -> set[str]:
    return set(re.findall(r"\b[A-Z]{2,}\b|\bQ\b", " ".join(map(register.statement_of, register.ids()))))


def _of(line):
    at = " ".join(f"{name}={value}" for name, value in line["shown"]["fixed"].items())
    return (f" of “{line['part']}”" if line["part"] != STATEMENT else "") + (f" at {at}" if at else "")


def words_of(outcome: str) -> str:
    """An outcome in small letters.

    >>> words_of("CONTROL_SILENT"), words_of(UNVERIFIED)
    ('control silent', 'not verified yet')
    """
    return "not verified yet" if outcome == UNVERIFIED else outcome.lower().replace("_", " ")


def address(path: Path, page: Path) -> str:
    """Relative link from a page in another folder to a file."""
    return Path(os.path.relpath(path.resolve(), page.resolve().parent)).as_posix()


ORDER = (
    *(each.name for each in Outcome if each in PASSED),
    *(each.name for each in Outcome if each not in PASSED),
    UNVERIFIED,
)
