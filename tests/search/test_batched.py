"""A population scored by one run of the check has the scores of its members one by one."""

import numpy as np
import pytest

import mdpkit
from mdpkit.base.mode import propose
from mdpkit.instances.family import Family
from mdpkit.kernels.finite import occupancy, policy_value
from mdpkit.search.batched import Batched, Diverged, NotBatchable
from mdpkit.search.population import members
from mdpkit.search.score import FIRST, Score

ULP = 64 * 2.0**-52
"""Sums may be taken in another order: 64 units in the last place of the largest term."""
BRANCHES = {
    "aggregate_reward_outlives_imitation": "a learner is run, whose steps depend on the values",
    "completeness_error_bounds_the_gap": "a learner is run, whose choices depend on the values",
    "score_errors_need_the_variance_correction": "the noised states that occur differ from draw to draw",
    "score_matching_bounds_the_gap_linearly": "logarithms with a branch at 0",
    "grid_value_converges_to_riccati": "grids of plain numbers",
    "tube_needs_no_lookahead": "the number of steps differs from draw to draw",
}
"""Claims some of whose populations are scored member by member, and why."""


def statements():
    for claim in map(mdpkit.claims.get, mdpkit.claims.ids()):
        for part in claim.parts:
            if isinstance(part.instances, Family):
                yield pytest.param(claim, part, id=f"{claim.id}-{part.name}", marks=pytest.mark.xdist_group(claim.id))


@pytest.mark.parametrize(("claim", "part"), list(statements()))
def test_batched_is_one_by_one(claim, part):
    family = part.instances
    ladder = family.ladder()
    for sizes in (ladder[0], ladder[-1]):
        population = family.random(np.random.default_rng(7), sizes, FIRST)
        together, alone = Score(part, sizes), Score(part, sizes)
        with propose():
            found = together.of_population(population)
            alone.take_scale(together)
            expected = np.array([alone(members(population, k)) for k in range(FIRST)])
        defined = np.isfinite(expected)
        assert (defined == np.isfinite(found)).all()
        scale = max(1.0, np.abs(expected[defined]).max(initial=0.0))
        assert np.abs(found[defined] - expected[defined]).max(initial=0.0) <= ULP * scale
        if claim.id not in BRANCHES:
            assert not together.unbatched, together.unbatched


def test_a_population_takes_few_runs_of_the_check():
    part = mdpkit.claims.get("cloning_error_compounds_quadratically").parts[0]
    score = Score(part, dict(H=3, S=3, A=2))
    with propose():
        score.of_population(part.instances.random(np.random.default_rng(0), score.sizes, 64))
    assert (score.runs, score.evaluations) == (1, 64)


# ---- arrays
def arrays(rng, *shapes):
    return [rng.normal(size=(5, *shape)) for shape in shapes]


