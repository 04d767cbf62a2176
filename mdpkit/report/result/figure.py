"""Write a claim's result and figure."""

from os import PathLike
from pathlib import Path

from ...base.files import write_whole
from ...verify import verify
from ...verify.claim import Claim
from ...verify.register import find, place
from ...verify.verdict import Verdict
from ..witness.files import fitting, forget_witness, write_witness
from .draw import draw_claim, render
from .numbers import as_csv, as_macros
from .store import read, result_of, write


def make_figure(
    claim_id: str | PathLike[str],
    folder: str | PathLike[str],
    png: bool = False,
    profile: str = "quick",
    seed: int = 0,
    csv: bool = False,
    tex: bool = False,
) -> list[Path]:
    """Verify a claim, store the result, and draw it.

    Args:
        claim_id: id of a registered claim, or the path of a file with one.
        folder: folder of `<claim>.json` and `<claim>.pdf` (in the theme's subfolder for registered claims); created if
            missing.
        png: write `<claim>.png` as well; csv: the rows as `<claim>.csv`; tex: macros of the headline numbers and
            the caption, as `<claim>.tex`.

    Returns: the files written, the stored result first.
    Raises: UnknownClaim, InvalidClaim; whatever `verify` raises.
    """
    claim = find(claim_id)
    return write_figure(verify(claim, profile, seed=seed), claim, folder, png, csv, tex)


def write_figure(verdict: Verdict, claim: Claim, folder, png=False, csv=False, tex=False) -> list[Path]:
    """Store a verdict and draw it.

    Args: folder, png, csv, tex: as for `make_figure`.
    Returns: the files written, the stored result first. A refuting instance is written to `<claim>.refuted.json`, and
        its relevant rows to `<claim>.refuted.matters.json`.
    """
    at = Path(folder) / place(claim.id)
    at.parent.mkdir(parents=True, exist_ok=True)

    def named(kind):
        return at.with_name(f"{claim.id}.{kind}")

    if verdict.witness is not None:
        write_witness(verdict.witness, fitting(verdict.witness, verdict.matters), named("refuted.json"))
    files = [write(result_of(verdict, claim), named("json"))]
    if verdict.witness is None:
        forget_witness(named("refuted.json"))
    result = read(files[0])
    figure = draw_claim(result, claim)
    for kind in ("pdf", "png") if png else ("pdf",):
        files.append(write_whole(named(kind), render(figure, result, kind)))
    for kind, wanted, content in (("csv", csv, as_csv), ("tex", tex, lambda shown: as_macros(shown, claim))):
        if wanted:
            files.append(write_whole(named(kind), content(result)))
    return files
