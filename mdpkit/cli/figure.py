"""mdpkit figure."""

from pathlib import Path
from typing import Annotated

import typer

from ._app import FAILED, SILENT, app
from ._shown import stdout_for_the_result


@app.command()
def figure(
    claim: Annotated[str, typer.Argument(metavar="CLAIM|FILE")],
    folder: Annotated[Path, typer.Option(file_okay=False, help="Folder of the figure and its result.")] = Path(
        "figures"
    ),
    png: Annotated[bool, typer.Option("--png", help="Write a PNG beside the PDF.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write the rows as CSV.")] = False,
    tex: Annotated[bool, typer.Option("--tex", help="Write headline numbers and caption as LaTeX macros.")] = False,
    profile: Annotated[str, typer.Option(help="quick or full.")] = "quick",
    seed: Annotated[int, typer.Option(help="Names the draws.")] = 0,
):
    """Verify a claim, store its result and draw it. Exit code 0 if the claim holds, 1 or 2 as for `verify`."""
    from ..report import make_figure, read

    with stdout_for_the_result():
        files = make_figure(claim, folder, png, profile, seed, csv, tex)
    for file in files:
        typer.echo(file)
    result = read(files[0])
    raise typer.Exit(0 if result.passed else SILENT if result.outcome == "CONTROL_SILENT" else FAILED)
