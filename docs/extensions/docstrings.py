"""The docstrings of mdpkit as numpydoc reads them: `Args:`, `Returns:`, `Raises:`, `Source:` become its sections."""

import inspect
import re

SECTIONS = {
    "Args": "Parameters",
    "Attributes": "Attributes",
    "Returns": "Returns",
    "Raises": "Raises",
    "Source": "References",
}
HEAD = re.compile(rf"({'|'.join(SECTIONS)}):(?: |$)(.*)")
NAMES = r"\w+(?:, \w+)*"
ERROR = re.compile(r"(?:^|(?<=; ))(?=[A-Z]\w+)")
BEFORE_NUMPYDOC = 100


def setup(app):
    app.connect("autodoc-process-docstring", rewrite, priority=BEFORE_NUMPYDOC)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def rewrite(app, what, name, thing, options, lines):
    """Replace the lines of a docstring in place."""
    if what in ("class", "exception", "function", "method", "property", "attribute"):
        lines[:] = as_numpydoc(lines, known_names(thing), return_name(thing))


def known_names(thing) -> dict[str, str]:
    """Argument -> how numpydoc wants it to be called, which is with its stars."""
    try:
        return {
            name: str(each.replace(annotation=each.empty, default=each.empty))
            for name, each in inspect.signature(thing).parameters.items()
        }
    except (TypeError, ValueError):
        return {}


def return_name(thing) -> str:
    """The name of what a function is annotated to return."""
    annotation = getattr(thing, "__annotations__", {}).get("return", "") if inspect.isroutine(thing) else ""
    return getattr(annotation, "__name__", "") if isinstance(annotation, type) else str(annotation)


def as_numpydoc(lines, names, returns) -> list[str]:
    """Prose first, then the sections in numpydoc's form, then the examples."""
    prose, sections, examples = _taken_apart(lines)
    found = [plain(line) for line in prose]
    for head, body in sections.items():
        title = SECTIONS[head]
        if head in ("Args", "Attributes"):
            entries = _arguments(body, names)
        elif head == "Raises":
            entries = [_split_error(each) for each in ERROR.split(_join(body)) if each]
        elif head == "Returns":
            entries = [(returns, _join(body)) if returns else (_join(body), "")]
        else:
            entries = [(_join(body), "")]
        found += ["", title, "-" * len(title)]
        for name, text in entries:
            found += [plain(name), *([f"    {plain(text)}"] if text else [])]
    return [*found, *(["", "Examples", "--------", *examples] if examples else []), ""]


def plain(text) -> str:
    """A docstring's text as reStructuredText: text in backticks is literal, every other sign stands for itself."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(_literal(each) if k % 2 else re.sub(r"([\\*|_`])", r"\\\1", each) for k, each in enumerate(pieces))


def _literal(code):
    return rf"\ `{code}`\ "


def _taken_apart(lines):
    prose, sections, examples, current = [], {}, [], None
    for line in lines:
        head = HEAD.match(line)
        if examples or line.startswith(">>>"):
            examples.append(line)
        elif head:
            current = sections.setdefault(head[1], [])
            current.append(head[2])
        elif current is not None and line.startswith("    "):
            current.append(line[4:])
        else:
            current = None
            prose.append(line)
    return prose, sections, examples


def _arguments(body, names):
    """(names, text) of each argument, which begins a line of a block or, if its name is known, follows a sentence."""
    opening = r"\A" if body[0] else "^"
    known = "|".join(sorted(map(re.escape, names), key=len, reverse=True)) or r"(?!)"
    start = re.compile(rf"(?:{opening}({NAMES})|(?:^|(?<=[.;)] ))((?:{known})(?:, (?:{known}))*)):\s", re.MULTILINE)
    text = "\n".join(body).strip("\n") + "\n"
    starts = list(start.finditer(text))
    if not starts or starts[0].start():
        return [(" ".join(text.split()), "")]
    ends = [each.start() for each in starts[1:]] + [len(text)]
    return [
        (_star(each[1] or each[2], names), " ".join(text[each.end() : end].split()))
        for each, end in zip(starts, ends, strict=True)
    ]


def _star(found, names):
    return ", ".join(names.get(name, name) for name in found.split(", "))


def _split_error(text):
    """("InvalidModel", "where ..."); several names stay together."""
    found = re.match(r"([A-Z]\w+(?:(?:, | or )[A-Z]\w+)*),? ?(.*)", text, re.DOTALL)
    return found[1], found[2].removesuffix("; ").removesuffix(".")


def _join(body):
    return " ".join(" ".join(body).split())
