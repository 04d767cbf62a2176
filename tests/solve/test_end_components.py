"""Maximal end components against every subset of states."""

from itertools import chain, combinations

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit.solve.end_components import end_components


def by_subsets(available, edges):
    """All sets of states in which one can stay for ever and get from each to each, that no larger one holds."""
    S, A = available.shape

    def inner(states):
        inside = np.isin(np.arange(S), states)
        return available & inside[:, None] & ~(edges.reshape(S, A, S) & ~inside).any(axis=2)

    def is_component(states):
        kept = inner(states)
        if not kept[list(states)].any(axis=1).all():
            return False
        step = (edges.reshape(S, A, S) & kept[:, :, None]).any(axis=1)[np.ix_(states, states)]
        return bool((np.linalg.matrix_power(step + np.eye(len(states), dtype=int), S) > 0).all())

    found = [set(x) for x in chain.from_iterable(combinations(range(S), k) for k in range(1, S + 1)) if is_component(x)]
    return sorted(sorted(x) for x in found if not any(x < y for y in found)), inner


@pytest.mark.parametrize("seed", range(40))
def test_they_are_the_largest_sets_that_can_be_stayed_in(seed):
    rng = np.random.default_rng(seed)
    S, A = 5, 2
    available, edges = rng.random((S, A)) < 0.8, rng.random((S * A, S)) < 0.25
    edges[np.arange(S * A), rng.integers(0, S, S * A)] = True
    label, inner = end_components(available, sp.csr_array(edges.astype(float)))
    theirs, stays = by_subsets(available, edges)
    assert sorted(np.flatnonzero(label == c).tolist() for c in range(label.max() + 1)) == theirs
    for states in theirs:
        assert (inner[states] == stays(states)[states]).all()
    assert not inner[label < 0].any()
