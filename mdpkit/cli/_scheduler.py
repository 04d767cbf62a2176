"""The option --scheduler."""

from typing import Annotated

import typer

Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Run the tasks on a Dask cluster, such as tcp://10.0.0.1:8786, instead of here."
    ),
]
BOTH = "--workers counts processes of this machine, --scheduler names a cluster: expected one of them"
