"""mdpkit bench."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ._app import FAILED, UsageError, app
from ._shown import finite, show_columns


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Small instances only; within two minutes.")] = False,
    theme: Annotated[
        list[str] | None,
        typer.Option(
            metavar="THEME", help="solvers, or a theme with a file tests/bench/bench_THEME.py; by default all."
        ),
    ] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option(metavar="PACKAGE", help="Packages to compare with; by default all that are installed."),
    ] = None,
    instance: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Instances of the solvers, such as 'ten states'.")
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, help="Timed calls of each side and seed; by default 7, 3 if quick.")
    ] = None,
    memory: Annotated[bool, typer.Option("--memory", help="Measure peak memory with a million states too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write every number as JSON.")] = False,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Replace the table between the markers of a Markdown file."),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", file_okay=False, help="Measure and draw how seconds and memory grow, alone."),
    ] = None,
):
    """Time certified solutions beside other packages, both in one process, and check the values of all of them.

    Seeds derive from the commit's hash. Other themes than solvers run in a checkout only. Other packages are in the
    extra `bench`. Exit code 0, 1 if a row failed or mdpkit did not certify one, 3 for usage errors.
    """
    from ..base.errors import InvalidModel
    from ..bench.run import benchmark

    def progress(words):
        typer.echo(words, err=True)

    if figures is not None:
        from ..bench.figures import measure_scaling, write_figures

        for path in write_figures(figures, measure_scaling(progress, small=quick)):
            typer.echo(path)
        return
    try:
        given = dict(chosen=theme or (), packages=peer or (), instances=instance or ())
        if into is not None:
            _check_markers(into)
        found = benchmark(quick=quick, memory=memory, repeats=repeats, progress=progress, **given)
    except InvalidModel as error:
        raise UsageError(str(error)) from None
    if into is not None:
        from ..bench.table import markdown, write_into

        write_into(into, markdown(found))
    if as_json:
        typer.echo(json.dumps(finite(found), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        _show(found)
    sides = [row["sides"][0] for row in found["rows"] if "sides" in row]
    failed = any("error" in row for rows in (found["rows"], *found["themes"].values()) for row in rows)
    raise typer.Exit(FAILED if failed or any(side["status"] != "right" for side in sides) else 0)


def _check_markers(path):
    """Find out before the run whether the table has a place."""
    from ..bench.table import split

    split(path)


def _show(found):
    from ..bench.table import lines, notes, theme_lines

    if found["rows"]:
        show_columns(lines(found))
        typer.echo("")
    if any(found["themes"].values()):
        show_columns(theme_lines(found))
        typer.echo("")
    typer.echo("\n".join(notes(found)))
