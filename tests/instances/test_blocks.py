"""Blocks: every draw is inside, from bytes, from a generator, after rounding, deletion and shrinking."""

from fractions import Fraction
from math import prod

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import objects
from mdpkit.base.errors import InvalidClaim
from mdpkit.instances import Box, Choice, Family, Simplex
from mdpkit.model import MDP, Finite, TabularPolicy

SIZES = dict(S=2, A=3, B=2)
LAW = Simplex("S", to=("A", "B"))
NUMBERS = Box("S", "A", lower=Fraction(-1, 3), upper=2)
DISCOUNT = Choice(of=("1/2", "9/10", "99/100"))
ACTION = Choice("S", of="A")
LAWS = (LAW, Simplex(to="S"), Simplex("S", "A", to="S"))
BLOCKS = (*LAWS, NUMBERS, Box(lower=1, upper=1), Box("S", 2), DISCOUNT, Choice("S", of=(0, "1/3")), ACTION)


def inside(block, array, sizes=SIZES):
    """Whether an exact array is one that the block describes."""
    array = np.asarray(array)
    if array.shape != block.shape(sizes):
        return False
    if isinstance(block, Choice) and isinstance(block.of, str):
        return array.dtype.kind in "iu" and bool(((array >= 0) & (array < sizes[block.of])).all())
    if array.dtype != object or not all(isinstance(x, fmpq) for x in array.ravel()):
        return False
    if isinstance(block, Simplex):
        return all(x >= 0 for x in array.ravel()) and bool(np.all(array.sum(axis=-1) == 1))
    if isinstance(block, Box):
        return all(block.lower <= x <= block.upper for x in array.ravel())
    return all(x in block.of for x in array.ravel())


def inside_floats(block, array, sizes=SIZES):
    shape = block.shape(sizes)
    if array.shape[1:] != shape:
        return False
    if isinstance(block, Simplex):
        return bool((array >= 0).all() and (np.abs(array.sum(axis=-1) - 1) <= 1e-14).all())
    if isinstance(block, Box):
        return bool((array >= float(block.lower)).all() and (array <= float(block.upper)).all())
    values = range(sizes[block.of]) if isinstance(block.of, str) else [float(x) for x in block.of]
    return bool(np.isin(array, list(values)).all())


def drawn(block, seed, sizes=SIZES):
    return block.from_bytes(np.random.default_rng(seed).integers(256, size=block.count(sizes), dtype=np.uint8), sizes)


# ---- drawing
@pytest.mark.parametrize("block", BLOCKS, ids=repr)
@given(data=st.data())
def test_bytes_spell_what_is_inside(block, data):
    count = block.count(SIZES)
    raw = data.draw(st.binary(min_size=count, max_size=count))
    assert inside(block, block.from_bytes(np.frombuffer(raw, dtype=np.uint8), SIZES))


def test_zero_bytes_spell_the_simplest():
    zeros = {block: block.from_bytes(np.zeros(block.count(SIZES), dtype=np.uint8), SIZES) for block in BLOCKS}
    assert (zeros[LAW] == objects([[1, 0, 0, 0, 0, 0]] * 2)).all()
    assert (zeros[NUMBERS] == objects("-1/3")).all()
    assert zeros[DISCOUNT][()] == fmpq(1, 2)
    assert (zeros[ACTION] == 0).all()


def test_bytes_reach_certain_mixed_and_extreme_entries():
    rows = np.concatenate([drawn(LAW, seed) for seed in range(200)])
    assert {int((row != 0).sum()) for row in rows} == {1, 2, 3, 4, 5, 6}
    entries = np.concatenate([drawn(NUMBERS, seed).ravel() for seed in range(50)])
    ends = [(entries == end).mean() for end in (NUMBERS.lower, NUMBERS.upper)]
    assert min(ends) > 1 / 6
    assert len(set(entries)) == 13


@pytest.mark.parametrize("block", BLOCKS, ids=repr)
def test_batches_have_the_batch_in_front_and_are_inside(block):
    rng = np.random.default_rng(0)
    for batch in (1, 7):
        array = block.random(rng, SIZES, batch)
        assert array.shape == (batch, *block.shape(SIZES))
        assert inside_floats(block, array)


def test_half_of_a_random_batch_of_rows_is_certain():
    rows = Simplex("S", to="A").random(np.random.default_rng(0), SIZES, 1000)
    assert 0.45 < (rows.max(axis=-1) == 1).mean() < 0.55


# ---- rounding and mending
@pytest.mark.parametrize("denominator", [1, 2, 3, 7, 60, 1000, 2**20])
@pytest.mark.parametrize("block", BLOCKS, ids=repr)
def test_rounding_gives_what_is_inside(block, denominator):
    for array in block.random(np.random.default_rng(denominator), SIZES, 8):
        rounded = block.round(array, denominator)
        assert inside(block, rounded)
        if isinstance(block, Simplex):
            assert all(denominator % int(x.q) == 0 for x in np.asarray(rounded).ravel())


