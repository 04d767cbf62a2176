"""Parse a claim's docstring: headline, fields, cited papers."""

import re
from dataclasses import dataclass
from itertools import pairwise

FIELD = re.compile(r"^([A-Z][a-z]+) {2,}(?=\S)")
WIDTH = 100
"""Width of wrapped lines; a line that could hold the next word was ended on purpose."""


@dataclass(frozen=True)
class Statement:
    """A parsed docstring.

    Attributes:
        headline: its first paragraph, a sentence. body: the text before the first field.
        fields: name -> text, such as Statement, Assumes, Units, Kind, Source, Proof, with their line breaks.
    """

    headline: str
    body: str
    fields: dict[str, str]


def parse(docstring: str) -> Statement:
    r"""Parse a docstring; without fields it is a headline and a body.

    >>> parse("It holds.\n\nStatement  a <= b,\n               c.\nKind       for all").fields
    {'Statement': 'a <= b,\n    c.', 'Kind': 'for all'}
    """
    headline, _, rest = docstring.strip().partition("\n\n")
    body, fields, name, column = [], {}, None, 0
    for line in rest.splitlines():
        if found := FIELD.match(line):
            name, column = found[1], found.end()
            fields[name] = line[column:]
        elif name is None:
            body.append(line)
        else:
            fields[name] += "\n" + line[min(column, len(line) - len(line.lstrip())) :]
    return Statement(" ".join(headline.split()), "\n".join(body).strip("\n"), fields)


def lines_of(text: str) -> list[tuple[bool, str]]:
    r"""(is displayed, text) of each line, with wrapped prose joined.

    >>> lines_of("For all x\n    x <= 1,\nso that it holds.")
    [(False, 'For all x'), (True, 'x <= 1,'), (False, 'so that it holds.')]
    """
    found, ended = [], True
    for line, following in pairwise([*text.splitlines(), ""]):
        displayed, words = line.startswith("   "), line.strip()
        if ended or displayed or found[-1][0]:
            found.append((displayed, words))
        else:
            found[-1] = (False, f"{found[-1][1]} {words}")
        first = following.split()[:1]
        ended = not words or not first or len(line) + 1 + len(first[0]) <= WIDTH
    return [each for each in found if each[1]]
