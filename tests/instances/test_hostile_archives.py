"""Archives that are altered, foreign or made to hurt: each is refused by its name, its entry and a reason."""

import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from tools.refusal import refusal

from mdpkit.instances import bundled, load


def header(P='{"stored": "array0"}'):
    mdp = f'{{"MDP": {{"P": {P}, "r": {{"float": [[0.0]]}}, "horizon": {{"Finite": 1}}}}}}'
    return f'{{"mdpkit": "instance", "version": 1, "content": {mdp}}}'


def npy(array, pickled=False):
    entry = io.BytesIO()
    np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=pickled)
    return entry.getvalue()


def telling(shape, dtype="<f8", content=bytes(8)):
    """An array that says one thing and has another."""
    entry = io.BytesIO()
    np.lib.format.write_array_header_1_0(entry, {"shape": shape, "fortran_order": False, "descr": dtype})
    return entry.getvalue() + content


def archive(*entries, compress=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compress) as file:
        for name, content in entries:
            file.writestr(name, content)
    return out.getvalue()


def one(entry, head=None):
    return archive(("header.json", head or header()), ("array0.npy", entry))


class Harm:
    def __reduce__(self):
        return os.mkdir, ("harmed",)


ONE = np.ones((1, 1, 1))
CODE = b"__import__('os').mkdir('harmed')"
ARCHIVES = {
    "a pickle": (one(npy(np.array([[[Harm()]]], dtype=object), pickled=True)), "array0.npy holds object"),
    "a bare pickle": (pickle.dumps(Harm()), "this is no whole zip archive"),
    "huge shape": (one(telling((10**9, 10**9, 10**9))), "P has shape (1000000000, 1000000000, 1000000000)"),
    "huge beside an empty axis": (one(telling((0, 10**12, 1), content=b"")), "expected at most 33554432"),
    "shape beyond the bytes": (one(telling((1, 1, 2))), "array0.npy says shape (1, 1, 2) and has 8 bytes; expected 16"),
    "negative shape": (one(telling((1, -1, 1))), "array0.npy says shape (1, -1, 1)"),
    "NaN": (one(npy(ONE * np.nan)), "P[0, 0, 0] is nan; expected a finite number"),
    "wrong law": (one(npy(ONE / 2)), "P[0, 0] sums to 0.5, not 1"),
    "other numbers": (one(npy(ONE.astype(np.float32))), "array0.npy holds float32"),
    "structured": (one(npy(np.zeros(1, dtype=[("a", "f8")]))), "array0.npy holds"),
    "Fortran order": (one(npy(np.asfortranarray(np.ones((2, 2, 2))))), "in Fortran order"),
    "other bytes": (one(npy(ONE.astype(">f8"))), "array0.npy holds >f8"),
    "bool of 2": (one(telling((1, 1, 1), "|b1", b"\x02")), "a byte that is no bool"),
    "no array": (one(b"nothing"), "array0.npy is no numpy array"),
    "later numpy": (one(b"\x93NUMPY\x02\x00" + bytes(20)), "has the numpy format (2, 0)"),
    "header that is code": (
        one(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(CODE)) + CODE),
        "array0.npy is no numpy array",
    ),
    "compressed": (archive(("header.json", header()), compress=zipfile.ZIP_DEFLATED), "'header.json' is compressed"),
    "a bomb": (
        archive(("header.json", header()), ("array0.npy", bytes(10**8)), compress=zipfile.ZIP_DEFLATED),
        "is compressed",
    ),
    "path trick": (
        archive(("header.json", header()), ("../../array0.npy", npy(ONE))),
        "P is the array 'array0', which the",
    ),
    "path trick in the header": (
        one(npy(ONE), header('{"stored": "../array0"}')),
        "P is the array '../array0', which the",
    ),
    "stranger in the archive": (
        archive(("header.json", header()), ("array0.npy", npy(ONE)), ("x.npy", npy(ONE))),
        "'x.npy' is in",
    ),
    "numpy's own": (archive(("P.npy", npy(ONE))), "the archive has no header.json"),
    "array twice": (
        one(npy(ONE), header().replace('{"float": [[0.0]]}', '{"stored": "array0"}')),
        "or has given already",
    ),
    "no JSON": (one(npy(ONE), "{"), "the text ends in the middle"),
    "other version": (one(npy(ONE), header().replace('"version": 1', '"version": 2')), "version is 2; expected 1"),
    "sparse and ragged": (one(npy(ONE), header('{"stored csr": {"shape": [1, 1]}}')), "P is no stored sparse matrix"),
}


@pytest.mark.parametrize(("content", "words"), ARCHIVES.values(), ids=ARCHIVES)
def test_a_wrong_archive_is_refused(content, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.npz").write_bytes(content)
    said = refusal(tmp_path / "x.npz")
    assert said.startswith(f"{tmp_path / 'x.npz'}: ")
    assert words in said
    assert [file.name for file in tmp_path.iterdir()] == ["x.npz"]


def test_an_entry_given_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = archive(("header.json", header()), ("array0.npy", npy(ONE)), ("array0.npy", npy(ONE)))
    (tmp_path / "x.npz").write_bytes(content)
    assert "'array0.npy' is in the archive twice" in refusal(tmp_path / "x.npz")


CSR = {"shape": [2, 2], "data": np.ones(2), "indices": np.array([0, 1]), "indptr": np.array([0, 1, 2])}
MATRICES = {
    "index outside": ({"indices": np.array([0, 2])}, "indices and indptr are those of no matrix of shape (2, 2)"),
    "negative index": ({"indices": np.array([0, -1])}, "indices and indptr are those of no matrix"),
    "falling starts": ({"indptr": np.array([0, 3, 2])}, "indices and indptr are those of no matrix"),
    "entry twice": (
        {"indices": np.array([0, 0]), "indptr": np.array([0, 2, 2])},
        "P has a row whose indices do not rise",
    ),
    "short starts": ({"indptr": np.array([0, 2])}, "indices and indptr are those of no matrix"),
    "floats as indices": ({"indices": np.ones(2)}, "P.indices is no one-dimensional array of integers"),
    "huge": ({"shape": [10**12, 2]}, "expected at most 33554432"),
    "negative": ({"shape": [-2, 2]}, "P.shape is [-2, 2]; expected a list of 2 lengths"),
}


@pytest.mark.parametrize(("change", "words"), [({}, ""), *MATRICES.values()], ids=["whole", *MATRICES])
def test_a_wrong_sparse_matrix_is_refused(change, words, tmp_path):
    parts = {**CSR, **change}
    named = {name: part if name == "shape" else {"stored": name} for name, part in parts.items()}
    mdp = {"P": {"stored csr": named}, "r": {"float": [[0.0], [0.0]]}, "horizon": {"Finite": 1}}
    head = json.dumps({"mdpkit": "instance", "version": 1, "content": {"MDP": mdp}})
    arrays = [(f"{name}.npy", npy(part)) for name, part in parts.items() if name != "shape"]
    (tmp_path / "x.npz").write_bytes(archive(("header.json", head), *arrays))
    if not change:
        assert (load(tmp_path / "x.npz").P.toarray() == np.eye(2)).all()
        return
    assert words in refusal(tmp_path / "x.npz")


def test_a_json_file_that_names_a_stored_array_is_refused(tmp_path):
    (tmp_path / "x.json").write_text(header())
    assert "P is of unknown type 'stored'" in refusal(tmp_path / "x.json")


def test_bundled_problems_are_whole():
    assert bundled("cliff_walking").S == 48
