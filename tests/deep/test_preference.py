"""Preference learners with networks against their tables: gradients, optima, iterates, refusals."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mdpkit import MDP, Finite, PreferenceProblem, deep, fit, grant, learn, measure, solve  # noqa: E402
from mdpkit.base.errors import InvalidModel, MissingAccess, NotSolved  # noqa: E402
from mdpkit.deep import SequencePolicy, Sequences  # noqa: E402
from mdpkit.deep.learners.preference._comparing import (  # noqa: E402
    PairLoss,
    divergence,
    logistic_terms,
    on_policy_term,
    square_terms,
)
from mdpkit.deep.plumbing.repeatable import generator  # noqa: E402
from mdpkit.learn.preference._pairs import logistic, policy_of  # noqa: E402
from mdpkit.model import Comparisons  # noqa: E402

K, H, X = 2, 3, 2
Y = K**H
draws = np.random.default_rng(0)
problem = PreferenceProblem(draws.dirichlet(np.ones(Y), X), reward=draws.normal(size=(X, Y)), beta=0.5)
ANY, NET = Sequences((K, H), width=None), Sequences((K, H), width=32)


def rng(seed=0):
    return np.random.default_rng(seed)


def relative_entropy(p, q):
    """E_x KL(p || q)."""
    return float(problem.rho @ (p * np.log(p / q)).sum(axis=1))


# ---- gradients
def perturbed():
    policy = SequencePolicy(replace(NET, width=8), problem.reference, generator(0)).double()
    policy.rows = policy.rows.double()
    with torch.no_grad():
        policy.net[4].weight += torch.randn(K, 8, generator=generator(1), dtype=torch.float64)
    return policy


def slopes(policy, scalar):
    policy.zero_grad()
    scalar.backward()
    return torch.cat([weight.grad.reshape(-1) for weight in policy.parameters()]).numpy()


@pytest.mark.parametrize("kind", ["DPO", "IPO", "HyPO"])
def test_gradients_are_the_tables_pulled_back_through_the_network(kind):
    """The tables' kernels give the gradient in the log-ratios; the chain rule gives it in the weights."""
    policy, data = perturbed(), grant(problem, preferences=300, rng=rng()).comparisons()
    x, y, z = data.prompt, data.first, data.second
    data = Comparisons(x[y != z], y[y != z], z[y != z], data.won[y != z])
    phi = square_terms(0.7) if kind == "IPO" else logistic_terms(0.7)
    loss = PairLoss(policy.log_ratio, logistic(data, 1.0), phi, 10**6, generator(0), "cpu")()
    h = policy.log_ratios()
    known = h.detach().numpy()
    if kind == "HyPO":
        loss = loss + 0.3 * divergence(policy, torch.tensor(problem.rho))
        table = learn.hypo_gradient(known, problem.reference, problem.rho, data, 0.7, 0.3)
    else:
        table = (learn.ipo_gradient if kind == "IPO" else learn.dpo_gradient)(known, data, 0.7)
    own, pulled = slopes(policy, loss), slopes(policy, (torch.tensor(table) * policy.log_ratios()).sum())
    assert np.abs(own).max() > 1e-3
    assert own == pytest.approx(pulled, abs=1e-12)


def test_the_policys_own_draws_estimate_the_gradient_of_the_divergence():
    policy = perturbed()
    exact = slopes(policy, divergence(policy, torch.tensor(problem.rho)))
    x = torch.arange(200_000) % X
    y = policy.draw(x, generator(5))
    with torch.no_grad():
        cost = policy.log_ratio(x, y)
    own = slopes(policy, on_policy_term(policy, x, y, cost))
    assert own == pytest.approx(exact, abs=0.02 * np.abs(exact).max())


def test_two_draws_are_unbiased_by_enumeration():
    """The leave-one-out baseline: the expected gradient over all pairs of draws is the divergence's."""
    one = PreferenceProblem([[0.5, 0.3, 0.2]], reward=[[0.0, 1.0, 2.0]])
    policy = SequencePolicy(Sequences(width=None), one.reference, generator(0)).double()
    policy.rows = policy.rows.double()
    with torch.no_grad():
        policy.net.weight += torch.tensor([[0.5], [-0.3], [1.0]])
    x, law, expected = torch.zeros(2, dtype=torch.long), policy.table[0], 0
    for a in range(3):
        for b in range(3):
            y = torch.tensor([a, b])
            cost = policy.log_ratio(x, y).detach()
            expected = expected + law[a] * law[b] * slopes(policy, on_policy_term(policy, x, y, cost))
    assert expected == pytest.approx(slopes(policy, divergence(policy, torch.ones(1, dtype=torch.float64))), abs=1e-12)


