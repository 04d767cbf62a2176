"""Batches score as members do one by one, and ascent by gradients reaches what the claims can reach."""

from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mdpkit.base.errors import NotTraceable  # noqa: E402
from mdpkit.base.lifting import enclose  # noqa: E402
from mdpkit.base.mode import propose, proposing  # noqa: E402
from mdpkit.claims import get, ids  # noqa: E402
from mdpkit.deep.gradients import ascent  # noqa: E402
from mdpkit.deep.gradients.ascent import climb, evaluate  # noqa: E402
from mdpkit.hunt._row import _gates  # noqa: E402
from mdpkit.instances.blocks import Box, Choice, Simplex  # noqa: E402
from mdpkit.instances.family import Family  # noqa: E402
from mdpkit.report.result.constants import all_constants  # noqa: E402
from mdpkit.search import population as one_by_one  # noqa: E402
from mdpkit.search.score import Score  # noqa: E402
from mdpkit.verify.claim import Bound, Equal  # noqa: E402

ROOT = Path(__file__).parents[3]
NO_REAL_BLOCK = "the family has no block of real numbers, so there is no gradient"
UNTRACEABLE = {
    (line["claim"], line["part"]): row["without"]["gradient"]
    for line in all_constants(ROOT / "figures")
    for row in line["records"]
    if not line["control"] and "gradient" in row["without"]
}
"""What gradients cannot climb, and why, as the committed constants of each claim say: the other searches do."""


def statements():
    """Every Bound over a Family."""
    for name in ids():
        for part in get(name).parts:
            if isinstance(part.instances, Family):
                family, sizes = part.instances, part.instances.ladder()[0]
                with propose(), np.errstate(all="ignore"):
                    draw = one_by_one.members(family.random(np.random.default_rng(0), sizes, 1), 0)
                    if isinstance(part.check(family.build(family.to_draw(draw, sizes))), Bound):
                        yield name, part


STATEMENTS = {(name, part.name): part for name, part in statements()}


def why_not(part, sizes):
    try:
        evaluate(Score(part, sizes, _gates(part, sizes)), part.instances.random(np.random.default_rng(0), sizes, 2))
    except NotTraceable as error:
        return str(error)
    return None


def test_what_cannot_be_traced_is_committed_with_its_reason():
    """At the largest sizes, or, where an assumption is gated at some sizes alone, at any."""
    reasons = {key: why for key, part in STATEMENTS.items() if (why := why_not(part, part.instances.ladder()[-1]))}
    for key in set(UNTRACEABLE) - set(reasons):
        part = STATEMENTS[key]
        found = [why for sizes in part.instances.ladder() if (why := why_not(part, sizes))]
        reasons |= {key: found[0]} if found else {}
    assert set(reasons) == set(UNTRACEABLE)
    for key, why in UNTRACEABLE.items():
        real = any(isinstance(block, Simplex | Box) for block in STATEMENTS[key].instances.blocks.values())
        assert why == (reasons[key] if real else NO_REAL_BLOCK), key


def rounding(part, sizes, member):
    """How far rounding can move a member's score, relative to it: what the bounds on its sides leave open."""
    sides = part.check(part.instances.build(part.instances.to_draw(member, sizes))).sides
    return sum(side.width / np.abs(side.mid).min() for side in map(enclose, sides))


@pytest.mark.parametrize("key", sorted(set(STATEMENTS) - set(UNTRACEABLE)), ids=" ".join)
def test_a_batch_scores_as_its_members_do(key):
    part = STATEMENTS[key]
    for sizes in (part.instances.ladder()[0], part.instances.ladder()[-1]):
        population = part.instances.random(np.random.default_rng(1), sizes, 12)
        alone, together = Score(part, sizes), Score(part, sizes)
        with propose():
            wanted = one_by_one.evaluate(alone, population)
        found = evaluate(together, population)
        assert np.isfinite(wanted).any()
        for k in np.flatnonzero(~np.isclose(found, wanted, rtol=1e-9, atol=1e-9, equal_nan=True)):
            assert abs(found[k] / wanted[k] - 1) <= rounding(part, sizes, one_by_one.members(population, k))
        assert together.evaluations == alone.evaluations
        assert together.scale == pytest.approx(alone.scale)


@pytest.mark.parametrize("key", sorted(set(STATEMENTS) - set(UNTRACEABLE)), ids=" ".join)
def test_the_differentiable_score_is_the_score(key):
    part = STATEMENTS[key]
    sizes = part.instances.ladder()[-1]
    population = part.instances.random(np.random.default_rng(2), sizes, 64)
    score = Score(part, sizes)
    evaluate(score, population)  # from the 64th member on the scale stays
    floor = max(ascent.FLOOR * score.scale[1], ascent.LEAST)
    with propose():
        values, *_ = ascent._evaluate(score, {name: torch.tensor(array) for name, array in population.items()}, floor)
    np.testing.assert_allclose(values, evaluate(score, population), rtol=1e-9, atol=1e-9)


# ---- a small family of its own
def made(check, gates=(), repair=None):
    family = Family(
        blocks=dict(p=Simplex("S", to="A"), x=Box("S", lower=-1, upper=2), k=Choice("S", of="A"), c=Choice(of=(1, 2))),
        sizes=dict(S=(2, 2), A=(3, 3)),
        models=dict(p=lambda x: x.p, x=lambda x: x.x, k=lambda x: x.k, c=lambda x: x.c),
        repair=repair,
    )
    sizes = dict(S=2, A=3)
    score = Score(SimpleNamespace(instances=family, check=check), sizes, gates)
    return score, family.random(np.random.default_rng(0), sizes, 16)


