"""mdpkit report."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ._app import FAILED, SILENT, UsageError, app
from ._shown import shown_progress, stdout_for_the_result


@app.command()
def report(
    claims: Annotated[
        list[str] | None, typer.Argument(metavar="CLAIM|FILE", help="Every registered claim if left out.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where the stored results are; figures if left out.")
    ] = None,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The page.")] = Path("report.html"),
    verify: Annotated[
        bool, typer.Option("--verify", help="Verify first, and store the results and figures in the folder.")
    ] = False,
):
    """Write one page with all that is stored of the claims: results, figures, controls, proofs; it needs no network.

    Proofs and notebooks are looked for beside the folder, else in the working directory.

    Nothing is verified unless asked for: a claim without a stored result is shown as not verified yet. Leaves with 0 if
    every stored result shown holds, 1 if one does not, 2 if a control is silent, 3 on misuse.
    """
    from ..claims import ids
    from ..report import write_page

    if folder is not None and not (verify or folder.exists()):
        raise UsageError(
            f"--folder: {folder} is missing; expected the folder of the stored results, which --verify would make"
        )
    folder = folder or Path("figures")
    broken = []
    with stdout_for_the_result():
        names = claims or ids()
        if verify:
            broken = _verify(names, folder)
        with shown_progress() as (_, progress):
            shown = write_page(out, names, folder, progress=progress)
    for words in broken:
        typer.echo(words, err=True)
    typer.echo(out)
    failing = {each.outcome for each in shown if each.alarms}
    raise typer.Exit(FAILED if broken or failing - {"CONTROL_SILENT"} else SILENT if failing else 0)


def _verify(names, folder) -> list[str]:
    """Verify claims and store what is found; the errors of those whose own code raised one."""
    from ..claims import find
    from ..report.result.figure import write_figure
    from ..verify.run.session import verify_all

    with shown_progress() as (notice, progress):
        finished = verify_all(
            names, workers=1 if len(names) == 1 else os.cpu_count() or 1, notice=notice, progress=progress
        )
    for each in finished:
        if each.verdict is not None:
            write_figure(each.verdict, find(each.reference), folder)
    return [f"{each.claim}: {each.error}" for each in finished if each.verdict is None]
