"""False statements are refuted, by a witness that a reader can check and that replays."""

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace as Models

import numpy as np
import pytest

from mdpkit import Assumption, Bound, Claim, Control, Equal, Outcome, Part, measure, objects, save, verify
from mdpkit.claims import get
from mdpkit.instances import Box, Family, Simplex
from mdpkit.model import MDP, Finite, TabularPolicy
from mdpkit.search.shrink import complexity
from mdpkit.verify.breadth import breadth
from mdpkit.verify.judge import Kind, judge
from mdpkit.verify.profile import Profile

CLONING = get("cloning_error_compounds_quadratically")
LEMMA = get("performance_difference_lemma")
SMALL = Profile("small", chunks=1, draws=80, evaluations=6000, differential=10, demanded=20)


def cloning(name, check, profile="quick"):
    claim = Claim(
        name, check, CLONING.instances, assumes=CLONING.assumes, controls=CLONING.controls, accepts=CLONING.accepts
    )
    return claim, verify(claim, profile)


def linear(m):
    gap = abs(measure.value_gap(m.mdp, m.expert, m.learner))
    return Bound(gap, measure.cloning_error(m.mdp, m.expert, m.learner).max() * m.mdp.horizon.H)


def three_states(x):
    return MDP(x.P, x.r, x.like([1, 0, 0]), horizon=Finite(2))


THREE = Family(
    dict(P=Simplex("S", "A", to="S"), r=Box("S", "A"), policy=Simplex("S", to="A")),
    dict(S=(3, 3), A=(2, 2)),
    dict(mdp=three_states, policy=lambda x: TabularPolicy(x.policy)),
    fixed=("S", "A"),
)


def at_most_one(m):
    """Two rewards of at most 1 sum to at most 1: wrong."""
    return Bound(measure.value(m.mdp, m.policy), measure.value(m.mdp, m.policy) * 0 + 1)


def two_steps(P, r, policy):
    """The value of three_states by hand."""
    reward = (policy * r).sum(axis=1)
    return reward[0] + (policy[0] @ P[0]) @ reward


@pytest.mark.parametrize("equal", [False, True])
def test_a_row_of_a_witness_matters_exactly_if_a_vertex_in_its_place_changes_the_value(equal):
    check = (lambda m: Equal({"J": (measure.value(m.mdp, m.policy), 0)})) if equal else at_most_one
    verdict = verify(Claim("one", check, THREE, controls=[Control("none", lambda: None, tightens=check)]), SMALL)
    assert verdict.outcome is Outcome.REFUTED
    m, seen = verdict.witness, []
    rows = {"P": m.mdp.P, "r": m.mdp.r, "policy": m.policy.table}
    vertices = {"P": np.eye(3, dtype=int), "r": (0, 1), "policy": np.eye(2, dtype=int)}
    for name, told in verdict.matters.items():
        for index in np.ndindex(told.shape):
            values = []
            for vertex in vertices[name]:
                changed = {**rows, name: np.array(rows[name], copy=True)}
                changed[name][index] = objects(vertex) if np.ndim(vertex) else objects(vertex)[()]
                values.append(two_steps(**changed))
            assert told[index] == any(value != two_steps(**rows) for value in values), (name, index)
            seen.append(bool(told[index]))
    assert set(seen) == {True, False}


def test_a_listed_witness_tells_no_rows():
    def check(m):
        return Bound(m.x, 1)

    listed = Claim("listed", check, lambda: [Models(x=2)], controls=[Control("none", lambda: None, tightens=check)])
    assert (verify(listed).outcome, verify(listed).matters) == (Outcome.REFUTED, None)


def without_the_half(m):
    """A value of rewards in [0, 1] is at most half of the horizon: wrong from the first step."""
    return Bound(measure.value(m.mdp, m.expert), measure.value(m.mdp, m.expert) * 0 + Fraction(m.mdp.horizon.H, 2))


def doubled_distance(m):
    return Bound(abs(m.expert.table - m.learner.table).sum(axis=-1), measure.total_variation(m.expert, m.learner))


def entries(m):
    return [x for array in (m.mdp.P, m.mdp.r, m.mdp.rho, m.expert.table, m.learner.table) for x in array.ravel()]


