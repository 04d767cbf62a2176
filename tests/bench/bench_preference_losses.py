"""CPU seconds of a gradient of the losses of DPO, IPO and HyPO over many comparisons, and of dense implementations.

    python tests/bench/bench_preference_losses.py [NAME...]

1e7 comparisons should take at most .15 CPU seconds on one core, 1e9 at most 10; they are streamed in blocks of 2e6
rows, so that no array has more than 1 GB. Eight different blocks are drawn beforehand and read in turn: their drawing
is not counted. Rows come in the order of their prompts, or shuffled. The dense implementations hold all margins at
once: numpy adds the terms of each response by `bincount`, torch differentiates the same loss.
"""

import itertools
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from mdpkit.learn import dpo_gradient, hypo_gradient, ipo_gradient
from mdpkit.model import Comparisons

X, Y, BETA, PENALTY = 1000, 50, 0.1, 0.01
BLOCK, DIFFERENT = 2_000_000, 8
LIMITS = {10_000_000: 0.15, 1_000_000_000: 10.0}
"""Most CPU seconds of a gradient, by number of comparisons."""


def policy(seed=0):
    """Log-ratios, reference and distribution of the prompts."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(X, Y)), rng.dirichlet(np.ones(Y), X), rng.dirichlet(np.ones(X))


def draw(count, seed, ordered):
    rng = np.random.default_rng(seed)
    prompt = rng.integers(0, X, count).astype(np.uint32)
    first, second = (rng.integers(0, Y, count).astype(np.uint32) for _ in range(2))
    won = rng.integers(0, 2, count).astype(float)
    return Comparisons(np.sort(prompt) if ordered else prompt, first, second, won)


def stream(count, different):
    return itertools.islice(itertools.cycle(different), count // BLOCK)


def numpy_gradient(data):
    """DPO's gradient from arrays of all margins."""
    h = policy()[0]
    y, z = (data.prompt.astype(np.int64) * Y + column for column in (data.first, data.second))
    margin = BETA * (h.reshape(-1)[y] - h.reshape(-1)[z])
    pull = data.weight * BETA * (1 / (1 + np.exp(-margin)) - data.won)
    return (np.bincount(y, pull, minlength=X * Y) - np.bincount(z, pull, minlength=X * Y)).reshape(X, Y)


def torch_gradient(data):
    """DPO's gradient by automatic differentiation."""
    import torch

    torch.set_num_threads(1)
    h = torch.tensor(policy()[0].reshape(-1), requires_grad=True)
    y, z = (torch.from_numpy(data.prompt.astype(np.int64) * Y + column) for column in (data.first, data.second))
    won, weight = torch.tensor(data.won), torch.tensor(data.weight)
    margin = BETA * (h[y] - h[z])
    loss = -won * torch.nn.functional.logsigmoid(margin) - (1 - won) * torch.nn.functional.logsigmoid(-margin)
    (weight @ loss).backward()
    return h.grad.numpy().reshape(X, Y)


def ours(name, blocks):
    h, reference, rho = policy()
    if name == "HyPO":
        return hypo_gradient(h, reference, rho, blocks, BETA, PENALTY)
    return dpo_gradient(h, blocks, BETA) if name == "DPO" else ipo_gradient(h, blocks, BETA)


def order(ordered):
    return "in order" if ordered else "shuffled"


def timed(function, *args):
    start = time.process_time()
    found = function(*args)
    return found, time.process_time() - start


def rows(*names):
    """One row per loss, order of the rows and size: CPU seconds, the limit, and those of the dense implementations."""
    found = []
    for name in names or ("DPO", "IPO", "HyPO"):
        for ordered in (True, False):
            different = [draw(BLOCK, seed, ordered) for seed in range(DIFFERENT)]
            ours(name, different[0])
            for count, limit in LIMITS.items():
                seconds = timed(ours, name, stream(count, different))[1]
                found.append({"name": f"{name}, {count:.0e} {order(ordered)}", "seconds": seconds, "limit": limit})
            if name == "DPO":
                small = draw(10_000_000, 0, ordered)
                meant = dpo_gradient(policy()[0], small, BETA)
                for peer, gradient in (("numpy", numpy_gradient), ("torch", torch_gradient)):
                    other, seconds = timed(gradient, small)
                    assert np.allclose(other, meant, rtol=1e-9, atol=1e-15)
                    found.append({"name": f"DPO, {peer}, 1e+07 {order(ordered)}", "seconds": seconds, "limit": None})
    return found


if __name__ == "__main__":
    for row in rows(*sys.argv[1:]):
        most = "" if row["limit"] is None else f"  (at most {row['limit']})"
        sys.stdout.write(f"{row['name']:30s} {row['seconds']:8.3f} CPU s{most}\n")
