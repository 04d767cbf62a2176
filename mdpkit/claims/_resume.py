"""What an interrupted run leaves behind: one file a finished task, in a folder named after everything that decides the results."""

import hashlib
import json
import platform
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from ..base.compiling import user_cache
from ..base.errors import InvalidModel
from ..base.files import write_whole
from ._profile import Profile

PACKAGE = Path(__file__).parents[1]


def versions() -> dict[str, str]:
    """Versions of what a verdict rests on."""
    found = {name: version(name) for name in ("mdpkit", "numpy", "scipy", "numba", "hypothesis", "python-flint")}
    return {"mdpkit": found.pop("mdpkit"), "python": platform.python_version(), **found}


@dataclass(frozen=True)
class Run:
    """What is to be verified. References are ids of registered claims and absolute paths of files."""

    references: tuple[str, ...]
    profile: Profile
    seed: int
    on: str | None = None

    def key(self) -> str:
        """Sixteen hex digits that change with the request, any source of mdpkit, a claim's file, the problem's file, or a version.

        Raises: InvalidModel where the problem's file cannot be read.
        """
        own = [(file.relative_to(PACKAGE).as_posix(), _of_file(file)) for file in sorted(PACKAGE.rglob("*.py"))]
        claims = [(name, _of_file(Path(name)) if Path(name).is_file() else "registered") for name in self.references]
        facts = [claims, own, versions(), platform.machine(), asdict(self.profile), self.seed, self.on and _of_file(Path(self.on))]
        return _digest(json.dumps(facts))


def _of_file(path):
    try:
        return _digest(path.read_bytes())
    except OSError as error:
        raise InvalidModel(f"{path} cannot be read: {error.strerror}") from error


def _digest(text):
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()[:16]


class RunFolder:
    """Results of tasks, each a file that is whole or absent."""

    def __init__(self, key):
        self.key, self.path = key, user_cache() / "runs" / key

    def file(self, claim: int, task: str) -> Path:
        return self.path / f"{claim}-{task}.json"

    def write(self, claim: int, task: str, result: dict):
        """Keep a result. A folder that is gone (the run was completed elsewhere) is not made again."""
        content = {"run": self.key, "claim": claim, "task": task, "digest": _digest(json.dumps(result)), "result": result}
        with suppress(FileNotFoundError):
            write_whole(self.file(claim, task), json.dumps(content))

    def read(self, claim: int, task: str) -> dict | None:
        """The result kept for a task, None where there is none.

        Raises: ValueError in words for a file that is truncated, altered, or of another run.
        """
        try:
            content = json.loads(self.file(claim, task).read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ValueError(f"it is no whole JSON text ({error})") from error
        if not isinstance(content, dict) or [content.get(name) for name in ("run", "claim", "task")] != [self.key, claim, task]:
            raise ValueError("it belongs to another run or task")
        if content.get("digest") != _digest(json.dumps(content.get("result"))):
            raise ValueError("its result does not match its digest")
        return content["result"]

    def open(self):
        self.path.mkdir(parents=True, exist_ok=True)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
