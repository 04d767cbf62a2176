"""The index of papers: the claims, algorithms and instances that cite each."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...verify import register
from ...verify.papers import Paper, cited_in, papers
from .entry import Entry

PACKAGE = Path(__file__).parents[2]
ROOMS = ("learn", "deep", "solve", "measure", "instances")
SOURCE = re.compile(r"Source: (.+?)(?:\n\s*\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Row:
    """A paper, the claims that cite it, and the public names whose docstrings cite it under `Source`."""

    paper: Paper
    entries: tuple[Entry, ...]
    algorithms: tuple[str, ...]

    @property
    def evidence(self) -> dict[str, int]:
        """Evidence -> number of claims that were decided with it."""
        return dict(Counter(each.result.evidence for each in self.entries if each.result is not None))

    @property
    def missing(self) -> str:
        """What of the paper has no claim or algorithm here; empty if nothing is known to be missing."""
        if self.paper.missing or self.entries:
            return self.paper.missing
        return "claims" if self.algorithms else "claims and algorithms"


def index(shown: list[Entry]) -> list[Row]:
    """A row for every paper that is cited by a claim shown; for every paper, if all registered claims are shown."""
    everything = set(register.ids()) <= {each.id for each in shown}
    rows = (
        Row(paper, tuple(each for each in shown if key in each.claim.papers), tuple(algorithms().get(key, ())))
        for key, paper in papers().items()
    )
    return [row for row in rows if row.entries or everything]


@cache
def algorithms() -> dict[str, list[str]]:
    """Key of a paper -> public names of algorithms and instances that cite it, found without importing them."""
    found = {}
    for room in ROOMS:
        for name, source in sources(room):
            for paper in cited_in(source):
                found.setdefault(paper.key, []).append(f"mdpkit.{room}.{name}")
    return found


def sources(room):
    """(name, `Source` text of its docstring) of every class and function a room exports, and of named instances."""
    exported = "".join(path.read_text(encoding="utf-8") for path in sorted((PACKAGE / room).glob("__init__.py*")))
    for path in sorted((PACKAGE / room).rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef):
                continue
            decorators = {each.id for each in node.decorator_list if isinstance(each, ast.Name)}
            public = f"as {node.name}\n" in exported and "library" not in path.parts
            name = f'named("{node.name}")' if "named_instance" in decorators else node.name if public else None
            for said in SOURCE.findall(ast.get_docstring(node) or "") if name else ():
                yield name, said
