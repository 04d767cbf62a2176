"""A named instance on the command line."""

import inspect
import types
import typing
from fractions import Fraction
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

from ._app import UsageError

UNIONS = typing.Union, types.UnionType
KINDS = "pdf", "svg", "png", "tex"


def instance_lines(name, texts, file) -> list[str]:
    """What `mdpkit show --instance` prints, and the picture, if a file is named.

    Raises: UsageError for an unknown parameter or a value that cannot be read; InvalidModel listing the known names.
    """
    from ..instances.catalogue import build_of, theme_of
    from ..verify.register import claims_using

    build = build_of(name)
    parameters = _parameters(build, texts)
    if file is not None and file.suffix[1:] not in KINDS:
        raise UsageError(f"--draw {file}; expected a name that ends in {', '.join(f'.{kind}' for kind in KINDS)}")
    instance = build(**parameters)
    used = {key: each.default for key, each in inspect.signature(build).parameters.items()} | parameters
    lines = [f"{name}  ({theme_of(build)})", "", (inspect.getdoc(build) or "").partition("\n\n>>>")[0], ""]
    lines += _block("parameters", [f"{key} = {_text(value)}" for key, value in used.items()] or ["none"])
    lines += _block("instance", [f"{key}: {_text(value)}" for key, value in vars(instance).items()])
    lines += _block("used by", claims_using(build) or ["no claim"])
    lines += _block("file", [inspect.getsourcefile(build) or ""])
    return lines + (_block("drawing", [_draw(instance, file)]) if file is not None else [])


def _block(name, entries):
    return [f"{name if k == 0 else '':<12}{entry}" for k, entry in enumerate(entries)]


def _text(value) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    plain = isinstance(value, str | Fraction) or hasattr(value, "dtype")
    return " ".join((str(value) if plain else repr(value)).split())


# ---- parameters
def _parameters(build, texts) -> dict[str, object]:
    hints, given = get_type_hints(build), {}
    known = inspect.signature(build).parameters
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            raise UsageError(f"--parameter {text}; expected {_names(known, build)}")
        given[key] = _value(text, value, hints[key])
    return given


def _names(known, build):
    return f"NAME=VALUE with a name among {', '.join(known)}" if known else f"none: {build.__name__} has no parameters"


def _value(text, value, hint) -> object:
    """The value that a text spells, in the type that a parameter is annotated with.

    Raises: UsageError where it spells none.
    """
    kinds = get_args(hint) if get_args(hint) and get_origin(hint) in UNIONS else (hint,)
    if type(None) in kinds and value == "none":
        return None
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    try:
        if kinds == (bool,):
            return {"true": True, "false": False}[value]
        if kinds == (int,):
            return int(value)
        if kinds == (str,):
            return value
        if len(kinds) == 1 and get_origin(kinds[0]) is not None:
            return tuple(Fraction(each) for each in value.split(","))
        return Fraction(value)
    except (KeyError, ValueError, ZeroDivisionError):
        raise UsageError(f"--parameter {text}; expected {_words(kinds)}") from None


def _words(kinds) -> str:
    words = {(bool,): "true or false", (int,): "an integer"}
    several = len(kinds) == 1 and get_origin(kinds[0]) is not None
    return "numbers such as 1/2,1/3" if several else words.get(kinds, "a number such as 1/3")


# ---- the picture
def _draw(instance, file: Path) -> str:
    from ..base.errors import InvalidModel
    from ..base.files import write_whole
    from ..report import draw_instance, tikz
    from ..report.result.draw import as_bytes

    kind = file.suffix[1:]
    try:
        content = tikz(instance).encode() if kind == "tex" else as_bytes(draw_instance(instance), kind)
    except InvalidModel as error:
        raise UsageError(f"this instance cannot be drawn: {error}") from None
    return str(write_whole(file, content))
