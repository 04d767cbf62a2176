"""Every format gives back what was put in, and agrees with the programs that it comes from."""

import json
from pathlib import Path

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import strategies
from mdpkit.base.arrays import floats, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import bundled, load, save
from mdpkit.instances._choices import DENSE
from mdpkit.model import MDP, Discounted, Finite, MarkovGame, TabularPolicy
from mdpkit.solve import solve

HORIZON = Discounted("9/10")


def renewed(mdp, **changes):
    fields = {"P": mdp.P, "r": mdp.r, "rho": mdp.rho, "horizon": mdp.horizon, "mask": mdp.mask, **changes}
    return MDP(fields.pop("P"), fields.pop("r"), fields.pop("rho"), **fields)


@st.composite
def problems(draw):
    """Problems that start in some states alike, masked or not, of both kinds."""
    mdp = draw(strategies.mdps(states=(1, 4), discounted=True))
    begun = draw(st.sets(st.integers(0, mdp.S - 1), min_size=1))
    mask = (
        np.array([[draw(st.booleans()) for _ in range(mdp.A)] for _ in range(mdp.S)]) if draw(st.booleans()) else None
    )
    if mask is not None:
        mask[:, 0] |= ~mask.any(axis=1)
        mask[0, -1] = True  # else nobody could tell that there is a last action
    rho = objects([fmpq(s in begun, len(begun)) for s in range(mdp.S)])
    mdp = renewed(mdp, rho=rho, horizon=HORIZON, mask=mask)
    return mdp if draw(st.booleans()) else mdp.to_float()


