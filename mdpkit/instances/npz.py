"""mdpkit's own binary format: a zip archive of numpy arrays and a JSON header that says what they are.

The header is a JSON instance file in which float, integer and bool arrays are referenced by name; rationals remain
"p/q".
Nothing is compressed, so that no file unpacks to more than its size, and nothing is pickled.
"""

import io
import json
import zipfile
from math import prod
from pathlib import Path

import numpy as np

from ..base.errors import InvalidModel
from ..base.files import write_whole
from ..base.record import at
from ._decode import Reader, decode
from ._encode import Writer, encode
from ._form import below, root
from ._lines import about
from .io import _parse

HEAD = "header.json"
DTYPES = {"<f8": np.float64, "<i8": np.int64, "|b1": np.bool_}
LONGEST_HEAD = 2**26
"""Largest number of bytes of the header."""


def write(thing, path: Path):
    """Write an object accepted by `encode`, atomically.

    Raises: InvalidModel as `encode` does, before anything is written.
    """
    writer = _Writer()
    head = json.dumps(encode(thing, writer), allow_nan=False)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        # the date of a ZipInfo made here is fixed: the same thing gives the same bytes
        archive.writestr(zipfile.ZipInfo(HEAD), head)
        for name, array in writer.arrays.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue())
    write_whole(path, packed.getvalue())


class _Writer(Writer):
    """Encoder that collects arrays under names."""

    def __init__(self):
        super().__init__()
        self.arrays = {}

    def content(self, kind, x):
        return super().content(kind, x) if kind == "rational" else self.aside(x)

    def csr(self, x, place):
        self.budget.spend((sum(x.shape),), place)
        parts = {"data": x.data, "indices": x.indices.astype(np.int64), "indptr": x.indptr.astype(np.int64)}
        return {"stored csr": {"shape": list(x.shape), **{name: self.aside(part) for name, part in parts.items()}}}

    def aside(self, x):
        name = f"array{len(self.arrays)}"
        self.arrays[name] = np.ascontiguousarray(x).reshape(x.shape)
        return {"stored": name}


def read(path: Path):
    """Read what `write` wrote.

    Raises: InvalidModel naming the file, the array or place in the header, what it is and what was expected.
    """
    with about(path):
        try:
            with zipfile.ZipFile(path) as archive:
                return _unpack(archive)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            if isinstance(error, InvalidModel):
                raise
            raise InvalidModel(f"this is no whole zip archive of stored arrays ({error})") from error


def _unpack(archive):
    entries = {}
    for info in archive.infolist():
        if info.filename in entries:
            raise InvalidModel(f"{info.filename!r} is in the archive twice")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise InvalidModel(f"{info.filename!r} is compressed; expected stored arrays")
        entries[info.filename] = info
    if HEAD not in entries:
        raise InvalidModel(f"the archive has no {HEAD}, so it is none of mdpkit's")
    if entries[HEAD].file_size > LONGEST_HEAD:
        raise InvalidModel(f"{HEAD} has {entries[HEAD].file_size} bytes; expected at most {LONGEST_HEAD}")
    try:
        text = archive.read(HEAD).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidModel(f"{HEAD}: byte {error.start} is no UTF-8; expected JSON text") from error
    reader = _Reader(archive, {name: info for name, info in entries.items() if name != HEAD})
    thing = decode(_parse(text), reader)
    if reader.kept:
        raise InvalidModel(f"{next(iter(reader.kept))!r} is in the archive, and the header does not name it")
    return thing


class _Reader(Reader):
    """Decoder that takes each array named in the header from the archive, once."""

    def __init__(self, archive, entries):
        super().__init__()
        self.archive, self.kept = archive, entries

    def readers(self):
        return {**super().readers(), "stored": _Reader.read_array, "stored csr": _Reader.stored_csr}

    def read_array(self, node, place):
        info = self.kept.pop(f"{node}.npy", None) if isinstance(node, str) else None
        if info is None:
            raise InvalidModel(
                f"{root(place)} is the array {node!r}, which the archive does not have, or has given already"
            )
        with self.archive.open(info) as file:
            array = self.array_in(file, info, place)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise InvalidModel(f"{at(root(place), where)} is {array[where]}; expected a finite number")
        return array

    def array_in(self, file, info, place):
        try:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise InvalidModel(f"{info.filename} has the numpy format {version}; expected (1, 0)")
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        except ValueError as error:
            raise (
                error
                if isinstance(error, InvalidModel)
                else InvalidModel(f"{info.filename} is no numpy array ({error})")
            ) from error
        if dtype.str not in DTYPES or fortran:
            raise InvalidModel(
                f"{info.filename} holds {dtype}{' in Fortran order' * fortran}; expected float64, int64 or bool in C order"
            )
        self.budget.spend(shape, root(place))
        wanted = info.file_size - file.tell()
        if prod(shape) * dtype.itemsize != wanted:
            raise InvalidModel(
                f"{info.filename} says shape {shape} and has {wanted} bytes; expected {prod(shape) * dtype.itemsize}"
            )
        content = file.read(wanted)
        if dtype.kind == "b" and max(content, default=0) > 1:
            raise InvalidModel(f"{info.filename} holds a byte that is no bool")
        return np.frombuffer(content, dtype=dtype).reshape(shape).astype(DTYPES[dtype.str])

    def stored_csr(self, node, place):
        from scipy.sparse import csr_array

        names = ["shape", "data", "indices", "indptr"]
        if not isinstance(node, dict) or [*node] != names:
            raise InvalidModel(f"{root(place)} is no stored sparse matrix; expected {', '.join(names)}")
        shape = node["shape"]
        if not isinstance(shape, list) or len(shape) != 2 or not all(type(n) is int and n >= 0 for n in shape):
            raise InvalidModel(f"{below(place, 'shape')} is {shape!r}; expected a list of 2 lengths")
        self.budget.spend((sum(shape),), root(place))
        parts = {name: self.node(node[name], below(place, name)) for name in names[1:]}
        for name, kind in (("data", "f"), ("indices", "i"), ("indptr", "i")):
            if not isinstance(parts[name], np.ndarray) or parts[name].ndim != 1 or parts[name].dtype.kind != kind:
                raise InvalidModel(
                    f"{below(place, name)} is no one-dimensional array of {'floats' if kind == 'f' else 'integers'}"
                )
        data, indices, starts = parts.values()
        whole = (
            len(starts) == shape[0] + 1
            and starts[0] == 0
            and starts[-1] == len(indices) == len(data)
            and (np.diff(starts) >= 0).all()
        )
        if not whole or (len(indices) and not 0 <= indices.min() <= indices.max() < shape[1]):
            raise InvalidModel(f"{root(place)}: indices and indptr are those of no matrix of shape {tuple(shape)}")
        # the budget keeps every index below 2^31, where scipy itself takes the narrow width
        matrix = csr_array((data, indices.astype(np.int32), starts.astype(np.int32)), shape=tuple(shape))
        if not matrix.has_canonical_format:
            raise InvalidModel(
                f"{root(place)} has a row whose indices do not rise; expected every entry once, in order"
            )
        return matrix
