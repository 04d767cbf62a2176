"""Instance files: JSON in which rationals stay rationals and floats keep their bits."""

import json
from pathlib import Path

from ..base.errors import InvalidModel
from ..base.files import write_whole
from ._decode import Refused
from ._decode import decode as decode
from ._encode import encode as encode


def save(thing, path):
    """Write a thing that `encode` takes into a file, whole or not at all.

    Raises: InvalidModel as `encode` does, before anything is written; OSError where the folder cannot be written to.
    """
    write_whole(path, _text(encode(thing)) + "\n")


def load(path):
    """The thing that `save` wrote.

    Raises: InvalidModel naming the file, the place in it, what stands there and what was expected. Nothing is repaired:
    a repeated key, a ragged array, NaN, a zero denominator and an unknown field are all refused.
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidModel(f"{path} is {'a folder' if path.is_dir() else 'missing'}; expected an instance file")
    try:
        return decode(_parsed(path.read_text(encoding="utf-8")))
    except UnicodeDecodeError as error:
        raise InvalidModel(f"{path}: byte {error.start} is no UTF-8; expected JSON text") from error
    except OSError as error:
        raise InvalidModel(f"{path} cannot be read: {error.strerror}") from error
    except InvalidModel as error:
        raise InvalidModel(f"{path}: {error}") from error


def _parsed(text):
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=Refused, parse_float=_float, parse_int=_int)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            raise InvalidModel(f"{where}: the text ends in the middle; expected a whole JSON value ({error.msg})") from error
        raise InvalidModel(f"{where}: this is not JSON ({error.msg})") from error
    except RecursionError as error:
        raise InvalidModel("the JSON is nested too deeply") from error


def _once(pairs):
    names = dict(pairs)
    if len(names) == len(pairs):
        return names
    keys = [key for key, _ in pairs]
    return Refused(f"an object that names {next(key for key in keys if keys.count(key) > 1)!r} twice")


def _float(text):
    number = float(text)
    return number if abs(number) != float("inf") else Refused(f"{_short(text)}, past the largest float64")


def _int(text):
    try:
        return int(text)
    except ValueError:
        return Refused(f"{_short(text)}, an integer of {len(text)} digits")


def _short(text):
    return text if len(text) <= 40 else f"{text[:40]}..."


def _text(node, indent=""):
    """JSON with one line for each named part and each innermost list."""
    inner = indent + " "
    if isinstance(node, dict) and node:
        parts, (left, right) = [f"{json.dumps(name)}: {_text(part, inner)}" for name, part in node.items()], "{}"
    elif isinstance(node, list) and any(isinstance(part, list | dict) for part in node):
        parts, (left, right) = [_text(part, inner) for part in node], "[]"
    else:
        return json.dumps(node, allow_nan=False)
    return f"{left}\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}{right}"
