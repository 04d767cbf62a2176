"""Records: what is handed in is copied, kept, named by content, and validated again whenever it is read back."""

import copy
import pickle
from dataclasses import FrozenInstanceError, fields
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from tools.every_record import EVERY, MASK, P, R, kinds

from mdpkit.base.arrays import exactly, floats, objects
from mdpkit.base.errors import ExactnessLost, InvalidModel
from mdpkit.base.mode import propose
from mdpkit.model import (
    MDP,
    Deviation,
    Discounted,
    Finite,
    JointPolicy,
    LinearMDP,
    MarkovGame,
    SafetyProblem,
    TabularPolicy,
)

NUMBERS = [name for name, (_, arrays, _) in EVERY.items() if arrays]


def source(name, exact):
    """A record's class, arrays that a caller owns, and the rest of its arguments."""
    kind, arrays, rest = EVERY[name]
    convert = objects if exact else lambda array: floats(objects(array))
    return kind, {field: convert(array) for field, array in arrays.items()}, rest


def build(name, exact):
    kind, arrays, rest = source(name, exact)
    return kind(**arrays, **rest)


def arrays_of(record):
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


every_record = pytest.mark.parametrize("exact", [True, False], ids=["rational", "float"])
every_name = pytest.mark.parametrize("name", NUMBERS)


def test_every_record_is_tried():
    assert {kind for kind, *_ in EVERY.values()} == kinds()


@every_name
@every_record
def test_the_callers_arrays_are_copied_and_left_alone(name, exact):
    kind, arrays, rest = source(name, exact)
    before = copy.deepcopy(arrays)
    record = kind(**arrays, **rest)
    digest = record.digest()
    for field, array in arrays.items():
        assert np.array_equal(array, before[field])
        assert array.flags.writeable
        assert not np.shares_memory(array, getattr(record, field))
        array[...] = 7
    assert record.digest() == digest


@every_name
@every_record
def test_a_record_cannot_be_written_to(name, exact):
    record = build(name, exact)
    for field, array in arrays_of(record).items():
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
        with pytest.raises(FrozenInstanceError):
            setattr(record, field, array)
    assert record.exact is exact


@every_name
@every_record
@pytest.mark.parametrize("through", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy])
def test_copies_are_equal_with_equal_hashes_and_digests(name, exact, through):
    record = build(name, exact)
    again = through(record)
    assert type(again) is type(record)
    assert again == record
    assert (hash(again), again.digest()) == (hash(record), record.digest())
    assert repr(again) == repr(record)
    for field, array in arrays_of(again).items():
        assert not array.flags.writeable
        assert np.array_equal(array, getattr(record, field))


@pytest.mark.parametrize(
    "name", [name for name in NUMBERS if not name.startswith("LinearQuadratic")]
)  # of which any numbers make one
@every_record
def test_a_tampered_pickle_is_refused(name, exact):
    record = build(name, exact)
    rebuild, (kind, values) = record.__reduce__()
    law = next(field for field in (*kind.laws, "features", "weight") if isinstance(values.get(field), np.ndarray))
    tampered = values[law].copy()
    tampered[(0,) * tampered.ndim] -= 1
    with pytest.raises(InvalidModel):
        rebuild(kind, {**values, law: tampered})
    assert rebuild(kind, values) == record


@every_name
def test_records_of_different_content_differ(name):
    exact, rounded = build(name, True), build(name, False)
    assert exact != rounded
    assert exact != 1
    assert (
        len({record.digest() for record in (exact, rounded, build("TabularPolicy", True), build("JointPolicy", True))})
        >= 3
    )
    kind, arrays, rest = source(name, True)
    changed = kind(**{field: array[::-1] for field, array in arrays.items()}, **rest)
    same = all(np.array_equal(getattr(changed, field), getattr(exact, field)) for field in arrays)
    assert (changed == exact) is same


def test_the_class_and_the_shape_count_as_content():
    table = objects([["1/2", "1/2"]])
    assert TabularPolicy(table) != JointPolicy(table)
    assert TabularPolicy(table) != TabularPolicy(table[None])
    assert MDP(objects(P), objects(R), horizon=Finite(2)) != MDP(objects(P), objects(R), horizon=Finite(3))
    assert MDP(objects(P), objects(R), horizon=Finite(2)) != MDP(objects(P), objects(R), horizon=Finite(2), mask=MASK)


