"""mdpkit list and mdpkit show."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ._app import UsageError, app
from ._instance import instance_lines
from ._shown import show_columns, stdout_for_the_result


@app.command("list")
def list_(
    theme: Annotated[str | None, typer.Option(help="Claims of one theme.")] = None,
    tag: Annotated[str | None, typer.Option(help="Claims about one subject, as `mdpkit show` names them.")] = None,
    paper: Annotated[
        str | None, typer.Option(help="Claims adapted from one paper, by its key in references.bib.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
):
    """List the registered claims, each with the first line of its statement."""
    from ..claims import get, ids
    from ..verify.papers import paper as known
    from ..verify.register import path_of, statement_of

    names = ids(theme)
    if paper is not None:
        names = [name for name in names if known(paper).key in get(name).papers]
    if tag is not None:
        tags = {name: get(name).tags for name in names}
        names = [name for name in names if tag in tags[name]]
        if not names:
            raise UsageError(
                f"no claim has the tag {tag!r}; there are {', '.join(sorted(set().union(*tags.values())))}"
            )
    rows = [(name, path_of(name).parent.name, statement_of(name).partition("\n")[0]) for name in names]
    if as_json:
        typer.echo(
            json.dumps([{"id": name, "theme": room, "statement": words} for name, room, words in rows], indent=1)
        )
    else:
        show_columns(rows)


@app.command()
def show(
    claim: Annotated[str | None, typer.Argument(metavar="CLAIM|FILE")] = None,
    instance: Annotated[
        str | None, typer.Option(metavar="NAME", help="A named instance, such as cliff, in place of a claim.")
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="A parameter of the instance: H=4, eps=1/10, e=1/2,1/3.")
    ] = None,
    draw: Annotated[
        Path | None, typer.Option(dir_okay=False, metavar="FILE", help="Draw the instance: .pdf, .svg, .png or .tex.")
    ] = None,
):
    """Show a claim's statement, assumptions, accepted model, controls, papers and counterparts; or a named instance."""
    if (claim is None) == (instance is None):
        raise UsageError("expected a claim, or --instance NAME")
    if instance is None and (parameter or draw):
        raise UsageError("--parameter and --draw belong to --instance")
    typer.echo("\n".join(_claim(claim) if instance is None else instance_lines(instance, parameter or [], draw)))


def _claim(reference) -> list[str]:
    from ..verify import register
    from ..verify.papers import paper

    with stdout_for_the_result():
        found = register.find(reference)
    file = register.path_of(reference) if reference in register.ids() else Path(reference).resolve()
    proof = next((line.split(maxsplit=1)[1] for line in found.statement.splitlines() if line.startswith("Proof ")), "—")
    lines = [found.id, "", found.statement, ""]
    lines += _block("formula", [found.formula] if found.formula else [])
    lines += _block("assumes", [assumption.name for part in found.parts for assumption in part.assumes] or ["nothing"])
    lines += _block("controls", [f"{control.name} ({control.kind}{_object(control)})" for control in found.controls])
    lines += _block("parts", [f"{part.name}: {_instances(part)}" for part in found.parts])
    accepted = [f"{part.accepts[1].__name__} as {part.accepts[0]}" for part in found.parts if part.accepts]
    lines += _block("accepts", accepted or ["no problem from outside"])
    lines += _block("papers", [f"{key}: {paper(key).reference} {paper(key).url}" for key in found.papers])
    lines += _block("subjects", [", ".join(found.tags)] if found.tags else [])
    lines += _block("elsewhere", [_counterpart(each) for each in found.formal])
    lines += _block("file", [str(file)]) + _block("proof note", [proof])
    return lines


def _block(name, entries):
    return [f"{name if k == 0 else '':<12}{entry}" for k, entry in enumerate(dict.fromkeys(entries))]


def _counterpart(formal):
    note = f" ({formal.note})" if formal.note else ""
    return f"{formal.theorem}, {formal.system}, {formal.repository}@{formal.commit}: {formal.relation}{note}"


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
