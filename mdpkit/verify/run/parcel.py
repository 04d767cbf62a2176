"""A claim and its problem as they travel to a worker that does not share the user's file system."""

import tempfile
from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from pathlib import Path, PurePosixPath

from ...base.errors import InvalidClaim, InvalidModel
from .. import register
from ..claim import Claim
from ..imports import modules_of

NO_OBJECT = "is given as an object, which cannot travel to a cluster; expected an id or a file"


@dataclass(frozen=True)
class Parcel:
    """A file with the modules that it needs, by content.

    Attributes:
        origin: absolute path of the file on the user's machine.
        files: (relative path, content) of the file, first, and of the modules, laid out as Python imports them.
    """

    origin: str
    files: tuple[tuple[str, bytes], ...]

    def unpack(self) -> Path:
        """Path of a copy of the file in a temporary folder of this process, with its modules beside it."""
        return _unpack(self)


def pack(path: str) -> Parcel:
    """The parcel of a claim's file that has been imported, or of a problem's file.

    Raises: InvalidModel if a file cannot be read.
    """
    main = Path(path)
    files = {main.name: main}
    for name, file in modules_of(main).items():
        beside = PurePosixPath(*name.split("."))
        place = str(beside / file.name if file.name == "__init__.py" else beside.with_name(file.name))
        if files.get(place, file) != file:
            raise InvalidClaim(
                f"{main} loads {file}, which has its own name; rename one of them, so that both can travel"
            )
        files[place] = file
    return Parcel(path, tuple((name, _content(file)) for name, file in files.items()))


def pack_claim(claim: Claim | str | PathLike[str]) -> "str | Parcel":
    """A claim as it travels: a registered one by its id, a user's file by its content, once it is imported.

    Raises: InvalidClaim for a claim that is given as an object.
    """
    if isinstance(claim, Claim):
        raise InvalidClaim(f"{claim.id} {NO_OBJECT}")
    path = Path(claim).resolve()
    if path.is_relative_to(register.CLAIMS):
        return path.stem
    return pack(str(path)) if path.is_file() else str(claim)


def unpack_claim(claim: "str | Parcel") -> Claim:
    """The claim that `pack_claim` packed, on a worker."""
    return register.find(claim.unpack() if isinstance(claim, Parcel) else claim)


def _content(file):
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidModel(f"{file} cannot be read: {error.strerror}") from error


@lru_cache(maxsize=64)
def _unpack(parcel):
    folder = Path(_folder().name, str(len(list(Path(_folder().name).iterdir()))))
    for name, content in parcel.files:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder / parcel.files[0][0]


@lru_cache(maxsize=1)
def _folder():
    return tempfile.TemporaryDirectory(prefix="mdpkit-")
