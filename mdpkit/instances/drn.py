"""Storm's explicit format .drn for MDPs and Markov chains (DTMCs) without parameters.

Lines between @-sections, then for every state `state 0 [reward] labels`, its choices `action name [reward]` and where
each leads, `1 : 0.5`. Brackets hold a reward for every reward model, separated by commas. Of the labels only `init`
counts. A Markov chain is an MDP with one action per state. Comments added by this writer hold what the format cannot:
the names of the actions in order, and under each state its name, where Storm puts the state's valuation.
"""

import json
import logging
import re
from functools import partial
from pathlib import Path

from ..base.errors import InvalidModel
from ..base.files import write_whole
from ..model import MDP
from ._choices import Choices, choose, rows, start_states
from ._lines import abbreviate, about, lines, number, probability, refusal, whole, write_number

LOG = logging.getLogger(__name__)

ACTIONS = "// actions: "
STATE = re.compile(r'state\s+(\S+)((?:\s+(?:\[[^]]*\]|"[^"]*"|[^\s\[\]{}!"]+))*)')
ACTION = re.compile(r"action\s+([^\s\[\]]+)\s*(\[[^]]*\])?")
TRANSITION = re.compile(r"([0-9]+)\s*:\s*(\S+)")
WORD = re.compile("[A-Za-z][A-Za-z0-9_]*")
SECTIONS = ("@type", "@value_type", "@parameters", "@reward_models", "@nr_states", "@nr_choices", "@model")


def read(path: Path, horizon, rewards=None) -> MDP:
    """Read a decision process from a .drn file; a state reward is added to each of its actions.

    Args: rewards: name of the reward model to use, required if there are several.
    """
    with about(path):
        text = lines(path)
        header, actions = _head(text, rewards)
        body = _Body(header)
        for line, words in text:
            body.take(line, words)
        problem = body.process(horizon, actions)
    if header["chain"]:
        LOG.info("%s: a Markov chain is read as an MDP of one action a state", path)
    return problem


def _head(text, rewards):
    """Sections before @model with their lines, and the action names if a comment gives them."""
    header, actions, section = {}, None, None
    for line, words in text:
        if words.startswith(ACTIONS):
            actions = _names(line, words.removeprefix(ACTIONS))
        if words.startswith("//"):
            continue
        if words.startswith("@"):
            section, _, value = words.partition(":")
            if section not in SECTIONS:
                raise refusal(line, f"{abbreviate(words)} is none of the sections {', '.join(SECTIONS)}")
            if section in header:
                raise refusal(line, f"the section {section} comes a second time")
            header[section] = (line, value.split())
            if section == "@model":
                return _check(header, line, rewards), actions
        elif section is None:
            raise refusal(line, f"{abbreviate(words)} stands before any section; expected @type: MDP")
        else:
            header[section] = (line, header[section][1] + words.split())
    raise InvalidModel("the text ends before @model")


def _check(header, line, wanted):
    """Check the header: counts with their lines, whether it is a Markov chain, and the index of the reward model."""
    for section in ("@type", "@nr_states"):
        if section not in header:
            raise refusal(line, f"the section {section} is missing")
    where, kind = header["@type"]
    if kind not in (["MDP"], ["DTMC"]):
        raise refusal(where, f"the type is {' '.join(kind)}; expected MDP or DTMC")
    where, values = header.get("@value_type", (line, ["double"]))
    if values not in (["double"], ["rational"]):
        raise refusal(where, f"the value type is {' '.join(values)}; expected double or rational")
    where, parameters = header.get("@parameters", (line, []))
    if parameters:
        raise refusal(where, f"there are parameters ({' '.join(parameters)}); only problems without are read")
    where, models = header.get("@reward_models", (line, []))
    which = choose([(name,) for name in models], wanted, "reward model", partial(refusal, where))
    # a reward model without a name leaves no trace in the head
    counts = {"chain": kind == ["DTMC"], "rewards": (which or 0, max(len(models), 1))}
    for section in ("@nr_states", "@nr_choices"):
        where, values = header.get(section, (line, None))
        if values is not None:
            if len(values) != 1:
                raise refusal(where, f"{section} has {len(values)} values; expected one number")
            counts[section] = (where, whole(where, values[0], section))
    return counts


def _names(line, text):
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len({*names}) < len(names):
        raise refusal(line, f"{abbreviate(text)} is no list of different names")
    return names


