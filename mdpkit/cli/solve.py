"""mdpkit solve."""

import json
from typing import Annotated

import typer

from ._app import FAILED, UsageError, app
from ._problem import horizon_option, read
from ._shown import finite, show_columns, stdout_for_the_result

RATIONAL_STATES = 256
"""Largest number of states for which this command solves a rational finite-horizon problem exactly."""


@app.command()
def solve(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|gym:ID|bundled:NAME",
            help="Instance file (.json, .npz, .tra, .drn), gym:ID, or bundled:NAME.",
        ),
    ],
    gamma: Annotated[str | None, typer.Option(help="Discount, such as 0.99 or 99/100.")] = None,
    horizon: Annotated[int | None, typer.Option(help="Number of steps.")] = None,
    average: Annotated[bool, typer.Option("--average", help="Infinite horizon, average reward per step.")] = False,
    total: Annotated[
        bool, typer.Option("--total", help="Infinite horizon, total reward, as in shortest paths.")
    ] = False,
    rewards: Annotated[
        str | None, typer.Option(metavar="NAME", help="Reward structure of the .tra or .drn file.")
    ] = None,
    tol: Annotated[float, typer.Option(help="Width of the bounds on the value.")] = 1e-8,
    as_json: Annotated[bool, typer.Option("--json", help="Write the result as JSON.")] = False,
):
    """Solve a decision process with certified bounds. Exit code 0 if solved, 1 if not, 3 for usage errors."""
    from ..solve.dispatch import solve as solution_of

    given = horizon_option(gamma, horizon, average, total)
    if not 0 < tol < float("inf"):
        raise UsageError(f"--tol is {tol}; expected a positive number")
    with stdout_for_the_result():
        problem = _process(source, read(source, given, rewards, "--gamma G or --horizon H, or --average, or --total"))
        answer = solution_of(problem, tol=tol, throw=False)
        if answer.certificate is not None:
            answer.certificate.verify()
    if as_json:
        typer.echo(json.dumps(finite(_data(problem, answer)), indent=1, allow_nan=False))
    else:
        _show(problem, answer)
    raise typer.Exit(0 if answer.status.name == "SOLVED" else FAILED)


def _process(source, problem):
    """The decision process to solve, in floats if the exact finite-horizon recursion would be too slow."""
    from ..model import MDP, Finite, LinearMDP, LinearMixture

    if isinstance(problem, LinearMDP | LinearMixture):
        problem = problem.tabular()
    if not isinstance(problem, MDP):
        raise UsageError(f"{source} holds {problem!r}; expected an MDP")
    long = problem.exact and isinstance(problem.horizon, Finite) and problem.S > RATIONAL_STATES
    return problem.to_float() if long else problem


def _data(problem, answer):
    from ..base.arrays import floats
    from ..instances.io import encode

    value = None if answer.value is None else _by_state(answer).enclose()
    return {
        "status": answer.status.name,
        "method": type(answer.method).__name__,
        "horizon": encode(problem)["content"]["MDP"]["horizon"],
        "value": {
            "lower": None if value is None else value.lower.tolist(),
            "upper": None if value is None else value.upper.tolist(),
        },
        "policy": None if answer.policy is None else floats(answer.policy.table).tolist(),
        "states": _names(problem.state_names, problem.S),
    }


def _by_state(answer):
    """Bounds reported per state: the gain of each state for average reward."""
    return answer.value if answer.gain is None else answer.gain


def _names(names, count):
    return [str(k) for k in range(count)] if names is None else list(names)


def _show(problem, answer):
    """Print a summary, then one row per state: its value at the first step, and the action played."""
    typer.echo(f"{problem!r}\n{answer!r}: {answer.status.value}")
    if answer.value is None or answer.policy is None:
        return
    first = _by_state(answer)
    first = first if first.ndim == 1 else first[0]
    table = answer.policy.table if answer.policy.table.ndim == 2 else answer.policy.table[0]
    actions, bounds = _names(problem.action_names, problem.A), first.enclose()
    ends = zip(bounds.lower.tolist(), bounds.upper.tolist(), strict=True)
    played = [actions[a] for a in table.argmax(axis=1)]
    rows = zip(_names(problem.state_names, problem.S), ends, played, strict=True)
    show_columns(
        [
            ("state", "at least", "at most", "action"),
            *((s, f"{low:.17g}", f"{high:.17g}", a) for s, (low, high), a in rows),
        ]
    )
