"""mdpkit solve, and mdpkit verify on a problem that comes from elsewhere."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from mdpkit import MDP, Average, Discounted, Finite, MarkovGame, TabularPolicy, objects, save, value
from mdpkit.instances import bundled, double_integrator
from mdpkit.model import LinearMDP, LinearMixture
from mdpkit.solve import solve

gymnasium = pytest.importorskip("gymnasium")

TOYS = ["FrozenLake8x8-v1", "CliffWalking-v1", "Taxi-v4"]


def parsed(done):
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def greedy(env, gamma, steps=3000):
    """Value iteration on the table itself, an end being worth nothing more."""
    found = np.zeros(len(env.P))
    for _ in range(steps if len(found) < 100 else 60):
        found = np.array(
            [
                max(sum(p * (r + gamma * (not end) * found[n]) for p, n, r, end in env.P[s][a]) for a in env.P[s])
                for s in env.P
            ]
        )
    return found


@pytest.mark.parametrize("name", TOYS)
def test_the_toys_are_solved_to_1e_minus_8_as_an_independent_solver_does(name, mdpkit):
    """Taxi needs no more than sixty steps: its longest way is shorter, and nothing happens after it."""
    data = parsed(mdpkit("solve", f"gym:{name}", "--gamma", "0.9", "--json"))
    env = gymnasium.make(name).unwrapped
    assert list(data) == ["status", "method", "horizon", "value", "policy", "states"]
    assert (data["status"], data["horizon"]) == ("SOLVED", {"Discounted": "9/10"})
    lower, upper = np.array(data["value"]["lower"]), np.array(data["value"]["upper"])
    assert (lower <= upper).all()
    assert (upper - lower).max() <= 1e-8
    theirs, S = greedy(env, 0.9), len(env.P)
    ends = (
        {n for rows in env.P.values() for row in rows.values() for _, n, _, end in row if end}
        if len(lower) == S
        else set()
    )
    kept = [s for s in env.P if s not in ends]
    assert (lower[kept] - 1e-8 <= theirs[kept]).all()
    assert (theirs[kept] <= upper[kept] + 1e-8).all()
    policy = np.array(data["policy"])
    assert policy.shape == (len(lower), env.action_space.n)
    assert (policy.sum(axis=1) == 1).all()
    assert len(data["states"]) == len(lower)
    assert data["states"][S:] == ([] if len(lower) == S else ["end"])


def test_the_policy_that_is_written_has_the_value_that_is_written(mdpkit, tmp_path):
    lake = bundled("frozen_lake_4x4")
    save(lake, tmp_path / "lake.json")
    data = parsed(mdpkit("solve", "lake.json", "--json"))
    policy = TabularPolicy(objects(np.array(data["policy"]).astype(int)))
    J, start = Fraction(str(value(lake, policy).lower[()])), [Fraction(str(p)) for p in lake.rho]
    low, high = (sum(p * Fraction(x) for p, x in zip(start, end, strict=True)) for end in data["value"].values())
    assert low <= J <= high


@pytest.mark.parametrize("ending", ["json", "npz", "tra", "drn"])
def test_every_format_of_one_problem_has_one_answer(ending, mdpkit, tmp_path):
    lake = bundled("frozen_lake_4x4")
    save(lake, tmp_path / f"x.{ending}")
    data = parsed(mdpkit("solve", f"x.{ending}", "--horizon", 5, "--json"))
    theirs = solve(MDP(lake.P, lake.r, lake.rho, horizon=Finite(5))).value.enclose()
    assert data["horizon"] == {"Finite": 5}
    assert data["value"] == {"lower": theirs.lower.tolist(), "upper": theirs.upper.tolist()}
    assert np.shape(data["policy"]) == (5, 16, 4)


@pytest.mark.parametrize("ending", ["json", "npz", "tra", "drn"])
def test_average_reward_is_told_state_by_state(ending, mdpkit, tmp_path):
    """Gains 3/8, 3/4 and 0: states 0 and 1 lead to each other, and state 0 also to the absorbing state 2."""
    P = objects([[[0, "1/2", "1/2"]] * 2, [["1/3", "2/3", 0], [0, 1, 0]], [[0, 0, 1]] * 2])
    save(MDP(P, objects([[1, 0], [2, "3/4"], [0, -1]]), horizon=Average()), tmp_path / f"x.{ending}")
    data = parsed(mdpkit("solve", f"x.{ending}", *([] if ending in ("json", "npz") else ["--average"]), "--json"))
    assert list(data) == ["status", "method", "horizon", "value", "policy", "states"]
    assert (data["status"], data["method"], data["horizon"]) == ("SOLVED", "MultichainPolicyIteration", {"Average": {}})
    np.testing.assert_allclose(data["value"]["lower"], [3 / 8, 3 / 4, 0], atol=1e-15)
    np.testing.assert_allclose(data["value"]["upper"], [3 / 8, 3 / 4, 0], atol=1e-15)
    assert data["policy"][1:] == [[0, 1], [1, 0]]
    shown = mdpkit("solve", f"x.{ending}", "--average").stdout.splitlines()
    assert shown[0].startswith("MDP(S=3, A=2, Average(), rational")
    assert [line.split()[-2][:5] for line in shown[3:]] == ["0.375", "0.75", "0"]


def test_average_reward_of_an_environment_that_never_pays_for_staying(mdpkit):
    data = parsed(mdpkit("solve", "gym:CliffWalking-v1", "--average", "--json"))
    assert data["status"] == "SOLVED"
    np.testing.assert_allclose(data["value"]["lower"], 0, atol=1e-300)
    np.testing.assert_allclose(data["value"]["upper"], 0, atol=1e-300)


def test_what_was_repaired_is_said_on_stderr_and_the_result_alone_on_stdout(mdpkit):
    done = mdpkit("solve", "gym:FrozenLake-v1", "--gamma", "9/10")
    assert "FrozenLake-v1: the probability 0.33333333333333337 is read as 1/3" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "MDP(S=16, A=4, Discounted(9/10), rational, 148 transitions)"
    assert lines[1].startswith("Solution(PolicyIteration, SOLVED after ")
    assert lines[2].split() == ["state", "at", "least", "at", "most", "action"]
    assert lines[17].split()[:2] == ["(3,", "2)"]
    assert lines[17].split()[-1] == "down"
    assert len(lines) == 19


def test_a_large_rational_problem_of_many_steps_is_solved_in_floats(mdpkit):
    data = parsed(mdpkit("solve", "gym:Taxi-v4", "--horizon", 20, "--json"))
    value = np.array(data["value"]["lower"])
    assert value.shape == (21, 501)
    assert np.abs(value[20]).max() < 1e-300
    assert np.abs(value[0, :500] - greedy_steps("Taxi-v4", 20)).max() < 1e-8


def greedy_steps(name, steps):
    env = gymnasium.make(name).unwrapped
    found = np.zeros(len(env.P))
    for _ in range(steps):
        found = np.array(
            [max(sum(p * (r + (not end) * found[n]) for p, n, r, end in env.P[s][a]) for a in env.P[s]) for s in env.P]
        )
    return found


def test_a_linear_problem_is_solved_as_the_table_that_it_is(mdpkit, tmp_path):
    one = LinearMDP(objects([[[1]]]), objects([[1]]), objects([1]), horizon=Discounted("1/2"))
    mixed = LinearMixture(objects([[[[1]]]]), objects([1]), objects([[1]]), horizon=Discounted("1/2"))
    for each in (one, mixed):
        save(each, tmp_path / "x.json")
        assert parsed(mdpkit("solve", "x.json", "--json"))["value"] == {"lower": [2.0], "upper": [2.0]}


def test_bounds_that_floats_cannot_carry_are_no_solution(mdpkit, tmp_path):
    save(bundled("frozen_lake_4x4").to_float(), tmp_path / "x.json")
    done = mdpkit("solve", "x.json", "--tol", "1e-30", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["status"] == "FLOOR_REACHED"


def test_a_bundled_problem_is_solved_by_its_name_and_on_another_horizon(mdpkit):
    lake = bundled("frozen_lake_4x4")
    theirs = solve(lake).value.enclose()
    assert parsed(mdpkit("solve", "bundled:frozen_lake_4x4", "--json"))["value"]["upper"] == theirs.upper.tolist()
    data = parsed(mdpkit("solve", "bundled:frozen_lake_4x4", "--horizon", 3, "--json"))
    assert data["value"]["lower"] == solve(replace(lake, horizon=Finite(3))).value.enclose().lower.tolist()


@pytest.fixture
def paid_twice(tmp_path):
    """A Markov chain of one state in a .drn file with two reward models."""
    head = "@type: DTMC\n@parameters\n\n@reward_models\ntime fuel\n@nr_states\n1\n@nr_choices\n1\n@model\n"
    (tmp_path / "chain.drn").write_text(head + "state 0 [1/2, 1] init\n\taction 0 [0, 0]\n\t\t0 : 1\n")


def test_the_reward_structure_is_chosen_by_an_option_and_a_chain_is_noted_on_stderr(mdpkit, paid_twice):
    for name, total in (("time", 1.5), ("fuel", 3)):
        done = mdpkit("solve", "chain.drn", "--horizon", 3, "--rewards", name, "--json")
        assert parsed(done)["value"]["lower"][0] == [total]
        assert done.stderr == "chain.drn: a Markov chain is read as an MDP of one action a state\n"


def test_the_names_of_reward_structures_are_listed_where_one_must_be_chosen(mdpkit, paid_twice):
    done = mdpkit("solve", "chain.drn", "--gamma", "1/2")
    assert done.exit_code == 3
    assert (
        "2 reward models (time, fuel); choose one by rewards=NAME, on the command line by --rewards NAME" in done.stderr
    )


MISUSE = {
    "no such bundled problem": (
        ["bundled:taxi"],
        "no bundled problem is called 'taxi'; expected one of cliff_walking, frozen_lake_4x4",
    ),
    "rewards of no file": (
        ["bundled:cliff_walking", "--rewards", "r"],
        "--rewards chooses among the reward structures of a file",
    ),
    "rewards without a name": (
        ["lake.json", "--rewards", "r"],
        "lake.json has no named rewards, so none is called 'r'",
    ),
    "rewards of an environment": (["gym:Taxi-v4", "--rewards", "r", "--gamma", "1/2"], "gym:Taxi-v4 is none"),
    "average": (["gym:Taxi-v4", "--average", "--gamma", "0.9"], "--gamma and --average: expected one of them"),
    "both": (["gym:Taxi-v4", "--gamma", "0.9", "--horizon", "3"], "--gamma and --horizon: expected one of them"),
    "no horizon": (["gym:Taxi-v4"], "gym:Taxi-v4 names no horizon; give --gamma G or --horizon H, or --average"),
    "no horizon in a file": (["lake.drn"], "lake.drn names no horizon; give --gamma G or --horizon H, or --average"),
    "gamma of 1": (["gym:Taxi-v4", "--gamma", "1"], "--gamma: gamma is 1; expected 0 <= gamma < 1"),
    "gamma of words": (
        ["gym:Taxi-v4", "--gamma", "high"],
        "--gamma is 'high'; expected a number such as 0.99 or 99/100",
    ),
    "no steps": (["gym:Taxi-v4", "--horizon", "0"], "--horizon: the horizon H is 0"),
    "tolerance": (["gym:Taxi-v4", "--gamma", "0.9", "--tol", "0"], "--tol is 0.0; expected a positive number"),
    "no environment": (["gym:Nope-v1", "--gamma", "0.9"], "gymnasium cannot make 'Nope-v1'"),
    "no table": (["gym:Blackjack-v1", "--gamma", "0.9"], "Blackjack-v1 has no table"),
    "a game": (["game.nfg"], "game.nfg holds MarkovGame(S=1"),
    "a safety problem": (["cart.json"], "cart.json holds SafetyProblem"),
    "horizon of a safety problem": (["cart.json", "--gamma", "0.9"], "has no horizon to replace"),
    "no file": (["none.json"], "none.json is missing; expected an instance file"),
    "other ending": (["lake.txt"], "lake.txt ends in .txt; expected one of"),
}


@pytest.mark.parametrize(("words", "said"), MISUSE.values(), ids=MISUSE)
def test_misuse_gives_3_and_a_reason(words, said, mdpkit, tmp_path):
    save(bundled("frozen_lake_4x4"), tmp_path / "lake.drn")
    save(bundled("frozen_lake_4x4"), tmp_path / "lake.json")
    save(double_integrator(1, 1, 1), tmp_path / "cart.json")
    save(MarkovGame(objects([[[1]]]), objects([[[1]]]), horizon=Finite(1), actions=(1,)), tmp_path / "game.nfg")
    (tmp_path / "lake.txt").write_text("")
    done = mdpkit("solve", *words)
    assert done.exit_code == 3
    assert done.stdout == ""
    assert said in done.stderr


# ---- verify --on
LEMMA, CLONING = "performance_difference_lemma", "cloning_error_compounds_quadratically"


def test_a_claim_is_verified_on_an_environment(mdpkit, results):
    done = mdpkit("verify", CLONING, "--on", "gym:FrozenLake-v1", "--horizon", 2, "--json")
    assert done.exit_code == 0
    [claim] = results(done.stdout)["claims"]
    assert (claim["outcome"], claim["evidence"]) == ("SURVIVED", "exact")
    assert {row["sizes"]["S"] for row in claim["rows"]} == {16}
    assert "FrozenLake-v1: the probability 0.33333333333333337 is read as 1/3" in done.stderr


def test_a_claim_is_verified_on_a_bundled_problem(mdpkit, results):
    for words, horizon in ((("--horizon", 2), 2), ((), None)):
        done = mdpkit(
            "verify", LEMMA if horizon is None else CLONING, "--on", "bundled:frozen_lake_4x4", *words, "--json"
        )
        assert done.exit_code == 0, done.stderr
        [claim] = results(done.stdout)["claims"]
        assert claim["outcome"] == "SURVIVED"
        assert {row["sizes"]["S"] for row in claim["rows"]} == {16}


def test_a_claim_is_verified_on_the_reward_structure_that_is_chosen(mdpkit, tmp_path):
    head = "@type: MDP\n@parameters\n\n@reward_models\ntime fuel\n@nr_states\n2\n@nr_choices\n3\n@model\n"
    first = "state 0 [1/2, 2] init\n\taction 0 [0, 0]\n\t\t0 : 1\n\taction 1 [0, 0]\n\t\t1 : 1\n"
    (tmp_path / "x.drn").write_text(f"{head}{first}state 1 [0, 3]\n\taction 0 [0, 0]\n\t\t1 : 1\n")
    words = ("verify", CLONING, "--on", "x.drn", "--horizon", 2)
    assert mdpkit(*words, "--rewards", "time").exit_code == 0
    for name, said in (
        ("fuel", "assumes 'rewards in [0, 1]', which the given problem violates"),
        (None, "2 reward models (time, fuel)"),
    ):
        done = mdpkit(*words, *(["--rewards", name] if name else []))
        assert done.exit_code == 3
        assert said in done.stderr


def test_a_claim_is_verified_on_a_drn_file_as_on_the_same_problem_in_json(mdpkit, results, tmp_path):
    small = MDP(objects([[[0, 1], [1, 0]], [["1/3", "2/3"], [0, 1]]]), objects([[0, 1], [1, 0]]), horizon=Finite(2))
    save(small, tmp_path / "x.drn")
    save(small, tmp_path / "x.json")
    by_drn = mdpkit("verify", CLONING, "--on", "x.drn", "--horizon", 2, "--json")
    by_json = mdpkit("verify", CLONING, "--on", "x.json", "--json")
    assert (by_drn.exit_code, by_json.exit_code) == (0, 0)
    assert results(by_drn.stdout)["claims"] == results(by_json.stdout)["claims"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            [CLONING, "--on", "gym:FrozenLake-v1", "--gamma", "0.9"],
            "it needs a finite horizon; the given problem is MDP(S=16",
        ),
        (
            [CLONING, "--on", "gym:CliffWalking-v1", "--horizon", "2"],
            "assumes 'rewards in [0, 1]', which the given problem violates",
        ),
        (
            ["value_equivalence_is_not_regret_equivalence", "--on", "gym:Taxi-v4", "--gamma", "0.9"],
            "it does not accept a user's problem",
        ),
        ([LEMMA, "--on", "gym:FrozenLake-v1"], "names no horizon; give --gamma G or --horizon H"),
        (
            [LEMMA, "--on", "always.json"],
            "it concerns total rewards, Finite or Discounted; the given problem is MDP(S=1, A=1, Average()",
        ),
        ([LEMMA, "--on", "lake.drn"], "names no horizon; give --gamma G or --horizon H"),
        ([LEMMA, "--gamma", "0.9"], "--gamma and --horizon apply to the problem given by --on"),
        ([LEMMA, "--rewards", "r"], "--rewards chooses a reward structure of the file given by --on"),
        (
            [LEMMA, "--on", "bundled:lake"],
            "no bundled problem is called 'lake'; expected one of cliff_walking, frozen_lake_4x4",
        ),
    ],
)
def test_why_a_claim_is_not_verified_on_a_problem_is_said(words, said, mdpkit, tmp_path):
    save(bundled("frozen_lake_4x4"), tmp_path / "lake.drn")
    save(MDP(objects([[[1]]]), objects([[1]]), horizon=Average()), tmp_path / "always.json")
    done = mdpkit("verify", *words)
    assert done.exit_code == 3
    assert said in done.stderr
