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
        list[str] | None, typer.Argument(metavar="CLAIM|FILE", help="Ids or files; by default every registered claim.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the stored results; by default figures.")
    ] = None,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The page.")] = Path("report.html"),
    verify: Annotated[
        bool, typer.Option("--verify", help="Verify first, and store the results and figures in the folder.")
    ] = False,
):
    """Write one self-contained page of the stored results, figures, controls and proofs.

    Proofs and notebooks are taken from beside the folder, else from the working directory.

    Nothing is verified without --verify: a claim without a stored result is shown as not verified yet. Exit code 0 if
    every stored result shown holds, 1 if one does not, 2 if a control is silent, 3 for usage errors.
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
    """Verify claims and store the results; returns the errors of claims whose code raised one."""
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
