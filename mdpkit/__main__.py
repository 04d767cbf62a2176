"""`python -m mdpkit`."""

from .cli import app

app(prog_name="mdpkit")