def test_a_linear_constant_for_cloning_falls_to_two_states_two_actions_two_steps(tmp_path):
    claim, verdict = cloning("cloning_is_linear", linear)
    assert verdict.outcome is Outcome.REFUTED
    assert not verdict.passed
    m = verdict.witness
    assert m.mdp.sizes() == {"H": 2, "S": 2, "A": 2}
    assert max(int(x.q) for x in entries(m)) <= 4
    # the reader's own arithmetic: exact, and strictly above
    judged = judge(claim.parts[0], m, claim.resolution)
    assert judged.how == "exact"
    gap, bound = (side.lower[()] for side in linear(m).sides)
    assert gap > bound > 0
    assert judged.ratio == gap / bound > 1
    assert max(int(judged.ratio.p), int(judged.ratio.q)) <= 64
    save(m, tmp_path / "witness.json")
    again = verify(claim, on=tmp_path / "witness.json")
    assert (again.outcome, again.instances, again.evidence) == (Outcome.REFUTED, 1, "exact")
    assert again.tightest == float(Fraction(str(judged.ratio)))
    assert vars(again.witness) == vars(m)


@pytest.mark.parametrize("check", [without_the_half, doubled_distance])
def test_other_wrong_constants_fall(check):
    _, verdict = cloning("cloning_is_wrong", check, SMALL)
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.witness.mdp.sizes()["H"] == verdict.witness.mdp.S == 1


def test_a_wrong_identity_falls():
    def undiscounted(m):
        sides = LEMMA.check(m).pairs
        return Equal({"roll in": (sides["roll in with the expert"][0], -sides["roll in with the expert"][1])})

    claim = replace(LEMMA, id="lemma_has_another_sign", check=undiscounted, also=(), controls=LEMMA.controls[1:])
    verdict = verify(claim, SMALL)
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.tightest is None
    assert (verdict.witness.mdp.horizon.H, verdict.witness.mdp.S) == (1, 1)
    assert max(int(x.q) for x in entries(verdict.witness)) == 1


def test_a_broken_link_inside_a_chain_is_a_violation_also_where_both_ends_are_zero():
    family = Family(dict(p=Simplex(to="A")), dict(A=(1, 3)), dict(p=lambda x: x.p))
    control = Control("none", witness=lambda: None, tightens=lambda m: None)
    claim = Claim("zero_is_at_most_zero_by_way_of_one", lambda m: Bound(0, m.p.max(), 0), family, controls=(control,))
    verdict = verify(claim, SMALL)
    assert verdict.outcome is Outcome.REFUTED
    assert judge(claim.parts[0], verdict.witness, claim.resolution).kind is Kind.DEGENERATE
    assert list(verdict.witness.p) == [1], "the witness was not shrunk"


def test_the_search_finds_what_random_draws_do_not():
    """Cloning with 3/4 of the constant: the draws stay below it, the search does not."""

    def tighter(m):
        gap, _, bound = CLONING.check(m).sides
        return Bound(gap, bound * Fraction(3, 4))

    family = replace(CLONING.instances, sizes=dict(H=(3, 3), S=(2, 3), A=(2, 2)))
    claim = replace(CLONING, id="cloning_is_tighter", check=tighter, instances=family, also=())
    assert breadth(claim.parts[0], 150, 0, claim.resolution, 0)[0].violation is None
    verdict = verify(claim)
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.witness.mdp.horizon.H == 3


def test_a_violation_outside_the_assumptions_is_no_refutation():
    def check(m):
        return Bound((m.x * m.x).max(), m.x.max() * 2)

    family = Family(dict(x=Box("S", lower=-1)), dict(S=(1, 3)), dict(x=lambda x: x.x))
    positive = Assumption("x is at least 0", lambda m: (m.x >= 0).all())
    control = Control("a negative x", witness=lambda: Models(x=objects([-1])), drops="x is at least 0")
    verdict = verify(
        Claim("the_square_is_at_most_the_double", check, family, assumes=(positive,), controls=(control,)), SMALL
    )
    assert verdict.outcome is Outcome.SURVIVED
    assert verdict.controls[0].bites


def test_a_part_is_refuted_by_name():
    mdp = MDP(objects([[[1]]]), objects([[1]]), horizon=Finite(1))
    one = Models(mdp=mdp, policy=TabularPolicy(objects([[1]])))
    part = Part("the value is 0", lambda: [one], lambda m: Equal({"value": (measure.value(m.mdp, m.policy), 0)}))
    verdict = verify(replace(CLONING, also=(part,)), SMALL)
    assert (verdict.outcome, verdict.witness_part) == (Outcome.REFUTED, "the value is 0")
    assert verdict.witness is not None


def test_the_order_by_which_witnesses_shrink_prefers_what_is_read_first():
    order = [["1", "0"], ["0", "1"], ["1/2", "1/2"], ["1/3", "2/3"]]
    sizes = [complexity(objects(row)) for row in order]
    assert sizes == sorted(sizes)
    assert complexity(objects(np.zeros(2, dtype=int))) < sizes[0]
