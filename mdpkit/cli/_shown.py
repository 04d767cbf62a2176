"""Output shared by the commands: standard output, progress, columns, JSON without infinities."""

import math
import os
import sys
from contextlib import contextmanager, redirect_stdout

import typer


@contextmanager
def stdout_for_the_result():
    """Redirect output of claims, here, in workers or in compiled code, to stderr."""
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
def shown_progress():
    """(notice, progress) callbacks for a session: a bar on a terminal, else plain lines."""
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


def finite(data):
    """Replace infinite and undefined numbers by null, for JSON."""
    if isinstance(data, dict):
        return {str(name): finite(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def show_table(rows):
    """Print a table: formatted on a terminal, else in plain columns."""
    if not sys.stdout.isatty():
        show_columns(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for k, name in enumerate(rows[0]):
        table.add_column(name, justify="right" if k >= 3 else "left", overflow="fold")
    for row in rows[1:]:
        table.add_row(*row)
    Console().print(table, markup=False)


def show_columns(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
