"""Output of a hunt: table, result as JSON, smallest witness as an instance file, drawing and TikZ."""

import json
import re
from pathlib import Path

from ...base.errors import InvalidModel
from ...base.files import write_whole
from ...base.markup import abbreviate
from ...hunt import Hunt, matters
from ...instances.io import encode, save
from ...verify.register import place
from ..witness.draw import draw_witness, tikz
from ..witness.files import fitting, write_witness
from .draw import as_bytes
from .store import plain

HEAD = ("fixed", "sizes", "random", "best", "exact", "verdict", "engine", "CPU s to 99 %", "CPU s")


def table(found: Hunt) -> list[tuple[str, ...]]:
    """The header and one row of text per record."""
    return [HEAD, *(_cells(row) for row in found.records)]


def remarks(found: Hunt) -> list[str]:
    """Remarks below the table: formulas, exponents, faults, unavailable engines."""
    lines = summary(found)
    lines += [f"through every exact record: {text}" for text in found.formulas.values()]
    lines += [f"the best ratio grows like {name}^{power:.3g}" for name, power in found.slopes.items()]
    lines += [f"{_named(row.fixed) or 'free'}: {row.note}" for row in found.records if row.note]
    for row in found.records:
        if row.verdict == "LIMIT":
            lines.append(
                f"{_named(row.fixed) or 'free'}: certified members {', '.join(_short(each.least) for each in row.members)}"
            )
    left_out = {f"{name} was not used: {why}" for row in found.records for name, why in row.without.items()}
    return lines + sorted(left_out)


def write_hunt(found: Hunt, folder, png=False) -> tuple[list[Path], list[str]]:
    """Write a hunt: its result and, if an instance was found, the record and the witness.

    `<claim>.hunt.json` is the result. `<claim>.record.json` is the instance with the largest ratio.
    `<claim>.witness.json` is the
    simplest one kept: for a refuted statement, the violation of the smallest size. The witness also has a file of its
    relevant rows, a drawing (PDF) and TikZ. For a hunted control, names begin `<claim>.control.<name of the control>`.

    Returns: the files written, the result first; and a sentence about a drawing that no page holds, which is left out.
    """
    at = Path(folder) / place(found.claim)
    at.parent.mkdir(parents=True, exist_ok=True)

    def named(ending):
        return at.with_name(f"{_stem(found)}.{ending}")

    text = json.dumps(plain(found.to_data()), indent=1, allow_nan=False) + "\n"
    files = [write_whole(named("hunt.json"), text.encode())]
    row = found.smallest
    if row is None:
        return files, []
    save(found.record(), named("record.json"))
    files.append(named("record.json"))
    instance = found.witness(row)
    relevant = fitting(instance, matters(found.target.at(row.fixed), row.smallest))
    files += write_witness(instance, relevant, named("witness.json"))
    try:
        figure, document = draw_witness(instance, relevant), tikz(instance, relevant)
    except InvalidModel as error:
        return files, [f"the witness is not drawn: {error}"]
    for kind in ("pdf", "png") if png else ("pdf",):
        files.append(write_whole(named(f"witness.{kind}"), as_bytes(figure, kind)))
    files.append(write_whole(named("witness.tex"), document.encode()))
    return files, []


def _stem(found):
    """Stem of the file names, distinct for controls."""
    if not found.control:
        return found.claim
    return f"{found.claim}.control.{'_'.join(re.findall(r'[a-z0-9]+', found.control.lower())) or 'unnamed'}"


def summary(found: Hunt) -> list[str]:
    """Ratio and sizes of the record and of the witness; empty if no instance was found."""
    largest, smallest = found.largest, found.smallest
    if smallest is None:
        return []
    record, witness = largest.worth, smallest.smallest
    if encode(found.record()) == encode(found.witness()):
        return [f"record and witness are one instance: ratio {_ratio(record)}, {_named(record.x.sizes)}"]
    return [
        f"record, the largest ratio: {_ratio(record)}, {_named(record.x.sizes)}",
        f"witness, the violation of the smallest size: {_ratio(witness)}, {_named(witness.x.sizes)}"
        if smallest.verdict == "REFUTED"
        else f"witness, the simplest with that ratio: {_ratio(witness)}, {_named(witness.x.sizes)}",
    ]


def _ratio(worth):
    return _short(worth.least) if worth.exact is None else abbreviate(worth.exact)


def _cells(row):
    return (
        _named(row.fixed) or "—",
        _named({name: size for name, size in row.sizes.items() if name not in row.fixed}),
        _short(row.random),
        _short(row.best),
        "—" if row.exact is None else abbreviate(row.exact),
        row.verdict,
        row.engine or "—",
        _short(row.to_99),
        _short(row.seconds),
    )


def _named(values):
    return " ".join(f"{name}={value}" for name, value in values.items())


def _short(value):
    return "—" if value is None or value != value else f"{value:.4g}"
