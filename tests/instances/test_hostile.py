"""Truncated, altered, foreign and malicious files: each is refused quickly, with its name, its line and a reason."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.refusal import refusal

from mdpkit.base.errors import InvalidModel
from mdpkit.instances import load, save
from mdpkit.instances._lines import LONGEST
from mdpkit.model import MDP, Discounted, Finite, MarkovGame

HORIZON = Discounted("9/10")


TRA = "2 3 4\n0 0 0 1/2\n0 0 1 1/2\n0 1 1 1\n1 0 1 1\n"
DRN = """// a comment
@type: MDP
@parameters

@reward_models
reward
@nr_states
2
@nr_choices
3
@model
state 0 init
	action go [1]
		0 : 1/2
		1 : 1/2
	action stay [0]
		0 : 1
state 1 done
	action go [5/2]
		1 : 1
"""
NFG = 'NFG 1 R "a game" { "1" "2" } { { "a" "b" } { "x" "y" } }\n\n1 2\n3 4\n5 6\n7 8\n'
WHOLE = {"tra": TRA, "drn": DRN, "nfg": NFG}


def changed(text, before, after):
    assert text.count(before) >= 1
    return text.replace(before, after, 1)


LINES = {
    "counts beyond the file": (
        "tra",
        changed(TRA, "2 3 4", "1000000000 3 4"),
        "of 1000000000 states 2 have a transition",
    ),
    "counts beyond all numbers": (
        "tra",
        changed(TRA, "2 3 4", "9" * 5000 + " 3 4"),
        "line 1: a number in the header is '9999",
    ),
    "negative count": (
        "tra",
        changed(TRA, "2 3 4", "-2 3 4"),
        "line 1: a number in the header is '-2'; expected an integer of at least 0",
    ),
    "fewer transitions": ("tra", TRA.rsplit("\n", 2)[0], "of 2 states 1 have a transition"),
    "fewer choices than declared": (
        "tra",
        changed(TRA, "2 3 4", "2 4 4"),
        "line 1: the header says 4 choices; there are 3",
    ),
    "more transitions than declared": (
        "tra",
        changed(TRA, "2 3 4", "2 3 3"),
        "line 1: the header says 3 transitions; there are 4",
    ),
    "empty": ("tra", "", "line 1: '' is no header"),
    "header alone": ("tra", "0 0 0\n", "line 1: no transition follows"),
    "one number": (
        "tra",
        "2\n0 1 1\n1 1 1\n",
        "line 1: '2' is no header; expected the numbers of states, choices and transitions of",
    ),
    "a chain with choices": (
        "tra",
        "2 2\n0 0 1 1 go\n",
        "line 2: 5 parts are no transition; expected state, next state, probability",
    ),
    "fewer transitions of a chain": (
        "tra",
        "2 3\n0 1 1\n1 1 1\n",
        "line 1: the header says 3 transitions; there are 2",
    ),
    "rates": ("tra", "2 2\n0 1 3\n1 1 1\n", "line 2: the probability is '3'; expected a probability from 0 to 1"),
    "rates that could be probabilities": (
        "tra",
        "# Transitions (CTMC)\n2 2\n0 1 1\n1 1 1\n",
        "the comment at the top says 'CTMC', the header has 2 numbers; expected MDP above three numbers, or DTMC above two",
    ),
    "a chain that says it is none": (
        "tra",
        "# Transitions (MDP)\n2 2\n0 1 1\n1 1 1\n",
        "the comment at the top says 'MDP', the header has 2",
    ),
    "NaN": ("tra", changed(TRA, "1/2", "nan"), "line 2: the probability is 'nan'; expected a finite number"),
    "infinite": ("tra", changed(TRA, "1/2", "-inf"), "line 2: the probability is '-inf'"),
    "past float64": (
        "tra",
        changed(TRA, "1/2", "1e999"),
        "line 2: the probability is '1e999', past the largest float64",
    ),
    "endless exponent": (
        "tra",
        changed(TRA, "1/2", "1e-99999999999"),
        "line 2: the probability is '1e-99999999999'; expected",
    ),
    "denominator 0": ("tra", changed(TRA, "1/2", "1/0"), "line 2: the probability is '1/0'; expected a finite number"),
    "hexadecimal": ("tra", changed(TRA, "1/2", "0x1p-1"), "line 2: the probability is '0x1p-1'"),
    "other digits": ("tra", changed(TRA, "1/2", "\u0661/\u0662"), "line 2: the probability is '\u0661/\u0662'"),
    "negative probability": (
        "tra",
        changed(TRA, "1/2", "-1/2"),
        "line 2: the probability is '-1/2'; expected a probability from 0 to 1",
    ),
    "probability of 2": (
        "tra",
        changed(TRA, "1/2", "2"),
        "line 2: the probability is '2'; expected a probability from 0 to 1",
    ),
    "law of 3/4": (
        "tra",
        changed(TRA, "1/2", "1/4"),
        "line 2: the probabilities of state 0 and choice 0 sum to 3/4, not 1",
    ),
    "duplicate row": (
        "tra",
        changed(TRA, "0 0 1 1/2", "0 0 0 1/2"),
        "line 3: the transition from state 0 by choice 0 to 0 is listed",
    ),
    "state outside": ("tra", changed(TRA, "1 0 1 1", "1 0 2 1"), "line 5: the next state is 2; expected at most 1"),
    "choice that comes alone": (
        "tra",
        changed(TRA, "0 1 1 1", "0 999999 1 1"),
        "line 4: choice 999999 of state 0 comes without",
    ),
    "two names": (
        "tra",
        changed(TRA, "1/2\n0 0 1 1/2", "1/2 go\n0 0 1 1/2 stay"),
        "line 3: choice 0 of state 0 is called 'stay'",
    ),
    "short row": ("tra", changed(TRA, "1 0 1 1", "1 0 1"), "line 5: 3 parts are no transition"),
    "long row": ("tra", changed(TRA, "1 0 1 1", "1 0 1 1 go there"), "line 5: '1 0 1 1 go there' has 6 parts"),
    "a DRN file": ("tra", DRN, "line 1: a number in the header is '//'"),
    "a JSON file": ("tra", '{"mdpkit": "instance"}', "line 1: a number in the header is"),
    "a line without end": ("tra", "1 " * LONGEST, f"line 1: it has more than {LONGEST} bytes"),
    "control characters": (
        "tra",
        changed(TRA, "0 1 1 1", "0 1 1 1\x1b[2J"),
        "line 4: '0 1 1 1\\x1b[2J' holds a control character",
    ),
    "other type": ("drn", changed(DRN, "MDP", "CTMC"), "line 2: the type is CTMC; expected MDP or DTMC"),
    "a chain that chooses": (
        "drn",
        changed(DRN, "MDP", "DTMC"),
        "line 16: state 0 has a second action; expected one, as in every DTMC",
    ),
    "parameters": (
        "drn",
        changed(DRN, "@parameters\n", "@parameters\np q"),
        "line 4: there are parameters (p q); only problems without",
    ),
    "intervals": (
        "drn",
        changed(DRN, "@parameters", "@value_type: double-interval\n@parameters"),
        "line 3: the value type is double-",
    ),
    "unknown section": (
        "drn",
        changed(DRN, "@parameters", "@placeholders"),
        "line 3: '@placeholders' is none of the sections",
    ),
    "section twice": (
        "drn",
        changed(DRN, "@parameters", "@type: MDP"),
        "line 3: the section @type comes a second time",
    ),
    "no section": ("drn", "state 0\n" + DRN, "line 1: 'state 0' stands before any section"),
    "no model": ("drn", DRN.split("@model")[0], "the text ends before @model"),
    "no type": ("drn", changed(DRN, "@type: MDP\n", ""), "line 10: the section @type is missing"),
    "two reward models": (
        "drn",
        changed(DRN, "reward\n", "reward cost\n"),
        "line 6: there are 2 reward models (reward, cost); choose one",
    ),
    "two rewards": (
        "drn",
        changed(DRN, "[1]", "[1, 2]"),
        "line 13: '[1, 2]' has 2 rewards; expected 1, one for each reward model",
    ),
    "NaN reward": ("drn", changed(DRN, "[1]", "[NaN]"), "line 13: the reward is 'NaN'; expected a finite number"),
    "huge count of states": (
        "drn",
        changed(DRN, "\n2\n", "\n999999999999999999\n"),
        "says 999999999999999999 states; 2 are listed",
    ),
    "count of half": ("drn", changed(DRN, "\n3\n", "\n1.5\n"), "line 10: @nr_choices is '1.5'; expected an integer"),
    "unsorted": ("drn", changed(DRN, "state 0", "state 1"), "line 12: state 1 stands where state 0 is expected"),
    "state twice": ("drn", changed(DRN, "state 1", "state 0"), "line 18: state 0 stands where state 1 is expected"),
    "cut in a state": ("drn", DRN.split("action go [5/2]")[0], "of 2 states 1 have a transition"),
    "action outside": ("drn", changed(DRN, "state 0 init\n", ""), "line 12: 'action go [1]' is no choice of a state"),
    "transition outside": (
        "drn",
        changed(DRN, "\taction go [1]\n", ""),
        "line 13: '0 : 1/2' is no transition of an action",
    ),
    "action without transition": (
        "drn",
        changed(DRN, "\t\t0 : 1\n", ""),
        "line 17: before this line, state 0 has an action without",
    ),
    "rate": (
        "drn",
        changed(DRN, "state 0 init", "state 0 !0.5 init"),
        "line 12: 'state 0 !0.5 init' is no state of an MDP",
    ),
    "observation": (
        "drn",
        changed(DRN, "state 0 init", "state 0 {3} init"),
        "line 12: 'state 0 {3} init' is no state of an MDP",
    ),
    "no start": ("drn", changed(DRN, " init", ""), "no state is labelled init"),
    "huge next state": (
        "drn",
        changed(DRN, "0 : 1/2", "99999999999999 : 1/2"),
        "line 14: the next state is 99999999999999",
    ),
    "names of a stranger": ("drn", "// actions: [1, 2]\n" + DRN, "line 1: '[1, 2]' is no list of different names"),
    "names too few": ("drn", '// actions: ["go"]\n' + DRN, "the action 'stay' is none of the 1 in the comment"),
    "names too deep": ("drn", "// actions: " + "[" * 100_000 + "\n" + DRN, "line 1: '[[[["),
    "other version": ("nfg", changed(NFG, "NFG 1", "NFG 2"), "line 1: '2' stands where 1 is expected"),
    "a tree": ("nfg", changed(NFG, "NFG 1", "EFG 2"), "line 1: 'EFG' stands where NFG is expected"),
    "huge numbers of strategies": (
        "nfg",
        'NFG 1 R "" { "1" "2" } { 99999999 99999999 } 1 2',
        "contingencies are too many",
    ),
    "many players": (
        "nfg",
        'NFG 1 R "" { ' + '"" ' * 30 + "} { " + "2 " * 30 + "} 1",
        "1073741824 contingencies are too many",
    ),
    "no strategy": ("nfg", changed(NFG, '{ "x" "y" }', "{ }"), "line 1: player 2 has no strategy"),
    "a player too many": (
        "nfg",
        changed(NFG, '{ "1" "2" }', '{ "1" "2" "3" }'),
        "line 1: there are strategies for 2 players; expected 3",
    ),
    "truncated payoffs": ("nfg", NFG[:-4], "line 5: the file ends here; expected payoff 7 of 8"),
    "payoffs too many": ("nfg", NFG + "9", "line 7: '9' comes after the last of 4 contingencies"),
    "payoff of NaN": ("nfg", changed(NFG, "3 4", "nan 4"), "line 3: a payoff is 'nan'; expected a finite number"),
    "open text": ("nfg", changed(NFG, '"a game"', '"a game'), "is no whole text in quotes"),
    "text without end": ("nfg", 'NFG 1 R "a\n' + '\\"\n' * 20_000, "is no whole text in quotes"),
    "unknown outcome": (
        "nfg",
        NFG.split("\n")[0] + ' { { "o" 1, 2 } } 1 1 2 1',
        "line 1: an outcome is 2; expected at most 1",
    ),
}


@pytest.mark.parametrize(("ending", "text", "words"), LINES.values(), ids=LINES)
def test_a_wrong_text_is_refused_by_its_line(ending, text, words, tmp_path):
    path = tmp_path / f"x.{ending}"
    path.write_text(text, encoding="utf-8")
    said = refusal(path, horizon=HORIZON)
    assert said.startswith(f"{path}: ")
    assert words in said


def test_the_files_that_wrong_ones_were_made_from_are_read(tmp_path):
    for ending, text in WHOLE.items():
        (tmp_path / f"x.{ending}").write_text(text)
    by_tra, by_drn = (load(tmp_path / f"x.{ending}", horizon=HORIZON) for ending in ("tra", "drn"))
    assert by_tra.P[0, 0].tolist() == by_drn.P[0, 0].tolist()
    assert by_drn.action_names == ("go", "stay")
    assert [str(x) for x in by_drn.r.ravel()] == ["1", "0", "5/2", "0"]
    assert load(tmp_path / "x.nfg").actions == (2, 2)


BESIDE = {
    "label of no state": ("lab", '0="init"\n2: 0\n', "line 2: the state is 2; expected at most 1"),
    "no init": ("lab", '0="goal"\n0: 0\n', "no state is labelled init"),
    "no list of labels": ("lab", "init\n", "line 1: 'init' is no list of labels"),
    "labels without order": ("lab", '0="init"\n1: 0\n0: 0\n', "line 3: state 0 is labelled init after state 1"),
    "open declaration": ("lab", "#DECLARATION\ninit\n", "the text ends in the declaration of labels"),
    "rewards for other states": ("srew", "3 1\n0 1\n", "line 1: the header says 3 states; there are 2"),
    "rewards declared and missing": ("srew", "2 2\n0 1\n", "line 1: the header says 2 rewards; there are 1"),
    "reward twice": ("srew", "2 2\n0 1\n0 1\n", "line 3: the reward of state 0 is listed a second time"),
    "reward of NaN": ("srew", "2 1\n0 NaN\n", "line 2: the reward is 'NaN'"),
    "reward for no transition": (
        "trew",
        "2 3 1\n1 0 0 1\n",
        "line 2: there is no transition from state 1 by choice 0 to 0",
    ),
    "transition reward twice": (
        "trew",
        "2 3 2\n0 0 0 1\n0 0 0 1\n",
        "line 3: the reward from state 0 by choice 0 to 0 is listed a second",
    ),
    "variables without brackets": ("sta", "x,y\n0:(1,2)\n", "line 1: 'x,y' is no list of variables; expected (x,y)"),
    "a value too few": ("sta", "(x,y)\n0:(1)\n", "line 2: state 0 has 1 values; expected 2, one for each variable"),
    "valuation of no state": ("sta", "(x)\n2:(1)\n", "line 2: the state is 2; expected at most 1"),
    "valuation twice": ("sta", "(x)\n0:(1)\n0:(2)\n", "line 3: state 0 is listed a second time"),
    "no valuation": ("sta", "(x)\n0 = 1\n", "line 2: '0 = 1' is no state; expected 0:(1,2)"),
    "valuations too few": ("sta", "(x)\n0:(1)\n", "1 states are listed; expected 2"),
    "a state reward file": ("trew", "2 1\n0 1\n", "line 1: '2 1' has 2 parts; expected 3 or 4"),
    "empty": ("trew", "", "line 1: expected a header of three numbers"),
}


@pytest.mark.parametrize(("ending", "text", "words"), BESIDE.values(), ids=BESIDE)
def test_a_wrong_file_beside_a_tra_file_is_refused_by_its_own_name(ending, text, words, tmp_path):
    (tmp_path / "x.tra").write_text(TRA)
    (tmp_path / f"x.{ending}").write_text(text)
    said = refusal(tmp_path / "x.tra", horizon=HORIZON)
    assert said.startswith(f"{tmp_path / 'x'}.{ending}: ")
    assert words in said


@pytest.mark.parametrize("ending", [*WHOLE, "json"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("2 3 4\n".encode("utf-16"), "is no UTF-8"),
        (b"\x80\x04K\x03.", "is no UTF-8"),
        (b"2 3\xff", "byte 3 is no UTF-8"),
    ],
    ids=["utf-16", "pickle", "latin-1"],
)
def test_a_wrong_encoding_is_refused(ending, content, words, tmp_path):
    (tmp_path / f"x.{ending}").write_bytes(content)
    said = refusal(tmp_path / f"x.{ending}", horizon=HORIZON)
    assert words in said or "byte 3 is 0" in said


@pytest.mark.parametrize("ending", [*WHOLE, "json", "npz"])
def test_a_file_with_a_hole_larger_than_memory_is_refused(ending, tmp_path):
    with open(tmp_path / f"x.{ending}", "wb") as file:
        file.truncate(2**38)
    refusal(tmp_path / f"x.{ending}", horizon=HORIZON)


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.drn")
    for path in ("pipe.drn", "none.drn", "../../none.npz"):
        assert "missing; expected an instance file" in refusal(tmp_path / path)
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(3))
    assert "ends in .pkl; expected one of .json, .npz, .tra, .drn, .nfg" in refusal(tmp_path / "x.pkl")


def test_many_choices_of_one_state_make_no_large_table(tmp_path):
    S = 20_000
    rows = [*(f"0 {c} 0 1.0" for c in range(S)), *(f"{s} 0 0 1.0" for s in range(1, S))]
    (tmp_path / "x.tra").write_text(f"{S} {len(rows)} {len(rows)}\n" + "\n".join(rows))
    with pytest.raises(InvalidModel, match="the law of 20000 states and 20000 actions is too large"):
        load(tmp_path / "x.tra", horizon=HORIZON)


# ---- truncated and altered anywhere
@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


@pytest.mark.parametrize("ending", ["tra", "drn"])
@given(data=st.data())
def test_a_text_cut_anywhere_is_refused(ending, folder, data):
    text = WHOLE[ending].rstrip()
    cut = data.draw(st.integers(0, len(text) - 1))
    (folder / f"x.{ending}").write_text(text[:cut])
    with pytest.raises(InvalidModel):
        load(folder / f"x.{ending}", horizon=HORIZON)


def packed(thing, folder):
    save(thing, folder / "whole.npz")
    return (folder / "whole.npz").read_bytes()


THING = MDP(np.full((2, 1, 2), 0.5), np.zeros((2, 1)), horizon=Finite(3), mask=np.ones((2, 1), dtype=bool))


@pytest.mark.parametrize("ending", [*WHOLE, "npz"])
@given(data=st.data())
def test_a_file_altered_anywhere_is_refused_or_a_problem_and_nothing_else(ending, folder, data):
    whole = packed(THING, folder) if ending == "npz" else WHOLE[ending].encode()
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / f"x.{ending}").write_bytes(content)
    try:
        read = load(folder / f"x.{ending}", horizon=HORIZON)
    except InvalidModel as error:
        read = str(error)
    assert isinstance(read, MDP | MarkovGame) or read.startswith(f"{folder / 'x'}.{ending}: ")


@given(cut=st.integers(0, 10**6))
def test_an_archive_cut_anywhere_is_refused(cut, folder):
    whole = packed(THING, folder)
    (folder / "x.npz").write_bytes(whole[: cut % len(whole)])
    with pytest.raises(InvalidModel):
        load(folder / "x.npz")
