"""The search: what it proposes is inside the blocks, and it is not led astray by noise, NaN or infinities."""

from itertools import islice

import numpy as np
import pytest

from mdpkit import Bound, Claim, Control, Equal, objects
from mdpkit.base.errors import ClaimBroken
from mdpkit.base.mode import propose
from mdpkit.claims import get
from mdpkit.instances import Box, Choice, Family, Simplex
from mdpkit.search.population import POPULATION, children_of, generations
from mdpkit.search.rounding import rationals
from mdpkit.search.score import Score
from mdpkit.verify.depth import depth


def climb(score, start, evaluations, rng):
    """The population and its scores after a number of evaluations."""
    return next(islice(generations(score, start, rng), evaluations // POPULATION - 1, None))


CLONING = get("cloning_error_compounds_quadratically")


def part(check, blocks, sizes, repair=None):
    control = Control("none", witness=lambda: None, tightens=check)
    models = {name: (lambda x, name=name: getattr(x, name)) for name in blocks}
    return Claim("searched", check, Family(blocks, sizes, models, repair=repair), controls=(control,)).parts[0]


# ---- steps stay inside
MIXED = dict(
    law=Simplex("S", to="S"), other=Simplex("S", to="S"), start=Simplex(to="S"), far=Box("S", lower=2, upper=3),
    square=Box("S", "S", lower=-4, upper=-3), gamma=Choice(of=("1/2", "9/10")), each=Choice("S", of=(5, 7)), index=Choice("S", of="S"),
)  # fmt: skip


def test_thousands_of_steps_leave_every_block_inside():
    """Rows drifted off the simplex where steps were renormalised by halves; boxes took rows of laws of their shape."""
    family, sizes, rng = Family(MIXED, dict(S=(3, 3)), {}), dict(S=3), np.random.default_rng(0)
    population = family.random(rng, sizes, POPULATION)
    for step in range(2000):
        population = children_of(family, population, rng.random(POPULATION), sizes, rng)
        if step % 50 and step != 1999:
            continue
        for name in ("law", "other", "start"):
            assert np.abs(population[name].sum(axis=-1) - 1).max() <= 1e-14, name
            assert population[name].min() >= 0, name
        assert (population["far"].min(), population["far"].max()) >= (2, 2)
        assert population["far"].max() <= 3
        assert -4 <= population["square"].min() <= population["square"].max() <= -3
        assert set(population["gamma"].ravel()) <= {0.5, 0.9}
        assert set(population["each"].ravel()) <= {5.0, 7.0}
        assert set(population["index"].ravel()) <= {0, 1, 2}


def test_steps_move_every_kind_of_block_and_copy_laws():
    family, sizes, rng = Family(MIXED, dict(S=(3, 3)), {}), dict(S=3), np.random.default_rng(1)
    population = family.random(rng, sizes, POPULATION)
    copied = 0
    for _ in range(20):
        children = children_of(family, population, rng.random(POPULATION), sizes, rng)
        assert all((children[name] != population[name]).any() for name in MIXED)
        copied += (children["law"] == population["other"]).all(axis=-1).any()
    assert copied


def test_a_climb_never_loses_what_it_has():
    score = Score(part(lambda m: Bound(m.x.sum(), 9), dict(x=Box("S")), dict(S=(3, 3))), dict(S=3))
    rng = np.random.default_rng(0)
    population = score.part.instances.random(rng, dict(S=3), POPULATION)
    with propose():
        first = np.array([score({name: array[k] for name, array in population.items()}) for k in range(POPULATION)])
        population, scores = climb(score, population, 40 * POPULATION, rng)
    assert (scores >= first).all()
    assert scores.max() == pytest.approx(1 / 3)
    assert (population["x"].sum(axis=-1) / 9 == scores).all()


def test_what_is_judged_is_rational_small_and_almost_as_good():
    score = Score(CLONING.parts[0], dict(H=2, S=2, A=2))
    family, rng = CLONING.instances, np.random.default_rng(4)
    with propose():
        population, scores = climb(score, family.random(rng, score.sizes, POPULATION), 60 * POPULATION, rng)
        best = int(np.argmax(scores))
        x = rationals(score, {name: array[best] for name, array in population.items()})
        floats = vars(family.to_float(x))
        kept = score({name: floats[name] for name in family.blocks})
    assert kept >= 0.9 * scores.max()
    assert family.build(x).mdp.exact
    denominators = sorted(int(entry.q) for name in family.blocks for entry in getattr(x, name).ravel())
    assert denominators[len(denominators) // 2] == 1


# ---- not led astray
def searched(check, blocks, sizes, evaluations=2000):
    return depth(part(check, blocks, sizes), evaluations, 0, 1e-8)


def test_zero_over_zero_near_equality_is_no_ratio():
    """Both sides vanish together where p = q; the rational judge sees 0/0 and counts it apart."""
    blocks = dict(p=Simplex(to="A"), q=Simplex(to="A"))
    tally = searched(lambda m: Bound(abs(m.p - m.q).sum(), abs(m.p - m.q).sum() * 2), blocks, dict(A=(2, 3)))
    assert tally.violation is None
    ratios = {row["ratio"] for row in tally.rows.values()}
    assert ratios <= {0.5}
    # a right end that is noise does not steer: floats see up to 1e-17 / 0 here, and nothing is a violation
    noise = searched(lambda m: Bound(abs(m.p.sum() - 1), abs(m.p.sum() - 1) * 2), blocks, dict(A=(3, 3)))
    assert noise.violation is None
    assert noise.instances == 0
    assert noise.degenerate > 0


def test_infinity_times_zero_does_not_steer():
    """C = max p/q is infinite where q = 0 < p, and infinity times 0 is NaN: neither steers nor stops the search."""

    def check(m):
        if m.p.dtype == object:
            covered = all(q != 0 for p, q in zip(m.p, m.q, strict=True) if p != 0)
            ratio = max(p / q for p, q in zip(m.p, m.q, strict=True) if p != 0) if covered else objects(10**9)[()]
            return Bound((m.p * m.p).sum(), ratio)
        ratio = np.max(np.where(m.p > 0, m.p / m.q, 0.0))
        return Bound((m.p * m.p).sum(), ratio + (m.p - m.p) * np.inf)

    tally = searched(check, dict(p=Simplex(to="A"), q=Simplex(to="A")), dict(A=(2, 3)))
    assert tally.violation is None
    assert all(0 < row["ratio"] <= 1 for row in tally.rows.values())


def test_nan_members_do_not_lead_an_equality():
    """A NaN mismatch was the argmax of every climb, so that a wrong identity was not found."""

    def check(m):
        if m.x.dtype == object:
            return Equal({"x": (m.x, np.where(m.x > objects("9/10"), m.x * 0, m.x))})
        return Equal({"x": (m.x, np.where(m.x > 0.9, 0.0, np.where(m.x < 0.5, np.nan, m.x)))})

    assert searched(check, dict(x=Box("S")), dict(S=(1, 1))).violation is not None


def test_a_check_that_cannot_run_on_bare_floats_is_broken_and_says_why():
    with pytest.raises(ClaimBroken, match=r"no instance of size .* can be searched on plain floats: AttributeError"):
        searched(lambda m: Bound(m.x.nothing, 1), dict(x=Box("S")), dict(S=(1, 1)))


def test_the_ladder_ends_at_the_first_violation():
    tally = searched(lambda m: Bound(m.x.max() * 2, 1), dict(x=Box("S")), dict(S=(1, 6)))
    assert [row["sizes"] for row in tally.rows.values()] == [dict(S=1)]
    assert tally.violation["sizes"] == dict(S=1)


def test_the_best_constant_is_reached():
    """(sum x)^2 <= S sum x^2, with equality at equal entries."""
    squares = searched(
        lambda m: Bound(m.x.sum() * m.x.sum(), (m.x * m.x).sum() * len(m.x)), dict(x=Box("S")), dict(S=(3, 3)), 6000
    )
    assert max(row["ratio"] for row in squares.rows.values()) == 1
    assert squares.violation is None