# ---- optima
QUICK = {"steps": 500, "rate": 0.02, "every": 500}
PAIRS = {
    "DPO": (deep.DPO(NET, **QUICK), learn.DPO()),
    "IPO": (deep.IPO(ANY, **QUICK), learn.IPO()),
    "HyPO": (deep.HyPO(NET, penalty="1/10", samples=None, **QUICK), learn.HyPO(penalty="1/10")),
    "RLHF": (deep.RLHF(ANY, model=deep.BradleyTerry(NET, **QUICK), samples=None, **QUICK), learn.RLHF()),
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_same_lines_run_a_table_and_a_network_with_the_same_optimum(name):
    answers = [fit(learner, grant(problem, preferences="exact"), rng=rng(1)) for learner in PAIRS[name]]
    network, table = (answer.policy.table for answer in answers)
    assert relative_entropy(table, network) < 1e-4
    gap = measure.value_gap(problem, answers[1].policy, answers[0].policy)
    assert abs(float(gap.mid)) < 1e-3
    assert answers[0].used == answers[1].used


def test_draws_of_the_policy_find_nearly_the_optimum_of_the_enumeration():
    model = learn.BradleyTerry()
    answer = fit(deep.RLHF(ANY, model, steps=300, rate=0.05), grant(problem, preferences="exact"), rng=rng(1))
    best = solve(problem).policy
    assert relative_entropy(answer.policy.table, best.table) < 0.01 < relative_entropy(problem.reference, best.table)


def test_a_table_takes_a_reward_network():
    answer = fit(learn.RLHF(deep.BradleyTerry(NET, bound=2, **QUICK)), grant(problem, preferences="exact"), rng=rng())
    rewards = np.ptp(problem.reward, axis=1)
    assert np.ptp(answer.trace["scores"][0], axis=1) == pytest.approx(np.minimum(rewards, 2), abs=1e-3)
    assert rewards[1] < 2 < rewards[0]


# ---- iterates
def exact_iterate(k, eta):
    return policy_of(problem.reference, k * eta * problem.reward).table


def test_rebel_follows_mirror_descent_and_a_wrong_step_size_does_not():
    learner = deep.REBEL(NET, rounds=4, eta=0.5, pairs=None, steps=100, rate=0.02)
    answer = fit(learner, grant(problem, rewards=True), rng=rng(1))
    after = [policy.table for policy in answer.trace["next"]]
    assert max(relative_entropy(exact_iterate(k, 0.5), p) for k, p in enumerate(after, start=1)) < 1e-5
    assert relative_entropy(exact_iterate(4, 0.25), after[-1]) > 0.1
    mean = np.mean([exact_iterate(k, 0.5) for k in range(4)], axis=0)
    assert answer.policy.table == pytest.approx(mean, abs=1e-3)
    assert answer.policy.to_tabular(problem).table == pytest.approx(mean, abs=1e-3)
    assert answer.policy.start(0.6) is answer.trace["policy"][2]


def test_rebel_from_sampled_pairs_stays_near_mirror_descent():
    learner = deep.REBEL(ANY, rounds=4, eta=0.5, steps=50, rate=0.03)
    one, two = (fit(learner, grant(problem, rewards=True), rng=rng(1)) for _ in range(2))
    assert relative_entropy(exact_iterate(4, 0.5), one.trace["next"][-1].table) < 0.02
    assert np.array_equal(one.policy.table, two.policy.table)  # bit by bit


@pytest.mark.parametrize("pairs", [None, 128])
def test_spo_is_hardly_exploitable_where_preferences_are_cyclic(pairs):
    """Rock, paper, scissors with probability 1, from a reference that prefers rock; the table's rate for N rounds."""
    beats = np.array([[0.5, 0, 1], [1, 0.5, 0], [0, 1, 0.5]])
    cyclic = PreferenceProblem([[0.8, 0.1, 0.1]], win=beats[None])
    learner = deep.SPO(Sequences(width=None), rounds=40, pairs=pairs, steps=25, rate=0.05)
    answer = fit(learner, grant(cyclic, preferences=10**6, rng=rng()) if pairs else _exact(cyclic), rng=rng(1))
    table = fit(learn.SPO(rounds=40), _exact(cyclic), rng=None)
    lost = [float(((2 * beats - 1) @ policy.table[0]).max()) for policy in (answer.policy, table.policy)]
    assert lost[0] < lost[1] + (0.1 if pairs else 0.02)
    assert lost[1] < 0.5 * float(((2 * beats - 1) @ cyclic.reference[0]).max())


def _exact(cyclic):
    return grant(cyclic, preferences="exact")


def test_ppo_improves_on_the_reference():
    answer = fit(deep.PPO(ANY, rounds=5, rate=0.02), grant(problem, rewards=True), rng=rng(1))
    J = [float(problem.rho @ (policy.table * problem.reward).sum(axis=1)) for policy in answer.trace["policy"]]
    assert J[-1] > J[0] + 0.3


def test_refuel_learns_over_several_turns_as_its_table_does():
    mdp = MDP(draws.dirichlet(np.ones(4), (4, 3)), draws.random((4, 3)), horizon=Finite(3))
    options = {"rounds": 6, "eta": 3, "pairs": 200}
    found = []
    for learner in (deep.REFUEL(rate=0.02, **options), learn.REFUEL(**options)):
        answer = fit(learner, grant(mdp, episodes=10**5, resets=10**5, rng=rng()), rng=rng(1))
        found.append(float(measure.value(mdp, answer.trace["policy"][-1].to_tabular(mdp)).mid))
        start = float(measure.value(mdp, answer.trace["policy"][0].to_tabular(mdp)).mid)
    best = float(measure.value(mdp, solve(mdp).policy).mid)
    assert best - found[0] < 0.1 * (best - start)
    assert best - found[1] < 0.1 * (best - start)


# ---- refusals
excluded = PreferenceProblem([[0.5, 0.5, 0.0]], reward=[[0.0, 1.0, 2.0]], data=[[0.4, 0.3, 0.3]])


@pytest.mark.parametrize("learner", [deep.DPO(), deep.IPO(), deep.HyPO()])
def test_a_compared_response_outside_the_reference_is_named_as_by_the_table(learner):
    with pytest.raises(InvalidModel, match="shows response 2 to prompt 0, which has probability 0 under the reference"):
        fit(learner, grant(excluded, preferences="exact"), rng=rng())


def test_a_response_that_the_reference_excludes_stays_excluded():
    answer = fit(
        deep.RLHF(Sequences(width=4), learn.BradleyTerry(), steps=5), grant(excluded, preferences="exact"), rng=rng()
    )
    assert answer.policy.table[0, 2] == 0
    assert np.isfinite(measure.value(excluded, answer.policy).mid)


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), "a"])
def test_coefficients_are_positive_finite_numbers(wrong):
    builders = [deep.DPO, deep.HyPO, deep.RLHF]
    settings = [(of, "beta") for of in builders] + [
        (deep.IPO, "tau"),
        (deep.HyPO, "penalty"),
        (deep.REBEL, "eta"),
        (deep.REFUEL, "eta"),
        (deep.SPO, "eta"),
        (deep.BradleyTerry, "bound"),
    ]
    for of, name in settings:
        with pytest.raises(InvalidModel, match="expected a number above 0"):
            of(**{name: wrong})