class _Body:
    """Parser of the list of states."""

    def __init__(self, header):
        self.counts = header
        self.choices, self.begun, self.names = Choices(), [], []
        self.s = self.c = -1
        self.own = None

    def take(self, line, words):
        if words.startswith("//"):
            if len(self.names) == self.s and self.c < 0:
                self.names.append(words[2:].strip())
        elif words.startswith("state"):
            self.state(line, words)
        elif words.startswith("action"):
            self.action(line, words)
        else:
            self.transition(line, words)

    def state(self, line, words):
        found = STATE.fullmatch(words)
        if found is None:
            raise refusal(line, f"{abbreviate(words)} is no state of an MDP; expected: state 0 [reward] labels")
        self.finish(line)
        s = whole(line, found[1], "the state")
        if s != self.s + 1:
            raise refusal(
                line, f"state {s} stands where state {self.s + 1} is expected; states are listed once, in order"
            )
        rewards, labels = re.findall(r"\[[^]]*\]", found[2]), re.sub(r"\[[^]]*\]", " ", found[2]).split()
        if len(rewards) > 1:
            raise refusal(line, f"state {s} has {len(rewards)} lists of rewards; expected one")
        self.s, self.c, self.own = s, -1, self.reward(line, *rewards)
        if "init" in labels:
            self.begun.append(s)

    def action(self, line, words):
        found = ACTION.fullmatch(words)
        if found is None or self.s < 0:
            raise refusal(line, f"{abbreviate(words)} is no choice of a state; expected: action name [reward]")
        self.finish(line, choice=True)
        self.c += 1
        own = self.reward(line, *([found[2]] if found[2] else []))
        paid = [token for token in (self.own, own) if token is not None]
        if paid:
            self.choices.flat[self.s, self.c] = paid
        if self.counts["chain"] and self.c:
            raise refusal(line, f"state {self.s} has a second action; expected one, as in every DTMC")
        if found[1] != "__NOLABEL__" and not self.counts["chain"]:
            self.choices.call(line, self.s, self.c, found[1])

    def transition(self, line, words):
        found = TRANSITION.fullmatch(words)
        if found is None or self.c < 0:
            raise refusal(
                line, f"{abbreviate(words)} is no transition of an action; expected: next state : probability"
            )
        n = whole(line, found[1], "the next state", self.counts["@nr_states"][1])
        self.choices.add(line, self.s, self.c, n, probability(line, found[2], "the probability"))

    def reward(self, line, brackets=None):
        if brackets is None:
            return None
        which, count = self.counts["rewards"]
        tokens = [number(line, token.strip(), "the reward") for token in brackets[1:-1].split(",")]
        if len(tokens) != count:
            raise refusal(
                line, f"{abbreviate(brackets)} has {len(tokens)} rewards; expected {count}, one for each reward model"
            )
        return tokens[which]

    def finish(self, line, choice=False):
        """Finish a state or a choice, which must have a transition."""
        if self.s >= 0 and (self.c >= 0 or not choice) and (self.s, self.c) not in self.choices.law:
            raise refusal(
                line,
                f"before this line, state {self.s} has {'an action' if self.c >= 0 else 'none'} without a transition",
            )

    def process(self, horizon, actions):
        line, states = self.counts["@nr_states"]
        if self.s + 1 != states:
            raise refusal(line, f"the header says {states} states; {self.s + 1} are listed")
        listed = self.choices.count(states)
        line, choices = self.counts.get("@nr_choices", (line, listed))
        if choices != listed:
            raise refusal(line, f"the header says {choices} choices; {listed} are listed")
        if not self.begun:
            raise InvalidModel("no state is labelled init")
        if actions is not None:
            self.name_actions(actions)
        return self.choices.process(self.s + 1, self.begun, horizon, self.state_names(), actions)

    def name_actions(self, actions):
        """Replace labels that are numbers, written for names that are not words, by the action of that number."""
        numbered = {str(a): name for a, name in enumerate(actions)}
        for key, line in self.choices.line.items():
            label = self.choices.label.get(key, "__NOLABEL__")
            if label not in numbered and (label not in actions or label.isdecimal()):
                raise refusal(
                    line, f"the action {abbreviate(label)} is none of the {len(actions)} in the comment at the top"
                )
            self.choices.label[key] = numbered.get(label, label)
        if len({(s, name) for (s, _), name in self.choices.label.items()}) < len(self.choices.label):
            raise InvalidModel("a state has one action of the comment at the top twice")

    def state_names(self):
        names = [_unquote(name) for name in self.names]
        return names if len(names) == self.s + 1 and len({*names}) == len(names) else None


def _unquote(text):
    try:
        name = json.loads(text) if text.startswith('"') else text
    except ValueError:
        name = text
    return name


def write(mdp, path: Path):
    """Write a stationary decision process as .drn, atomically.

    The reward model is called `reward`. The horizon is left out. Decimals are the shortest that read back as the same
    float64, rationals are written p/q.

    Raises: InvalidModel if the process varies with time, or its initial distribution is not uniform on its support.
    """
    if not isinstance(mdp, MDP):
        raise InvalidModel(f"{path} can hold an MDP, got {mdp!r}")
    begun, listed = {*start_states(mdp)}, list(rows(mdp))
    actions = [] if mdp.action_names is None else [ACTIONS + json.dumps(mdp.action_names, ensure_ascii=True)]
    counts = ["@nr_states", str(mdp.S), "@nr_choices", str(len(listed))]
    head = ["@type: MDP", "@parameters", "", "@reward_models", "reward", *counts, "@model"]
    body, last = [], None
    for s, a, row in listed:
        if s != last:
            body.append(f"state {s}{' init' if s in begun else ''}")
            body += [] if mdp.state_names is None else ["//" + json.dumps(mdp.state_names[s], ensure_ascii=True)]
        last = s
        body.append(f"\taction {_label(mdp, a)} [{write_number(mdp.r[s, a])}]")
        body += [f"\t\t{n} : {write_number(p)}" for n, p in row]
    write_whole(path, "\n".join(["// Written by mdpkit", *actions, *head, *body]) + "\n")


def _label(mdp, a):
    name = "" if mdp.action_names is None else mdp.action_names[a]
    return name if WORD.fullmatch(name) else str(a)
