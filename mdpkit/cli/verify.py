"""mdpkit verify."""

import json
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from ._app import FAILED, INTERRUPTED, SILENT, UsageError, app
from ._problem import as_file, horizon_option
from ._scheduler import BOTH, Scheduler
from ._shown import finite, show_columns, show_table, shown_progress, stdout_for_the_result


@app.command()
def verify(
    claims: Annotated[
        list[str] | None, typer.Argument(metavar="CLAIM|FILE", help="Ids, or files with a claim; by default all.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every registered claim.")] = False,
    theme: Annotated[str | None, typer.Option(help="Claims of one theme.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="glance, quick or full; by default quick for up to 100 claims, else glance.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Names the draws.")] = 0,
    on: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|gym:ID|bundled:NAME",
            help="Your own problem, a bundled one, or a saved witness.",
        ),
    ] = None,
    gamma: Annotated[str | None, typer.Option(help="Discount of the problem given by --on.")] = None,
    horizon: Annotated[int | None, typer.Option(help="Number of steps of the problem given by --on.")] = None,
    rewards: Annotated[
        str | None, typer.Option(metavar="NAME", help="Reward structure of the .tra or .drn file given by --on.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; by default one per core. The result does not depend on it.")
    ] = None,
    scheduler: Scheduler = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the result as JSON.")] = False,
):
    """Verify claims. Exit code 0 if all hold, 1 if one does not, 2 if a control is silent, 3 for usage errors."""
    if claims and (everything or theme):
        raise UsageError("name the claims, or give --all or --theme, not both")
    if on and not claims:
        raise UsageError("--on needs the names of the claims to verify on that problem")
    if scheduler and workers:
        raise UsageError(BOTH)
    given = horizon_option(gamma, horizon)
    if given and not on:
        raise UsageError("--gamma and --horizon apply to the problem given by --on")
    if rewards is not None and not on:
        raise UsageError("--rewards chooses a reward structure of the file given by --on")
    from ..base.versions import versions
    from ..claims import ids, left_out
    from ..verify.profile import profile_for
    from ..verify.run.session import verify_all

    try:
        with stdout_for_the_result(), shown_progress() as (notice, progress):
            names = claims or ids(theme)
            # a pool takes about as long to start as one claim to verify
            chosen = profile or profile_for(len(names))
            processes = workers or (1 if len(names) == 1 and chosen != "full" else os.cpu_count() or 1)
            if profile is None and not claims:
                notice(f"profile {chosen}: {len(names)} claims")
            problem = as_file(on, given, rewards) if on else None
            finished = verify_all(
                names,
                chosen,
                seed=seed,
                on=problem,
                workers=processes,
                scheduler=scheduler,
                notice=notice,
                progress=progress,
            )
    except KeyboardInterrupt:
        typer.echo("interrupted: the same command resumes where it stopped", err=True)
        raise typer.Exit(INTERRUPTED) from None
    witnesses = [_saved_witness(each) for each in finished]
    if as_json:
        data = [
            {**each.to_data(), **({"witness_file": str(path)} if path else {})}
            for each, path in zip(finished, witnesses, strict=True)
        ]
        typer.echo(json.dumps(finite({"claims": data, "versions": versions()}), indent=1, allow_nan=False))
    else:
        show_table([HEAD, *map(_row, finished)])
        for each, path in zip(finished, witnesses, strict=True):
            for line in _remarks(each, path):
                typer.echo(line)
        if len(finished) == 1 and finished[0].verdict is not None:
            _show_details(finished[0].verdict)
    for name, needed in left_out().items() if not claims else ():
        typer.echo(f"left out: {name} needs {needed}, which is not installed: pip install 'mdpkit[deep]'", err=as_json)
    raise typer.Exit(_exit_code(finished))


def _exit_code(finished):
    outcomes = {each.outcome for each in finished if each.verdict is None or not each.verdict.passed}
    return 0 if not outcomes else SILENT if outcomes == {"CONTROL_SILENT"} else FAILED


def _saved_witness(each) -> Path | None:
    """Save the witness of a refuted claim in a file named by its content."""
    if each.verdict is None or each.verdict.witness is None:
        return None
    import hashlib

    from ..base.compiling import user_cache
    from ..instances.io import encode, save

    digest = hashlib.sha256(json.dumps(encode(each.verdict.witness), sort_keys=True).encode()).hexdigest()[:16]
    folder = user_cache() / "witnesses"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{each.claim}-{digest}.json"
    save(each.verdict.witness, path)
    return path


HEAD = ("claim", "outcome", "evidence", "instances", "tightest", "controls", "CPU s")


def _row(each):
    verdict = each.verdict
    if verdict is None:
        return each.claim, each.outcome, "—", "—", "—", "—", f"{each.seconds:.1f}"
    bites = sum(control.bites for control in verdict.controls)
    controls = f"{bites}/{len(verdict.controls)} fail"
    return (
        each.claim,
        each.outcome,
        verdict.evidence,
        str(verdict.instances),
        _tightest(verdict),
        controls,
        f"{each.seconds:.1f}",
    )


def _tightest(verdict):
    if verdict.tightest is not None:
        return f"{verdict.tightest:.6g}"
    return "identity" if any("pairs" in row for row in verdict.rows if row["part"] == "statement") else "—"


def _remarks(each, witness):
    """Remarks below the table: errors, notes, silent controls, the witness and how to replay it."""
    if each.verdict is None:
        yield f"{each.claim}: {each.error}"
        return
    if each.verdict.note:
        yield f"{each.claim}: {each.verdict.note}"
    for control in each.verdict.controls:
        if not control.bites:
            yield f"{each.claim}: the control '{control.name}' is silent: {control.reason}"
    if witness:
        part = "" if each.verdict.witness_part == "statement" else f" of '{each.verdict.witness_part}'"
        yield f"{each.claim}: refuted; the witness{part} is {witness}"
        yield from (f"  {line}" for line in each.verdict.explain().split("\n"))
        yield f"  mdpkit verify {shlex.quote(each.reference)} --on {shlex.quote(str(witness))}"


def _show_details(verdict):
    """Details of a single claim: why each control fails, and the tightest ratio of each size or instance."""
    typer.echo()
    for control in verdict.controls:
        typer.echo(
            f"control {'fails' if control.bites else 'SILENT'}: {control.name} [{control.kind}]: {control.reason}"
        )
    tight = [row for row in verdict.rows if row["part"] == "statement" and row["ratio"] is not None]
    if tight:
        typer.echo()
        order = sorted(tight, key=lambda row: sorted(row["sizes"].items()))
        show_columns(
            [
                ("tightest of", "ratio", "seen"),
                *((row["label"], f"{row['ratio']:.6g}", str(row["count"])) for row in order),
            ]
        )
