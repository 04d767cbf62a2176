"""Every named instance builds, is exact, has a source, an example that runs, and a picture or a reason for none."""

import doctest
import importlib
import inspect
import pkgutil
from fractions import Fraction
from typing import get_type_hints

import numpy as np
import pytest
from flint import fmpq

from mdpkit import TabularPolicy, measure, rational
from mdpkit.base.arrays import is_exact
from mdpkit.base.errors import InvalidModel
from mdpkit.base.record import Record
from mdpkit.claims import get, themes
from mdpkit.instances import Instance, Simplex, library, named, named_instances
from mdpkit.instances.catalogue import named_instance, theme_of
from mdpkit.instances.library.games import fork, matching_pennies, moulin_vial, rare_pennies
from mdpkit.instances.library.imitation.cliff import cliff, first_fall, habit, lanes, leak
from mdpkit.instances.library.imitation.fitted import mirage, turnoffs
from mdpkit.instances.library.imitation.ladder import button, common_rule, ladder, lock_with_ladder, tightrope, turnoff
from mdpkit.instances.library.imitation.tree import leaf_law, policy_of_leaf_law, tree
from mdpkit.instances.library.safety import corridor, race
from mdpkit.report import draw_instance
from mdpkit.verify.register import claims_using

NAMED = named_instances()
TOO_LARGE = {"hartford_demand", "lqr_cart", "slip_grid", "undiscounted_riccati"}
"""No page has room for the probabilities on these grids."""

each = pytest.mark.parametrize("build", NAMED.values(), ids=NAMED)


@each
def test_it_builds_from_its_defaults_and_is_exact(build):
    made = named(build.__name__)
    assert isinstance(made, Instance)
    assert any(isinstance(part, Record) for part in vars(made).values())
    for name, part in vars(made).items():
        if isinstance(part, Record):
            assert part.exact or not part._pattern().size, name
        elif isinstance(part, np.ndarray):
            assert is_exact(part) or part.dtype.kind in "bi", name
        else:
            assert isinstance(part, int | str | Fraction | fmpq), name


@each
def test_it_is_documented(build):
    text, signature = inspect.getdoc(build), inspect.signature(build)
    first, *_ = text.partition("\n\n")
    assert first.endswith(".")
    for heading in ("Returns: `", "Source: ", ">>> "):
        assert heading in text
    assert get_type_hints(build)["return"] is Instance
    for name, parameter in signature.parameters.items():
        assert parameter.default is not parameter.empty, name
        assert name in get_type_hints(build), name
        assert f"{name}: " in text.partition("Args:")[2], name


@each
def test_its_example_runs(build):
    module = inspect.getmodule(build)
    (example,) = (
        found for found in doctest.DocTestFinder(recurse=False).find(build, build.__name__, module, vars(module))
    )
    assert example.examples
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


@each
def test_its_picture_is_drawn(build):
    if build.__name__ in TOO_LARGE:
        with pytest.raises(InvalidModel, match="expected at most"):
            draw_instance(build())
        return
    figure = draw_instance(build())
    assert figure.axes[0].texts
    assert figure.get_figwidth() in (3.25, 6.75)


def test_whatever_has_a_source_in_the_library_is_registered():
    documented = set()
    for module in pkgutil.walk_packages(library.__path__, f"{library.__name__}."):
        for name, thing in vars(importlib.import_module(module.name)).items():
            if inspect.isfunction(thing) and thing.__module__ == module.name and "Source:" in (thing.__doc__ or ""):
                documented.add(name)
    assert documented == set(NAMED)


def test_two_instances_of_one_name_are_refused():
    def cliff():
        """Another one."""

    with pytest.raises(InvalidModel, match="cliff is the name of two instances"):
        named_instance(cliff)
    assert named_instances()["cliff"] is NAMED["cliff"]


def test_themes_are_those_of_the_claims():
    assert {theme_of(build) for build in NAMED.values()} == set(themes())
    assert theme_of(NAMED["cliff"]) == "imitation"
    assert theme_of(NAMED["fork"]) == "games"


