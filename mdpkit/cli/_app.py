"""The application and its exit codes."""

import io
import sys
from typing import Annotated

import typer
from typer.core import TyperGroup

from .. import __version__

FAILED, SILENT, MISUSED, INTERRUPTED = 1, 2, 3, 130
UsageError = typer.BadParameter.__base__


class Commands(TyperGroup):
    """Commands with exit code 3 for usage and environment errors; 1 and 2 report on claims."""

    def main(self, *args, standalone_mode=True, **options):
        from ..base.errors import MdpkitError

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
def mdpkit(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
):
    """Theorems about decision making, doubted by machine."""
    if version:
        typer.echo(f"mdpkit {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())
