"""A policy over responses that is a network over tokens, evaluated at all prefixes at once."""

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...model.policy import TabularPolicy, inverse
from ...model.tokens import TokenProblem, token_policy
from . import checkpoint
from .nets import mlp
from .sequences import Sequences

KIND = "sequence policy"


class SequencePolicy(nn.Module):
    """The policy pi(y|x) = prod_h pi(token h | x, tokens before), with logits log reference + network(x, prefix).

    It has a `table[x,y]` and is judged by measures as a TabularPolicy is.

    Args:
        policies: the Sequences. reference: `reference[x,y]`.
        drawn: torch.Generator of the initial weights; the output layer is 0, so that the policy is the reference.
    """

    exact = False

    def __init__(self, policies: Sequences, reference: np.ndarray, drawn: torch.Generator) -> None:
        super().__init__()
        self.policies, self.tree = policies, policies.prefixes(*reference.shape)
        N, K = self.tree.X * self.tree.S, self.tree.K
        if policies.width is None:
            rows = torch.eye(N)
            self.net = nn.Linear(N, K, bias=False)
            nn.init.zeros_(self.net.weight)
        else:
            rows = torch.tensor(self.tree.rows())
            self.net = mlp(rows.shape[1], K, policies.width, drawn, last=0.0)
        law = floats(reference)
        buffers = {
            "rows": rows,
            "log_reference": torch.tensor(self.tree.log_conditionals(law)),
            "paths": torch.tensor(np.where(self.tree.paths < 0, N, self.tree.paths)),
            "tokens": torch.tensor(np.where(self.tree.tokens < 0, 0, self.tree.tokens)),
            "after": torch.tensor(self.tree.after),
        }
        for name, buffer in buffers.items():
            self.register_buffer(name, buffer, persistent=False)

    # ---- log-probabilities, differentiable
    def token_log_probs(self, prefixes: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """log pi and log reference `[k,a]` of the tokens after given prefixes `[k]`, or after all of them."""
        at = slice(None) if prefixes is None else prefixes
        base = self.log_reference[at]
        return torch.log_softmax(self.net(self.rows[at]) + base.to(self.rows.dtype), dim=1), base

    def prefix_log_ratios(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """log(pi / reference) of each token given those before it, `[k,h]`; 0 after the last token."""
        return self._along(self._log_ratios_of_tokens, x, y)

    def log_ratio(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """log(pi(y|x) / reference(y|x)) `[k]`."""
        return self.prefix_log_ratios(x, y).sum(dim=1)

    def log_probs(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """log pi(y|x) `[k]`."""
        return self._along(lambda at: self.token_log_probs(at)[0], x, y).sum(dim=1)

    def log_ratios(self) -> torch.Tensor:
        """log(pi / reference) `[x,y]` of all responses."""
        x, y = self._every()
        return self.log_ratio(x, y).reshape(self.tree.X, self.tree.Y)

    def log_law(self) -> torch.Tensor:
        """log pi `[x,y]` of all responses."""
        x, y = self._every()
        return self.log_probs(x, y).reshape(self.tree.X, self.tree.Y)

    def _log_ratios_of_tokens(self, at):
        own, base = self.token_log_probs(at)
        return torch.where(torch.isinf(base), torch.zeros_like(own), own - base.to(own.dtype))

    def _along(self, of_tokens, x, y):
        """Entries of an array `[n,a]` along the tokens of responses, `[k,h]`; 0 after the last token."""
        N = len(self.rows)
        paths, tokens = self.paths[y], self.tokens[y]
        there = paths < N
        at = torch.where(there, paths + x[:, None] * self.tree.S, 0)
        if at.numel() >= N:
            found = of_tokens(None)[at, tokens]
        else:
            found = of_tokens(at.reshape(-1)).gather(1, tokens.reshape(-1, 1)).reshape(at.shape)
        return torch.where(there, found, torch.zeros_like(found))

    def _every(self):
        k = torch.arange(self.tree.X * self.tree.Y, device=self.paths.device)
        return k // self.tree.Y, k % self.tree.Y

    # ---- samples
    def draw(self, x: torch.Tensor, drawn: torch.Generator) -> torch.Tensor:
        """Responses `[k]` to prompts `[k]`, token by token; the generator is one of the CPU."""
        S, at = self.tree.S, torch.zeros_like(x)
        with torch.no_grad():
            for _ in range(self.tree.H):
                on = torch.nonzero(at < S)[:, 0]
                u = torch.rand(len(x), generator=drawn, dtype=torch.float64).to(x.device)[on]
                law = self.token_log_probs(x[on] * S + at[on])[0].double().exp().cumsum(dim=1)
                a = (law <= u[:, None] * law[:, -1:]).sum(dim=1).clamp(max=self.tree.K - 1)
                at[on] = self.after[at[on], a]
        return at - S

    # ---- as a policy of a preference problem
    @property
    def table(self) -> np.ndarray:
        """`table[x,y]` in float64, computed by enumeration."""
        with torch.no_grad():
            law = self.log_law().double().exp().cpu().numpy()
        return law / law.sum(axis=-1, keepdims=True)

    def start(self, u: float) -> "SequencePolicy":
        """The policy for one episode: the policy itself."""
        return self

    def law(self, obs: Any, t: Any) -> np.ndarray:
        """Probabilities `[k,y]` of the responses to prompts."""
        return self.table[np.asarray(obs)]

    def sample(self, obs: Any, t: Any, u: np.ndarray) -> np.ndarray:
        """Responses `[k]` sampled from uniform numbers `u[k]`, by inversion of the distribution function."""
        return inverse(self.law(obs, t), u)

    def log_prob(self, obs: Any, t: Any, action: Any) -> np.ndarray:
        """log P(response | prompt), in nats; -inf for a response of probability 0."""
        with np.errstate(divide="ignore"):
            return np.log(np.take_along_axis(self.law(obs, t), np.asarray(action)[:, None], axis=1)[:, 0])

    def to_tabular(self, problem: Any) -> TabularPolicy:
        """The law of responses to each prompt; for a TokenProblem the token policy `table[s,a]`.

        The number kind is the problem's; floats become exact rationals.
        Raises: InvalidModel if the problem has other prompts or responses.
        """
        return _policy_of(problem, self.table)

    # ---- files
    def save(self, path: str | PathLike[str]) -> Path:
        """Write the policy to a safetensors file, with the tokens and the reference."""
        header = {"width": self.policies.width, "X": self.tree.X}
        with torch.no_grad():
            base = self.log_reference
        tensors = {"tokens": torch.tensor(self.tree.tokens), "log_reference": base}
        net = {f"net.{name}": weight for name, weight in self.net.state_dict().items()}
        return checkpoint.write(path, KIND, header, {**tensors, **net})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "SequencePolicy":
        """Read a policy written by `save`, bit-identical to the original.

        Raises: InvalidModel naming the file and what was expected, if it is truncated, altered or foreign.
        """
        header, tensors = checkpoint.read(path, KIND)
        try:
            tokens, base = tensors.pop("tokens").numpy(), tensors.pop("log_reference")
            policies = Sequences(tokens, header["width"])
            policy = cls(policies, np.full((header["X"], len(tokens)), 1 / len(tokens)), torch.Generator())
            expected = policy.log_reference.shape
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidModel(f"{path} states no valid sequence policy ({error})") from error
        if base.shape != expected:
            raise InvalidModel(f"{path}: log_reference has shape {tuple(base.shape)}; expected {tuple(expected)}")
        policy.log_reference = base
        checkpoint.fill(policy, tensors, path)
        return policy

    def __repr__(self):
        weights = sum(weight.numel() for weight in self.parameters())
        return f"SequencePolicy({self.tree.X} prompts, {self.tree.Y} responses of at most {self.tree.H} tokens, {weights} weights)"


class ResponseMixture:
    """The mixture of policies over responses: one of them is drawn for each response. Its `table` is their mean.

    Args: members: policies with a `table[x,y]`.
    """

    exact = False

    def __init__(self, members):
        self.members = tuple(members)
        if not self.members:
            raise InvalidModel("members is empty; a mixture has at least one member")

    @property
    def table(self) -> np.ndarray:
        return sum(member.table for member in self.members) / len(self.members)

    def start(self, u: float):
        """The member selected by a uniform number u."""
        return self.members[min(int(u * len(self.members)), len(self.members) - 1)]

    law, sample, log_prob = SequencePolicy.law, SequencePolicy.sample, SequencePolicy.log_prob

    def to_tabular(self, problem) -> TabularPolicy:
        """As for SequencePolicy."""
        return _policy_of(problem, self.table)

    def __repr__(self):
        return f"ResponseMixture({len(self.members)} members)"


def _policy_of(problem, table):
    """The policy of a PreferenceProblem or TokenProblem with a given law of responses, in its number kind."""
    policy = TabularPolicy(table).to_exact() if problem.exact else TabularPolicy(table)
    if isinstance(problem, TokenProblem):
        return token_policy(problem, policy.table[0])
    if problem.reference.shape != table.shape:
        own, other = table.shape, problem.reference.shape
        raise InvalidModel(
            f"the policy has {own[0]} prompts and {own[1]} responses; the problem has {other[0]} and {other[1]}"
        )
    return policy
