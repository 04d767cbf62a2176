"""A refuted verdict shows both sides and the rows of the witness that matter."""

from types import SimpleNamespace as Models

import numpy as np
import pytest
from flint import fmpq

from mdpkit import MDP, Bound, Claim, Control, Equal, Finite, TabularPolicy, holds, measure, objects, verify
from mdpkit.claims import get
from mdpkit.verify.judge import decide
from mdpkit.verify.violation import violations, witness_rows

CLONING = get("cloning_error_compounds_quadratically")


def linear(m):
    """The loss is at most linear in the horizon, which is false."""
    gap = abs(measure.value_gap(m.mdp, m.expert, m.learner))
    return Bound(gap, measure.cloning_error(m.mdp, m.expert, m.learner).max() * m.mdp.horizon.H)


LINEAR = Claim("cloning_is_linear", linear, CLONING.instances, assumes=CLONING.assumes, controls=CLONING.controls)


def listed(check, *instances):
    return Claim("listed", check, lambda: instances, controls=[Control("none", lambda: None, tightens=check)])


def broken(sides):
    return violations(decide(sides, fmpq(1, 10**8), True))


def test_the_violated_link_of_a_chain_is_named_with_both_sides_exactly():
    (found,) = broken(Bound(0, fmpq(3, 2), 1, 2))
    assert str(found) == "side 2 <= side 3: 3/2 > 1, ratio 3/2"
    assert found.to_data() == {
        "statement": "side 2 <= side 3",
        "index": [],
        "left": "3/2",
        "right": "1",
        "relation": "<=",
    }
    assert [each.statement for each in broken(Bound(3, 2, 1))] == ["left side <= side 2", "side 2 <= right side"]


def test_of_arrays_the_first_entry_that_is_violated_is_shown():
    (found,) = broken(Bound(objects([[0, 0], [2, 3]]), 1))
    assert (found.index, str(found)) == ((1, 0), "left side <= right side at [1, 0]: 2 > 1, ratio 2")


def test_of_an_equality_the_pairs_that_differ_are_named():
    (found,) = broken(Equal({"gap": (1, 1), "value": (fmpq(1, 3), 0)}))
    assert str(found) == "'value': left side = right side: 1/3 != 0"


def test_a_long_number_is_abbreviated():
    (found,) = broken(Bound(fmpq(10**30 + 1, 10**30), 1))
    assert str(found) == "left side <= right side: ~1.0000 (exact, 62 digits) > 1, ratio ~1.0000 (exact, 62 digits)"


def test_rows_that_change_nothing_are_left_out_and_scalars_are_listed():
    mdp = MDP(
        objects([[[0, 1], [1, 0]], [[0, 1], [0, 1]]]), objects([[0, 1], [0, 0]]), objects([1, 0]), horizon=Finite(2)
    )
    instance = Models(
        mdp=mdp, expert=TabularPolicy(objects([["1/2", "1/2"], [0, 1]])), scale=objects("2/3"), unused=objects(1)
    )
    matters = {
        "P": np.array([[True, False], [False, False]]),
        "r": np.array([[0, 1], [0, 0]], dtype=bool),
        "unused": np.array(False),
    }
    rows = dict(witness_rows(instance, {**matters, "expert": np.array([True, False])}))
    assert rows.pop("mdp") == repr(mdp)
    assert rows == {
        "mdp.P[0, 0]": "0, 1",
        "mdp.r[0]": "0, 1",
        "mdp.rho": "1, 0",
        "expert[0]": "1/2, 1/2",
        "scale": "2/3",
    }
    assert {"mdp.P[1, 1]", "expert[1]", "unused"} <= set(dict(witness_rows(instance)))


@pytest.fixture(scope="module")
def refuted():
    return verify(LINEAR)


def test_both_sides_and_the_rows_stand_in_the_repr_the_tables_and_the_data(refuted):
    (found,) = refuted.violations
    assert found.cells()[1] > found.cells()[2]
    assert refuted.explain().startswith(f"violated: {found}\nwitness, rows that change a side:\n")
    assert f"violated: {found}" in repr(refuted)
    html = refuted._repr_html_()
    assert f"<td>{found.cells()[1]}</td><td>{found.cells()[2]}</td>" in html
    assert "mdp.P[" in html
    assert refuted.to_data()["violations"] == [found.to_data()]


def test_the_sides_shown_are_those_of_the_witness(refuted):
    sides = linear(refuted.witness).sides
    assert [side.lower for side in sides] == [refuted.violations[0].left.lower, refuted.violations[0].right.lower]


def test_a_failing_test_of_ones_own_shows_why():
    @holds(LINEAR)
    def test_mine():
        raise AssertionError("not reached")

    with pytest.raises(
        AssertionError,
        match=r"cloning_is_linear: REFUTED[\s\S]*violated: left side <= right side: .* > [\s\S]*mdp\.r\[",
    ):
        test_mine()


def test_of_a_listed_witness_all_rows_are_shown_up_to_a_count():
    verdict = verify(listed(lambda m: Bound(m.x.sum(), 1), Models(x=objects(np.ones((30, 2), dtype=int)))))
    lines = verdict.explain(most=5).split("\n")
    assert lines[:3] == ["violated: left side <= right side: 60 > 1, ratio 60", "witness, all rows:", "  x[0] = 1, 1"]
    assert (len(lines), lines[-1]) == (8, "  ...")


def test_a_verdict_that_holds_explains_nothing():
    verdict = verify(listed(lambda m: Bound(m.x, 1), Models(x=objects(1))))
    assert (verdict.explain(), verdict.violations) == ("", ())
