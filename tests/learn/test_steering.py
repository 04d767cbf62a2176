"""FOREWARN steers a frozen policy as drawing, predicting, verifying and executing plans would."""

from itertools import product

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, TabularPolicy, measure, objects
from mdpkit.base.errors import InvalidModel, MissingAccess
from mdpkit.instances import named
from mdpkit.learn import FOREWARN, BestOfN, BinaryVerifier, Mixture, ScoredVerifier, fit, grant

LAW = objects(
    [[["1/2", "1/2", 0], [0, "1/3", "2/3"]], [["1/4", 0, "3/4"], [1, 0, 0]], [[0, 1, 0], ["1/5", "2/5", "2/5"]]]
)
BASE = TabularPolicy(objects([["1/3", "2/3"], ["1/4", "3/4"], ["1/2", "1/2"]]))
SKILLS = Mixture(
    (BASE, TabularPolicy(objects([[1, 0]] * 3)), TabularPolicy(objects([[0, 1]] * 3))), objects(["1/2", "1/3", "1/6"])
)
SCORES = objects([0, 1, "1/2"])
MODEL = MDP(LAW[:, ::-1], objects([[0, 0]] * 3), horizon=Finite(3))


def process(H=3, reward=None):
    return MDP(
        LAW, objects([[0, 1], [2, 0], ["1/2", 3]]) if reward is None else reward, objects([1, 0, 0]), horizon=Finite(H)
    )


def steer(base, verifier, problem=None, **options):
    return fit(FOREWARN(base, verifier, **options), grant(problem or process(), episodes="exact"), rng=None)


def kernel(P, plan):
    """Transition matrix of a stationary plan."""
    return (plan[..., None] * P).sum(axis=1)


def choose(weights, marks, n):
    """The law of the plan of the best of n candidates (plan, mark), by all sequences of draws; `weights[m,c]`."""
    cells = [cell for cell in np.ndindex(weights.shape) if weights[cell] != 0]
    law = [weights[0, 0] * 0] * len(weights)
    for drawn in product(cells, repeat=n):
        chance = np.prod([weights[cell] for cell in drawn])
        top = [cell for cell in drawn if marks[cell] == max(marks[each] for each in drawn)]
        for m, _ in top:
            law[m] += chance / len(top)
    return law


@pytest.mark.parametrize("kind", ["mean", "sample", "binary"])
@pytest.mark.parametrize("wrong", [False, True])
def test_the_return_is_that_of_all_draws_and_plans(kind, wrong):
    """Three steps, decisions at steps 0 and 2; the skills are executed, and the predictions are those of the model."""
    problem, guess = process(), MODEL.P if wrong else LAW
    verifier = BinaryVerifier(SCORES) if kind == "binary" else ScoredVerifier(SCORES)
    found = steer(
        SKILLS,
        verifier,
        n=2,
        replan=2,
        model=MODEL if wrong else None,
        foresight="mean" if kind == "binary" else kind,
    ).policy
    tables = [member.table for member in SKILLS.members]

    def decide(s, length):
        predicted = []
        for plan in tables:
            K = kernel(guess, plan)
            predicted.append((K @ K if length == 2 else K)[s])
        predicted = np.array(predicted)
        if kind == "sample":
            shares, marks = predicted, np.broadcast_to(SCORES, (3, 3))
        elif kind == "binary":
            accepted = predicted @ SCORES
            shares, marks = np.stack([1 - accepted, accepted], axis=1), np.broadcast_to([0, 1], (3, 2))
        else:
            shares, marks = objects([[1]] * 3), (predicted @ SCORES)[:, None]
        return choose(SKILLS.weights[:, None] * shares, marks, 2)

    def pay(s, plan):
        return (plan[s] * problem.r[s]).sum()

    total = 0
    for m, chance in enumerate(decide(0, 2)):
        plan = tables[m]
        K = kernel(LAW, plan)
        after = sum(
            K[0, n] * K[n, s] * sum(weight * pay(s, tables[k]) for k, weight in enumerate(decide(s, 1)))
            for n in range(3)
            for s in range(3)
        )
        total += chance * (pay(0, plan) + sum(K[0, n] * pay(n, plan) for n in range(3)) + after)
    assert measure.value(problem, found).lower == total


def test_one_plan_is_the_base_policy():
    for base in (BASE, SKILLS):
        for replan in (1, 2, 3):
            found = steer(base, ScoredVerifier(SCORES), n=1, replan=replan).policy
            d, e = (measure.occupancy(process(), each) for each in (found, base))
            if replan == 3 or base is BASE:  # a mixture that replans draws a member for each decision
                assert (d == e).all_yes()


def test_members_of_a_mixture_are_drawn_for_each_decision():
    """A lock that opens by action 0, then 1: no member opens it, single draws do by chance, two draws more often."""
    lock = named("skill_lock")
    problem, mixture = lock.mdp, Mixture([TabularPolicy(law) for law in lock.members], objects(["1/2", "1/2"]))
    assert measure.value(problem, mixture) == 0
    for n, expected in ((1, "1/4"), (2, "9/16")):
        found = steer(mixture, ScoredVerifier(lock.scores), problem, n=n).policy
        assert measure.value(problem, found) == objects(expected)[()]
    assert measure.value(problem, steer(mixture, ScoredVerifier(objects([0] * 4)), problem, replan=2).policy) == 0


