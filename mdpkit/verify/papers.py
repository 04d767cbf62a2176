"""The papers that claims, learners and instances cite, read from `mdpkit/references.bib`."""

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..base.errors import InvalidClaim

FILE = Path(__file__).parents[1] / "references.bib"
REQUIRED = ("title", "author", "year", "url")
OPTIONAL = ("venue", "missing")
ENTRY = re.compile(r"@(\w+)\{([\w-]+),\s*\n((?:  \w+ = \{.*\},\n)+)\}\n?")
_NAME = r"(?:(?:von|van|Van|de|Al|El) )?[^\W\d_a-z][\w'-]+"
CITED = re.compile(rf"({_NAME}(?:(?:, and |, | and ){_NAME})*(?: et al\.| and coauthors| and others)?),? (\d{{4}})\b")
FIELD = re.compile(r"  (\w+) = \{(.*)\},\n")


@dataclass(frozen=True)
class Paper:
    """One entry of the file.

    Attributes:
        authors: full names, in the paper's order.
        venue: journal, conference or publisher; empty for a preprint.
        missing: a sentence on the parts without claim or algorithm here; empty if nothing is known to be missing.
    """

    key: str
    title: str
    authors: tuple[str, ...]
    year: int
    url: str
    venue: str = ""
    missing: str = ""

    @property
    def cited(self) -> str:
        """How a Source line cites it.

        >>> paper("ross2011").cited
        'Ross, Gordon and Bagnell, 2011'
        """
        *others, last = (each.partition(",")[0] for each in self.authors)
        if len(others) > 5 or last == "others":
            return f"{others[0]} et al., {self.year}"
        return f"{', '.join(others)}{' and ' if others else ''}{last}, {self.year}"

    @property
    def reference(self) -> str:
        """Authors, title, venue and year on one line.

        >>> paper("ross2010").reference
        'Stéphane Ross, J. Andrew Bagnell. Efficient Reductions for Imitation Learning. AISTATS, 2010.'
        """
        names = ", ".join(" ".join(reversed(each.split(", "))) for each in self.authors)
        title = self.title if self.title.endswith("?") else f"{self.title}."
        return f"{names}. {title} {self.venue + ', ' if self.venue else ''}{self.year}."


@cache
def papers() -> dict[str, Paper]:
    """Key -> paper, in the order of the file."""
    return parse(FILE.read_text(encoding="utf-8"))


def paper(key: str) -> Paper:
    """The paper with this key.

    Raises: InvalidClaim with the nearest keys if there is none.
    """
    if key not in papers():
        near = difflib.get_close_matches(key, papers(), n=3, cutoff=0.5)
        hint = f"nearest: {', '.join(near)}" if near else "its keys are the first author and the year, such as ross2011"
        raise InvalidClaim(f"{key!r} is no key of mdpkit/references.bib; {hint}")
    return papers()[key]


def cited_in(text: str) -> list[Paper]:
    """The papers that a text cites by all authors and the year, in the order of the text.

    >>> [each.key for each in cited_in("adapted from Kakade and Langford, 2002; see also Ross and Bagnell, 2010.")]
    ['kakade2002', 'ross2010']
    """
    found = (
        _by_citation().get((re.sub(r",? and ", ", ", names), int(year))) for names, year in CITED.findall(_line(text))
    )
    return list(dict.fromkeys(each for each in found if each is not None))


@cache
def _by_citation():
    """(names, year) -> paper: all names, or the first one followed by `et al.`, `and others` or `and coauthors`."""
    found = {}
    for each in papers().values():
        names = [name.partition(",")[0] for name in each.authors]
        shortened = [f"{names[0]}{rest}" for rest in (" et al.", ", others", ", coauthors")] if len(names) > 2 else []
        for words in (", ".join(names), *shortened):
            found[words, each.year] = each
    return found


def _line(text):
    return " ".join(text.split())


def parse(text: str) -> dict[str, Paper]:
    """The papers in a BibTeX text: each field on its own line, in braces; names as `Family, Given and Family, Given`.

    Raises: InvalidClaim with the line that cannot be read, for a duplicate key, and for missing or unknown fields.
    """
    found, end = {}, 0
    for entry in ENTRY.finditer(text):
        _demand_blank(text, end, entry.start())
        key, fields, end = entry[2], dict(FIELD.findall(entry[3])), entry.end()
        wrong = [name for name in REQUIRED if not fields.get(name)] + sorted(set(fields) - {*REQUIRED, *OPTIONAL})
        if wrong:
            raise InvalidClaim(f"{key} in references.bib: {', '.join(wrong)} missing or unknown")
        if key in found:
            raise InvalidClaim(f"references.bib holds {key} twice")
        authors, year = tuple(fields.pop("author").split(" and ")), int(fields.pop("year"))
        found[key] = Paper(key, authors=authors, year=year, **fields)
    _demand_blank(text, end, len(text))
    return found


def _demand_blank(text, start, end):
    between = text[start:end]
    if between.strip():
        line = text[:start].count("\n") + 1 + len(between) - len(between.lstrip("\n"))
        raise InvalidClaim(f"references.bib, line {line}: {between.strip().splitlines()[0]!r} begins no entry")
