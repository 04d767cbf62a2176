"""PRISM's explicit files: .tra, with .lab, .sta, .srew and .trew beside it.

The format is that of the PRISM manual, "Explicit model files". A .tra file of an MDP starts with the numbers of states,
choices and transitions; a line `s c n p [action]` is one transition. That of a Markov chain (a DTMC) starts with the
numbers
of states and transitions and has no choices: it is an MDP with one action per state. Of the labels only `init` counts;
without a .lab file episodes start in state 0. The valuations of a .sta file are the names of the states, such as
`x=1,y=2`.

Beside m.tra the files m.srew and m.trew hold one reward structure; where there are several, PRISM numbers them: m1.srew
and m1.trew, m2.srew and m2.trew, and so on. A structure is called by the name that a comment in its files gives, or as
its files are ("m1"). Numbered files belong to m.tra unless there is an m1.tra for them.

Storm's dialect (the word `mdp` or `dtmc` first, labels between #DECLARATION and #END) is read too.
"""

import logging
import re
from pathlib import Path

from ..base.errors import InvalidModel
from ..base.files import write_whole
from ..model import MDP
from ._choices import Choices, choose, rows, start_states
from ._lines import abbreviate, about, lines, number, probability, refusal, whole, write_number

LOG = logging.getLogger(__name__)

WORD = re.compile("[A-Za-z][A-Za-z0-9_]*")
VALUATION = re.compile(r"[A-Za-z_]\w*=[^\s,=()#]+(,[A-Za-z_]\w*=[^\s,=()#]+)*")
"""State names that a .sta file can hold."""
KIND = re.compile(r"#\s*Transitions\s*\((.*)\)")
STRUCTURE = re.compile(r'#\s*Reward structure[^"]*"(.*)"')


def read(path: Path, horizon, rewards=None) -> MDP:
    """Read a decision process from a .tra file and its companion files; a state reward is added to each of its actions.

    Args: rewards: name of the reward structure to use, required if there are several.
    """
    with about(path):
        choices = Choices()
        S, chain = _transitions(path, choices)
        groups = _reward_files(path)
    structures = [(_names(stem, files), files) for stem, files in groups.items()]
    with about(path):
        which = choose([names for names, _ in structures], rewards, "reward structure")
    beside = {ending: path.with_suffix(ending) for ending in (".lab", ".sta") if path.with_suffix(ending).is_file()}
    files = {**beside, **({} if which is None else structures[which][1])}
    start, names = [0], None
    for ending, file in files.items():
        with about(file):
            if ending == ".lab":
                start = _labels(file, S)
            elif ending == ".sta":
                names = _valuations(file, S)
            elif ending == ".srew":
                _state_rewards(file, choices, S)
            else:
                _transition_rewards(file, choices, S, chain)
    with about(path):
        problem = choices.process(S, start, horizon, names)
    if chain:
        LOG.info("%s: a Markov chain is read as an MDP of one action a state", path)
    return problem


def _reward_files(path) -> dict:
    """Files of each reward structure of a .tra file, by extension; structures are ordered and keyed by file stem."""
    numbered, found = re.compile(re.escape(path.stem) + "([0-9]*)"), {}
    for file in path.parent.iterdir():
        belongs = numbered.fullmatch(file.stem)
        foreign = file.stem != path.stem and file.with_suffix(path.suffix).is_file()
        if belongs and not foreign and file.suffix in (".srew", ".trew") and file.is_file():
            found.setdefault((int(belongs[1] or 0), file.stem), {})[file.suffix] = file
    return {stem: dict(sorted(files.items())) for (_, stem), files in sorted(found.items())}


def _names(stem, files) -> tuple:
    """Accepted names of a reward structure: the name given in its files, and their stem."""
    names = {_find_comment(file, STRUCTURE) for file in files.values()} - {None, ""}
    if len(names) > 1:
        raise InvalidModel(
            f"{stem}.srew and {stem}.trew name the reward structures {', '.join(sorted(names))}; expected one name"
        )
    return *names, stem


def _find_comment(path, pattern) -> str | None:
    """Match of a pattern in the leading comments of a file, or None."""
    with about(path):
        for _, text in lines(path):
            if not text.startswith("#"):
                return None
            if found := pattern.match(text):
                return found[1]
    return None


def _entries(path, *allowed):
    """Yield (line, tokens) of every line that is not a comment."""
    for line, text in lines(path):
        if not text.startswith("#"):
            tokens = text.split()
            if len(tokens) not in allowed:
                expected = " or ".join(map(str, allowed))
                raise refusal(line, f"{abbreviate(text)} has {len(tokens)} parts; expected {expected}")
            yield line, tokens