def test_equal_content_is_equal_however_it_was_written():
    one = MDP(objects(P), objects(R), objects(["1/2", "1/2"]), horizon=Discounted("9/10"))
    fractions = np.array([[[Fraction(str(x)) for x in row] for row in block] for block in P], dtype=object)
    for two in (
        MDP(fractions, np.array(R, dtype=object), horizon=Discounted(Fraction(9, 10))),
        MDP(
            objects(P).transpose(2, 1, 0).copy().transpose(2, 1, 0),
            objects(R),
            horizon=Discounted(fmpq(9, 10)),
            mask=np.ones((2, 2), bool),
        ),
    ):
        assert one == two
        assert hash(one) == hash(two)
    assert Deviation(np.int64(1), [[[[1]]]]) == Deviation(1, [[[[1.0]]]])
    assert Finite(np.int32(3)) == Finite(3)
    assert Discounted(np.float64(0.5)) == Discounted(0.5) == Discounted(np.array(0.5))


@every_name
def test_rounding_to_floats_and_back_keeps_the_laws_laws(name):
    exact = build(name, True)
    rounded = exact.to_float()
    assert not rounded.exact
    assert rounded == build(name, False)
    assert rounded.to_float() == rounded
    assert exact.to_exact() == exact
    if name in ("LinearMDP", "LinearMixture"):  # their law is a product, and has no nearest product that is a law
        return
    meant = rounded.to_exact()
    assert meant.exact
    for field, array in arrays_of(meant).items():
        stored = getattr(rounded, field)
        if array.dtype != object:
            assert np.array_equal(array, stored)
        elif field in meant.laws:
            sums = exactly(stored).sum(axis=-1)
            assert all(total in (0, 1) for total in np.ravel(array.sum(axis=-1)))
            assert (array * np.where(sums == 0, 1, sums)[..., None] == exactly(stored)).all()
        else:
            assert np.array_equal(array, exactly(stored))


def test_dyadic_records_survive_the_round_trip():
    mdp = MDP(
        objects([[["1/2", "1/2"]], [["1/4", "3/4"]]]),
        objects([["-1/8"], [3]]),
        objects(["1/4", "3/4"]),
        horizon=Discounted("7/8"),
    )
    assert mdp.to_float().to_exact() == mdp
    linear = LinearMDP(
        objects([[["1/2", "1/2"]], [[0, 1]]]), objects([[1, 0], [0, 1]]), objects([1, 2]), horizon=Finite(2)
    )
    assert linear.to_float().to_exact() == linear
    sevenths = LinearMDP(
        [[[0.5, 0.5]], [[0, 1]]], [[1, 0], [0, 1]], [1, 2], np.array([1, 1e-9]) / (1 + 1e-9), horizon=Finite(2)
    )
    assert sevenths.to_exact().rho.sum() == 1


@every_name
@every_record
def test_a_record_writes_numbers_in_its_own_kind(name, exact):
    record = build(name, exact)
    assert record.like(["1/2", 1]).dtype == (object if exact else np.float64)
    if exact:
        with pytest.raises(ExactnessLost):
            record.like([0.5])


def test_sizes_name_the_axes():
    assert build("MDP", True).sizes() == {"H": 3, "S": 2, "A": 2}
    assert build("discounted MDP", True).sizes() == {"S": 2, "A": 2}
    assert build("time-varying MDP", False).sizes() == {"H": 2, "S": 2, "A": 2}
    assert build("LinearMDP", True).sizes() == {"S": 2, "A": 1, "K": 2}
    assert build("MarkovGame", True).sizes() == {"H": 2, "I": 2, "S": 2, "J": 4, "A": 2, "B": 2}
    assert build("JointPolicy", True).sizes() == {"S": 2, "J": 4}
    assert TabularPolicy([[[1, 0]], [[0, 1]]]).sizes() == {"H": 2, "S": 1, "A": 2}
    assert build("Deviation", True).sizes() == {"H": 1, "S": 2, "A": 2}
    assert build("MomentProblem", True).sizes() == {"Z": 2, "K": 2}
    assert build("SafetyProblem", True).sizes() == {"S": 2, "A": 1}


