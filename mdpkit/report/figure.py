"""From a claim to its committed files."""

from pathlib import Path

from ..base.files import write_whole
from ..claims import verify
from ..claims._register import find
from .draw import draw_claim, rendered
from .numbers import as_csv, as_macros
from .store import read, stored, write


def make_figure(claim_id, folder, png=False, profile="quick", seed=0, csv=False, tex=False) -> list[Path]:
    """Verify a claim, store the result, and draw what was stored.

    Args:
        claim_id: id of a registered claim, or the path of a file with one.
        folder: where `<claim>.json` and `<claim>.pdf` go; it is made if missing.
        png: write `<claim>.png` as well; csv: the rows as `<claim>.csv`; tex: the headline numbers as macros in `<claim>.tex`.

    Returns: the files written, the stored result first.
    Raises: UnknownClaim, InvalidClaim; whatever `verify` raises.
    """
    claim, folder = find(claim_id), Path(folder)
    verdict = verify(claim, profile, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    files = [write(stored(verdict, claim), folder / f"{claim.id}.json")]
    result = read(files[0])
    figure = draw_claim(result, claim)
    for kind in ("pdf", "png") if png else ("pdf",):
        files.append(write_whole(folder / f"{claim.id}.{kind}", rendered(figure, result, kind)))
    for kind, wanted, content in (("csv", csv, as_csv), ("tex", tex, as_macros)):
        if wanted:
            files.append(write_whole(folder / f"{claim.id}.{kind}", content(result)))
    return files
