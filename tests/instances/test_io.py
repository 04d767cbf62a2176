"""Instance files: nothing is lost on the way, nothing wrong is let in."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.sparse import csr_array
from tools.records import STEADY, same

from mdpkit import strategies
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import Instance, bundled, decode, encode, load, save
from mdpkit.instances._form import LARGEST, RECORDS
from mdpkit.model import (
    MDP,
    Average,
    Comparisons,
    Deviation,
    Discounted,
    Finite,
    JointPolicy,
    LinearMDP,
    LinearMixture,
    LinearQuadratic,
    LinearQuadraticGame,
    MarginProblem,
    MarkovGame,
    MomentProblem,
    PreferenceProblem,
    SafetyProblem,
    TabularPolicy,
    TokenProblem,
    Total,
    Trajectories,
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
            return Average() if self.flag() else Total()
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


def mixture(x):
    S, A, K = x.size(), x.size(), x.size()
    return LinearMixture(x.law(K, S, A, S), x.law(K), x.numbers(S, A), x.law(S), horizon=x.horizon())


def game(x):
    S, actions = x.size(), tuple(x.size(1, 2) for _ in range(x.size(1, 2)))
    J = int(np.prod(actions))
    P, mask = x.law(S, J, S), None
    if x.flag():
        mask = np.arange(max(actions)) < np.array(actions)[:, None, None]
        mask = np.broadcast_to(mask, (len(actions), S, max(actions))).copy()
        mask[0, 0, 1:] = False
    if not x.exact and x.flag():
        P = csr_array(P.reshape(S * J, S))
    numbers = x.numbers(len(actions), S, J), x.law(S)
    return MarkovGame(P, *numbers, horizon=x.horizon(), actions=actions, mask=mask)


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


def quadratic_game(x):
    n, controls = x.size(), tuple(x.size(1, 2) for _ in range(x.size(1, 2)))
    m, N = sum(controls), len(controls)
    costs = [x.numbers(N, k, k, bound=10**6) for k in (n, m, n)]
    symmetric = (each + each.swapaxes(1, 2) for each in costs)
    return LinearQuadraticGame(
        x.numbers(n, n), x.numbers(n, m), *symmetric, controls=controls, horizon=Finite(x.size())
    )


def moments(x):
    Z, K = x.size(), x.size()
    return MomentProblem(x.numbers(Z, K), x.numbers(Z), x.law(Z))


def preferences(x):
    problem = x.draw(strategies.preferences())
    return problem if x.exact else problem.to_float()


def tokens(x):
    problem = x.draw(strategies.tokens(merged=x.flag()))
    if x.flag():
        problem = replace(problem, token_names=[f"é{a}" for a in range(problem.A)])
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


def comparisons(x):
    K = x.size()
    prompt, first, second = (x.draw(arrays(np.int64, (K,), elements=st.integers(0, 9))) for _ in range(3))
    won = x.numbers(K) * 0 + x.draw(st.integers(0, 1))
    return Comparisons(prompt, first, second, won, weight=abs(x.numbers(K)))


DRAWERS = {
    MDP: mdp,
    LinearMDP: linear,
    LinearMixture: mixture,
    MarkovGame: game,
    TabularPolicy: policy(TabularPolicy),
    JointPolicy: policy(JointPolicy),
    Deviation: deviation,
    SafetyProblem: safety,
    MarginProblem: margins,
    LinearQuadratic: quadratic,
    LinearQuadraticGame: quadratic_game,
    MomentProblem: moments,
    PreferenceProblem: preferences,
    TokenProblem: tokens,
    Trajectories: trajectories,
    Comparisons: comparisons,
}


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
    st.just(Total()),
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
