"""Instance files, by file extension; JSON files hold rationals exactly and floats bit by bit."""

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

from ..base.errors import InvalidModel
from ..base.files import write_whole
from ..model.horizon import Horizon
from ._decode import Refused
from ._decode import decode as decode
from ._encode import encode as encode
from ._lines import about

OWN = {".json": "io", ".npz": "npz"}
TEXTS = {".tra": "prism", ".drn": "drn", ".nfg": "nfg", ".efg": "efg"}


def save(thing: Any, path: str | PathLike[str]) -> None:
    """Save an instance in the format given by the file's extension; each file is written atomically.

    Args:
        thing: for .json and .npz what `encode` takes; for .tra (PRISM, with .lab, .srew and .trew beside it, and .sta
            where states are called by valuations such as x=1,y=2) and .drn (Storm) an MDP that does not vary with time;
            for .nfg (Gambit) a MarkovGame of one state and one step.

    .json and .npz restore the instance exactly. The others omit the horizon, PRISM's other names of states and Gambit's
    all names. Their numbers are preserved (decimals are floats, p/q and integers rationals), except that all payoffs of
    a .nfg file are read as rationals, decimals included.

    Raises: InvalidModel where the format cannot hold the thing, before anything is written; OSError where the folder
    cannot be written to.
    """
    path = Path(path)
    _format(path).write(thing, path)


def load(path: str | PathLike[str], *, horizon: Horizon | None = None, rewards: str | None = None) -> Any:
    """Load an instance file: .json, .npz, .tra, .drn, .nfg or .efg.

    Args:
        horizon: `Finite(H)`, `Discounted(gamma)`, `Average()` or `Total()`; required for .tra and .drn, which have
            none; replaces that of other files. A .efg file has as many steps as its longest play has stages of
            simultaneous moves.
        rewards: name of the reward structure (.tra) or reward model (.drn) to use; required if there are several.

    A Markov chain in a .tra or .drn file is read as an MDP with one action per state, which is logged at INFO.

    Raises: InvalidModel naming the file, the line or place, what was found and what was expected. Nothing is
    repaired: a repeated key, a ragged array, NaN, a zero denominator and an unknown field are all refused.
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidModel(f"{path} is {'a folder' if path.is_dir() else 'missing'}; expected an instance file")
    chosen = _format(path)
    if horizon is None and names_no_horizon(path):
        raise InvalidModel(f"{path} names no horizon; give one: load(path, horizon=Discounted('9/10'))")
    if names_no_horizon(path):
        return chosen.read(path, horizon, rewards)
    if rewards is not None:
        raise InvalidModel(f"{path} has no named rewards, so none is called {rewards!r}; only .tra and .drn files have")
    if path.suffix.lower() in TEXTS:
        return chosen.read(path, horizon)
    thing = chosen.read(path)
    if horizon is None:
        return thing
    if not hasattr(thing, "horizon"):
        raise InvalidModel(f"{path} holds {thing!r}, which has no horizon to replace")
    with about(path):
        return replace(thing, horizon=horizon)


def names_no_horizon(path) -> bool:
    """Whether files with this extension hold no horizon and imply none."""
    return Path(path).suffix.lower() in (".tra", ".drn")


def _format(path):
    """The module that reads and writes files with this extension."""
    formats = {**OWN, **TEXTS}
    ending = path.suffix.lower()
    if ending not in formats:
        raise InvalidModel(f"{path} ends in {ending or 'nothing'}; expected one of {', '.join(formats)}")
    return import_module(f".{formats[ending]}", __package__)


def write(thing, path: Path):
    """Write JSON."""
    write_whole(path, _text(encode(thing)) + "\n")


def read(path: Path):
    """Read a JSON file."""
    with about(path):
        try:
            return decode(_parse(_content(path).decode("utf-8")))
        except UnicodeDecodeError as error:
            raise InvalidModel(f"byte {error.start} is no UTF-8; expected JSON text") from error


def _content(path) -> bytes:
    """Contents of a text file; reading stops at the first zero byte, since a sparse file can exceed memory."""
    content = bytearray()
    with open(path, "rb") as file:
        while chunk := file.read(2**20):
            if 0 in chunk:
                raise InvalidModel(f"byte {len(content) + chunk.index(0)} is 0; expected JSON text")
            content += chunk
    return content


def _parse(text):
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=Refused, parse_float=_float, parse_int=_int)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            raise InvalidModel(
                f"{where}: the text ends in the middle; expected a whole JSON value ({error.msg})"
            ) from error
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


def _text(node) -> str:
    """JSON with one line per named part and per innermost list."""
    return "".join(_pieces(node, ""))


def _pieces(node, indent) -> Iterator[str]:
    inner = indent + " "
    if isinstance(node, dict) and node:
        yield "{"
        for k, (name, part) in enumerate(node.items()):
            yield f"{',' if k else ''}\n{inner}{json.dumps(name)}: "
            yield from _pieces(part, inner)
        yield f"\n{indent}}}"
    elif isinstance(node, list) and any(map(_nests, node)):
        if rows := _rows(node, inner):
            yield rows
        else:
            yield "["
            for k, part in enumerate(node):
                yield f"{',' if k else ''}\n{inner}"
                yield from _pieces(part, inner)
        yield f"\n{indent}]"
    else:
        yield json.dumps(node, allow_nan=False)


def _rows(node, indent) -> str | None:
    """Format innermost lists all at once, which is several times faster; None if a part is not a list of scalars."""
    if {*map(type, node)} != {list} or any(map(_nests, node[0])):
        return None
    text = json.dumps(node, allow_nan=False)
    if text.count("[") != 1 + len(node) or "{" in text:
        return None
    # with one bracket a row, each "], [" lies between two rows
    line = f"\n{indent}["
    return f"[\n{indent}{text[1:-1].replace('], [', '],' + line)}"


def _nests(node):
    return isinstance(node, list | dict)
