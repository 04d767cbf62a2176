"""Networks: two hidden layers, started orthogonally from a generator of their own."""

import torch
from torch import nn

from ...base.errors import InvalidModel, NotSolved


def mlp(inputs, outputs, width, generator, last=1.0) -> nn.Sequential:
    """inputs -> width -> width -> outputs with rectifiers; orthogonal weights, gain sqrt(2) inside and `last` at the end, no bias.

    No weight is drawn from torch's global generator.

    >>> net = mlp(3, 2, 4, torch.Generator().manual_seed(0))
    >>> [tuple(weight.shape) for weight in net.parameters()]
    [(4, 3), (4,), (4, 4), (4,), (2, 4), (2,)]
    """
    inside = 2**0.5
    layers = [_linear(inputs, width, inside, generator), _linear(width, width, inside, generator), _linear(width, outputs, last, generator)]
    return nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])


def _linear(inputs, outputs, gain, generator):
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def expect_rate(rate):
    """Raises: InvalidModel for a rate that is no number above 0."""
    if not 0 < rate < float("inf"):
        raise InvalidModel(f"rate is {rate}; expected a number above 0")


def expect_finite(net, rate):
    """Raises: NotSolved where training at a rate has left the numbers."""
    if not all(weight.isfinite().all() for weight in net.parameters()):
        raise NotSolved(f"training diverged: the network holds weights that are no finite numbers; the rate was {rate}, try a smaller one")


class Masked(nn.Module):
    """A network on one-hot states, with -inf for the actions that a state does not have.

    Args: mask: `mask[s,a]`, True where the action exists.
    """

    def __init__(self, net, mask):
        super().__init__()
        self.net = net
        self.register_buffer("missing", torch.tensor(~mask, dtype=torch.float32))

    def forward(self, rows):
        missing = rows[:, : len(self.missing)] @ self.missing > 0.5
        return self.net(rows).masked_fill(missing, -torch.inf)
