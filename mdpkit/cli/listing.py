"""mdpkit list and mdpkit show."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ._app import app
from ._shown import show_columns, stdout_for_the_result


@app.command("list")
def list_(
    theme: Annotated[str | None, typer.Option(help="Claims of one theme.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
):
    """List the registered claims, each with the first line of its statement."""
    from ..claims import ids
    from ..verify.register import path_of, statement_of

    rows = [(name, path_of(name).parent.name, statement_of(name).partition("\n")[0]) for name in ids(theme)]
    if as_json:
        typer.echo(
            json.dumps([{"id": name, "theme": room, "statement": words} for name, room, words in rows], indent=1)
        )
    else:
        show_columns(rows)


@app.command()
def show(claim: Annotated[str, typer.Argument(metavar="CLAIM|FILE")]):
    """Show a claim's statement, assumptions, accepted problems, and controls."""
    from ..verify import register

    with stdout_for_the_result():
        found = register.find(claim)
    file = register.path_of(claim) if claim in register.ids() else Path(claim).resolve()
    proof = next((line.split(maxsplit=1)[1] for line in found.statement.splitlines() if line.startswith("Proof ")), "—")
    lines = [found.id, "", found.statement, ""]
    lines += _block("assumes", [assumption.name for part in found.parts for assumption in part.assumes] or ["nothing"])
    lines += _block("controls", [f"{control.name} ({control.kind}{_object(control)})" for control in found.controls])
    lines += _block("parts", [f"{part.name or 'main statement'}: {_instances(part)}" for part in found.parts])
    accepted = [f"{part.accepts[1].__name__} as {part.accepts[0]}" for part in found.parts if part.accepts]
    lines += _block("accepts", accepted or ["no problem from outside"])
    lines += _block("file", [str(file)]) + _block("proof note", [proof])
    typer.echo("\n".join(lines))


def _block(name, entries):
    return [f"{name if k == 0 else '':<12}{entry}" for k, entry in enumerate(dict.fromkeys(entries))]


def _object(control):
    words = {"drops": control.drops, "tightens": control.at, "sabotages": getattr(control.sabotages, "__name__", None)}[
        control.kind
    ]
    return f": {words}" if words else ""


def _instances(part):
    from ..instances import Family

    if not isinstance(part.instances, Family):
        return "enumerated"
    sizes = ", ".join(f"{axis} = {low}..{high}" for axis, (low, high) in part.instances.sizes.items())
    return f"a family with {sizes}"