def back(thing, folder, ending, **options):
    save(thing, folder / f"x.{ending}")
    return load(folder / f"x.{ending}", **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("formats")


@pytest.mark.parametrize("ending", ["tra", "drn", "npz", "json"])
@given(mdp=problems())
def test_a_problem_comes_back_by_every_entry(ending, folder, mdp):
    assert back(mdp, folder, ending, horizon=HORIZON) == mdp


names = st.lists(st.text(max_size=8), min_size=4, max_size=4, unique=True)


@given(mdp=problems(), states=names, actions=names)
def test_names_come_back_from_drn_whatever_they_are(folder, mdp, states, actions):
    mdp = renewed(mdp, state_names=states[: mdp.S], action_names=actions[: mdp.A])
    assert back(mdp, folder, "drn", horizon=HORIZON) == mdp


@pytest.mark.parametrize(
    "actions", [["1", "0"], ["__NOLABEL__", "go"], ["a b", "[0]"], ["init", "state"], ["_1", "_0"]]
)
def test_names_that_look_like_something_else(actions, tmp_path):
    names = {"action_names": actions, "state_names": ['"', "//"]}
    mdp = MDP(
        objects([[[1, 0], [0, 1]], [[0, 1], [1, 0]]]),
        objects([[1, 2], [3, 4]]),
        objects([1, 0]),
        horizon=HORIZON,
        **names,
    )
    assert back(mdp, tmp_path, "drn", horizon=HORIZON) == mdp
    again = back(mdp, tmp_path, "tra", horizon=HORIZON)
    assert (again.r == mdp.r).all()


def test_words_come_back_from_prism_in_the_order_of_their_first_appearance(tmp_path):
    mask = np.array([[False, True], [True, True]])
    mdp = MDP(
        objects([[[0, 0], [0, 1]], [[1, 0], [0, 1]]]),
        objects([[0, 2], [3, 4]]),
        horizon=HORIZON,
        mask=mask,
        action_names=["a", "b"],
    )
    again = back(mdp, tmp_path, "tra", horizon=HORIZON)
    assert again.action_names == ("b", "a")
    assert (mdp.P[:, ::-1] == again.P).all()
    assert (again.r == mdp.r[:, ::-1]).all()
    assert (again.mask == mdp.mask[:, ::-1]).all()


@given(game=strategies.games(players=3, actions=(2, 3, 2), states=(1, 1), horizon=(1, 1)), exact=st.booleans())
def test_a_game_comes_back_from_nfg(folder, game, exact):
    one = MarkovGame(game.P[0], game.r[0], game.rho, horizon=Finite(1), actions=game.actions)
    if exact:
        assert back(one, folder, "nfg") == one
    else:
        assert back(one.to_float(), folder, "nfg").to_float() == one.to_float()


def test_what_a_format_cannot_say_is_refused_before_anything_is_written(tmp_path):
    lake = bundled("frozen_lake_4x4")
    uneven = renewed(lake, rho=objects(["1/3", "2/3"] + [0] * 14))
    timed = MDP(np.stack([lake.P] * 2), lake.r, lake.rho, horizon=Finite(2))
    two = MarkovGame(objects([[[1]]]), objects([[[1]]]), horizon=Finite(2), actions=(1,))
    for thing, ending, words in (
        (uneven, "drn", "rho is 1/3 in state 0 and 2/3 in state 1"),
        (uneven, "tra", "rho is 1/3 in state 0 and 2/3 in state 1"),
        (timed, "drn", "P or r varies with time"),
        (timed, "tra", "P or r varies with time"),
        (lake, "nfg", "can hold a MarkovGame, got MDP(S=16"),
        (two, "nfg", "a game of one state and one step"),
        (two, "drn", "can hold an MDP, got MarkovGame"),
        (two, "tra", "can hold an MDP, got MarkovGame"),
        (lake, "xml", "ends in .xml; expected one of .json, .npz, .tra, .drn, .nfg"),
        (3, "npz", "the thing is of type int"),
    ):
        with pytest.raises(InvalidModel) as refusal:
            save(thing, tmp_path / f"x.{ending}")
        assert words in str(refusal.value)
    assert not list(tmp_path.iterdir())


def test_a_horizon_is_demanded_where_there_is_none_and_replaced_where_there_is(tmp_path):
    lake = bundled("frozen_lake_4x4")
    for ending in ("tra", "drn"):
        save(lake, tmp_path / f"x.{ending}")
        with pytest.raises(InvalidModel, match=r"names no horizon; give one: load\(path, horizon="):
            load(tmp_path / f"x.{ending}")
    for ending in ("json", "npz"):
        assert back(lake, tmp_path, ending) == lake
        assert load(tmp_path / f"x.{ending}", horizon=Finite(3)).horizon == Finite(3)
    save(TabularPolicy([[1.0]]), tmp_path / "policy.json")
    with pytest.raises(InvalidModel, match="which has no horizon to replace"):
        load(tmp_path / "policy.json", horizon=Finite(3))
    with pytest.raises(InvalidModel, match=r"x\.json: gamma=0\.5 is a float while P is rational"):
        load(tmp_path / "x.json", horizon=Discounted(0.5))


def test_a_large_float_law_is_read_sparse_and_a_large_rational_one_refused(tmp_path):
    S = int(DENSE**0.5) + 1
    lines = [f"{s} 0 {(s + 1) % S}" for s in range(S)]
    (tmp_path / "x.tra").write_text(f"{S} {S} {S}\n" + "\n".join(f"{line} 1.0" for line in lines))
    mdp = load(tmp_path / "x.tra", horizon=HORIZON)
    assert (mdp.sparse, mdp.S, mdp.P.nnz) == (True, S, S)
    for ending in ("npz", "json", "tra", "drn"):
        assert back(mdp, tmp_path, ending, horizon=HORIZON) == mdp
    large = 2 * S + 1
    (tmp_path / "y.tra").write_text(f"{large} {large} {large}\n" + "\n".join(f"{s} 0 {s} 1" for s in range(large)))
    with pytest.raises(
        InvalidModel,
        match="too large: expected at most 4194304 entries; written as decimals they would be stored sparse",
    ):
        load(tmp_path / "y.tra", horizon=HORIZON)


def test_npz_is_the_same_bytes_every_time_and_holds_no_pickle(tmp_path):
    lake = bundled("frozen_lake_4x4").to_float()
    for name in ("a.npz", "b.npz"):
        save(lake, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        arrays = [archive[name] for name in archive.files if name.startswith("array")]
        head = json.loads(bytes(archive["header.json"]))
    assert head["content"]["MDP"]["state_names"][0] == "(0, 0)"
    assert any(array.shape == lake.P.shape and (array == lake.P).all() for array in arrays)


# ---- PRISM, by its manual
TRA = """4 5 7
0 0 1 0.25 go
0 0 2 0.75 go
0 1 0 1 stay
1 0 3 1 go
2 0 3 0.5 go
2 0 0 0.5 go
3 0 3 1 go
"""


def test_prism_files_are_read_as_the_manual_says(tmp_path):
    (tmp_path / "m.tra").write_text(TRA)
    (tmp_path / "m.lab").write_text('0="init" 1="deadlock" 2="goal"\n1: 0\n2: 0 2\n3: 2\n')
    (tmp_path / "m.srew").write_text("4 2\n# state rewards\n1 2.5\n2 1\n")
    (tmp_path / "m.trew").write_text("4 5 3\n0 0 1 8\n2 0 3 3\n2 0 0 3\n")
    mdp = load(tmp_path / "m.tra", horizon=HORIZON)
    assert mdp.action_names == ("go", "stay")
    assert mdp.mask.tolist() == [[True, True], [True, False], [True, False], [True, False]]
    assert mdp.P[0].tolist() == [[0, 0.25, 0.75, 0], [1, 0, 0, 0]]
    assert mdp.r.tolist() == [[2, 0], [2.5, 0], [4, 0], [0, 0]]
    assert mdp.rho.tolist() == [0, 0.5, 0.5, 0]
    (tmp_path / "m.lab").unlink()
    assert load(tmp_path / "m.tra", horizon=HORIZON).rho.tolist() == [1, 0, 0, 0]


# ---- several reward structures
ONE = "2 2 2\n0 0 1 1\n1 0 1 1\n"


@pytest.fixture
def paid_twice(tmp_path):
    """A process of two states with reward structures `time` (of states) and `fuel` (of states and of transitions)."""
    (tmp_path / "m.tra").write_text(ONE)
    (tmp_path / "m1.srew").write_text('# Reward structure "time"\n# State rewards\n2 2\n0 1\n1 2\n')
    (tmp_path / "m2.srew").write_text('# Reward structure "fuel"\n# State rewards\n2 1\n0 7\n')
    (tmp_path / "m2.trew").write_text('# Reward structure "fuel"\n# Transition rewards\n2 2 1\n1 0 1 3\n')
    return tmp_path / "m.tra"


def test_of_several_reward_structures_one_is_chosen_by_name_or_file(paid_twice):
    def paid(name):
        return load(paid_twice, horizon=HORIZON, rewards=name).r.ravel().tolist()

    assert paid("time") == paid("m1") == [1, 2]
    assert paid("fuel") == paid("m2") == [7, 3]


def test_without_a_choice_among_reward_structures_their_names_are_listed(paid_twice):
    for name, words in (
        (None, r"m\.tra: there are 2 reward structures \(time \(m1\), fuel \(m2\)\); choose one by rewards=NAME"),
        ("speed", r"no reward structures are called 'speed'; expected one of time \(m1\), fuel \(m2\)"),
    ):
        with pytest.raises(InvalidModel, match=words):
            load(paid_twice, horizon=HORIZON, rewards=name)


def test_one_numbered_reward_file_is_the_reward(paid_twice):
    for file in ("m2.srew", "m2.trew"):
        (paid_twice.parent / file).unlink()
    assert load(paid_twice, horizon=HORIZON).r.ravel().tolist() == [1, 2]


def test_reward_structures_without_a_name_are_called_as_their_files(paid_twice):
    (paid_twice.parent / "m.srew").write_text("2 1\n0 5\n")
    with pytest.raises(InvalidModel, match=r"\(m, time \(m1\), fuel \(m2\)\)"):
        load(paid_twice, horizon=HORIZON)
    assert load(paid_twice, horizon=HORIZON, rewards="m").r.ravel().tolist() == [5, 0]


def test_numbered_files_of_another_process_are_not_read(paid_twice):
    for number in (1, 2):
        (paid_twice.parent / f"m{number}.tra").write_text(ONE)
    assert not load(paid_twice, horizon=HORIZON).r.any()
    assert load(paid_twice.parent / "m1.tra", horizon=HORIZON).r.any()


def test_two_names_for_one_reward_structure_are_refused(paid_twice):
    (paid_twice.parent / "m2.trew").write_text('# Reward structure "time"\n2 2 1\n1 0 1 3\n')
    with pytest.raises(
        InvalidModel, match=r"m2\.srew and m2\.trew name the reward structures fuel, time; expected one name"
    ):
        load(paid_twice, horizon=HORIZON)


def test_a_name_is_refused_where_rewards_have_none(tmp_path):
    lake = bundled("frozen_lake_4x4")
    save(lake, tmp_path / "x.json")
    with pytest.raises(InvalidModel, match="has no named rewards, so none is called 'time'"):
        load(tmp_path / "x.json", rewards="time")
    (tmp_path / "m.tra").write_text(ONE)
    with pytest.raises(InvalidModel, match="no reward structures are called 'time'; there is no reward structure"):
        load(tmp_path / "m.tra", horizon=HORIZON, rewards="time")


def test_of_several_storm_reward_models_one_is_chosen_by_name(tmp_path):
    head = "@type: MDP\n@parameters\n\n@reward_models\ntime fuel\n@nr_states\n1\n@nr_choices\n1\n@model\n"
    (tmp_path / "x.drn").write_text(head + "state 0 [1, 2] init\n\taction 0 [1/2, 0]\n\t\t0 : 1\n")
    assert load(tmp_path / "x.drn", horizon=HORIZON, rewards="time").r[0, 0] == fmpq(3, 2)
    assert load(tmp_path / "x.drn", horizon=HORIZON, rewards="fuel").r[0, 0] == 2
    for name, words in (
        (None, r"2 reward models \(time, fuel\); choose one"),
        ("x", "called 'x'; expected one of time, fuel"),
    ):
        with pytest.raises(InvalidModel, match=words):
            load(tmp_path / "x.drn", horizon=HORIZON, rewards=name)


# ---- PRISM since 4.9, valuations, Markov chains
def test_comments_at_the_top_of_every_prism_file_are_passed_over(tmp_path):
    (tmp_path / "m.tra").write_text(
        "# Transitions (MDP)\n3 4 5\n0 0 1 0.5 a\n0 0 2 0.5 a\n0 1 0 1 b\n1 0 1 1 c\n2 0 2 1 c\n"
    )
    (tmp_path / "m.lab").write_text('# Labels\n0="init" 1="deadlock" 2="goal"\n0: 0\n1: 2\n')
    (tmp_path / "m.srew").write_text('# Reward structure "time"\n# State rewards\n3 1\n1 1\n')
    mdp = load(tmp_path / "m.tra", horizon=Finite(3), rewards="time")
    assert mdp.rho.tolist() == [1, 0, 0]
    assert abs(solve(mdp).value[0, 0].mid - 1) < 1e-9, (
        "by a, state 1 is reached with probability 1/2 and pays in two steps"
    )


def test_the_valuations_of_a_sta_file_are_the_names_of_the_states(tmp_path):
    (tmp_path / "m.tra").write_text(ONE)
    (tmp_path / "m.sta").write_text("# Variables\n(x,up)\n0:(0,true)\n1:(3,false)\n")
    mdp = load(tmp_path / "m.tra", horizon=HORIZON)
    assert mdp.state_names == ("x=0,up=true", "x=3,up=false")
    assert back(mdp, tmp_path, "tra", horizon=HORIZON) == mdp
    assert (tmp_path / "x.sta").read_text() == "(x,up)\n0:(0,true)\n1:(3,false)\n"


def test_what_would_be_read_with_a_file_is_not_left_beside_it(tmp_path):
    lake = bundled("frozen_lake_4x4")
    for name in ("x.sta", "x1.srew"):
        (tmp_path / name).write_text("")
        with pytest.raises(InvalidModel, match=f"there is {name}, which would be read with it; remove it"):
            save(lake, tmp_path / "x.tra")
        assert [file.name for file in tmp_path.iterdir()] == [name]
        (tmp_path / name).unlink()


CHAINS = {
    "tra": "2 3\n0 0 1/2\n0 1 1/2\n1 1 1\n",
    "tra of PRISM 4.9": "# Transitions (DTMC)\n2 3\n0 0 1/2 a\n0 1 1/2 b\n1 1 1 c\n",
    "tra of Storm": "dtmc\n0 0 1/2\n0 1 1/2\n1 1 1\n",
    "drn": "@type: DTMC\n@parameters\n\n@reward_models\nc\n@nr_states\n2\n@nr_choices\n2\n@model\nstate 0 [0] init\n\taction a [1/2]\n"
    "\t\t0 : 1/2\n\t\t1 : 1/2\nstate 1 [0]\n\taction b [0]\n\t\t1 : 1\n",
}


@pytest.mark.parametrize("kind", CHAINS)
def test_a_markov_chain_is_read_as_a_process_of_one_action_and_that_is_logged(kind, tmp_path, caplog):
    """A reward of 1 on the step from state 0 to itself: 1/2 a step while there, so 1/2 / (1 - 2/3 1/2) = 3/4."""
    path = tmp_path / f"x.{kind.split()[0]}"
    path.write_text(CHAINS[kind])
    if "tra" in kind:
        (tmp_path / "x.trew").write_text("2 1\n0 0 1\n")
    with caplog.at_level("INFO", "mdpkit"):
        mdp = load(path, horizon=Discounted("2/3"))
    assert (mdp.S, mdp.A, mdp.mask) == (2, 1, None)
    assert solve(mdp).value.lower.tolist() == [fmpq(3, 4), 0]
    assert caplog.messages == [f"{path}: a Markov chain is read as an MDP of one action a state"]


def test_a_stale_reward_file_is_written_over(tmp_path):
    (tmp_path / "x.srew").write_text("16 1\n3 7\n")
    lake = bundled("frozen_lake_4x4")
    assert (back(lake, tmp_path, "tra", horizon=HORIZON).r == lake.r).all()


def test_one_fraction_makes_the_decimals_rational(tmp_path):
    (tmp_path / "m.tra").write_text(TRA.replace("0.5", "1/2"))
    assert load(tmp_path / "m.tra", horizon=HORIZON).P[0, 0].tolist() == [0, fmpq(1, 4), fmpq(3, 4), 0]


# ---- Storm
@pytest.fixture
def storm():
    return pytest.importorskip("stormpy", exc_type=ImportError)


def storms_value(storm, model, formula):
    """What Storm computes for every state, by its own sound bounds or exactly."""
    found = storm.model_checking(model, storm.parse_properties(formula)[0])
    return [found.get_value(s) for s in range(model.nr_states)]


@pytest.mark.parametrize("name", ["frozen_lake_4x4", "cliff_walking"])
def test_storm_finds_the_value_of_what_we_write(name, storm, tmp_path):
    problem = renewed(bundled(name), horizon=Finite(12))
    save(problem, tmp_path / "x.drn")
    model = storm.build_model_from_drn[storm.Rational](str(tmp_path / "x.drn"))
    theirs = storms_value(storm, model, 'R{"reward"}max=? [C<=12]')
    assert [str(x) for x in theirs] == [str(x) for x in solve(problem).value.lower[0]]
    save(problem.to_float(), tmp_path / "x.drn")
    model = storm.build_model_from_drn[float](str(tmp_path / "x.drn"))
    theirs = storms_value(storm, model, 'R{"reward"}max=? [C<=12]')
    assert np.abs(np.array(theirs) - solve(problem).value.mid[0]).max() < 1e-9


@pytest.mark.parametrize("name", ["frozen_lake_4x4", "cliff_walking"])
def test_storm_finds_the_discounted_value_of_what_we_write(name, storm, tmp_path):
    problem = renewed(bundled(name), horizon=HORIZON)
    save(problem.to_float(), tmp_path / "x.drn")
    model = storm.build_model_from_drn[float](str(tmp_path / "x.drn"))
    theirs = storms_value(storm, model, 'R{"reward"}max=? [Cdiscount=9/10]')
    assert np.abs(np.array(theirs) - solve(problem).value.mid).max() < 1e-4  # their precision is 1e-6, relative


def storms_example(storm, folder, ending):
    return Path(storm.__file__).parent / "examples" / "files" / folder / ending


@pytest.mark.parametrize("name", ["two_dice", "tiny_rewards", "slipgrid"])
def test_what_storm_writes_of_its_own_examples_is_read_with_the_same_value(name, storm, tmp_path):
    program = storm.parse_prism_program(str(storms_example(storm, "mdp", f"{name}.nm")))
    model = storm.build_model(program)
    storm.io.export_to_drn(model, str(tmp_path / "x.drn"))
    mdp = load(tmp_path / "x.drn", horizon=Finite(8))
    assert (mdp.S, int(mdp.available.sum())) == (model.nr_states, model.nr_choices)
    assert np.flatnonzero(mdp.rho).tolist() == list(model.initial_states)
    if model.reward_models:
        reward = next(iter(model.reward_models))
        theirs = storms_value(storm, model, f'R{{"{reward}"}}max=? [C<=8]' if reward else "Rmax=? [C<=8]")
        assert np.abs(np.array(theirs) - solve(mdp).value.mid[0]).max() < 1e-7


@pytest.mark.parametrize("name", ["die", "leader3_5"])
def test_a_markov_chain_that_storm_writes_is_read_with_the_same_value(name, storm, tmp_path):
    model = storm.build_model(storm.parse_prism_program(str(storms_example(storm, "dtmc", f"{name}.pm"))))
    storm.io.export_to_drn(model, str(tmp_path / "x.drn"))
    chain = load(tmp_path / "x.drn", horizon=Finite(8))
    assert (chain.S, chain.A, chain.mask) == (model.nr_states, 1, None)
    theirs = storms_value(storm, model, "R=? [C<=8]")
    assert np.abs(np.array(theirs) - solve(chain).value.mid[0]).max() < 1e-7


TWO_REWARDS = """mdp
module walk
  x : [0..2] init 0;
  [go] x < 2 -> 0.5 : (x' = x + 1) + 0.5 : (x' = x);
  [stay] true -> (x' = x);
endmodule
rewards "time" x < 2 : 1; endrewards
rewards "fuel" [go] true : 2; endrewards
"""


@pytest.mark.parametrize("name", ["time", "fuel"])
def test_of_the_reward_models_that_storm_writes_the_chosen_one_has_its_value(name, storm, tmp_path):
    (tmp_path / "x.nm").write_text(TWO_REWARDS)
    model = storm.build_model(storm.parse_prism_program(str(tmp_path / "x.nm")))
    storm.io.export_to_drn(model, str(tmp_path / "x.drn"))
    mdp = load(tmp_path / "x.drn", horizon=Finite(4), rewards=name)
    theirs = storms_value(storm, model, f'R{{"{name}"}}max=? [C<=4]')
    assert np.abs(np.array(theirs) - solve(mdp).value.mid[0]).max() < 1e-7


@pytest.mark.parametrize("name", ["two_dice", "leader4"])
def test_storms_dialect_of_prism_files_is_read_as_storm_reads_it(name, storm, tmp_path):
    law, labels = (storms_example(storm, ending, f"{name}.{ending}") for ending in ("tra", "lab"))
    for file in (law, labels):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    mdp = load(tmp_path / law.name, horizon=Finite(3))
    model = storm.build_model_from_explicit(str(law), str(labels))
    assert (mdp.S, int(mdp.available.sum())) == (model.nr_states, model.nr_choices)
    ours = mdp.P.toarray() if mdp.sparse else floats(mdp.P).reshape(-1, mdp.S)
    ours = ours[mdp.available.ravel()]
    for row in range(model.nr_choices):
        theirs = {entry.column: entry.value for entry in model.transition_matrix.get_row(row)}
        assert theirs == {int(n): float(ours[row, n]) for n in np.flatnonzero(ours[row])}
    assert np.flatnonzero(mdp.rho).tolist() == list(model.initial_states)


# ---- Gambit
@pytest.fixture
def gambit():
    return pytest.importorskip("pygambit", exc_type=ImportError)


def payoffs(game):
    """Gambit's tables as texts, one a player."""
    return [[str(x) for x in table.ravel()] for table in game.to_arrays()]


def test_gambit_reads_what_we_write(gambit, tmp_path):
    r = objects([[[1, "1/2", 3, 4, 5, 6]], [[0, -1, "2/7", 8, 9, 10]]])
    game = MarkovGame(objects([[[1]] * 6]), r, horizon=Finite(1), actions=(2, 3))
    save(game, tmp_path / "x.nfg")
    assert payoffs(gambit.read_nfg(str(tmp_path / "x.nfg"))) == [[str(x) for x in row] for row in r[:, 0]]


def test_we_read_gambits_own_games(gambit):
    files = sorted((Path(gambit.__file__).parent / "catalog_data").rglob("*.nfg"))
    assert len(files) > 4
    for file in files:
        game, theirs = load(file), gambit.read_nfg(str(file))
        assert len(theirs.players) == game.players
        assert [[str(x) for x in row] for row in game.r[:, 0]] == payoffs(theirs)


def test_games_by_outcomes_are_read_as_gambit_reads_them(gambit, tmp_path):
    text = 'NFG 1 R "say \\"hi\\"" { "1" "2" } { { "a" "b" } { "x" "y" } } "comment"\n{ { "o" 1, 2 } { "p" 3/4 .5 } }\n1 2\n0 1\n'
    (tmp_path / "x.nfg").write_text(text)
    game = load(tmp_path / "x.nfg")
    assert [[str(x) for x in row] for row in game.r[:, 0]] == payoffs(gambit.read_nfg(str(tmp_path / "x.nfg")))
    assert game.r[0, 0].tolist() == [1, 0, fmpq(3, 4), 1]


def test_a_decimal_payoff_is_the_rational_that_it_writes(tmp_path):
    """In float64 0.1 + 0.2 is not 0.3, and the tie that makes both columns best would vanish."""
    (tmp_path / "x.nfg").write_text('NFG 1 R "" { "1" "2" } { 2 2 }\n\n0.1 0.1 0.3 0.0 0.0 0.3 0.2 2e-1\n')
    game = load(tmp_path / "x.nfg")
    assert game.r[0, 0].tolist() == [fmpq(1, 10), 0, fmpq(3, 10), fmpq(1, 5)]
    assert game.exact
    assert solve(game).value.lower[0, 0, 0] == fmpq(1, 5)
