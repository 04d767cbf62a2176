"""mdpkit hunt and mdpkit constants."""

import json
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Annotated

import typer

from ._app import UsageError, app
from ._scheduler import BOTH, Scheduler
from ._shown import finite, show_table, shown_progress, stdout_for_the_result

Seed = Annotated[int, typer.Option(help="Names the draws.")]
Counted = Annotated[
    bool,
    typer.Option("--counted", help="Count 2000 evaluations of the check as one second, independently of the machine."),
]


@app.command()
def hunt(
    claim: Annotated[str, typer.Argument(metavar="CLAIM|FILE")],
    seconds: Annotated[float, typer.Option(help="Total CPU seconds, shared by the rows.")] = 20,
    grid: Annotated[
        list[str] | None, typer.Option(help="An axis or scalar block and its values: H=1:6, or H=1,2,4, or b=1/2,1/4.")
    ] = None,
    counted: Counted = False,
    seed: Seed = 0,
    part: Annotated[
        str | None, typer.Option(help="Name of the part to hunt; by default the first universal inequality.")
    ] = None,
    control: Annotated[
        str | None, typer.Option(help="Hunt the statement as changed by this control, which must be refuted.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of result, smallest witness, drawing and TikZ.")
    ] = None,
    png: Annotated[bool, typer.Option("--png", help="Write a PNG beside the drawing's PDF.")] = False,
    scheduler: Scheduler = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the result as JSON.")] = False,
):
    """Search for the worst case of a claim: the instance at which its two sides meet, or cross.

    Exit code 0 unless the claim is refuted or its float intervals are wrong (1), or for usage errors (3).
    """
    from ..base.compiling import user_cache
    from ..hunt import hunt as search
    from ..report.result.hunted import remarks, table, write_hunt

    with stdout_for_the_result(), shown_progress() as (notice, progress):
        values = _grid(grid or [])
        total, done = prod(map(len, values.values())), []

        def report_end(row):
            done.append(row)
            progress(
                len(done),
                total,
                f"{' '.join(f'{name}={value}' for name, value in row.fixed.items())} {row.verdict}".strip(),
            )

        progress(0, total, "")
        budget = {"seconds": seconds, "counted": counted, "seed": seed}
        found = search(
            claim,
            **budget,
            grid=values or None,
            part=part,
            control=control,
            scheduler=scheduler,
            notice=notice,
            progress=report_end,
        )
    if not as_json:
        show_table(table(found))
    files, undrawn = write_hunt(found, folder or user_cache() / "hunts", png)
    if as_json:
        data = {**found.to_data(), "files": [str(file) for file in files], "undrawn": undrawn}
        typer.echo(json.dumps(finite(data), indent=1, allow_nan=False))
    else:
        for line in [*remarks(found), *undrawn]:
            typer.echo(line)
        for file in files:
            typer.echo(file)
    wrong = not control and any(row.verdict in ("REFUTED", "SPURIOUS") for row in found.records)
    raise typer.Exit(1 if wrong else 0)


@app.command()
def constants(
    claims: Annotated[
        list[str] | None, typer.Argument(metavar="CLAIM", help="Ids; by default every registered claim.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="CPU seconds per true statement, shared by its horizons.")] = 30,
    wrong_seconds: Annotated[float, typer.Option(help="CPU seconds per false variant made by a control.")] = 2,
    counted: Counted = False,
    seed: Seed = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by default one per core.")] = None,
    scheduler: Scheduler = None,
    folder: Annotated[
        Path,
        typer.Option(file_okay=False, help="Folder of THEME/ID.constants.json, and of the table of all of them."),
    ] = Path("figures"),
    missing: Annotated[
        bool, typer.Option("--missing", help="Hunt only statements missing from the files there; drop obsolete ones.")
    ] = False,
    kept: Annotated[
        Path | None,
        typer.Option("--keep", file_okay=False, help="Folder of the worst draws, as mdpkit/claims/worst."),
    ] = None,
    png: Annotated[bool, typer.Option("--png", help="Write a PNG beside the PDF.")] = False,
):
    """Hunt every universal inequality unaided; store each claim's best constants, and write the table of all stored."""
    from ..hunt import constants as search
    from ..hunt import jobs, keep_worst
    from ..report.result.constants import read_constants, tables, write_constants, write_table

    if scheduler and workers:
        raise UsageError(BOTH)
    if missing and kept is not None:
        raise UsageError("--keep writes the worst draws of whole claims; name the claims, and leave out --missing")
    with stdout_for_the_result(), shown_progress() as (notice, progress):
        done = []

        def report_end(hunted):
            done.append(hunted)
            progress(len(done), total, f"{hunted.claim} {hunted.control}".strip())

        work = {(job.claim, job.part, job.control): job for job in jobs(claims or None)}
        if not work:
            raise UsageError(
                f"{', '.join(claims)}: no universal inequality to hunt; `mdpkit hunt CLAIM` says what a claim lacks"
            )
        hunted_claims = list(dict.fromkeys(claim for claim, *_ in work))
        stored = [line for claim in hunted_claims for line in read_constants(folder, claim)] if missing else []
        found = {(line["claim"], line["part"], line["control"]): line for line in stored}
        changed = {claim for claim, *_ in work.keys() ^ found.keys()}
        wanted = [job for key, job in work.items() if key not in found]
        total = len(wanted)
        progress(0, total, "")
        hunts = search(
            wanted,
            seconds,
            wrong_seconds=wrong_seconds,
            counted=counted,
            seed=seed,
            workers=workers,
            scheduler=scheduler,
            notice=notice,
            progress=report_end,
        )
        found |= {(each.claim, each.part, each.control): each for each in hunts}
        files = write_constants([found[key] for key in work if key[0] in changed], folder) + write_table(folder, png)
        lines = tables([line for claim in hunted_claims for line in read_constants(folder, claim)])
        if kept is not None:
            files += keep_worst(hunts, kept)
    for line in lines:
        typer.echo(line)
    for file in files:
        typer.echo(file)


def _grid(texts) -> dict[str, list]:
    """Parse texts such as H=1:6 (both ends included), H=1,2,4 and b=1/2 into axis or block -> values."""
    values = {}
    for text in texts:
        name, equals, right = text.partition("=")
        low, colon, high = right.partition(":")
        try:
            numbers = list(range(int(low), int(high) + 1)) if colon else [_number(each) for each in right.split(",")]
        except (ValueError, ZeroDivisionError):
            numbers = []
        if not equals or not name or not numbers:
            raise UsageError(f"--grid {text!r}; expected an axis and its values, such as H=1:6, H=1,2,4 or b=1/2,1/4")
        if name in values:
            raise UsageError(f"--grid gives {name} twice")
        values[name] = numbers
    return values


def _number(text):
    number = Fraction(text)
    return int(number) if number.denominator == 1 else number