def test_deterministic_dynamics_are_copied_and_named_by_content():
    failure, successors = np.array([False, True]), np.array([[0, 1], [1, 1]])
    problem = SafetyProblem(failure, successors)
    assert problem.sizes() == {"S": 2, "A": 2}
    failure[0], successors[0, 0] = True, 1
    assert problem == SafetyProblem([False, True], np.array([[0, 1], [1, 1]], dtype=np.uint8))
    assert problem != SafetyProblem(failure, successors)
    assert pickle.loads(pickle.dumps(problem)) == problem.to_float() == problem.to_exact() == problem
    with pytest.raises(ValueError, match="read-only"):
        problem.successors[0, 0] = 0


# ---- kinds
def test_one_rational_makes_the_record_rational_and_integers_follow():
    for mdp in (
        MDP(np.array([[[1]]]), [[Fraction(1, 2)]], horizon=Finite(2)),
        MDP(objects([[[1]]]), [[1]], horizon=Finite(2)),
        MDP([[[1]]], [[1]], [fmpq(1)], horizon=Discounted("1/2")),
    ):
        assert mdp.exact
        assert all(array.dtype == object for array in arrays_of(mdp).values())
    integers = MDP([[[1]]], [[1]], horizon=Discounted("1/3"))
    assert not integers.exact
    assert integers.horizon.gamma == 1 / 3


def test_a_start_law_left_out_is_uniform_in_the_records_kind():
    assert MDP(objects([[[1, 0, 0]]] * 3), objects([[0]] * 3), horizon=Finite(1)).rho.tolist() == [fmpq(1, 3)] * 3
    assert MDP([[[1, 0, 0]]] * 3, [[0]] * 3, horizon=Finite(1)).rho.tolist() == [1 / 3] * 3


# ---- masks
def test_masked_entries_count_nowhere_whatever_they_hold():
    law = np.array([[[0.5, 0.5], [np.nan, -np.inf]], [[0, 1], [1, 0]]])
    reward = np.array([[1.0, np.nan], [2.0, 3.0]])
    mdp = MDP(law, reward, horizon=Finite(2), mask=MASK)
    clean = MDP([[[0.5, 0.5], [0, 0]], [[0, 1], [1, 0]]], [[1, 0], [2, 3]], horizon=Finite(2), mask=MASK)
    assert mdp == clean
    assert np.isnan(law[0, 1]).any()
    assert mdp.P[0, 1].tolist() == [0, 0]
    assert mdp.r[0, 1] == 0
    assert mdp.to_exact().to_float() == mdp
    assert not mdp.mask.flags.writeable


def test_masks_cover_every_step_of_a_time_varying_process():
    law = np.array([[[[1.0, 0.0], [np.nan, 0.0]], [[0, 1], [1, 0]]]] * 2)
    mdp = MDP(law, np.ones((2, 2, 2)), horizon=Finite(2), mask=MASK)
    assert (mdp.P[:, 0, 1] == 0).all()
    assert (mdp.r[:, 0, 1] == 0).all()


def test_a_mask_that_masks_nothing_is_none():
    assert MDP([[[1]]], [[1]], horizon=Finite(1), mask=[[True]]).mask is None
    assert MDP([[[1]]], [[1]], horizon=Finite(1)).available.all()
    assert np.array_equal(MDP(floats(objects(P)), floats(objects(R)), horizon=Finite(1), mask=MASK).available, MASK)


# ---- sparse
def csr(wide=False, **changes):
    matrix = scipy.sparse.csr_array(np.array([[0.5, 0.5], [1, 0], [0, 1], [0.25, 0.75]]))
    if wide:
        matrix.indices, matrix.indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
    return matrix


def test_a_sparse_law_is_copied_read_only_and_named_by_content():
    matrix = csr()
    mdp = MDP(matrix, [[1, 2], [3, 4]], horizon=Finite(2))
    matrix.data[:] = 9
    assert mdp.P.toarray().max() == 1
    with pytest.raises(ValueError, match="read-only"):
        mdp.P.data[0] = 0
    again = pickle.loads(pickle.dumps(mdp))
    assert again == mdp
    assert hash(again) == hash(mdp)
    assert mdp == MDP(csr(wide=True), [[1, 2], [3, 4]], horizon=Finite(2))
    assert mdp == MDP(csr().tocoo(), [[1, 2], [3, 4]], horizon=Finite(2))
    assert mdp != MDP(csr(), [[1, 2], [3, 5]], horizon=Finite(2))
    assert mdp.to_float() == mdp
    assert mdp.sparse
    assert "sparse float, 6 transitions" in repr(mdp)