def _transitions(path, choices):
    """Read transitions; returns the number of states and whether it is a Markov chain."""
    entries = _entries(path, 1, 2, 3, 4, 5)
    head, first = next(entries, (1, []))
    storm = len(first) == 1 and first[0].lower() in ("mdp", "dtmc")
    if len(first) not in (2, 3) and not storm:
        expected = "the numbers of states, choices and transitions of an MDP, or of states and transitions of a Markov chain (DTMC)"
        raise refusal(head, f"{abbreviate(' '.join(first))} is no header; expected {expected}")
    declared = None if storm else [whole(head, token, "a number in the header") for token in first]
    chain = first[0].lower() == "dtmc" or len(first) == 2
    kind = _find_comment(path, KIND)
    if kind not in (None, "DTMC" if chain else "MDP"):
        expected = "MDP above three numbers, or DTMC above two"
        raise InvalidModel(
            f"the comment at the top says {abbreviate(kind)}, the header has {len(first)} numbers; expected {expected}"
        )
    parts = ("state", "next state", "probability") if chain else ("state", "choice", "next state", "probability")
    count = largest = 0
    for line, tokens in entries:
        if not len(parts) <= len(tokens) <= len(parts) + 1:
            raise refusal(line, f"{len(tokens)} parts are no transition; expected {', '.join(parts)} and action")
        # a chain's transitions may have actions, which choose nothing
        s, c, n, p, *label = (tokens[0], "0", *tokens[1:3]) if chain else tokens
        s = whole(line, s, "the state", declared and declared[0])
        c = whole(line, c, "the choice")
        n = whole(line, n, "the next state", declared and declared[0])
        choices.add(line, s, c, n, probability(line, p, "the probability"))
        if label:
            choices.call(line, s, c, *label)
        count, largest = count + 1, max(largest, s, n)
    if not count:
        raise refusal(head, "no transition follows")
    S = declared[0] if declared else largest + 1
    listed = choices.count(S)
    if declared:
        _agree(head, (*([] if chain else [("choices", declared[1], listed)]), ("transitions", declared[-1], count)))
    return S, chain


def _valuations(path, S):
    """State names made of the variables' values; None if there are no variables."""
    text = ((line, words) for line, words in lines(path) if not words.startswith("#"))
    head, first = next(text, (1, ""))
    if not re.fullmatch(r"\([^()]*\)", first):
        raise refusal(head, f"{abbreviate(first)} is no list of variables; expected (x,y) and so on")
    variables, names = _split_list(first), {}
    for line, words in text:
        found = re.fullmatch(r"([^:\s]+)\s*:\s*(\([^()]*\))", words)
        if found is None:
            raise refusal(line, f"{abbreviate(words)} is no state; expected 0:(1,2) and so on")
        s, values = whole(line, found[1], "the state", S), _split_list(found[2])
        if len(values) != len(variables):
            raise refusal(line, f"state {s} has {len(values)} values; expected {len(variables)}, one for each variable")
        if s in names:
            raise refusal(line, f"state {s} is listed a second time")
        names[s] = ",".join(f"{x}={value}" for x, value in zip(variables, values, strict=True))
    if len(names) != S:
        raise InvalidModel(f"{len(names)} states are listed; expected {S}")
    return [names[s] for s in range(S)] if variables else None


def _split_list(text):
    """Comma-separated parts between brackets."""
    inner = text[1:-1].strip()
    return [part.strip() for part in inner.split(",")] if inner else []


def _labels(path, S):
    """States labelled init."""
    found, init, declaring = [], None, None
    for line, text in lines(path):
        if text.upper() == "#DECLARATION" and init is None:
            declaring, init = True, "init"
        elif text.upper() == "#END" and declaring:
            declaring = False
        elif declaring or text.startswith("#"):
            continue
        elif init is None:
            names = dict(re.findall(r'(\d+)="([^"]*)"', text))
            if " ".join(f'{k}="{name}"' for k, name in names.items()) != " ".join(text.split()):
                raise refusal(
                    line, f'{abbreviate(text)} is no list of labels; expected 0="init" 1="deadlock" and so on'
                )
            init = next((k for k, name in names.items() if name == "init"), "")
        else:
            state, *labels = (text.replace(":", " ", 1) if declaring is None else text).split()
            s = whole(line, state, "the state", S)
            if init in labels:
                if found and s <= found[-1]:
                    raise refusal(
                        line, f"state {s} is labelled init after state {found[-1]}; expected every state once, in order"
                    )
                found.append(s)
    if declaring:
        raise InvalidModel("the text ends in the declaration of labels; expected #END")
    if not found:
        raise InvalidModel("no state is labelled init")
    return found


def _state_rewards(path, choices, S):
    entries = _entries(path, 2)
    head, (states, declared) = next(entries, (1, ["", ""]))
    _agree(head, (("states", whole(head, states, "the number of states"), S),))
    paid = {}
    for line, (state, token) in entries:
        s = whole(line, state, "the state", S)
        if s in paid:
            raise refusal(line, f"the reward of state {s} is listed a second time")
        paid[s] = number(line, token, "the reward")
    _agree(head, (("rewards", whole(head, declared, "the number of rewards"), len(paid)),))
    for s, c in choices.law:
        if s in paid:
            choices.flat[s, c] = [paid[s]]


