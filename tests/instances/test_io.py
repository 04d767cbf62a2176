"""Instance files: nothing is lost on the way, nothing wrong is let in."""

import json
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.sparse import csr_array

from mdpkit import strategies
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.record import Record
from mdpkit.instances import Instance, bundled, decode, encode, load, save
from mdpkit.instances._form import LARGEST, RECORDS
from mdpkit.instances.io import _parse
from mdpkit.model import (
    MDP,
    Average,
    Deviation,
    Discounted,
    Finite,
    JointPolicy,
    LinearMDP,
    LinearQuadratic,
    MarginProblem,
    MarkovGame,
    MomentProblem,
    PreferenceProblem,
    SafetyProblem,
    TabularPolicy,
    Trajectories,
)

STEADY = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    verbosity=Verbosity.normal,
    phases=(Phase.generate, Phase.shrink),
    stateful_step_count=1,
    report_multiple_bugs=False,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    deadline=None,
    print_blob=False,
    backend="hypothesis",
)


# ---- drawn records, each in both number kinds
class Drawn:
    """Arrays of one number kind."""

    def __init__(self, draw, exact):
        self.draw, self.exact = draw, exact

    def size(self, low=1, high=3):
        return self.draw(st.integers(low, high))

    def flag(self):
        return self.draw(st.booleans())

    def law(self, *shape):
        weights = self.draw(arrays(np.int64, shape, elements=st.integers(0, 4)))
        np.add.at(weights, (Ellipsis, self.size(0, shape[-1] - 1)), 1)
        weights = objects(weights) if self.exact else weights.astype(float)
        return weights / weights.sum(axis=-1, keepdims=True)

    def numbers(self, *shape, bound=None):
        if not self.exact:
            low, high = (None, None) if bound is None else (-bound, bound)
            return self.draw(
                arrays(np.float64, shape, elements=st.floats(low, high, allow_nan=False, allow_infinity=False))
            )
        top = self.draw(
            arrays(
                object, shape, elements=st.integers(-(10**30), 10**30) if bound is None else st.integers(-bound, bound)
            )
        )
        return objects(top) / objects(self.draw(arrays(np.int64, shape, elements=st.integers(1, 9))))

    def flags(self, *shape):
        return self.draw(arrays(bool, shape))

    def horizon(self, steps=None):
        if steps or self.flag():
            return Finite(steps or self.size())
        if self.flag():
            return Average()
        return Discounted(self.draw(st.fractions(0, Fraction(99, 100)) if self.exact else st.floats(0, 0.99)))


def mdp(x):
    S, A, H = x.size(), x.size(), x.size() if x.flag() else None
    time = () if H is None else (H,)
    mask = x.flags(S, A)
    mask[:, 0] |= ~mask.any(axis=1)
    names = (
        {"state_names": [f"({s}, é)" for s in range(S)], "action_names": [f'"{a}"' for a in range(A)]}
        if x.flag()
        else {}
    )
    P, r = x.law(*time, S, A, S), x.numbers(*time, S, A)
    if not x.exact and H is None and x.flag():
        P = csr_array(P.reshape(S * A, S))
    return MDP(P, r, x.law(S), horizon=x.horizon(H), mask=mask if x.flag() else None, **names)


def linear(x):
    S, A, K = x.size(), x.size(), x.size()
    return LinearMDP(x.law(S, A, K), x.law(K, S), x.numbers(K, bound=10**6), x.law(S), horizon=x.horizon())


def game(x):
    S, actions = x.size(), tuple(x.size(1, 2) for _ in range(x.size(1, 2)))
    J = int(np.prod(actions))
    return MarkovGame(x.law(S, J, S), x.numbers(len(actions), S, J), x.law(S), horizon=x.horizon(), actions=actions)


def policy(kind):
    return lambda x: kind(x.law(*[x.size()] * x.flag(), x.size(), x.size()))


def deviation(x):
    H, S, A = x.size(), x.size(), x.size()
    return Deviation(x.size(0, 4), x.law(H, S, A, A), x.law(H, S, A) if x.flag() else None)


def safety(x):
    S, A, law = x.size(), x.size(), x.flag()
    successors = None if law else x.draw(arrays(np.int64, (S, A), elements=st.integers(0, S - 1)))
    return SafetyProblem(x.flags(S), successors, x.law(S, A, S) if law else None)


