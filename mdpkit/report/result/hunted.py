"""What a hunt leaves behind: its table, the result as JSON, the smallest witness as an instance file, a drawing and TikZ."""

import json
from pathlib import Path

from ...base.files import write_whole
from ...base.markup import abbreviate
from ...hunt import Hunt, matters
from ..witness.draw import draw_witness, tikz
from ..witness.files import fitting, write_witness
from .draw import as_bytes
from .store import plain

HEAD = ("fixed", "sizes", "random", "best", "exact", "verdict", "engine", "CPU s to 99 %", "CPU s")


def table(found: Hunt) -> list[tuple[str, ...]]:
    """The head, and a row of words for every record."""
    return [HEAD, *(_cells(row) for row in found.records)]


def remarks(found: Hunt) -> list[str]:
    """What the table has no room for: formulas, exponents, faults, engines that could not be used."""
    lines = [f"through every exact record: {text}" for text in found.formulas.values()]
    lines += [f"the best ratio grows like {name}^{power:.3g}" for name, power in found.slopes.items()]
    lines += [f"{_named(row.fixed) or 'free'}: {row.note}" for row in found.records if row.note]
    for row in found.records:
        if row.verdict == "LIMIT":
            lines.append(f"{_named(row.fixed) or 'free'}: certified members {', '.join(_short(each.least) for each in row.members)}")
    left_out = {f"{name} was not used: {why}" for row in found.records for name, why in row.without.items()}
    return lines + sorted(left_out)


def write_hunt(found: Hunt, folder, png=False) -> list[Path]:
    """Write `<claim>.hunt.json`, and of its smallest witness the instance file, which of its rows matter, a drawing (PDF) and TikZ.

    Returns: the files written, the result first; the result alone where nothing was found.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)

    def named(ending):
        return folder / f"{found.claim}.{ending}"

    text = json.dumps(plain(found.to_data()), indent=1, allow_nan=False) + "\n"
    files = [write_whole(named("hunt.json"), text.encode())]
    row = found.smallest
    if row is None:
        return files
    instance = found.witness(row)
    told = fitting(instance, matters(found.target.at(row.fixed), row.smallest))
    files += write_witness(instance, told, named("witness.json"))
    figure = draw_witness(instance, told)
    for kind in ("pdf", "png") if png else ("pdf",):
        files.append(write_whole(named(f"witness.{kind}"), as_bytes(figure, kind)))
    files.append(write_whole(named("witness.tex"), tikz(instance, told).encode()))
    return files


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