def test_rounding_of_rows_is_the_largest_remainder():
    row = Simplex(to="A").round(np.array([0.46, 0.34, 0.2]), 10)
    assert list(row) == [fmpq(1, 2), fmpq(3, 10), fmpq(1, 5)]
    near = Simplex(to="A").round(np.array([1 / 3, 1 / 3, 1 / 3]), 2**20)
    assert max(abs(float(x) - 1 / 3) for x in near) <= 2.0**-20


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6))
def test_mending_floats_brings_them_inside(numbers):
    array = np.array(numbers)
    assert inside_floats(LAW, LAW.repair(array.reshape(1, 1, 6)), SIZES | {"S": 1})
    assert inside_floats(NUMBERS, NUMBERS.repair(array.reshape(1, 2, 3)))
    assert inside_floats(DISCOUNT, DISCOUNT.repair(array))


def test_mending_rationals_keeps_them():
    assert list(Simplex(to="A").repair(objects(["-1/2", "1/2", "1/4"]))) == [0, fmpq(2, 3), fmpq(1, 3)]
    assert list(Simplex(to="A").repair(objects([0, 0, 0]))) == [1, 0, 0]
    assert list(NUMBERS.repair(objects([-1, 0, 5]))) == [fmpq(-1, 3), 0, 2]


@pytest.mark.parametrize("block", BLOCKS, ids=repr)
def test_simpler_entries_are_inside(block):
    array = np.asarray(drawn(block, 3))
    for index in np.ndindex(array.shape[: array.ndim - block.row_axes]):
        for row in block.simpler(np.asarray(array[index])):
            changed = np.array(array, copy=True)
            changed[index] = row if row.ndim else row[()]
            assert inside(block, changed)


def test_simpler_rows_hold_every_certain_outcome_and_equal_pair():
    rows = {tuple(row) for row in Simplex(to="A").simpler(objects(["1/5", "3/5", "1/5"]))}
    half = fmpq(1, 2)
    assert {(1, 0, 0), (0, 1, 0), (0, 0, 1), (half, half, 0), (half, 0, half), (0, half, half)} <= rows


# ---- deletion along named axes
def renormalised(rows):
    return [[x / sum(row) for x in row] if sum(row) else [fmpq(k == 0) for k in range(len(row))] for row in rows]


@pytest.mark.parametrize(("axis", "index"), [(axis, k) for axis in "AB" for k in range(SIZES[axis])])
def test_deletion_along_a_product_axis_by_enumeration(axis, index):
    law = drawn(LAW, 11)
    kept = [a * SIZES["B"] + b for a in range(3) for b in range(2) if (a if axis == "A" else b) != index]
    expected = renormalised([[row[j] for j in kept] for row in law])
    left = LAW.delete(law, axis, index, SIZES)
    assert left.tolist() == expected
    assert inside(LAW, left, SIZES | {axis: SIZES[axis] - 1})


def test_deletion_of_a_state_deletes_it_wherever_it_stands():
    block, sizes = Simplex("S", "A", to="S"), dict(S=3, A=2)
    P = drawn(block, 5, sizes)
    left = block.delete(P, "S", 1, sizes)
    for s, old in enumerate((0, 2)):
        assert left[s].tolist() == renormalised([[P[old, a, 0], P[old, a, 2]] for a in range(2)])


def test_deletion_from_a_pair_of_equal_axes_within_a_product():
    block, sizes = Box("S", ("A", "S")), dict(S=2, A=3)
    x = drawn(block, 1, sizes)
    assert block.delete(x, "S", 0, sizes).tolist() == [[x[1, a * 2 + 1] for a in range(3)]]
    assert (block.delete(x, "H", 0, sizes) == x).all()


def test_deletion_from_choices_moves_the_later_indices_down():
    assert ACTION.delete(np.array([0, 1]), "A", 0, SIZES).tolist() == [0, 0]
    assert ACTION.delete(np.array([2, 1]), "A", 1, SIZES).tolist() == [1, 0]
    assert ACTION.delete(np.array([2, 1]), "S", 0, SIZES).tolist() == [1]


@pytest.mark.parametrize("block", BLOCKS, ids=repr)
def test_deletion_stays_inside_and_ends_with_nothing(block):
    for axis in [axis for axis in SIZES if axis in str(block.axes)]:
        assert inside(block, block.delete(drawn(block, 7), axis, 1, SIZES), SIZES | {axis: SIZES[axis] - 1})
        alone = SIZES | {axis: 1}
        assert block.delete(drawn(block, 7, alone), axis, 0, alone) is None


# ---- families
def family(**more):
    blocks = dict(P=Simplex("S", "A", to="S"), r=Box("S", "A"), pi=Simplex("S", to="A", within="mask"), k=ACTION)
    models = dict(
        mdp=lambda x: MDP(x.P, x.r, horizon=Finite(x.sizes["H"])), policy=lambda x: TabularPolicy(x.pi), k=lambda x: x.k
    )
    return Family(blocks, dict(H=(1, 3), S=(1, 4), A=(2, 3)), models, **more)