def test_unknown_names_and_parameters_list_what_there_is():
    with pytest.raises(InvalidModel, match=r"no instance is called 'clif'; expected one of arms, .*cliff"):
        named("clif")
    with pytest.raises(InvalidModel, match="cliff has no parameter 'h'; expected H, eps, reward"):
        named("cliff", h=3)
    with pytest.raises(InvalidModel, match="undiscounted_riccati has no parameter 'n'; expected none"):
        named("undiscounted_riccati", n=3)


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("tree", dict(leaf=8), "leaf is 8; expected an integer from 0 to 7"),
        ("tree", dict(A=1), "A is 1; expected an integer of at least 2"),
        ("ditch", dict(A=True), "A is True; expected an integer"),
        ("lqr_cart", dict(dt="1/3"), "dt is '1/3'; expected '1/10' or '1/2'"),
        ("rare_third", dict(k=-1), "k is -1"),
        ("cliff", dict(eps="5/4"), "table"),
        ("cliff", dict(H=0), "H"),
        ("lanes", dict(e=("2/3", "2/3")), "rho"),
        ("tightrope", dict(H=1), "H is 1; expected an integer of at least 2"),
        ("tightrope", dict(c="-1/2"), "c is -1/2; expected a cost of at least 0"),
        ("turnoff", dict(H=1), "H is 1"),
        ("button", dict(eps="1/2"), "eps is 1/2; expected a probability below 1/2"),
        ("lock_with_ladder", dict(eps=2), "is -1; a probability is at least 0"),
    ],
)
def test_impossible_parameters_are_refused(name, parameters, words):
    with pytest.raises(InvalidModel, match=words):
        named(name, **parameters)


def test_the_claims_that_use_an_instance_are_those_that_import_it():
    assert "cloning_error_compounds_quadratically" in claims_using(cliff)
    assert {"expert_resets_remove_exploration", "reduction_to_no_regret_is_an_equality"} <= set(claims_using(tree))
    assert claims_using(fork) == [
        "cloning_regret_gap_scales_with_coverage",
        "dominant_experts_bound_regret_by_the_cloning_error",
        "exact_matching_can_be_exploited_at_all_but_one_step",
        "losses_under_deviations_bound_the_regret_gap",
        "malice_is_blind_without_coverage",
        "one_shot_checks_must_cover_deviators_states",
        "own_losses_bound_the_regret_gap_without_coverage",
        "regret_gap_is_bounded_by_recoverability",
        "value_equivalence_is_not_regret_equivalence",
    ]
    assert "cloning_error_compounds_quadratically" not in claims_using(first_fall)
    for name, build in NAMED.items():
        for claim in claims_using(build):
            module = inspect.getmodule(get(claim).check)
            assert any(getattr(part, "__module__", "") == build.__module__ for part in vars(module).values()), name


# ---- what their docstrings say of them
def gap(m):
    return measure.value_gap(m.mdp, m.expert, m.learner)


@pytest.mark.parametrize(("H", "eps"), [(1, "1/3"), (5, "1/10"), (8, 1)])
def test_gaps_of_the_cliff_and_the_habit(H, eps):
    falls = [1 - (1 - rational(eps)) ** k for k in range(1, H + 1)]
    assert gap(cliff(H, eps)) == sum(falls)
    assert gap(first_fall(H, eps)) == H * rational(eps)
    m = habit(H, eps)
    assert gap(m) == measure.cloning_error(m.mdp, m.learner, m.expert).sum()
    assert measure.recoverability(m.mdp, m.expert) == 1


def test_gaps_of_lanes_and_of_the_leak():
    e = ["1/2", 0, "1/7", "1/5"]
    assert gap(lanes(e)) == sum((4 - t) * rational(each) for t, each in enumerate(e))
    m = leak(5, "1/4")
    assert measure.value(m.model, m.policy) == 5
    assert measure.value(m.mdp, m.policy) == sum(rational("3/4") ** t for t in range(5))


@pytest.mark.parametrize(("H", "eps"), [(1, "1/3"), (6, "1/10")])
def test_gaps_of_the_rules_of_the_ladder(H, eps):
    error = rational(eps)
    stays, climbs = (TabularPolicy(rule) for rule in ladder(H, eps).rules)
    falls = sum(1 - (1 - error) ** k for k in range(1, H + 1))
    m, without = ladder(H, eps), ladder(H, eps, climbs=False)
    assert measure.value_gap(m.mdp, m.expert, stays) == falls == measure.value_gap(without.mdp, m.expert, climbs)
    assert measure.value_gap(m.mdp, m.expert, climbs) <= 2 * H * error
    assert (ladder(H, eps, benevolent=True).rules[0] == climbs.table).all()


@pytest.mark.parametrize("sparse", [True, False])
def test_returns_on_the_lock_with_a_ladder(sparse):
    m = lock_with_ladder(4, "1/10", sparse)
    assert measure.value(m.mdp, m.expert) == 1
    digits, up = (m.rules[[k + t % 2 for t in range(4)]] for k in (0, 2))
    stays = [rational("9/10") ** t for t in range(4)]
    assert measure.value(m.mdp, TabularPolicy(digits)) == (stays[-1] if sparse else sum(stays) / 4)
    assert measure.value_gap(m.mdp, TabularPolicy(up), TabularPolicy(digits)) > 0