def chain(m):
    return Bound((m.p[:, 0] * m.x).sum(), (m.p * m.p).sum() + m.x.max() / 2, (m.x**2).sum() + m.c)


def both(score, population):
    with propose():
        wanted = one_by_one.evaluate(score, population)
    return wanted, evaluate(Score(score.part, score.sizes, score.gates), population)


def test_every_link_of_a_chain_counts_once_it_breaks():
    wanted, found = both(*made(chain))
    assert (wanted > 1).any()
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_an_equality_scores_its_largest_gap():
    score, population = made(lambda m: Equal({"a": (m.p[:, 0], m.x), "b": (m.x.sum(), 0)}))
    wanted, found = both(score, population)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_gates_and_what_is_no_number_refuse_single_members():
    score, population = made(
        lambda m: Bound(np.log(m.x.sum()), 1 / m.p[:, 0]),
        gates=(lambda m: m.c == 1, lambda m: True),
    )
    wanted, found = both(score, population)
    assert 0 < np.isfinite(wanted).sum() < len(wanted)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_members_that_are_no_number_leave_the_slopes_of_the_others_alone():
    score, population = made(lambda m: Bound((m.x / m.x).sum() + m.x.sum(), 1 + m.p[0, 0]))
    population["x"][0] = 0.5
    ascended = list(islice(climb(score, population, np.random.default_rng(0)), 30))
    assert ascended[-1][0] > 5.5
    population["x"][:, 0] = np.where(np.arange(16) % 2, 0.5, -1.0)
    score, _ = made(lambda m: Bound(np.sqrt(m.x[0]) + m.x.sum(), 1 + m.p[0, 0]))
    ascended = list(islice(climb(score, population, np.random.default_rng(0)), 30))
    assert ascended[-1][0] > 0.95 * (4 + np.sqrt(2))


def test_choices_stay_and_blocks_stay_inside():
    score, population = made(lambda m: Bound((m.x * m.k).sum() + m.p[:, 2].sum(), m.c))
    *_, (value, member) = islice(climb(score, population, np.random.default_rng(0)), 30)
    drawn = [(k.tolist(), float(c)) for k, c in zip(population["k"], population["c"], strict=True)]
    assert (member["k"].tolist(), float(member["c"])) in drawn
    assert (member["x"] <= 2).all()
    np.testing.assert_allclose(member["p"].sum(axis=-1), 1, rtol=1e-12)
    with propose():
        assert value == score(member)


def test_a_repair_is_applied():
    def tied(x):
        x.x = np.where(x.p[:, 0] > 1 / 2, x.x, 1)
        return x

    wanted, found = both(*made(lambda m: Bound(m.x.sum(), m.p.sum()), repair=tied))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "check",
    [
        lambda m: Bound(m.x.sum() if m.x[0] > 0 else 0, 1),
        lambda m: Bound(m.k.sum(), m.c),
        lambda m: Bound(m.missing, 1),
    ],
    ids=["a branch", "no slope", "an error"],
)
def test_what_cannot_be_climbed_says_so(check):
    with pytest.raises(NotTraceable):
        next(climb(*made(check), np.random.default_rng(0)))


def test_a_family_without_real_numbers_cannot_be_climbed():
    family = Family(blocks=dict(k=Choice("S", of="S")), sizes=dict(S=(2, 2)), models=dict(k=lambda x: x.k))
    score = Score(SimpleNamespace(instances=family, check=lambda m: Bound(m.k.sum(), 1)), dict(S=2))
    with pytest.raises(NotTraceable, match="no block of real numbers"):
        next(climb(score, family.random(np.random.default_rng(0), dict(S=2), 4), np.random.default_rng(0)))


# ---- climbing
CLIMBED = {
    "cloning_error_compounds_quadratically": (dict(H=3, S=3, A=2), 150),
    "regret_gap_is_bounded_by_recoverability": (dict(H=3, S=3, A=2, B=2), 80),
}


@pytest.mark.parametrize("name", CLIMBED)
def test_the_bound_is_met_within_a_few_hundred_steps(name):
    sizes, steps = CLIMBED[name]
    part = get(name).parts[0]
    score, rng = Score(part, sizes), np.random.default_rng(0)
    population = part.instances.random(rng, sizes, 64)
    before = evaluate(score, population).max()
    found = list(islice(climb(score, population, rng), steps // ascent.STRETCH))
    values = [value for value, _ in found]
    assert before < 0.6
    assert values == sorted(values)
    assert 0.98 <= values[-1] <= 1 + 1e-9
    with propose():
        assert values[-1] == score(found[-1][1])


def test_the_same_seed_climbs_the_same_way_and_the_climb_ends():
    part, sizes = get("simulation_lemma_bounds_model_error").parts[0], dict(H=2, S=2, A=1)

    def run():
        rng = np.random.default_rng(3)
        return [value for value, _ in climb(Score(part, sizes), part.instances.random(rng, sizes, 8), rng)]

    assert run() == run()


def test_threads_and_modes_are_put_back_at_every_yield():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for _ in islice(climb(*made(chain), np.random.default_rng(0)), 3):
            assert torch.get_num_threads() == 2
            assert not proposing()
    finally:
        torch.set_num_threads(before)
