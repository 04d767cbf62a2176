"""Kinds of false statements that a search misses easily: each must be refuted."""

from fractions import Fraction

import pytest

import mdpkit
from mdpkit import measure
from mdpkit.base.errors import ClaimBroken
from mdpkit.instances.blocks import Box, Simplex
from mdpkit.instances.family import Family
from mdpkit.model import MDP, Finite, TabularPolicy
from mdpkit.verify.claim import Assumption, Bound, Claim, Control
from mdpkit.verify.verdict import Outcome


def claim(check, family, *assumes):
    """A claim whose control fails on the simplest instance."""
    sizes = {axis: low for axis, (low, _) in family.sizes.items()}

    def witness():
        return family.build(family.from_bytes(bytes(family.byte_count(sizes)), sizes))

    false = Control("0 on the right", witness, tightens=lambda m: Bound(*check(m).sides[:-1], -1))
    return Claim("planted", check, family, assumes=assumes, controls=(false,))


CLONING = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        expert=Simplex("H", "S", to="A"),
        learner=Simplex("H", "S", to="A"),
    ),
    sizes=dict(H=(1, 4), S=(1, 4), A=(2, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        expert=lambda x: TabularPolicy(x.expert),
        learner=lambda x: TabularPolicy(x.learner),
    ),
)


def gap(m):
    return measure.value_gap(m.mdp, m.expert, m.learner)


def error(m):
    return measure.cloning_error(m.mdp, m.expert, m.learner).sum()


@pytest.mark.parametrize("constant", [100, 1000, 100000])
def test_true_at_large_errors_false_at_small_ones(constant):
    quadratic = claim(lambda m: Bound(gap(m), constant * error(m) * error(m)), CLONING)
    assert mdpkit.verify(quadratic).outcome is Outcome.REFUTED


def test_false_only_near_certainty():
    """p <= 100 p (1 - p) holds up to p = 99/100."""
    coin = Family(dict(p=Simplex(to="Y")), dict(Y=(2, 2)), dict(p=lambda x: x.p[0]))
    assert mdpkit.verify(claim(lambda m: Bound(m.p, 10**6 * m.p * (1 - m.p)), coin)).outcome is Outcome.REFUTED


def test_false_by_a_millionth():
    """The largest value 1 + 1e-6 lies at one point that no rounding to small rationals hits."""

    def check(m):
        off = m.x * 10**6 - 314159
        return Bound(10**12 + 2 * 10**6 - off * off, 10**12)

    peak = claim(check, Family(dict(x=Box()), {}, dict(x=lambda x: x.x)))
    assert mdpkit.verify(peak).outcome is Outcome.REFUTED


@pytest.mark.parametrize("sizes", [dict(S=4, H=4), dict(S=1, H=4), dict(S=2, H=3)])
def test_false_at_one_size_alone(sizes):
    def check(m):
        there = (sizes["S"], sizes["H"]) == (m.mdp.S, m.mdp.horizon.H)
        return Bound(gap(m), m.mdp.horizon.H * (1 if not there else Fraction(1, 100)))

    assert mdpkit.verify(claim(check, CLONING)).outcome is Outcome.REFUTED


def test_sides_without_entries_are_refused():
    empty = claim(lambda m: Bound(m.mdp.r.ravel()[:0], m.mdp.r.ravel()[:0]), CLONING)
    with pytest.raises(ClaimBroken, match="no entries"):
        mdpkit.verify(empty)


def test_the_share_of_refused_draws_is_part_of_the_verdict():
    certain = Assumption("the start is certain", lambda m: (m.mdp.rho == 1).any())
    verdict = mdpkit.verify(claim(lambda m: Bound(gap(m), m.mdp.horizon.H), CLONING, certain))
    assert 0 < verdict.turned_away < verdict.drawn
    assert f"{verdict.turned_away} of {verdict.drawn} draws violate an assumption" in verdict.summary
    assert verdict.to_data()["drawn"] == verdict.drawn
    never = Assumption("the start is half", lambda m: (m.mdp.rho == Fraction(10, 17)).any())
    assert mdpkit.verify(claim(lambda m: Bound(gap(m), m.mdp.horizon.H), CLONING, never)).outcome is Outcome.VACUOUS


def test_proposals_are_no_instances():
    verdict = mdpkit.verify(claim(lambda m: Bound(gap(m), m.mdp.horizon.H), CLONING))
    assert verdict.proposed >= 500
    assert verdict.instances < 500