def margins(x):
    S, A = x.size(), x.size()
    P, ended = x.law(S, A, S), x.numbers(S, A) if x.flag() else None
    if x.flag():
        P[x.flags(S, A)] = P[0, 0, 0] * 0
    return MarginProblem(x.numbers(S), csr_array(P.reshape(S * A, S)) if not x.exact and x.flag() else P, ended)


def quadratic(x):
    n, m, gamma = x.size(), x.size(), Discounted(x.draw(st.fractions(0, Fraction(99, 100)))).gamma
    return LinearQuadratic(*(x.numbers(*shape) for shape in ((n, n), (n, m), (n, n), (m, m), (n, n))), gamma)


def moments(x):
    Z, K = x.size(), x.size()
    return MomentProblem(x.numbers(Z, K), x.numbers(Z), x.law(Z))


def preferences(x):
    problem = x.draw(strategies.preferences())
    return problem if x.exact else problem.to_float()


def trajectories(x):
    K, moves = x.size(), x.size()
    steps = x.draw(arrays(np.int64, (K,), elements=st.integers(0, 9)))
    obs = Drawn(x.draw, False).numbers(K, moves) if x.flag() else steps
    told = (
        {"reward": Drawn(x.draw, False).numbers(K), "ended": x.flags(K), "episode": steps, "following": obs}
        if x.flag()
        else {}
    )
    return Trajectories(obs, steps, t=steps, weight=abs(x.numbers(K)), **told)


DRAWERS = {
    MDP: mdp,
    LinearMDP: linear,
    MarkovGame: game,
    TabularPolicy: policy(TabularPolicy),
    JointPolicy: policy(JointPolicy),
    Deviation: deviation,
    SafetyProblem: safety,
    MarginProblem: margins,
    LinearQuadratic: quadratic,
    MomentProblem: moments,
    PreferenceProblem: preferences,
    Trajectories: trajectories,
}


