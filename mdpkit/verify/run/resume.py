"""Resumable runs: one file per finished task, in a folder keyed by everything that determines the results."""

import hashlib
import json
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ...base.compiling import user_cache
from ...base.errors import InvalidModel
from ...base.files import write_whole
from ...base.versions import versions
from ..profile import Profile
from ..worst import FOLDER
from .sweep import ABANDONED, held, sweep

PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    """A verification request.

    Args:
        references: ids of registered claims and absolute paths of files.
        on: path of the problem's file.
        modules: files of the user's modules that the claims' files import.
    """

    references: tuple[str, ...]
    profile: Profile
    seed: int
    on: str | None = None
    modules: tuple[str, ...] = ()

    def key(self) -> str:
        """Digest (16 hex digits) of the request, the versions, and all source, claim, module and problem files.

        Raises: InvalidModel if a file cannot be read.
        """
        own = [(file.relative_to(PACKAGE).as_posix(), _of_file(file)) for file in _sources()]
        claims = [(name, _of_file(Path(name)) if Path(name).is_file() else "registered") for name in self.references]
        modules = [(file, _of_file(Path(file))) for file in self.modules]
        problem = self.on and _of_file(Path(self.on))
        return _digest(
            json.dumps([claims, modules, own, versions(), platform.machine(), asdict(self.profile), self.seed, problem])
        )

    def stamps(self) -> dict[str, tuple[int, int]]:
        """Time of the last change and size of every file that `key` reads; cheaper to compare than the digests."""
        own = [Path(name) for name in self.references if Path(name).is_file()]
        given = [Path(file) for file in (*self.modules, *([self.on] if self.on else []))]
        return {str(file): stamp(file) for file in (*_sources(), *own, *given)}


def _sources():
    return sorted([*PACKAGE.rglob("*.py"), *FOLDER.rglob("*.json")])


def stamp(file) -> tuple[int, int]:
    """Time of the last change of a file, in nanoseconds, and its size."""
    found = Path(file).stat()
    return found.st_mtime_ns, found.st_size


def _of_file(path):
    try:
        return _digest(path.read_bytes())
    except OSError as error:
        raise InvalidModel(f"{path} cannot be read: {error.strerror}") from error


def _digest(text):
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()[:16]


class RunFolder:
    """Folder of task results; each file is complete or absent."""

    def __init__(self, key):
        self.key, self.path = key, user_cache() / "runs" / key

    def file(self, claim: int, task: str) -> Path:
        return self.path / f"{claim}-{task}.json"

    def write(self, claim: int, task: str, result: dict):
        """Store a result. A folder that no longer exists (the run was completed elsewhere) is not recreated."""
        content = {
            "run": self.key,
            "claim": claim,
            "task": task,
            "digest": _digest(json.dumps(result)),
            "result": result,
        }
        with suppress(FileNotFoundError):
            write_whole(self.file(claim, task), json.dumps(content))

    def read(self, claim: int, task: str) -> dict | None:
        """The stored result of a task, or None.

        Raises: ValueError with the reason if the file is truncated, altered, or of a different run.
        """
        try:
            content = json.loads(self.file(claim, task).read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ValueError(f"it is not complete JSON ({error})") from error
        if not isinstance(content, dict) or [content.get(name) for name in ("run", "claim", "task")] != [
            self.key,
            claim,
            task,
        ]:
            raise ValueError("it belongs to a different run or task")
        if content.get("digest") != _digest(json.dumps(content.get("result"))):
            raise ValueError("its result does not match its digest")
        return content["result"]

    @contextmanager
    def opened(self, notice) -> Iterator[None]:
        """Lock the folder during the run; remove those of abandoned runs and report their number through `notice`."""
        with held(self.path):
            swept = sweep(folder for folder in self.path.parent.iterdir() if folder != self.path)
            if swept:
                notice(f"removed: {swept} interrupted run{'s' * (swept > 1)} not resumed for {ABANDONED} days")
            yield

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
