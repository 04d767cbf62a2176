"""mdpkit new."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ._app import UsageError, app


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="ID", help="Id: a sentence with a verb, in snake_case.")],
    folder: Annotated[Path, typer.Option(help="Folder of the file.")] = Path("."),
):
    """Write a template of a claim that verifies, to be edited."""
    import keyword
    import re

    from ..claims import ids

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UsageError(f"{name!r} is no id; expected a sentence in snake_case, such as value_lies_below_the_horizon")
    if name in ids():
        raise UsageError(f"{name} is a registered claim; choose another id")
    path = folder / f"{name}.py"
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(SKELETON.replace('"ID"', f'"{name}"'))
    except FileExistsError:
        raise UsageError(f"{path} exists; it is not overwritten") from None
    typer.echo(f"{path}\nmdpkit verify {shlex.quote(str(path))}")


SKELETON = '''"""No policy returns more than the horizon.

Statement  J(pi) <= H for every policy pi.
Assumes    rewards in [0, 1]; finite horizon.
Units      J is the undiscounted return.
Kind       for all
Source     your own
Proof      to be written
"""

from mdpkit import MDP, Assumption, Bound, Box, Claim, Control, Family, Finite, Instance, Simplex, TabularPolicy, measure
from mdpkit.base.arrays import objects


def check(m):
    return Bound(measure.value(m.mdp, m.policy), m.mdp.horizon.H)


def one_less(m):
    return Bound(measure.value(m.mdp, m.policy), m.mdp.horizon.H - 1)


FAMILY = Family(
    blocks=dict(P=Simplex("S", "A", to="S"), r=Box("S", "A"), rho=Simplex(to="S"), policy=Simplex("S", to="A", within="mask")),
    sizes=dict(H=(1, 3), S=(1, 3), A=(1, 2)),
    models=dict(mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])), policy=lambda x: TabularPolicy(x.policy)),
)


def always_paid(reward=1):
    """One state, one action, which pays at every one of three steps."""
    mdp = MDP(objects([[[1]]]), objects([[reward]]), objects([1]), horizon=Finite(3))
    return Instance(mdp=mdp, policy=TabularPolicy(objects([[1]])))


CLAIM = Claim(
    "ID",
    check,
    FAMILY,
    assumes=(Assumption("rewards in [0, 1]", lambda m: (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all()),),
    controls=(
        Control("one step less", witness=always_paid, tightens=one_less),
        Control("a reward of 2", witness=lambda: always_paid(2), drops="rewards in [0, 1]"),
        Control("values counted twice", witness=always_paid, sabotages=measure.value, by=lambda value, mdp, policy: 2 * value(mdp, policy)),
    ),
    accepts=("mdp", MDP, ("P", "r", "rho")),
)
'''
