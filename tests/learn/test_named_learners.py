"""Each imitation learner under its paper's name, with defaults and one seed, on three instances: no two agree."""

from dataclasses import fields, replace
from itertools import combinations

import numpy as np
import pytest

from mdpkit import TabularPolicy, fit, grant, learn
from mdpkit.instances import named

NAMES = (
    "AdRIL",
    "AdVIL",
    "Cloning",
    "DAeQuIL",
    "DAgger",
    "EvIL",
    "FILTER",
    "GUITAR",
    "HyPE",
    "HyPER",
    "IQLearn",
    "MomentMatching",
    "PessimisticIRL",
    "SMILING",
)
ROUNDS = 20


def instances():
    """A tree, a combination lock with a ladder and a tightrope, each with an expert that errs in three of ten steps."""
    for name in ("tree", "lock_with_ladder", "tightrope"):
        m = named(name)
        table = m.expert.to_float().table
        yield m.mdp.to_float(), TabularPolicy(0.7 * table + 0.3 / m.mdp.A)


def run(name, problem, expert):
    """The learner's table and trace; it is granted what it needs, as samples unless it needs the model."""
    learner = getattr(learn, name)()
    if "rounds" in {field.name for field in fields(learner)} and name != "IQLearn":  # its rounds are an optimiser's
        learner = replace(learner, rounds=ROUNDS)
    episodes = "exact" if "model" in learner.needs else 2000
    granted = dict(demonstrations=20, episodes=episodes, resets=20_000, queries=20_000)
    access = grant(problem, expert=expert, **granted, rng=np.random.default_rng(0))
    answer = fit(learner, access, rng=np.random.default_rng(1))
    table = answer.policy.to_tabular(problem).table
    return np.broadcast_to(table, (problem.horizon.H, problem.S, problem.A)), answer.trace


@pytest.fixture(scope="module")
def tables():
    """The table of every learner on every instance."""
    return {name: [run(name, *each)[0] for each in instances()] for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_found_by_its_name_and_works_with_its_defaults(tables, name):
    for (problem, _), table in zip(instances(), tables[name], strict=True):
        assert np.allclose(table.sum(axis=-1), 1)
        assert (table[:, ~problem.available] == 0).all()


@pytest.mark.parametrize(("one", "other"), list(combinations(NAMES, 2)))
def test_no_two_of_them_learn_the_same_policies(tables, one, other):
    assert any(not np.allclose(a, b, atol=1e-6) for a, b in zip(tables[one], tables[other], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_determines_the_policy(tables, name):
    problem, expert = list(instances())[2]
    assert np.array_equal(run(name, problem, expert)[0], tables[name][2])


def test_the_names_are_all_of_the_imitation_learners():
    """Every learner that sees an expert but PSDP, maximum causal entropy and those of mediators and constraints."""
    imitate = {
        row.learner.partition("(")[0] for row in learn.needs().rows if {"demonstrations", "queries"} & set(row.needs)
    }
    of_mediators = {"BLADES", "JointCloning", "JointIRL", "MAILBRO", "MALICE"}
    assert imitate == set(NAMES) | {"PSDP", "MaxCausalEntropy", "MTICL", "ICL"} | of_mediators
