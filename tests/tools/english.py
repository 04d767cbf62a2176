"""Counts where the English of the project is not that of a paper: `tell`, `told` and functions named by participles.

    python tests/tools/english.py

A function is named by a verb, or by the quantity that it returns; a participle names a value. Not counted are

- properties and fixtures, which are read as values;
- names that are sentences, such as `other_problems_are_refused`: checks of the shipped suites and predicates;
- `named`, as in `device_named(name)`: an object that is found by its name.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXTS = (
    *("mdpkit/**/*." + kind for kind in ("py", "pyi", "html", "js")),
    "docs/**/*.md",
    "notebooks/*.py",
    "proofs/**/*.md",
)
"""Where words are counted, besides README.md, CONTRIBUTING.md and CHANGELOG.md; code counts under mdpkit and docs."""
TELL = re.compile(r"\b(tell|told|tells|telling)\b", re.IGNORECASE)
IRREGULAR = frozenset(
    "bent born borne bought broken brought built caught chosen done drawn driven eaten fallen felt forgotten found frozen "
    "given gone grown heard held hidden kept known laid led left lent lost made meant met mistaken paid proven said seen sent "
    "shaken shown shrunk sold sought spent spoken stolen struck stuck sung swept taken taught thought thrown told torn "
    "understood won worn woven written".split()
)
"""Irregular participles, except those that are verbs or nouns as they stand: bound, put, read, run, set, split."""
NO_PARTICIPLES = frozenset("embed exceed feed hundred named need proceed red seed speed succeed unneed".split())
"""Words in -ed that are no participles, and `named`."""
SENTENCE = re.compile(r"(^|_)(is|are)_")


def files(*patterns: str) -> list[Path]:
    return sorted({file for pattern in patterns for file in ROOT.glob(pattern) if "__pycache__" not in file.parts})


def tellings() -> Iterator[str]:
    """Lines `file:line: text`, one for each tell, told, tells or telling; a call of a method `tell` does not count."""
    for file in files(*TEXTS, "README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            for _ in TELL.finditer(re.sub(r"\.tell\(", ".", line)):
                yield f"{file.relative_to(ROOT)}:{number}: {line.strip()}"


def is_participle(word: str) -> bool:
    """Whether a word is a past participle.

    >>> [word for word in "draw drawn solve solved need seed split".split() if is_participle(word)]
    ['drawn', 'solved']
    """
    return word in IRREGULAR or (len(word) > 3 and word.endswith("ed") and word not in NO_PARTICIPLES)


def is_value(node: ast.FunctionDef) -> bool:
    """Whether what is defined is read as a value: a property or a fixture."""
    words = {name for each in node.decorator_list for name in re.findall(r"\w+", ast.unparse(each).split("(")[0])}
    return bool(words & {"property", "cached_property", "fixture", "setter"})


def participles(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every function, nested ones and methods included, whose last word is a participle."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or SENTENCE.search(node.name) or is_value(node):
            continue
        if is_participle(node.name.strip("_").split("_")[-1]):
            yield node.lineno, node.name


def functions_named_by_participles() -> Iterator[str]:
    """Lines `file:line: name`."""
    for file in files("mdpkit/**/*.py", "docs/**/*.py"):
        for line, name in participles(file.read_text(encoding="utf-8")):
            yield f"{file.relative_to(ROOT)}:{line}: {name}"


if __name__ == "__main__":
    for title, found in (
        ("tell, told", list(tellings())),
        ("functions named by participles", list(functions_named_by_participles())),
    ):
        sys.stdout.write("\n".join([f"{title}: {len(found)}", *(f"    {line}" for line in found), ""]))