OPERATIONS = {
    "sum of products": (lambda x, y: (x * y[:, None, :]).sum(axis=-1), (3, 4, 2), (3, 2)),
    "matrix and vector": (lambda x, y: x @ y, (4, 3), (3,)),
    "vector and matrix": (lambda x, y: x @ y, (3,), (3, 4)),
    "vectors": (lambda x, y: x @ y, (3,), (3,)),
    "stacked matrices": (lambda x, y: x @ y, (2, 4, 3), (3, 2)),
    "plain left": (lambda x, y: np.arange(12.0).reshape(4, 3) @ x + y, (3, 2), (4, 2)),
    "einsum": (lambda x, y: np.einsum("sa,san->n", x, y), (3, 2), (3, 2, 3)),
    "largest, its place": (lambda x, y: (x.max(axis=-1), x.argmax(axis=0), np.max(y), y.min()), (3, 4), (2,)),
    "where": (lambda x, y: np.where(x > 0, x, y[:, None]), (3, 4), (3,)),
    "gather": (lambda x, y: x[np.argsort(y)[0], np.argsort(y)], (4, 4), (4,)),
    "gather at the end": (lambda x, y: x[..., np.argsort(y)] + x[:, np.argsort(y)[0], None], (2, 4), (4,)),
    "gather around a slice": (lambda x, y: x[np.argsort(y), :, 1] + x[:, 0, np.argsort(y)[:2]], (3, 2, 3), (3,)),
    "gather rows": (lambda x, y: x[np.arange(3), np.argsort(y)] + x[:, np.argsort(y)[:2], 0], (3, 3, 2), (3,)),
    "reduce at": (lambda x, y: np.add.reduceat(x, np.array([0, 2]), axis=1) + y[:2], (3, 4), (3,)),
    "stacks": (lambda x, y: (np.linalg.pinv(x), np.linalg.qr(x).R, np.diag(x), np.isposinf(y)), (3, 3), (3,)),
    "listed places": (lambda x, y: x[[2, 0], 1] + y[:2], (3, 4), (3,)),
    "a boolean mask": (lambda x, y: x[np.array([True, False, True])] + y, (3, 4), (4,)),
    "from the back": (lambda x, y: x[..., ::-1, 0] * y[-1], (2, 3, 4), (2,)),
    "solve": (lambda x, y: np.linalg.solve(x @ x.T + 3 * np.eye(3), y), (3, 3), (3,)),
    "concatenate, stack": (lambda x, y: np.concatenate([x, np.stack([y, y])], axis=0), (3, 4), (4,)),
    "cumulative": (lambda x, y: np.cumsum(x, axis=-1) - np.sort(y), (3, 4), (4,)),
    "outer": (lambda x, y: np.outer(x, y) + np.add.outer(x, y), (3,), (4,)),
    "axes": (lambda x, y: np.swapaxes(x, 0, 2) + np.moveaxis(y, 0, 1), (2, 3, 4), (3, 4, 2)),
    "broadcast": (lambda x, y: np.broadcast_to(x, (2, 3)) + np.repeat(y, 3)[:3], (3,), (2,)),
    "take": (lambda x, y: np.take_along_axis(x, np.argsort(x), axis=-1) + y[:, None], (3, 4), (3,)),
    "no rule of its own": (lambda x, y: np.linalg.eigvalsh(x + x.T).max() + np.percentile(y, 40), (3, 3), (5,)),
    "named results": (lambda x, y: np.linalg.eigh(x + x.T).eigenvalues * y, (3, 3), (3,)),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_on_a_population_is_that_on_its_members(name):
    operation, *shapes = OPERATIONS[name]
    values = arrays(np.random.default_rng(1), *shapes)
    found = operation(*map(Batched, values))
    expected = [operation(*(array[k] for array in values)) for k in range(5)]
    if not isinstance(found, tuple):
        found, expected = (found,), [(each,) for each in expected]
    for j, each in enumerate(found):
        assert each.shape == np.shape(expected[0][j])
        np.testing.assert_allclose(each.values, [one[j] for one in expected], rtol=1e-12, atol=1e-12)


def test_stored_entries_are_stored_in_every_member():
    x = Batched(np.zeros((3, 2, 2)))
    x[0, 1] = Batched(np.array([1.0, 2.0, 3.0]))
    x[np.array([1, 0]), 0] = 7
    assert (x.values == [[[7, k], [7, 0]] for k in (1, 2, 3)]).all()


def test_a_kernel_runs_in_a_loop_over_members_bit_for_bit():
    rng, H, S, A = np.random.default_rng(2), 3, 3, 2
    P = rng.dirichlet(np.ones(S), size=(6, H, S, A))
    r, table, rho = rng.random((6, H, S, A)), rng.dirichlet(np.ones(A), size=(6, H, S)), np.full((6, S), 1 / S)
    values = policy_value(Batched(P), Batched(r), Batched(table), H)
    visits = occupancy(Batched(P), Batched(rho), Batched(table), H)
    for k in range(6):
        assert (values.values[k] == policy_value(P[k], r[k], table[k], H)).all()
        assert (visits.values[k] == occupancy(P[k], rho[k], table[k], H)).all()


def test_plain_arguments_of_a_kernel_are_those_of_every_member():
    P, r = np.full((1, 1, 1, 1), 1.0), Batched(np.arange(3.0).reshape(3, 1, 1, 1))
    assert (policy_value(P, r, np.ones((1, 1, 1)), 1).values[:, 0, 0] == [0, 1, 2]).all()


def test_a_branch_on_values_splits_the_population():
    x = Batched(np.array([1.0, -1.0, 2.0]))
    with pytest.raises(Diverged) as branch:
        bool(x > 0)
    assert branch.value.keys.tolist() == [True, False, True]
    assert bool(x < 3)
    with pytest.raises(Diverged):
        range(Batched(np.array([1, 2])))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Batched(np.ones((2, 3))) > 0)


def test_a_population_is_no_array_of_numbers():
    with pytest.raises(NotBatchable, match="plain numbers"):
        np.asarray(Batched(np.ones(3)))
    with pytest.raises(NotBatchable, match="out="):
        np.add(Batched(np.ones(3)), 1, out=np.zeros(3))
