"""Import a claim's file together with the user's modules that it needs."""

import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).parents[1]
_loaded: dict[Path, dict[str, Path]] = {}
"""For every claim's file, the user's modules loaded by its import: name -> file."""


def import_file(path: Path) -> ModuleType:
    """Run a claim's file as a module; like a script, it can import modules from its own folder.

    The user's modules are reloaded for each claim's file, so that edits take effect and equally named modules in
    different folders are kept apart.

    Args: path: absolute path.
    Raises: any exception of the file.
    """
    _forget()
    name = f"mdpkit_user_claim_{path.stem}"
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = str(path)
    before = set(sys.modules)
    with _as_a_script(path.parent):
        try:
            exec(compile(path.read_bytes(), path, "exec"), vars(module))
        finally:
            files = {name: getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - before}
            _loaded[path] = {name: Path(file) for name, file in files.items() if file and is_own(Path(file))}
    return module


def modules_of(path: Path) -> dict[str, Path]:
    """Name -> file of the user's modules that a claim's file loads: no installed packages, not Python's or mdpkit's."""
    return dict(_loaded.get(path, {}))


def _forget():
    """Unload the user's modules loaded by earlier claims' files, with their submodules."""
    names = {name for modules in _loaded.values() for name in modules}
    for name in list(sys.modules):
        if name in names or any(name.startswith(f"{package}.") for package in names):
            del sys.modules[name]


def is_own(file) -> bool:
    """Whether a file is the user's own: outside of Python, its packages and mdpkit."""
    python = Path(sysconfig.get_path("stdlib"))
    installed = {"site-packages", "dist-packages"} & set(file.parts)
    return file.is_file() and not (installed or file.is_relative_to(python) or file.is_relative_to(PACKAGE))


@contextmanager
def _as_a_script(folder) -> Iterator[None]:
    # no bytecode files: Python detects stale ones by size and time in whole seconds only
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.dont_write_bytecode = bytecode
        with suppress(ValueError):
            sys.path.remove(str(folder))
