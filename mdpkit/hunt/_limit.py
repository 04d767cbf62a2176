"""Records that improve towards the boundary of the simplex: one-parameter families with certified members."""

import numpy as np

from ..base.arrays import objects
from ._certify import Worth, worth

POWERS = (2, 4, 8, 16, 32, 64, 128)
LONGEST = 20000
"""Maximum length of an entry in digits; no further power is taken beyond it."""


def push_to_boundary(target, start: Worth) -> list[Worth]:
    """The start and further members with strictly increasing ratios; the start alone if no member improves on it.

    A distribution p becomes p^k / sum p^k, i.e. its logits are multiplied by k: small probabilities tend to 0 and ties
    are preserved. Each round tries every block alone and all blocks together, and continues from the best.
    """
    best, laws = [start], [name for name, block in target.instances.blocks.items() if block.row_axes]
    for _ in range(3):
        runs = [_run(target, best[-1], names) for names in ([name] for name in laws)]
        runs += [_run(target, best[-1], laws)] if len(laws) > 1 else []
        run = max(runs, key=lambda run: run[-1].least if run else -np.inf, default=[])
        if not run or run[-1].least <= best[-1].least * (1 + 1e-6):
            break
        best += run
    return best


def _run(target, start, names):
    """Members with the blocks `names` raised to increasing powers, as long as the ratio increases."""
    grown, least = [], start.least
    for k in POWERS:
        arrays = {name: getattr(start.x, name) for name in target.instances.blocks}
        for name in names:
            arrays[name] = _power(arrays[name], k)
        if max(len(str(entry)) for name in names for entry in arrays[name].ravel()) > LONGEST:
            break
        found = worth(target, target.instances.to_draw(arrays, start.x.sizes))
        if not found.least > least:
            break
        grown.append(found)
        least = found.least
    return grown


def _power(law, k):
    powers = objects(law**k)
    return powers / powers.sum(axis=-1, keepdims=True)
