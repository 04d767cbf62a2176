"""Average reward, sparse (CSR): damped relative value iteration per component."""

import numpy as np

from ..base.compiling import compiled
from .discounted import bellman_change


def _relative(data, indices, indptr, r, w, label, damping, stop, sweeps):
    """Relative value iteration until the span of T w - w is at most `stop` in every component; also the sweeps.

    Args: r: `[s,a]`, -inf at missing actions. label: `[s]`, the component 0, 1, ... of each state, closed under all
        actions. damping: in (0, 1); makes every chain aperiodic. sweeps: maximum number.

    A sweep moves w by `damping` times the change minus the midpoint of its range in the component.
    """
    w = w.copy()
    count = label.max() + 1
    low = np.zeros(count, w.dtype)
    high = np.zeros(count, w.dtype)
    met = np.zeros(count, np.bool_)
    used = 0
    going = True
    while going and used < sweeps:
        change, _ = bellman_change(data, indices, indptr, r, w, damping * 0 + 1)
        met[:] = False
        for s in range(len(w)):
            c = label[s]
            low[c] = change[s] if not met[c] or change[s] < low[c] else low[c]
            high[c] = change[s] if not met[c] or change[s] > high[c] else high[c]
            met[c] = True
        used += 1
        going = False
        for c in range(count):
            going = going or high[c] - low[c] > stop
        if going:
            for s in range(len(w)):
                w[s] += damping * (change[s] - (low[label[s]] + high[label[s]]) / 2)
    return w, used


relative = compiled(_relative, "f8[1]&i8 (f8[1], u4[1], u4[1], f8[2], f8[1], i8[1], f8, f8, i8)")
