"""Worst known draws, found by hunts and verified again with their claim."""

import json
from pathlib import Path

from ..base.errors import InvalidClaim
from .register import place
from .tally import pack, unpack

FOLDER = Path(__file__).parents[1] / "claims" / "worst"


def worst(claim, part) -> list:
    """Stored draws of a part's family with the largest ratio when they were found; empty if none is stored.

    Raises: InvalidClaim if a stored draw no longer fits the family; hunt again.
    """
    family, found = part.instances, []
    for packed in _read(claim.id).get(part.name, ()):
        x = unpack(packed)
        for name, block in family.blocks.items():
            if not hasattr(x, name) or getattr(x, name).shape != block.shape(x.sizes):
                raise InvalidClaim(
                    f"a worst draw stored for {claim.id} does not fit its family at {name}: hunt the claim again, with --keep"
                )
        found.append(x)
    return found


def keep(claim_id, draws, folder=FOLDER) -> Path:
    """Write part name -> draws, replacing those stored for the claim."""
    from ..base.files import write_whole

    path = Path(folder) / f"{place(claim_id)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {part: [pack(x) for x in found] for part, found in draws.items()}
    return write_whole(path, (json.dumps(data, indent=1) + "\n").encode())


def _read(claim_id):
    try:
        return json.loads((FOLDER / f"{place(claim_id)}.json").read_text(encoding="ascii"))
    except FileNotFoundError:
        return {}