def same(a, b):
    """Equal in type, kind, shape and every bit."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if a.dtype == object:
            assert [(type(x), x) for x in a.ravel()] == [(type(x), x) for x in b.ravel()]
        else:
            assert a.tobytes() == b.tobytes()
    elif isinstance(a, csr_array):
        assert a.shape == b.shape
        for name in ("data", "indices", "indptr"):
            same(getattr(a, name), getattr(b, name))
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, Record):
        assert a == b
        assert a.digest() == b.digest()
        for field in fields(a):
            same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, Instance):
        assert list(vars(a)) == list(vars(b))
        for name in vars(a):
            same(getattr(a, name), getattr(b, name))
    elif isinstance(a, float):
        assert a.hex() == b.hex()
    else:
        assert a == b


def there_and_back(thing):
    """Through text, as a file does, without the disk."""
    return decode(json.loads(json.dumps(encode(thing), allow_nan=False)))


def test_every_record_is_drawn():
    assert {kind.__name__ for kind in DRAWERS} == set(RECORDS)


@pytest.mark.parametrize("exact", [True, False], ids=["rational", "float"])
@pytest.mark.parametrize("kind", DRAWERS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@STEADY
def test_a_record_comes_back(kind, exact, data):
    record = DRAWERS[kind](Drawn(data.draw, exact))
    back = there_and_back(record)
    same(record, back)
    assert back.exact == record.exact


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("archives")


@pytest.mark.parametrize("exact", [True, False], ids=["rational", "float"])
@pytest.mark.parametrize("kind", DRAWERS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@STEADY
def test_a_record_comes_back_from_an_archive(kind, exact, folder, data):
    record = DRAWERS[kind](Drawn(data.draw, exact))
    instance = Instance(model=record, array=np.array(data.draw(st.floats(allow_nan=False, allow_infinity=False))))
    save(instance, folder / "x.npz")
    same(instance, load(folder / "x.npz"))


finite = st.floats(allow_nan=False, allow_infinity=False)
rationals = st.fractions().map(lambda x: fmpq(x.numerator, x.denominator))
shapes = array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
leaves = st.one_of(
    finite,
    st.integers(),
    st.booleans(),
    st.text(),
    rationals,
    arrays(np.float64, shapes, elements=finite),
    arrays(np.float64, shapes, elements=finite, fill=st.sampled_from([0.0, -0.0])),
    arrays(np.int64, shapes),
    arrays(bool, shapes),
    arrays(np.int64, shapes, elements=st.integers(-5, 5), fill=st.just(0)).map(objects),
    st.integers(1, 9).map(Finite),
    st.fractions(0, Fraction(1, 2)).map(Discounted),
    st.just(Average()),
    st.just(TabularPolicy([[0.5, 0.5]])),
)
parts = st.recursive(
    leaves, lambda inside: st.lists(inside, max_size=3) | st.lists(inside, max_size=3).map(tuple), max_leaves=5
)


@given(st.dictionaries(st.sampled_from(["mdp", "eps", "given", "P", "type", "MDP"]), parts, max_size=4))
@STEADY
def test_an_instance_of_a_claim_comes_back(named):
    instance = Instance(**named)
    same(instance, there_and_back(instance))


def test_kinds_that_look_alike_are_told_apart():
    instance = Instance(
        number=fmpq(1, 2),
        text="1/2",
        whole=fmpq(3),
        three=3,
        point=objects("1/2"),
        points=objects(["1/2"]),
        zero=-0.0,
        one=1.0,
        yes=True,
    )
    back = there_and_back(instance)
    same(instance, back)
    assert (back.point.shape, back.points.shape) == ((), (1,))


def test_a_fraction_comes_back_as_the_equal_rational():
    assert there_and_back(Instance(x=Fraction(2, 4))).x == fmpq(1, 2)


def test_numbers_of_any_length_come_back(tmp_path):
    instance = Instance(x=fmpq(3**20_000, 2**20_000), tiny=5e-324, large=1.7976931348623157e308, third=0.1 + 0.2)
    save(instance, tmp_path / "x.json")
    same(instance, load(tmp_path / "x.json"))


def test_a_large_sparse_law_is_listed_by_its_entries_and_a_dense_one_is_not():
    cliff = bundled("cliff_walking")
    law = encode(cliff)["content"]["MDP"]["P"]["rational"]
    assert law["shape"] == [48, 4, 48]
    assert len(law["entries"]) == np.count_nonzero(cliff.P != 0) == 192
    assert isinstance(
        encode(MDP(np.full((2, 1, 2), 0.5), [[0], [0]], horizon=Finite(1)))["content"]["MDP"]["P"]["float"], list
    )


def test_a_negative_zero_in_a_listed_law_keeps_its_sign():
    P = np.zeros((5, 1, 5))
    P[..., 0], P[..., 3] = 1, [[-0.0]] * 5
    P[1:, 0, 3] = 0
    record = MDP(P, np.zeros((5, 1)), horizon=Finite(1))
    assert "entries" in encode(record)["content"]["MDP"]["P"]["float"]
    same(record, there_and_back(record))


def test_the_width_of_scipys_indices_is_no_content():
    P = csr_array(np.eye(4))
    wide = csr_array(np.eye(4))
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    one, two = (MDP(law, np.zeros((4, 1)), horizon=Finite(1)) for law in (P, wide))
    assert one == two == there_and_back(two)


def test_a_player_given_as_a_numpy_integer_is_the_same_player():
    table = np.ones((1, 1, 1, 1))
    assert Deviation(np.int64(1), table) == Deviation(1, table) == there_and_back(Deviation(np.int64(1), table))


# ---- what cannot be written
def cyclic():
    a = []
    a.append(a)
    return a


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (3, "the thing is of type int; expected a record, or a SimpleNamespace"),
        (Instance(x=np.zeros((2, 2), dtype=np.float32)), "x is an array of float32; expected float64"),
        (Instance(x=[0.0, np.array([[1.0], [np.nan]])]), r"x[1][1, 0] is nan; expected a finite number"),
        (Instance(x=float("inf")), "x is inf; expected a finite number"),
        (Instance(x=np.array([Fraction(1), 0.5], dtype=object)), "x is an array of objects that are not all rationals"),
        (Instance(x=lambda: 0), "x is a function; expected a record"),
        (Instance(x={"a": 1}), "x is a dict; expected a record"),
        (Instance(**{"a b": 1}), "content has a part named 'a b'"),
        (Instance(_hidden=1), "without a leading underscore"),
        (Instance(x=10**5000), "x is an integer too long for JSON"),
        (Instance(x=cyclic()), "contains itself"),
        (Instance(x=np.broadcast_to(0.0, (LARGEST, 2))), f"expected at most {LARGEST} in one file"),
    ],
    ids=lambda x: x[:30] if isinstance(x, str) else "",
)
def test_what_cannot_be_written_is_refused_by_its_place(thing, words, tmp_path):
    with pytest.raises(InvalidModel) as refusal:
        save(thing, tmp_path / "x.json")
    assert words in str(refusal.value)
    assert not list(tmp_path.iterdir())


# ---- what cannot be read
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