def test_explicit_zeros_and_masked_rows_leave_no_trace():
    stored = scipy.sparse.csr_array(
        (np.array([0.5, 0.5, 1, 0, 1, 0.25, 0.75]), np.array([0, 1, 0, 1, 1, 0, 1]), np.array([0, 2, 4, 5, 7])),
        shape=(4, 2),
    )
    assert MDP(stored, np.ones((2, 2)), horizon=Finite(2)) == MDP(csr(), np.ones((2, 2)), horizon=Finite(2))
    masked = csr()
    masked.data[2] = np.nan
    mdp = MDP(masked, np.ones((2, 2)), horizon=Finite(2), mask=MASK)
    assert mdp.P.toarray()[1].tolist() == [0, 0]
    assert np.isnan(masked.data[2])


def test_the_rational_twin_of_a_sparse_law_is_dense():
    found = MDP(csr(), np.ones((2, 2)), horizon=Finite(2)).to_exact()
    assert found == MDP(csr().toarray().reshape(2, 2, 2), np.ones((2, 2)), horizon=Finite(2)).to_exact()
    assert not found.sparse


# ---- defects
@given(
    st.lists(st.lists(st.integers(1, 10**6), min_size=3, max_size=3), min_size=3, max_size=3), st.floats(-9e-10, 9e-10)
)
def test_the_defect_bounds_how_far_rows_sum_from_one(weights, off):
    law = np.array(weights, dtype=float)
    law = (law / law.sum(axis=1, keepdims=True) * (1 + off))[:, None]
    exact = max(abs(total - 1) for total in exactly(law).sum(axis=-1).ravel())
    dense = MDP(law, np.zeros((3, 1)), [1, 0, 0], horizon=Finite(1))
    sparse = MDP(scipy.sparse.csr_array(law[:, 0]), np.zeros((3, 1)), [1, 0, 0], horizon=Finite(1))
    for record in (dense, sparse, TabularPolicy(law[:, 0])):
        assert exact <= exactly(record.defect)
        assert record.defect <= 1e-9


def test_the_start_law_is_no_row_of_the_process():
    rho = np.array([0.5, 0.5 + 5e-10])
    for law in (np.array([[[1.0, 0]], [[0, 1]]]), scipy.sparse.csr_array(np.eye(2))):
        assert MDP(law, np.zeros((2, 1)), rho, horizon=Finite(1)).defect <= 1e-15


@every_name
def test_rational_records_have_no_defect(name):
    assert getattr(build(name, True), "defect", 0) == 0


# ---- proposing
def test_proposals_are_trusted_and_hold_bare_floats():
    with propose():
        mdp = MDP(np.array([[[0.7]]]), np.array([[1]]), horizon=Finite(1))
        assert mdp.P.dtype == mdp.r.dtype == mdp.rho.dtype == np.float64
        assert TabularPolicy(np.array([[0.7]])).table[0, 0] == 0.7
    with pytest.raises(InvalidModel, match=r"sums to 0\.7,"):
        MDP(np.array([[[0.7]]]), np.array([[1]]), horizon=Finite(1))


# ---- games
def test_a_one_player_game_is_a_decision_process():
    game = MarkovGame(objects(P), objects([R]), horizon=Finite(2), actions=[2])
    assert game.player(0) == MDP(objects(P), objects(R), horizon=Finite(2))
    assert game.actions == (2,)


def test_each_player_of_a_game_has_its_own_rewards():
    game = build("MarkovGame", True)
    shifted = MarkovGame(game.P, game.r + objects([[[0]], [[1]]]), game.rho, horizon=game.horizon, actions=game.actions)
    assert shifted.player(0) == game.player(0)
    assert (shifted.player(1).r == game.player(1).r + 1).all()
    assert (game.players, game.S, game.J) == (2, 2, 4)


# ---- linear
def test_a_linear_process_is_its_table():
    linear = build("LinearMDP", True)
    table = linear.tabular()
    for s, a in np.ndindex(2, 1):
        assert table.r[s, a] == sum(linear.features[s, a, k] * linear.theta[k] for k in range(2))
        for n in range(2):
            assert table.P[s, a, n] == sum(linear.features[s, a, k] * linear.mu[k, n] for k in range(2))