def test_other_settings_and_missing_access_are_named():
    with pytest.raises(InvalidModel, match="base is 'data'; expected one of policy, reference"):
        deep.REBEL(base="data")
    with pytest.raises(InvalidModel, match="self_play takes rewards from comparisons with the policy"):
        deep.REBEL(self_play=True, model=learn.BradleyTerry())
    with pytest.raises(InvalidModel, match="histories is 'all'; expected one of policy, reference"):
        deep.REFUEL(histories="all")
    with pytest.raises(InvalidModel, match="samples is 1; expected an integer of at least 2"):
        deep.HyPO(samples=1)
    with pytest.raises(InvalidModel, match="rate is 0; expected a number above 0"):
        deep.REBEL(rate=0)
    with pytest.raises(MissingAccess, match="DPO needs preferences"):
        fit(deep.DPO(), grant(problem, rewards=True), rng=rng())
    mdp = MDP(np.ones((1, 1, 1)), np.zeros((1, 1)), horizon=Finite(1))
    with pytest.raises(InvalidModel, match="this learner compares responses"):
        deep.DPO().learn(grant(mdp, episodes=1, rng=rng()), rng())
    with pytest.raises(InvalidModel, match="device is 'abacus', which torch cannot use on this machine"):
        fit(deep.DPO(device="abacus"), grant(problem, preferences="exact"), rng=rng())
    with pytest.raises(InvalidModel, match="pairs is None: expected preferences 'exact'"):
        fit(deep.SPO(pairs=None), grant(problem, preferences=100, rng=rng()), rng=rng())


@pytest.mark.parametrize("learner", [deep.DPO(rate=1e30, steps=9), deep.REBEL(rate=1e30, steps=9)])
def test_diverging_training_is_refused_with_the_step(learner):
    with pytest.raises(NotSolved, match=r"training diverged at step [1-9]: .* the rate was 1e\+30"):
        fit(learner, grant(problem, preferences="exact", rewards=True), rng=rng())


class Stop(Exception):
    pass


@pytest.mark.parametrize("kind", [deep.DPO, deep.HyPO])
def test_an_interrupted_run_resumes_bit_by_bit_and_another_one_is_refused(kind, tmp_path):
    data = grant(problem, preferences=400, rng=rng()).comparisons()
    learner = kind(NET, steps=12, every=4, batch=16)
    access = grant(problem, preferences=data)
    whole = fit(learner, access, rng=rng(3))

    def stop(done, total, loss):
        if done == 8:
            raise Stop

    path = tmp_path / "run.safetensors"
    with pytest.raises(Stop):
        fit(replace(learner, checkpoint=path, progress=stop), access, rng=rng(3))
    resumed = fit(replace(learner, checkpoint=path), access, rng=rng(99))
    assert np.array_equal(resumed.policy.table, whole.policy.table)
    assert resumed.trace["loss"].tolist() == whole.trace["loss"].tolist()
    with pytest.raises(InvalidModel, match="is of another run: its learner is"):
        fit(replace(learner, checkpoint=path, steps=13), access, rng=rng(3))
    other = grant(problem, preferences=400, rng=rng(1)).comparisons()
    with pytest.raises(InvalidModel, match="is of another run: its data is"):
        fit(replace(learner, checkpoint=path), grant(problem, preferences=other), rng=rng(3))