def test_a_family_spells_all_its_blocks_from_one_string():
    sizes = dict(H=2, S=3, A=2)
    assert (
        family().byte_count(sizes)
        == 18 + 6 + 6 + 3
        == sum(prod(block.shape(sizes)) for block in family().blocks.values())
    )
    raw = np.random.default_rng(1).integers(256, size=33, dtype=np.uint8).tobytes()
    x = family().from_bytes(raw, sizes)
    assert all(inside(block, getattr(x, name), sizes) for name, block in family().blocks.items())
    assert (family().from_bytes(raw + b"more", sizes).P == x.P).all(), "bytes beyond the count are not read"
    m = family().build(x)
    assert (m.mdp.exact, m.policy.exact, m.mdp.horizon.H) == (True, True, 2)
    assert not family().build(family().to_float(x)).mdp.exact


def test_the_simplest_draw_of_a_family():
    sizes = dict(H=1, S=2, A=2)
    m = family().build(family().from_bytes(bytes(family().byte_count(sizes)), sizes))
    assert (m.mdp.r == 0).all()
    assert (m.mdp.P[..., 0] == 1).all()
    assert m.k.tolist() == [0, 0]


def test_ladders_climb_from_the_smallest_sizes_to_the_largest():
    for most in (2, 3, 6, 40):
        ladder = family().ladder(most)
        assert ladder[0] == dict(H=1, S=1, A=2)
        assert ladder[-1] == dict(H=3, S=4, A=3)
        assert len(ladder) == min(most, 3 * 4 * 2)
        counts = [family().byte_count(sizes) for sizes in ladder]
        assert counts == sorted(counts)


def test_masks_of_a_given_problem_confine_every_row():
    mask = np.array([[False, True, True], [True, False, False]])
    P = objects(np.broadcast_to(np.eye(2, dtype=int)[:, None], (2, 3, 2)))
    problem = MDP(P, objects(np.zeros((2, 3), dtype=int)), horizon=Finite(2), mask=mask)
    confined = family().on("mdp", problem, ("P", "r"))
    assert confined.sizes == dict(H=(2, 2), S=(2, 2), A=(3, 3))
    assert set(confined.blocks) == {"pi", "k"}
    sizes = dict(H=2, S=2, A=3)
    for seed in range(40):
        raw = np.random.default_rng(seed).integers(256, size=confined.byte_count(sizes), dtype=np.uint8)
        for x in (confined.from_bytes(raw.tobytes(), sizes), confined.from_bytes(bytes(len(raw)), sizes)):
            assert inside(Simplex("S", to="A"), x.pi, sizes)
            assert (x.pi[~mask] == 0).all()
            assert confined.build(x).mdp is problem
    floats = confined.random(np.random.default_rng(0), sizes, 5)
    x = confined.to_draw({name: array[0] for name, array in floats.items()}, sizes)
    assert (x.pi[~mask] == 0).all()
    assert np.allclose(x.pi.sum(axis=-1), 1)


def test_what_a_mask_leaves_keeps_its_proportions():
    block = Simplex("S", to="A", within="mask")
    mask = np.array([[True, False, True], [False, False, True]])
    rows = block.restrict(objects([["1/2", "1/4", "1/4"], ["1/2", "1/2", 0]]), mask)
    assert rows.tolist() == [[fmpq(2, 3), 0, fmpq(1, 3)], [0, 0, 1]]
    assert all(isinstance(x, fmpq) for x in rows.ravel())


def test_repair_reaches_every_way_of_drawing():
    def learner_is_expert(x):
        x.q = x.p
        return x

    tied = Family(dict(p=Simplex(to="A"), q=Simplex(to="A")), dict(A=(2, 3)), {}, repair=learner_is_expert)
    sizes, rng = dict(A=3), np.random.default_rng(0)
    floats = {name: array[0] for name, array in tied.random(rng, sizes, 1).items()}
    for x in (
        tied.from_bytes(rng.integers(256, size=6, dtype=np.uint8).tobytes(), sizes),
        tied.to_draw(floats, sizes),
        tied.round_draw(floats, 60, sizes),
    ):
        assert (x.p == x.q).all()


def test_families_are_refused_where_they_are_written():
    with pytest.raises(InvalidClaim, match=r"sizes\['S'\] is \(3, 2\); expected \(smallest, largest\)"):
        Family({}, dict(S=(3, 2)), {})
    with pytest.raises(InvalidClaim, match=r"blocks\['x'\] is 3; expected a Simplex, Box or Choice"):
        Family(dict(x=3), {}, {})
    with pytest.raises(InvalidClaim, match="has the axis 'Q'; the family's sizes are S, A, B"):
        Box("Q").shape(SIZES)
    with pytest.raises(InvalidClaim, match="its lower end lies above its upper end"):
        Box(lower=1, upper=0)