def _transition_rewards(path, choices, S, chain):
    entries = _entries(path, 2, 3) if chain else _entries(path, 3, 4)
    head, declared = next(entries, (1, []))
    if len(declared) != (2 if chain else 3):
        expected = "two numbers, of states and rewards" if chain else "three numbers, of states, choices and rewards"
        raise refusal(head, f"expected a header of {expected}")
    states, *listed, rewards = (whole(head, token, "a number in the header") for token in declared)
    count = 0
    for line, tokens in entries:
        if len(tokens) != (3 if chain else 4):
            raise refusal(line, f"expected state, {'' if chain else 'choice, '}next state and reward")
        ends = (tokens[0], "0", tokens[1]) if chain else tokens[:3]
        s, c, n = (
            whole(line, token, what)
            for token, what in zip(ends, ("the state", "the choice", "the next state"), strict=True)
        )
        if n not in choices.law.get((s, c), ()):
            raise refusal(
                line, f"there is no transition from state {s} by choice {c} to {n} that a reward could be for"
            )
        own = choices.after.setdefault((s, c), {})
        if n in own:
            raise refusal(line, f"the reward from state {s} by choice {c} to {n} is listed a second time")
        own[n] = number(line, tokens[-1], "the reward")
        count += 1
    _agree(
        head,
        (
            ("states", states, S),
            *(("choices", declared, len(choices.law)) for declared in listed),
            ("rewards", rewards, count),
        ),
    )


def _agree(line, counts):
    for what, declared, found in counts:
        if declared != found:
            raise refusal(line, f"the header says {declared} {what}; there are {found}")


def write(mdp, path: Path):
    """Write a stationary decision process as .tra, .lab, .srew and .trew, each atomically.

    Rewards are written for every transition of their action. Names of states are written, as .sta, where all of them
    are valuations of the same variables, such as x=1,y=2. The horizon is left out, and names of actions that are no
    word. Decimals are the shortest that read back as the same float64, rationals are written p/q.

    Raises: InvalidModel where the law varies with time, episodes do not start in some states alike, or a file beside it
    would be read as a part of it: a .sta file that is not written over, or the numbered rewards of another problem.
    """
    if not isinstance(mdp, MDP):
        raise InvalidModel(f"{path} can hold an MDP, got {mdp!r}")
    begun, listed = start_states(mdp), list(rows(mdp))
    law, paid, choice, last = [], [], -1, None
    for s, a, row in listed:
        choice, last = (choice + 1, s) if s == last else (0, s)
        label = _label(mdp, a)
        for n, p in row:
            law.append(f"{s} {choice} {n} {write_number(p)}{label}")
            paid.append(f"{s} {choice} {n} {write_number(mdp.r[s, a])}")
    sizes = f"{mdp.S} {len(listed)} {len(law)}"
    states = _states(mdp)
    _refuse_strangers(path, states)
    if states is not None:
        write_whole(path.with_suffix(".sta"), states)
    write_whole(path.with_suffix(".lab"), '0="init"\n' + "".join(f"{s}: 0\n" for s in begun))
    write_whole(path.with_suffix(".srew"), f"{mdp.S} 0\n")
    write_whole(path.with_suffix(".trew"), "\n".join([sizes, *paid]) + "\n")
    write_whole(path, "\n".join([sizes, *law]) + "\n")


def _states(mdp) -> str | None:
    """Text of a .sta file, if state names are valuations."""
    names = mdp.state_names or ()
    if not names or not all(map(VALUATION.fullmatch, names)):
        return None
    pairs = [[part.split("=") for part in name.split(",")] for name in names]
    variables = [[x for x, _ in row] for row in pairs]
    if any(row != variables[0] for row in variables):
        return None
    rows = [f"{s}:({','.join(value for _, value in row)})" for s, row in enumerate(pairs)]
    return "\n".join([f"({','.join(variables[0])})", *rows]) + "\n"


def _refuse_strangers(path, states):
    """Refuse, before anything is written, files beside the path that would be read with it."""
    found = [file.name for stem, files in _reward_files(path).items() if stem != path.stem for file in files.values()]
    if states is None and path.with_suffix(".sta").exists():
        found.append(path.with_suffix(".sta").name)
    if found:
        raise InvalidModel(
            f"beside {path} there is {', '.join(found)}, which would be read with it; remove it or choose another name"
        )


def _label(mdp, a):
    if mdp.action_names is not None and all(map(WORD.fullmatch, mdp.action_names)):
        return f" {mdp.action_names[a]}"
    return "" if mdp.mask is None else f" _{a}"
