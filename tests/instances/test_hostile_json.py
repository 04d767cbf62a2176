"""Instance files that cannot be read: each is refused by its name and place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.records import STEADY, same

from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import load
from mdpkit.instances.io import _parse
from mdpkit.model import (
    Finite,
)


def file_of(content):
    return '{"mdpkit": "instance", "version": 1, "content": ' + content + "}"


def mdp_of(**changes):
    parts = {
        "P": '{"rational": [[["1", "0"]], [["1/2", "1/2"]]]}',
        "r": '{"rational": [[0], [0]]}',
        "horizon": '{"Finite": 3}',
    }
    return '{"MDP": {' + ", ".join(f'"{name}": {text}' for name, text in {**parts, **changes}.items() if text) + "}}"


def models_of(**changes):
    return file_of('{"models": {"mdp": ' + mdp_of(**changes) + "}}")


def x_of(content):
    return file_of('{"models": {"x": ' + content + "}}")


HOSTILE = {
    "empty": ("", "line 1, column 1: the text ends in the middle"),
    "not JSON": ("{\n  'a': 1}", "line 2, column 3: this is not JSON"),
    "truncated": (models_of()[:-12], "the text ends in the middle"),
    "truncated in a text": (models_of()[:70], "the text ends in the middle"),
    "two values": (models_of() + models_of(), "this is not JSON (Extra data)"),
    "nested without end": ("[" * 100_000, "the JSON is nested too deeply"),
    "a list": ("[1, 2]", "the file is a list of 2; expected an object with mdpkit, version, content"),
    "no header": ('{"content": {}}', "mdpkit is missing from the header; expected 'instance'"),
    "other header": (
        '{"mdpkit": "certificate", "version": 1, "content": {}}',
        "mdpkit is 'certificate'; expected 'instance'",
    ),
    "version 2": ('{"mdpkit": "instance", "version": 2, "content": {}}', "version is 2; expected 1"),
    "version true": ('{"mdpkit": "instance", "version": true, "content": {}}', "version is True; expected 1"),
    "extra key": (
        '{"mdpkit": "instance", "version": 1, "content": {}, "more": 1}',
        "more is unknown; expected mdpkit, version, content",
    ),
    "no content": ('{"mdpkit": "instance", "version": 1}', "content is missing"),
    "bare number": (file_of("3"), "content is 3; expected one of"),
    "horizon alone": (file_of('{"Finite": 3}'), "content is an object with Finite; expected one of"),
    "unknown type": (file_of('{"POMDP": {}}'), "content is of unknown type 'POMDP'; expected one of"),
    "unknown type inside": (x_of('{"pickle": "gASVA"}'), "x is of unknown type 'pickle'"),
    "two types": (
        x_of('{"int": [1], "float": [1.0]}'),
        "x is an object with int, float; expected an object whose one key says what it is",
    ),
    "no type": (x_of("{}"), "x is an empty object"),
    "null": (x_of("null"), "x is None; expected a finite number"),
    "hidden name": (
        file_of('{"models": {"__class__": 1}}'),
        "content has a part named '__class__'; expected a Python name",
    ),
    "models of a list": (file_of('{"models": [1]}'), "content is a list of 1; expected an object of named models"),
    "wrong field": (models_of(Q="1"), "mdp.Q is unknown; expected P, r, rho, horizon, mask, state_names, action_names"),
    "missing field": (models_of(horizon=None), "mdp.horizon is missing; expected P, r, rho, horizon"),
    "repeated field": (
        file_of('{"MDP": {"P": 1, "r": 2, "P": 3}}'),
        "content is an object that names 'P' twice; expected an object",
    ),
    "repeated header": (
        '{"mdpkit": "instance", "mdpkit": "instance"}',
        "the file is an object that names 'mdpkit' twice",
    ),
    "record of a list": (file_of('{"MDP": [1]}'), "content is a list of 1; expected an object with P, r"),
    "array as text": (models_of(P='"abc"'), "mdp.P is 'abc'; expected numpy.ndarray"),
    "horizon as number": (models_of(horizon="3"), "mdp.horizon is 3; expected mdpkit.model.horizon.Finite | "),
    "horizon of 0": (models_of(horizon='{"Finite": 0}'), "mdp.horizon: the horizon H is 0"),
    "horizon of half": (models_of(horizon='{"Finite": 0.5}'), "mdp.horizon is 0.5; expected an integer of 64 bits"),
    "average of 1": (models_of(horizon='{"Average": {"gamma": 1}}'), "expected an empty object"),
    "average as text": (
        models_of(horizon='{"Average": "always"}'),
        "mdp.horizon is 'always'; expected an empty object",
    ),
    "discount of 1": (models_of(horizon='{"Discounted": "1"}'), "mdp.horizon: gamma is 1; expected 0 <= gamma < 1"),
    "names of numbers": (
        models_of(state_names="[1, 2]"),
        "mdp.state_names is a list of 2; expected tuple[str, ...] | None",
    ),
    "player as text": (
        x_of('{"Deviation": {"player": "0", "table": {"float": [[[[1.0]]]]}}}'),
        "x.player is '0'; expected int",
    ),
    "wrong law": (models_of(P='{"rational": [[["1/2", 0]], [[0, 1]]]}'), "mdp: P[0, 0] sums to 1/2, not 1"),
    "float discount": (models_of(horizon='{"Discounted": 0.5}'), "mdp: gamma=0.5 is a float while P is rational"),
    "mixed kinds": (models_of(r='{"float": [[0.0], [0.0]]}'), "mdp: r holds floats while the rest is rational"),
    "ragged": (
        models_of(P='{"rational": [[[1, 0]], [["1"]]]}'),
        "mdp.P[1, 0] is a list of 1; expected a list of 2, as long as the first",
    ),
    "ragged depth": (
        models_of(r='{"rational": [[0], 0]}'),
        "mdp.r[1] is 0; expected a list of 1, as long as the first",
    ),
    "list among numbers": (
        models_of(r='{"rational": [0, [0]]}'),
        "mdp.r[1] is a list of 1; expected an integer or a text",
    ),
    "NaN": (x_of('{"float": [[0.5, NaN]]}'), "x[0, 1] is NaN; expected a finite number"),
    "Infinity": (x_of("[1, -Infinity]"), "x[1] is -Infinity; expected a finite number"),
    "past float64": (x_of('{"float": [1e999]}'), "x[0] is 1e999, past the largest float64; expected a finite number"),
    "long integer": (x_of("1" * 5000), "an integer of 5000 digits; expected a finite number"),
    "integer past int64": (
        x_of('{"int": [9223372036854775808]}'),
        "x[0] is 9223372036854775808; expected an integer of 64 bits",
    ),
    "integer no float64": (
        x_of('{"float": [9007199254740993]}'),
        "x[0] is 9007199254740993; expected a finite number that float64 holds",
    ),
    "zero denominator": (
        models_of(r='{"rational": [[0], ["1/0"]]}'),
        "mdp.r[1, 0] is '1/0'; expected an integer or a text \"p/q\"",
    ),
    "zero denominator alone": (x_of('{"rational": "0/0"}'), "x is '0/0'; expected an integer or a text"),
    "decimal rational": (x_of('{"rational": ["1e9999999"]}'), "x[0] is '1e9999999'; expected an integer or a text"),
    "float rational": (x_of('{"rational": [0.5]}'), "x[0] is 0.5; expected an integer or a text"),
    "bool rational": (x_of('{"rational": [true]}'), "x[0] is True; expected an integer or a text"),
    "bool as integer": (x_of('{"int": [false]}'), "x[0] is False; expected an integer of 64 bits"),
    "integer as bool": (x_of('{"bool": [1]}'), "x[0] is 1; expected true or false"),
    "array of a number": (x_of('{"float": 0.5}'), "x is 0.5; expected nested lists, or an object with shape, entries"),
    "tuple of a number": (x_of('{"tuple": 0.5}'), "x is 0.5; expected a list"),
    "too many axes": (x_of('{"int": ' + "[" * 70 + "1" + "]" * 70 + "}"), "x has more than 64 axes"),
    "too many lengths": (
        x_of(f'{{"int": {{"shape": {[1] * 70}, "entries": []}}}}'),
        "x.shape is a list of 70; expected a list of",
    ),
    "huge": (
        models_of(P='{"rational": {"shape": [1000000, 1000, 1000000], "entries": []}}'),
        "mdp.P has shape (1000000, 1000, 1000000), 1000000000000000 numbers; expected at most 33554432 in one file",
    ),
    "huge beside an empty axis": (
        x_of('{"float": {"shape": [0, 1000000000000], "entries": []}}'),
        "expected at most 33554432 in one file",
    ),
    "huge in sum": (
        x_of("[" + ", ".join(['{"bool": {"shape": [20000000], "entries": []}}'] * 2) + "]"),
        "x[1] has shape (20000000,)",
    ),
    "huge csr": (
        models_of(P='{"csr": {"shape": [99999999, 99999999], "entries": []}}'),
        "mdp.P has shape (199999998,)",
    ),
    "huge product": (
        x_of(
            '{"LinearMDP": {"features": {"float": {"shape": [100000, 1, 1], "entries": []}}, "theta": {"float": [0.0]},'
            ' "mu": {"float": {"shape": [1, 100000], "entries": []}}, "horizon": {"Finite": 1}}}'
        ),
        "x has shape (100000, 1, 100000)",
    ),
    "negative length": (
        x_of('{"int": {"shape": [2, -1], "entries": []}}'),
        "x.shape[1] is -1; expected an integer of at least 0",
    ),
    "no entries": (x_of('{"int": {"shape": [2]}}'), "x.entries is missing; expected shape, entries"),
    "index outside": (
        x_of('{"int": {"shape": [2], "entries": [[2, 5]]}}'),
        "x.entries[0]: an index is 2; expected an integer from 0 to 1",
    ),
    "index of half": (x_of('{"int": {"shape": [2], "entries": [[0.5, 5]]}}'), "x.entries[0]: an index is 0.5"),
    "short entry": (
        x_of('{"int": {"shape": [2, 2], "entries": [[0, 0, 1], [1, 5]]}}'),
        "x.entries[1] is a list of 2; expected a list of",
    ),
    "entry twice": (
        x_of('{"int": {"shape": [2], "entries": [[1, 5], [1, 5]]}}'),
        "x.entries[1] gives entry (1,) a second time",
    ),
    "wrong entry": (x_of('{"bool": {"shape": [2], "entries": [[1, 5]]}}'), "x.entries[0] is 5; expected true or false"),
    "entries no list": (x_of('{"bool": {"shape": [2], "entries": 0}}'), "x.entries is 0; expected a list of rows"),
    "csr of 3 axes": (
        models_of(P='{"csr": {"shape": [1, 1, 1], "entries": []}}'),
        "mdp.P.shape is a list of 3; expected a list of 2",
    ),
}


@pytest.mark.parametrize(("text", "words"), HOSTILE.values(), ids=HOSTILE)
def test_a_wrong_file_is_refused_by_name_and_place(text, words, tmp_path):
    path = tmp_path / "hostile.json"
    path.write_text(text)
    with pytest.raises(InvalidModel) as refusal:
        load(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert words in str(refusal.value)


def test_the_files_that_hostile_ones_were_made_from_are_read(tmp_path):
    (tmp_path / "x.json").write_text(models_of(state_names='["a", "b"]'))
    mdp = load(tmp_path / "x.json").mdp
    same(mdp.P, objects([[[1, 0]], [["1/2", "1/2"]]]))
    assert (mdp.exact, mdp.horizon, mdp.state_names) == (True, Finite(3), ("a", "b"))


@given(st.data())
@STEADY
def test_a_file_cut_anywhere_is_refused(data):
    text = models_of()
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(InvalidModel, match="the text ends in the middle"):
        _parse(text[:cut])


def test_what_is_no_file_is_refused_by_name(tmp_path):
    for path, words in ((tmp_path, "is a folder"), (tmp_path / "none.json", "is missing")):
        with pytest.raises(InvalidModel) as refusal:
            load(path)
        assert str(refusal.value) == f"{path} {words}; expected an instance file"


def test_what_is_no_text_is_refused_by_its_byte(tmp_path):
    (tmp_path / "x.json").write_bytes(b'{"mdpkit": \xff}')
    with pytest.raises(InvalidModel, match=r"x\.json: byte 11 is no UTF-8"):
        load(tmp_path / "x.json")
