"""Register of claims: the files in `mdpkit/claims`, found by path, and the user's; each binds one claim to CLAIM."""

import ast
import difflib
import importlib
import re
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec, resolve_name
from inspect import isfunction
from os import PathLike
from pathlib import Path

from ..base.errors import InvalidClaim, UnknownClaim
from ..instances.catalogue import named_instances
from .claim import Claim
from .imports import import_file

CLAIMS = Path(__file__).parents[1] / "claims"
EXTRA = "torch", "safetensors"
"""Packages required by claims about networks, installed by `pip install 'mdpkit[deep]'`."""


@cache
def _modules() -> dict[str, str]:
    """id -> module name of every registered claim that can run in this environment, without importing any."""
    return {
        name: f"mdpkit.claims.{file.parent.name}.{name}"
        for name, file in _files().items()
        if not (_missing() and _of_networks(file))
    }


@cache
def _files() -> dict[str, Path]:
    files = sorted(CLAIMS.glob("*/*.py"), key=lambda file: (file.parent.name, file.name))
    return {file.stem: file for file in files if file.name[0] != "_"}


@cache
def _of_networks(file) -> bool:
    """Whether a claim's file imports `mdpkit.deep`."""
    return (
        re.search(r"^from \.\.\.(deep\b| import [^\n]*\bdeep\b)", file.read_text(encoding="utf-8"), re.MULTILINE)
        is not None
    )


def about_networks() -> list[str]:
    """Names of the registered claims that need the extra `deep`, whether or not it is installed."""
    return [name for name, file in _files().items() if _of_networks(file)]


@cache
def _missing() -> list[str]:
    return [name for name in EXTRA if find_spec(name) is None]


def left_out() -> dict[str, str]:
    """id -> missing packages, for the registered claims that cannot run in this environment."""
    return {name: " and ".join(_missing()) for name in _files() if name not in _modules()}


def ids(theme: str | None = None) -> list[str]:
    """Names of the registered claims, of one theme or all, that can run in this environment; `left_out()` has the rest.

    Raises: UnknownClaim for a theme without claims.
    """
    names = [name for name, module in _modules().items() if theme in (None, module.split(".")[-2])]
    if not names:
        raise UnknownClaim(f"no theme {theme!r}; themes are {', '.join(themes())}")
    return names


def themes() -> list[str]:
    """Names of the themes, i.e. the folders of registered claims."""
    return sorted({module.split(".")[-2] for module in _modules().values()})


def get(name: str) -> Claim:
    """The registered claim with this id.

    Raises: UnknownClaim with the nearest names, or with the packages that are missing.
    """
    path_of(name)
    return _claim_of(importlib.import_module(_modules()[name]), name)


def path_of(name: str) -> Path:
    """The file of a registered claim, found without importing it.

    Raises: UnknownClaim with the nearest names.
    """
    if name in left_out():
        raise UnknownClaim(f"{name} needs {left_out()[name]}, which is not installed: pip install 'mdpkit[deep]'")
    if name not in _modules():
        near = difflib.get_close_matches(name, _modules(), n=3, cutoff=0.4)
        hint = f"nearest: {', '.join(near)}" if near else "see `mdpkit list`"
        raise UnknownClaim(f"no claim {name!r}; {hint}")
    return _files()[name]


def statement_of(name: str) -> str:
    """The docstring of a registered claim's file, read without importing it."""
    return ast.get_docstring(ast.parse(path_of(name).read_text(encoding="utf-8"))) or ""


def claims_using(build: Callable) -> list[str]:
    """Ids of the registered claims whose files import a named instance, or a function of its file that it is built of.

    The files are read without importing them.

    >>> from mdpkit.instances import named_instances
    >>> claims_using(named_instances()["hills"])
    ['natural_gradient_converges_at_rate_one_over_t']
    """
    module, others = sys.modules[build.__module__], named_instances()
    called = (getattr(module, name, None) for name in build.__code__.co_names)
    helpers = {
        each.__name__ for each in called if isfunction(each) and each.__module__ == build.__module__
    } - others.keys()
    wanted = {build.__name__, *helpers}
    return [name for name in ids() if wanted & _imports_from(path_of(name), build.__module__)]


def _imports_from(file, module) -> set[str]:
    """Names that a claim's file imports from a module of mdpkit."""
    return {name for room, name in _imports(file) if room == module}


@cache
def _imports(file) -> list[tuple[str, str]]:
    """(module, name) of every name that a claim's file imports from a module."""
    inside = f"mdpkit.claims.{file.parent.name}"
    return [
        (resolve_name("." * node.level + (node.module or ""), inside if node.level else None), alias.name)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


def find(reference: str | PathLike[str]) -> Claim:
    """The claim given by an id or by the path of a Python file.

    Raises: UnknownClaim; InvalidClaim for a file without CLAIM, or with more than one claim.
    """
    path = Path(reference)
    if path.suffix != ".py" and not path.exists():
        return get(str(reference))
    if not path.is_file():
        raise UnknownClaim(f"{path}: no such file")
    if path.stem in _modules() and path.resolve() == path_of(path.stem).resolve():
        return get(path.stem)
    if path.suffix != ".py":
        raise InvalidClaim(f"{path} is not a Python file; expected one that binds CLAIM")
    return _from_file(path.resolve())


def _from_file(path):
    try:
        module = import_file(path)
    except InvalidClaim as error:
        raise InvalidClaim(f"{path}: {error}") from error
    except (Exception, SystemExit) as error:
        raise InvalidClaim(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return _claim_of(module, str(path))


def _claim_of(module, where) -> Claim:
    claim = getattr(module, "CLAIM", None)
    if not isinstance(claim, Claim):
        raise InvalidClaim(f"{where} does not bind a Claim to the name CLAIM")
    others = [name for name, value in vars(module).items() if isinstance(value, Claim) and value is not claim]
    if others:
        raise InvalidClaim(
            f"{where} holds {1 + len(others)} claims (CLAIM, {', '.join(others)}); expected one per file"
        )
    return claim


def registered() -> list[str]:
    """Names of all registered claims, including those that cannot run in this environment."""
    return list(_files())


def place(name: str) -> Path:
    """Path of a claim's files relative to a folder of such files: theme/id if the claim is registered, else its id."""
    return Path(_files()[name].parent.name, name) if name in _files() else Path(name)


def theme(claim: Claim) -> str:
    """Theme of a claim: the folder of a registered one, "user" for any other."""
    return _modules()[claim.id].split(".")[-2] if claim.id in _modules() else "user"
