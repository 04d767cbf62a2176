"""Floor 7: the command line."""

import io
import json
import math
import os
import shlex
import sys
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from . import __version__

FAILED, SILENT, MISUSED, INTERRUPTED = 1, 2, 3, 130
UsageError = typer.BadParameter.__base__


class Commands(TyperGroup):
    """Commands that leave with 3 on every mistake in their use or surroundings: 1 and 2 speak of claims."""

    def main(self, *args, standalone_mode=True, **options):
        from .base.errors import MdpkitError

        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        try:
            code = super().main(*args, standalone_mode=False, **options)
        except UsageError as error:
            error.show()
            code = MISUSED
        except (MdpkitError, OSError) as error:
            typer.echo(f"mdpkit: {error}", err=True)
            code = MISUSED
        except (KeyboardInterrupt, typer.Abort):
            code = INTERRUPTED
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)
            code = MISUSED
        if standalone_mode:
            sys.exit(code)
        return code


app = typer.Typer(cls=Commands, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def mdpkit(context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False):
    """Theorems about decision making, doubted by machine."""
    if version:
        typer.echo(f"mdpkit {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


# ---- verify
@app.command()
def verify(
    claims: Annotated[list[str] | None, typer.Argument(metavar="CLAIM|FILE", help="Ids, or files with a claim; all if left out.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every registered claim.")] = False,
    theme: Annotated[str | None, typer.Option(help="Every claim of one theme.")] = None,
    profile: Annotated[str, typer.Option(help="quick or full.")] = "quick",
    seed: Annotated[int, typer.Option(help="Names the draws.")] = 0,
    on: Annotated[Path | None, typer.Option(help="Instance file with a problem of your own, or a saved witness.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes, one a core if left out; the result is the same.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the result as JSON.")] = False,
):
    """Doubt claims by machine. Leaves with 0 if all hold, 1 if one does not, 2 if a control is silent, 3 on misuse."""
    if claims and (everything or theme):
        raise UsageError("name the claims, or give --all or --theme, not both")
    if on and not claims:
        raise UsageError("--on needs the names of the claims to verify on that problem")
    from .base.compiling import user_cache

    # hypothesis would keep its files in the folder where the command is run
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(user_cache() / "hypothesis"))
    from .claims import ids
    from .claims._resume import versions
    from .claims._session import verify_all

    try:
        with _stdout_for_the_result(), _shown_progress() as (notice, progress):
            names = claims or ids(theme)
            # a pool takes about as long to start as one claim to verify
            processes = workers or (1 if len(names) == 1 and profile == "quick" else os.cpu_count() or 1)
            finished = verify_all(names, profile, seed=seed, on=on, workers=processes, notice=notice, progress=progress)
    except KeyboardInterrupt:
        typer.echo("interrupted: the same command resumes where it stopped", err=True)
        raise typer.Exit(INTERRUPTED) from None
    witnesses = [_saved_witness(each) for each in finished]
    if as_json:
        data = [{**each.to_data(), **({"witness_file": str(path)} if path else {})} for each, path in zip(finished, witnesses, strict=True)]
        typer.echo(json.dumps(_finite({"claims": data, "versions": versions()}), indent=1, allow_nan=False))
    else:
        _show_table(finished)
        for each, path in zip(finished, witnesses, strict=True):
            for line in _remarks(each, path):
                typer.echo(line)
        if len(finished) == 1 and finished[0].verdict is not None:
            _show_details(finished[0].verdict)
    raise typer.Exit(_exit_code(finished))


def _exit_code(finished):
    outcomes = {each.outcome for each in finished if each.verdict is None or not each.verdict.passed}
    return 0 if not outcomes else SILENT if outcomes == {"CONTROL_SILENT"} else FAILED


@contextmanager
def _stdout_for_the_result():
    """Whatever claims print, here, in workers or in compiled code, goes to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def _shown_progress():
    """(notice, progress) for a session: a bar on a terminal, else plain lines."""
    if not sys.stderr.isatty():

        def line(done, total, words):
            if words:
                typer.echo(f"[{done}/{total}] {words}", err=True)

        yield lambda words: typer.echo(words, err=True), line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def move(done, total, words):
            bar.update(task, completed=done, total=total, description=words)

        yield lambda words: bar.console.print(words, markup=False), move


def _saved_witness(each) -> Path | None:
    """The file with the witness of a refuted claim, named after its content."""
    if each.verdict is None or each.verdict.witness is None:
        return None
    import hashlib

    from .base.compiling import user_cache
    from .instances.io import encode, save

    digest = hashlib.sha256(json.dumps(encode(each.verdict.witness), sort_keys=True).encode()).hexdigest()[:16]
    folder = user_cache() / "witnesses"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{each.claim}-{digest}.json"
    save(each.verdict.witness, path)
    return path


def _finite(data):
    """Infinite and undefined numbers as null, which JSON can say."""
    if isinstance(data, dict):
        return {str(name): _finite(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


# ---- the table
HEAD = ("claim", "outcome", "evidence", "instances", "tightest", "controls", "CPU s")


def _show_table(finished):
    rows = [_row(each) for each in finished]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table()
        for k, name in enumerate(HEAD):
            table.add_column(name, justify="right" if k >= 3 else "left", overflow="fold")
        for row in rows:
            table.add_row(*row)
        Console().print(table, markup=False)
    else:
        _show_columns([HEAD, *rows])


def _show_columns(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(each):
    verdict = each.verdict
    if verdict is None:
        return each.claim, each.outcome, "—", "—", "—", "—", f"{each.seconds:.1f}"
    bites = sum(control.bites for control in verdict.controls)
    controls = f"{bites}/{len(verdict.controls)} fail"
    return each.claim, each.outcome, verdict.evidence, str(verdict.instances), _tightest(verdict), controls, f"{each.seconds:.1f}"


def _tightest(verdict):
    if verdict.tightest is not None:
        return f"{verdict.tightest:.6g}"
    return "identity" if any("pairs" in row for row in verdict.rows if row["part"] == "") else "—"


def _remarks(each, witness):
    """What the table has no room for: errors, notes, silent controls, the witness and how to replay it."""
    if each.verdict is None:
        yield f"{each.claim}: {each.error}"
        return
    if each.verdict.note:
        yield f"{each.claim}: {each.verdict.note}"
    for control in each.verdict.controls:
        if not control.bites:
            yield f"{each.claim}: the control '{control.name}' is silent: {control.reason}"
    if witness:
        part = f" of '{each.verdict.witness_part}'" if each.verdict.witness_part else ""
        yield f"{each.claim}: refuted; the witness{part} is {witness}"
        yield f"  mdpkit verify {shlex.quote(each.reference)} --on {shlex.quote(str(witness))}"


def _show_details(verdict):
    """Of a single claim: why each control fails, and the tightest ratio of each size or instance."""
    typer.echo()
    for control in verdict.controls:
        typer.echo(f"control {'fails' if control.bites else 'SILENT'}: {control.name} [{control.kind}]: {control.reason}")
    tight = [row for row in verdict.rows if row["part"] == "" and row["ratio"] is not None]
    if tight:
        typer.echo()
        order = sorted(tight, key=lambda row: sorted(row["sizes"].items()))
        _show_columns([("tightest of", "ratio", "seen"), *((row["label"], f"{row['ratio']:.6g}", str(row["count"])) for row in order)])


# ---- list, show, new
@app.command("list")
def list_(
    theme: Annotated[str | None, typer.Option(help="Claims of one theme.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
):
    """List the registered claims, each with the first line of its statement."""
    from .claims import ids
    from .claims._register import path_of, statement_of

    rows = [(name, path_of(name).parent.name, statement_of(name).partition("\n")[0]) for name in ids(theme)]
    if as_json:
        typer.echo(json.dumps([{"id": name, "theme": room, "statement": words} for name, room, words in rows], indent=1))
    else:
        _show_columns(rows)


@app.command()
def show(claim: Annotated[str, typer.Argument(metavar="CLAIM|FILE")]):
    """Show what a claim states, assumes and accepts, and the controls that must fail."""
    from .claims import _register as register

    with _stdout_for_the_result():
        found = register.find(claim)
    file = register.path_of(claim) if claim in register.ids() else Path(claim).resolve()
    proof = next((line.split(maxsplit=1)[1] for line in found.statement.splitlines() if line.startswith("Proof ")), "—")
    lines = [found.id, "", found.statement, ""]
    lines += _block("assumes", [assumption.name for part in found.parts for assumption in part.assumes] or ["nothing"])
    lines += _block("controls", [f"{control.name} ({control.kind}{_object(control)})" for control in found.controls])
    lines += _block("parts", [f"{part.name or 'the statement itself'}: {_instances(part)}" for part in found.parts])
    accepted = [f"{part.accepts[1].__name__} as {part.accepts[0]}" for part in found.parts if part.accepts]
    lines += _block("accepts", accepted or ["no problem from outside"])
    lines += _block("file", [str(file)]) + _block("proof note", [proof])
    typer.echo("\n".join(lines))


def _block(name, entries):
    return [f"{name if k == 0 else '':<12}{entry}" for k, entry in enumerate(dict.fromkeys(entries))]


def _object(control):
    words = {"drops": control.drops, "tightens": control.at, "sabotages": getattr(control.sabotages, "__name__", None)}[control.kind]
    return f": {words}" if words else ""


def _instances(part):
    from .instances import Family

    if not isinstance(part.instances, Family):
        return "enumerated"
    sizes = ", ".join(f"{axis} = {low}..{high}" for axis, (low, high) in part.instances.sizes.items())
    return f"a family with {sizes}"


# ---- figure
@app.command()
def figure(
    claim: Annotated[str, typer.Argument(metavar="CLAIM|FILE")],
    folder: Annotated[Path, typer.Option(help="Where the figure and the result that it shows go.")] = Path("figures"),
    png: Annotated[bool, typer.Option("--png", help="Write a PNG beside the PDF.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write the rows as CSV.")] = False,
    tex: Annotated[bool, typer.Option("--tex", help="Write the headline numbers as LaTeX macros.")] = False,
    profile: Annotated[str, typer.Option(help="quick or full.")] = "quick",
    seed: Annotated[int, typer.Option(help="Names the draws.")] = 0,
):
    """Verify a claim, store its result and draw it. Leaves with 0 if the claim holds, 1 or 2 as `verify` does."""
    from .report import make_figure, read

    with _stdout_for_the_result():
        files = make_figure(claim, folder, png, profile, seed, csv, tex)
    for file in files:
        typer.echo(file)
    result = read(files[0])
    raise typer.Exit(0 if result.passed else SILENT if result.outcome == "CONTROL_SILENT" else FAILED)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="ID", help="A sentence with a verb, in snake_case.")],
    folder: Annotated[Path, typer.Option(help="Where the file goes.")] = Path("."),
):
    """Write a claim that verifies as it stands, to be edited into one's own."""
    import keyword
    import re

    from .claims import ids

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

from types import SimpleNamespace as Models

from mdpkit import MDP, Assumption, Bound, Box, Claim, Control, Family, Finite, Simplex, TabularPolicy, measure
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
    return Models(mdp=mdp, policy=TabularPolicy(objects([[1]])))


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
