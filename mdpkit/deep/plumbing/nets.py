"""Networks with two hidden layers and orthogonal initialisation from a given generator."""

import torch
from torch import nn

from ...base.errors import InvalidModel, NotSolved


def mlp(inputs, outputs, width, generator, last=1.0) -> nn.Sequential:
    """ReLU network inputs -> width -> width -> outputs, with orthogonal weights and zero biases.

    The gain of the weights is sqrt(2), `last` in the output layer; they are not drawn from torch's global generator.

    >>> net = mlp(3, 2, 4, torch.Generator().manual_seed(0))
    >>> [tuple(weight.shape) for weight in net.parameters()]
    [(4, 3), (4,), (4, 4), (4,), (2, 4), (2,)]
    """
    inside = 2**0.5
    layers = [
        _linear(inputs, width, inside, generator),
        _linear(width, width, inside, generator),
        _linear(width, outputs, last, generator),
    ]
    return nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])


def _linear(inputs, outputs, gain, generator):
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def expect_rate(rate):
    """Check that a rate is positive and finite.

    Raises: InvalidModel if it is not.
    """
    if not 0 < rate < float("inf"):
        raise InvalidModel(f"rate is {rate}; expected a number above 0")


def expect_finite(net, rate):
    """Check that all weights of a network are finite.

    Raises: NotSolved if training at the given rate has diverged.
    """
    if not all(weight.isfinite().all() for weight in net.parameters()):
        raise NotSolved(
            f"training diverged: the network has weights that are not finite; the rate was {rate}, try a smaller one"
        )


class Masked(nn.Module):
    """A network on one-hot states, with output -inf for actions that do not exist in the state.

    Args: mask: `mask[s,a]`, True where the action exists.
    """

    def __init__(self, net, mask):
        super().__init__()
        self.net = net
        self.register_buffer("missing", torch.tensor(~mask, dtype=torch.float32))

    def forward(self, rows):
        missing = rows[:, : len(self.missing)] @ self.missing > 0.5
        return self.net(rows).masked_fill(missing, -torch.inf)
