"""Value gap and regret gap of a learner's mediator, for traces: what only somebody who knows the game can report."""

from collections.abc import Callable, Mapping
from typing import Any

from ...base.interval import Interval
from ...measure import regret, value
from ...model.game import MarkovGame
from ...model.policy import Policy

Report = Callable[[Policy], Mapping[str, Any]]


def measure_gaps(game: MarkovGame, expert: Policy, deviations: str = "swap") -> Report:
    """A function that reports the gaps of a mediator in a game with known rewards, for the traces of learners.

    Args: game: with its true rewards, which the learner does not observe. expert: the mediator that is imitated.
        deviations: a class, as for `regret`.

    Returns: function of a mediator, with value_gap: max_i J_i(expert) - J_i(mediator), and regret_gap:
        max_i R_i(mediator) - max_i R_i(expert).

    >>> from mdpkit.instances import named
    >>> m = named("fork", H=5)
    >>> measure_gaps(m.game, m.expert)(m.learner)
    {'value_gap': 0, 'regret_gap': 4}
    """
    returns, least = value(game, expert), regret(game, expert, deviations).max()

    def report(mediator: Policy) -> dict[str, Any]:
        lost = (returns - value(game, mediator)).max()
        return {"value_gap": _number(lost), "regret_gap": _number(regret(game, mediator, deviations).max() - least)}

    return report


def _number(known):
    """The exact number, or the middle of float bounds."""
    if not isinstance(known, Interval):
        return float(known)
    return known.lower[()] if known.exact else float(known.mid)
