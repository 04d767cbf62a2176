"""mdpkit new."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ._app import UsageError, app


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="ID", help="Id: a sentence with a verb, in snake_case.")],
    folder: Annotated[Path | None, typer.Option(help="Folder of the file; by default this one.")] = None,
    theme: Annotated[
        str | None, typer.Option(help="Write the claim and its proof note into this checkout, to be registered.")
    ] = None,
):
    """Write a template of a claim that verifies, to be edited."""
    import keyword
    import re

    from ..claims import ids

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UsageError(f"{name!r} is no id; expected a sentence in snake_case, such as value_lies_below_the_horizon")
    if name in ids():
        raise UsageError(f"{name} is a registered claim; choose another id")
    if theme is None:
        files = {(folder or Path()) / f"{name}.py": _claim(name, OUTSIDE, "to be written")}
        command = f"mdpkit verify {shlex.quote(str(next(iter(files))))}"
    elif folder is not None:
        raise UsageError("--theme says where the files go; leave out --folder")
    else:
        root, note = _checkout(theme), f"proofs/{theme}/{name}.md"
        files = {
            root / "mdpkit" / "claims" / theme / f"{name}.py": _claim(name, INSIDE, note),
            root / note: NOTE.replace("ID", name),
        }
        command = f"mdpkit verify {name}"
    for path in files:
        if path.exists():
            raise UsageError(f"{path} exists; it is not overwritten")
    for path, text in files.items():
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
        typer.echo(path)
    typer.echo(command)


def _checkout(theme) -> Path:
    """The checkout that this package runs from."""
    from ..claims import themes
    from ..verify.register import CLAIMS

    root = CLAIMS.parents[1]
    if not (root / "proofs").is_dir():
        raise UsageError(f"{root} is no checkout with a folder proofs; leave out --theme")
    if theme not in themes():
        raise UsageError(f"no theme {theme!r}; themes are {', '.join(themes())}")
    return root


def _claim(name, imports, proof):
    return SKELETON.replace("IMPORTS", imports).replace("PROOF", proof).replace('"ID"', f'"{name}"')


OUTSIDE = """from mdpkit import MDP, Assumption, Bound, Box, Claim, Control, Family, Finite, Instance, Simplex, TabularPolicy, measure
from mdpkit.base.arrays import objects
"""
INSIDE = """from ... import measure
from ...base.arrays import objects
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control
"""
SKELETON = '''"""No policy returns more than the horizon.

Statement  J(pi) <= H for every policy pi.
Assumes    rewards in [0, 1]; finite horizon.
Units      J is the undiscounted return.
Kind       for all
Source     your own
Proof      PROOF
"""

IMPORTS

def check(m):
    return Bound(measure.value(m.mdp, m.policy), m.mdp.horizon.H)


def one_less(m):
    return Bound(measure.value(m.mdp, m.policy), m.mdp.horizon.H - 1)


def twice(value, mdp, policy):
    return 2 * value(mdp, policy)


FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"), r=Box("S", "A"), rho=Simplex(to="S"), policy=Simplex("S", to="A", within="mask")
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])), policy=lambda x: TabularPolicy(x.policy)
    ),
)


def always_paid(reward=1):
    """One state, one action, which pays at every one of three steps."""
    mdp = MDP(objects([[[1]]]), objects([[reward]]), objects([1]), horizon=Finite(3))
    return Instance(mdp=mdp, policy=TabularPolicy(objects([[1]])))


CLAIM = Claim(
    "ID",
    check,
    FAMILY,
    formula=r"J(\\pi) \\le H",
    papers=(),
    tags=(),
    assumes=(Assumption("rewards in [0, 1]", lambda m: (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all()),),
    controls=(
        Control("one step less", witness=always_paid, tightens=one_less),
        Control("a reward of 2", witness=lambda: always_paid(2), drops="rewards in [0, 1]"),
        Control("values counted twice", witness=always_paid, sabotages=measure.value, by=twice),
    ),
    accepts=("mdp", MDP, ("P", "r", "rho")),
)
'''
NOTE = r"""# No policy returns more than the horizon

Claim: `ID`. Status: proved.

## Statement

Rewards lie in $[0, 1]$ and the horizon is $H$. For every policy $\pi$

$$J(\pi) \le H. \tag{1}$$

## Proof

$J(\pi) = \sum_{t=0}^{H-1} \mathbb{E}\, r_t(s_t, a_t)$ is a sum of $H$ terms, each at most 1. $\square$

## Where the controls sit

* *One step less.* Where every step pays 1, each of the $H$ terms is 1: the sum is not at most $H - 1$.
* *A reward of 2.* A term is at most 1 only if the reward is.
* *Values counted twice.* The sum has each term once.

## Cited, not proved

Nothing.
"""