def test_a_decision_is_the_best_of_n():
    """One step to an outcome of its own for each action: the preference problem's learner."""
    P = objects(np.eye(3, dtype=int)[None].repeat(3, axis=0))
    problem = MDP(P, objects([[0] * 3] * 3), objects([1, 0, 0]), horizon=Finite(1)).to_float()
    base = TabularPolicy([[0.2, 0.3, 0.5]] * 3)
    found = steer(base, ScoredVerifier([0.0, 2.0, 1.0]), problem, n=5).policy.table[0, 0]
    from mdpkit import PreferenceProblem

    problem_of_responses = PreferenceProblem([[0.2, 0.3, 0.5]], reward=[[0.0, 2.0, 1.0]])
    assert np.allclose(
        found, fit(BestOfN(5), grant(problem_of_responses, rewards=True), rng=None).policy.table[0], rtol=1e-12
    )


def test_the_label_hides_the_state():
    """In a matching task the better plan depends on the state; the label alone scores both plans alike."""
    P = objects([[[0, 0, 1, 0], [0, 0, 0, 1]], [[0, 0, 0, 1], [0, 0, 1, 0]], [[0, 0, 1, 0]] * 2, [[0, 0, 0, 1]] * 2])
    problem = MDP(P, objects([[0, 0]] * 4), objects(["1/2", "1/2", 0, 0]), horizon=Finite(1))
    base, verifier = TabularPolicy(objects([["1/2", "1/2"]] * 4)), ScoredVerifier(objects([0, 0, 1, 0]))
    seen = {each: steer(base, verifier, problem, n=4, foresight=each).policy.table[0] for each in ("mean", "label")}
    assert seen["mean"][0, 0] == seen["mean"][1, 1] == objects("15/16")[()]
    assert (seen["label"] == base.table).all()


def test_a_plan_ends_at_the_horizon_and_may_be_scored_by_the_step():
    scores = objects(np.arange(12).reshape(4, 3))
    found = steer(BASE, ScoredVerifier(scores), replan=2)
    assert found.trace["t"].tolist() == [0, 2]
    assert (found.trace["score"][1] == (LAW @ scores[3])).all()


def test_a_sparse_model_steers_as_a_dense_one():
    from scipy.sparse import csr_array

    dense = process().to_float()
    sparse = MDP(csr_array(dense.P.reshape(-1, 3)), dense.r, dense.rho, horizon=Finite(3))
    one, two = (steer(BASE.to_float(), ScoredVerifier(SCORES), each, replan=2).policy.table for each in (dense, sparse))
    assert np.allclose(one, two, atol=1e-14)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FOREWARN(BASE, ScoredVerifier(SCORES), n=0), "n is 0; expected an integer of at least 1"),
        (lambda: FOREWARN(BASE, ScoredVerifier(SCORES), replan=0), "replan is 0"),
        (lambda: FOREWARN(BASE, ScoredVerifier(SCORES), foresight="oracle"), "foresight is 'oracle'"),
        (lambda: FOREWARN(BASE, SCORES), "expected a ScoredVerifier or a BinaryVerifier"),
        (lambda: FOREWARN("base", ScoredVerifier(SCORES)), "base is 'base'"),
        (lambda: steer(BASE, ScoredVerifier(objects([0, 1]))), r"scores has shape \(2,\)"),
        (
            lambda: steer(BASE, ScoredVerifier([0.5, float("nan"), 1.0])),
            "returned nan for outcome 1; expected a finite",
        ),
        (lambda: steer(BASE, ScoredVerifier(lambda s: float("nan") if s == 2 else 1.0)), "returned nan for outcome 2"),
        (lambda: steer(BASE, BinaryVerifier([[0.5] * 3] * 3 + [[0, float("inf"), 1]])), "inf for outcome 1 at step 3"),
        (lambda: steer(BASE, BinaryVerifier(objects([0, 2, 1]))), "accepts is 2 at outcome 1"),
        (lambda: steer(BASE, ScoredVerifier(SCORES), model=process(2)), "the model is"),
        (
            lambda: steer(BASE, ScoredVerifier(SCORES), MDP(LAW, objects([[0, 0]] * 3), horizon=Discounted("1/2"))),
            "executed over a finite horizon",
        ),
    ],
)
def test_bad_input_is_named(make, words):
    with pytest.raises(InvalidModel, match=words):
        make()


def test_the_model_is_needed():
    with pytest.raises(MissingAccess, match="FOREWARN needs model"):
        fit(
            FOREWARN(BASE, ScoredVerifier(SCORES)), grant(process(), episodes=3, rng=np.random.default_rng(0)), rng=None
        )


def test_rates_of_a_binary_verifier():
    rates = BinaryVerifier.from_rates([True, False, True], *objects(["9/10", "1/5"]))
    assert (rates.accepts == objects(["9/10", "1/5", "9/10"])).all()