@pytest.mark.parametrize(("H", "c"), [(2, "1/10"), (5, "2")])
def test_returns_on_the_tightrope_and_its_bridge(H, c):
    m = tightrope(H, c)
    assert measure.value(m.mdp, m.expert) == H - 1
    assert measure.value(m.mdp, m.walker) == (1 - rational(c)) * (H - 1)
    assert all(measure.value(m.mdp, TabularPolicy(rule)) <= 1 for rule in m.rules[:2])
    assert measure.value(m.mdp, TabularPolicy(tightrope(H, c, benevolent=True).rules[1])) == measure.value(
        m.mdp, m.walker
    )


@pytest.mark.parametrize("H", [2, 5])
def test_returns_at_the_turnoff_on_the_common_rule_and_of_the_button(H):
    m = turnoff(H, "1/3")
    assert measure.value(m.mdp, m.expert) == H - 1
    assert measure.value(m.mdp, m.learner) == rational("1/3") * (H - 1)
    common = common_rule(H, "1/4")
    assert [measure.value(common.mdp, TabularPolicy(rule)) for rule in common.rules] == [
        rational("3/4") * H,
        rational("1/2") * H,
    ]
    light = button(H, "1/5")
    assert measure.value(light.mdp, light.expert) == sum(1 - rational("4/5") ** k for k in range(1, H + 1))
    assert sorted(measure.value(light.mdp, TabularPolicy(rule)).lower[()] for rule in light.rules) == [0, 0, H, H]


def test_rewards_may_be_fractions():
    assert measure.value(lanes(["1/2"], reward="1/3").mdp, lanes(["1/2"]).expert) == rational("1/3")
    assert named("hidden_stakes", later="1/2").game.r[0, 1, 2] == rational("1/2")


@pytest.mark.parametrize("H", [1, 4])
def test_pennies_attain_the_constant_two(H):
    m = matching_pennies(H)
    mistakes = measure.deviation_error(m.game, m.expert, m.learner) * H
    assert measure.regret_gap(m.game, m.expert, m.learner) == measure.recoverability(m.game, m.expert) * mistakes * 2


@pytest.mark.parametrize("S", [1, 2, 5])
def test_every_state_of_a_corridor_is_doomed_a_step_later_than_the_next(S):
    for k in range(S):
        assert measure.tube(corridor(S).problem, steps=k).sum() == k + 1
    assert measure.tube(corridor(S).problem).sum() == S


def test_a_policy_on_the_tree_has_the_law_that_it_is_made_for():
    law = Simplex(to="L").round(np.array([0.5, 0, 0.25, 0.25, 0, 0, 0, 0]), 8)
    policy = policy_of_leaf_law(law, 2, 3)
    assert (leaf_law(measure.occupancy(tree(2, 3).mdp, policy)) == law).all_yes()


@pytest.mark.parametrize(("H", "b"), [(2, "1/2"), (4, "1/4"), (6, "1/10")])
def test_the_share_that_rare_pennies_attain(H, b):
    """Of 2 u H e / b; if the learner strays, it tends to 1 with H."""
    for strays, share in ((False, (1 + rational(b)) / 2), (True, (H - 1) / (H - 1 + 2 / rational(b)))):
        m = rare_pennies(H, b, strays)
        mistakes = measure.cloning_error(m.game, m.expert, m.learner).sum()
        bound = measure.recoverability(m.game, m.expert) * mistakes * 2 / rational(b)
        assert measure.regret_gap(m.game, m.expert, m.learner) == bound * share


def test_moulin_and_vial_s_mediator_is_coarse_and_not_correlated():
    m = moulin_vial(4)
    assert measure.regret(m.game, m.mediator, "coarse").max() == 0
    assert measure.regret(m.game, m.mediator, "swap").max() == 2
    apart = moulin_vial(4, correlated=False)
    assert measure.regret(apart.game, apart.mediator, "coarse").max() > 0


def test_the_race_is_won_half_of_the_time():
    assert measure.avoid_probability(race().problem)[0] == rational("1/2")


@pytest.mark.parametrize(("hidden", "imagined"), [(0, 0), ("1/2", "1/2"), (1, 0), (0, 1)])
def test_a_mirage_errs_at_the_fork_alone(hidden, imagined):
    m = mirage(4, hidden, imagined)
    assert measure.value_gap(m.mdp, m.expert, m.learner) == 3
    errors = [measure.transition_error(m.mdp, m.model, policy).sum() for policy in (m.expert, m.learner)]
    assert [error.lower[()] for error in errors] == [rational(hidden), rational(imagined)]


def test_a_road_with_turn_offs_pays_a_half_until_it_is_left():
    m = turnoffs(4, 3)
    assert measure.value(m.mdp, m.expert) == 2
    assert measure.optimal_value(m.mdp)[0, 0] == 2
    assert measure.optimal_value(m.mdp)[0, 1] == 0
