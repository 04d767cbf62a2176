"""The text of an instance file: rows are written all at once, and look as if they were written one by one."""

import gc
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from mdpkit.base.errors import InvalidModel
from mdpkit.instances import encode, io, save
from mdpkit.instances.io import _text
from mdpkit.model import MDP, Finite


def one_by_one(node, indent=""):
    """What a file's text is, line by line."""
    inner = indent + " "
    if isinstance(node, dict) and node:
        parts, (left, right) = [f"{json.dumps(name)}: {one_by_one(part, inner)}" for name, part in node.items()], "{}"
    elif isinstance(node, list) and any(isinstance(part, list | dict) for part in node):
        parts, (left, right) = [one_by_one(part, inner) for part in node], "[]"
    else:
        return json.dumps(node)
    return f"{left}\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}{right}"


numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
plain = numbers | st.sampled_from(["1/2", "], [", "[", "]", "{", '"], ["', "}", ", "])
nodes = st.recursive(
    plain, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from("ab["), inside), max_leaves=12
)


@given(nodes)
def test_rows_written_at_once_are_the_rows_written_one_by_one(node):
    assert _text(node) == one_by_one(node)


MISLEADING = (
    [[], []],
    [[[]], []],
    [["], ["], [1]],
    [["["], []],
    [[1], "[", [2]],
    [3, [[1]]],
    [[1], [[2]], "]"],
    [[1], {"a": 2}],
    [[1], [{"a": 2}]],
    [[{"a": [1]}], [2]],
    [["{"], [1, "x"]],
)


@pytest.mark.parametrize("node", MISLEADING, ids=str)
def test_rows_that_look_like_something_else(node):
    assert _text(node) == one_by_one(node)
    assert json.loads(_text(node)) == node


def test_the_rows_of_a_law_are_written_at_once(monkeypatch, tmp_path):
    """One by one, the writing of a large law took three times as long."""
    calls, S = [], 500
    law = csr_array((np.full(2 * S, 0.5), np.arange(2 * S) % S, 2 * np.arange(S + 1)), shape=(S, S))
    listed = np.zeros((S, 1, S))
    listed[:, 0, 0] = 1
    monkeypatch.setattr(
        io, "json", SimpleNamespace(dumps=lambda *args, **options: calls.append(args) or json.dumps(*args, **options))
    )
    for P in (law, listed, np.full((S, 1, S), 1 / S)):
        save(MDP(P, np.zeros((S, 1)), horizon=Finite(1)), tmp_path / "x.json")
    assert len(calls) < S + 60, "one for each state of the dense law, none for a transition"


@pytest.mark.parametrize("running", [True, False])
def test_writing_leaves_the_garbage_collector_as_it_was(running):
    before = gc.isenabled()
    try:
        (gc.enable if running else gc.disable)()
        encode(SimpleNamespace(x=1))
        with pytest.raises(InvalidModel):
            encode(SimpleNamespace(x=float("nan")))
        assert gc.isenabled() is running
    finally:
        (gc.enable if before else gc.disable)()
