"""PRISM's explicit files: .tra, with .lab, .srew and .trew beside it.

The format is that of the PRISM manual, "Explicit model files". A .tra file starts with the numbers of states, choices and
transitions; a line `s c n p [action]` is one transition. Of the labels only `init` counts; without a .lab file episodes
start in state 0. Storm's dialect (the word `mdp` first, labels between #DECLARATION and #END) is read too.
"""

import re
from pathlib import Path

from ..base.errors import InvalidModel
from ..base.files import write_whole
from ..model import MDP
from ._choices import Choices, rows, started
from ._lines import about, lines, number, probability, refused, shown, whole, written

WORD = re.compile("[A-Za-z][A-Za-z0-9_]*")


def read(path: Path, horizon) -> MDP:
    """The decision process of a .tra file and the files beside it; rewards of a state count for each of its actions."""
    with about(path):
        choices = Choices()
        S = _transitions(path, choices)
    start = [0]
    for ending, take in ((".lab", _labels), (".srew", _state_rewards), (".trew", _transition_rewards)):
        beside = path.with_suffix(ending)
        if beside.is_file():
            with about(beside):
                start = take(beside, choices, S) or start
    with about(path):
        return choices.process(S, start, horizon)


def _entries(path, *allowed):
    """(line, tokens) of every line that is no comment."""
    for line, text in lines(path):
        if not text.startswith("#"):
            tokens = text.split()
            if len(tokens) not in allowed:
                expected = " or ".join(map(str, allowed))
                raise refused(line, f"{shown(text)} has {len(tokens)} parts; expected {expected}")
            yield line, tokens


def _transitions(path, choices):
    entries = _entries(path, 1, 2, 3, 4, 5)
    head, first = next(entries, (1, []))
    storm = [token.lower() for token in first] == ["mdp"]
    if len(first) != 3 and not storm:
        expected = "the numbers of states, choices and transitions of an MDP"
        raise refused(head, f"{shown(' '.join(first))} is no header; expected {expected}")
    told = None if storm else [whole(head, token, "a number in the header") for token in first]
    count = largest = 0
    for line, tokens in entries:
        if len(tokens) < 4:
            raise refused(line, f"{len(tokens)} parts are no transition; expected state, choice, next state, probability and action")
        s = whole(line, tokens[0], "the state", told and told[0])
        c = whole(line, tokens[1], "the choice")
        n = whole(line, tokens[2], "the next state", told and told[0])
        choices.add(line, s, c, n, probability(line, tokens[3], "the probability"))
        if len(tokens) == 5:
            choices.call(line, s, c, tokens[4])
        count, largest = count + 1, max(largest, s, n)
    if not count:
        raise refused(head, "no transition follows")
    S = told[0] if told else largest + 1
    listed = choices.count(S)
    if told:
        _agree(head, (("choices", told[1], listed), ("transitions", told[2], count)))
    return S


def _labels(path, choices, S):
    """The states labelled init."""
    found, init, declaring = [], None, None
    for line, text in lines(path):
        if text.upper() == "#DECLARATION" and init is None:
            declaring, init = True, "init"
        elif text.upper() == "#END" and declaring:
            declaring = False
        elif declaring:
            continue
        elif init is None:
            names = dict(re.findall(r'(\d+)="([^"]*)"', text))
            if " ".join(f'{k}="{name}"' for k, name in names.items()) != " ".join(text.split()):
                raise refused(line, f'{shown(text)} is no list of labels; expected 0="init" 1="deadlock" and so on')
            init = next((k for k, name in names.items() if name == "init"), "")
        else:
            state, *labels = (text.replace(":", " ", 1) if declaring is None else text).split()
            s = whole(line, state, "the state", S)
            if init in labels:
                if found and s <= found[-1]:
                    raise refused(line, f"state {s} is labelled init after state {found[-1]}; expected every state once, in order")
                found.append(s)
    if declaring:
        raise InvalidModel("the text ends in the declaration of labels; expected #END")
    if not found:
        raise InvalidModel("no state is labelled init")
    return found


def _state_rewards(path, choices, S):
    entries = _entries(path, 2)
    head, (states, told) = next(entries, (1, ["", ""]))
    _agree(head, (("states", whole(head, states, "the number of states"), S),))
    paid = {}
    for line, (state, token) in entries:
        s = whole(line, state, "the state", S)
        if s in paid:
            raise refused(line, f"the reward of state {s} is listed a second time")
        paid[s] = number(line, token, "the reward")
    _agree(head, (("rewards", whole(head, told, "the number of rewards"), len(paid)),))
    for s, c in choices.law:
        if s in paid:
            choices.flat[s, c] = [paid[s]]


def _transition_rewards(path, choices, S):
    entries = _entries(path, 3, 4)
    head, told = next(entries, (1, []))
    if len(told) != 3:
        raise refused(head, "expected a header of three numbers, of states, choices and rewards")
    states, listed, rewards = (whole(head, token, "a number in the header") for token in told)
    count = 0
    for line, tokens in entries:
        if len(tokens) != 4:
            raise refused(line, "expected state, choice, next state and reward")
        s, c, n = (whole(line, token, what) for token, what in zip(tokens, ("the state", "the choice", "the next state"), strict=False))
        if n not in choices.law.get((s, c), ()):
            raise refused(line, f"there is no transition from state {s} by choice {c} to {n} that a reward could be for")
        own = choices.after.setdefault((s, c), {})
        if n in own:
            raise refused(line, f"the reward from state {s} by choice {c} to {n} is listed a second time")
        own[n] = number(line, tokens[3], "the reward")
        count += 1
    _agree(head, (("states", states, S), ("choices", listed, len(choices.law)), ("rewards", rewards, count)))


def _agree(line, counts):
    for what, told, found in counts:
        if told != found:
            raise refused(line, f"the header says {told} {what}; there are {found}")


def write(mdp, path: Path):
    """Write a stationary decision process as .tra, .lab, .srew and .trew; each file is whole or not there.

    Rewards are written for every transition of their action. The horizon and the names of states are left out, and names of
    actions that are no word. Decimals are the shortest that read back as the same float64, rationals are written p/q.

    Raises: InvalidModel where the law varies with time, or episodes do not start in some states alike.
    """
    if not isinstance(mdp, MDP):
        raise InvalidModel(f"{path} can hold an MDP, got {mdp!r}")
    begun, listed = started(mdp), list(rows(mdp))
    law, paid, choice, last = [], [], -1, None
    for s, a, row in listed:
        choice, last = (choice + 1, s) if s == last else (0, s)
        label = _label(mdp, a)
        for n, p in row:
            law.append(f"{s} {choice} {n} {written(p)}{label}")
            paid.append(f"{s} {choice} {n} {written(mdp.r[s, a])}")
    sizes = f"{mdp.S} {len(listed)} {len(law)}"
    write_whole(path.with_suffix(".lab"), '0="init"\n' + "".join(f"{s}: 0\n" for s in begun))
    write_whole(path.with_suffix(".srew"), f"{mdp.S} 0\n")
    write_whole(path.with_suffix(".trew"), "\n".join([sizes, *paid]) + "\n")
    write_whole(path, "\n".join([sizes, *law]) + "\n")


def _label(mdp, a):
    if mdp.action_names is not None and all(map(WORD.fullmatch, mdp.action_names)):
        return f" {mdp.action_names[a]}"
    return "" if mdp.mask is None else f" _{a}"
