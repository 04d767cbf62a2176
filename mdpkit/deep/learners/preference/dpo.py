"""Offline preference fine-tuning with networks: DPO and IPO."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ....base.types import Number
from ....learn.preference._pairs import coefficient, preference_setting
from ....learn.preference.connectivity import comparison_components
from ....model.access import Access
from ...plumbing.descent import Resumable, Run
from ...plumbing.repeatable import generator, seeds, threads
from ...plumbing.sequence_policy import SequencePolicy
from ...plumbing.sequences import Sequences
from ._comparing import PairLoss, fresh_policy, identify_data, logistic_terms, read_pairs, square_terms


@dataclass(frozen=True, eq=False)
class DPO(Resumable):
    """Direct preference optimisation with a network: Adam on the Bradley-Terry loss of beta log(pi / reference).

    Args:
        policies: the class of networks, Sequences. beta: KL coefficient; defaults to the problem's.
        steps, batch, rate, device, threads, every, progress, checkpoint: as for deep.Cloning; rows are compared pairs.

    Training starts from the reference. What a network gives to responses that were never compared is not determined by
    the loss: see deep.HyPO. The policy's `table` has the probabilities of all responses.
    Raises: NotSolved naming the step at which training diverges; InvalidModel if the reference excludes a compared
        response.
    Source: Rafailov, Sharma, Mitchell, Manning, Ermon and Finn, 2023.

    >>> from mdpkit import PreferenceProblem, fit, grant
    >>> problem = PreferenceProblem([[0.5, 0.25, 0.25]], weights=[[1.0, 3.0, 2.0]])
    >>> learner = DPO(Sequences(width=None), steps=600, rate=0.02)
    >>> fit(learner, grant(problem, preferences="exact"), rng=np.random.default_rng(0)).policy.table.round(2)
    array([[0.29, 0.43, 0.29]])
    """

    policies: Sequences = field(default_factory=Sequences)
    beta: Number | None = None

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        super().__post_init__()
        coefficient("beta", self.beta, 1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[SequencePolicy, dict[str, Any]]:
        """The policy, and a trace with one row per `every` steps: step; loss over all comparisons, in nats.

        Its column components `[x,y]` is that of the table's DPO.
        """
        return _minimise(self, access, rng, logistic_terms(coefficient("beta", self.beta, _beta(access))))


@dataclass(frozen=True, eq=False)
class IPO(Resumable):
    """Identity preference optimisation with a network: log-ratio margins regressed on +1/(2 tau) and -1/(2 tau).

    Args:
        policies: the class of networks, Sequences. tau: strength of the regularisation; defaults to the problem's beta.
        steps, batch, rate, device, threads, every, progress, checkpoint: as for deep.Cloning; rows are compared pairs.

    Raises: InvalidModel, MissingAccess or NotSolved, as deep.DPO does.
    Source: Azar, Rowland, Piot, Guo, Calandriello, Valko and Munos, 2024.
    """

    policies: Sequences = field(default_factory=Sequences)
    tau: Number | None = None

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        super().__post_init__()
        coefficient("tau", self.tau, 1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[SequencePolicy, dict[str, Any]]:
        """The policy, and a trace as that of deep.DPO."""
        return _minimise(self, access, rng, square_terms(coefficient("tau", self.tau, _beta(access))))


def _beta(access):
    return preference_setting(access).beta


def _minimise(learner, access, rng, phi):
    first, of_pairs = seeds(rng, 2)
    data, pairs = read_pairs(access)
    policy, drawn = fresh_policy(learner, access.setting, generator(first)), generator(of_pairs)
    loss = PairLoss(policy.log_ratio, pairs, phi, learner.batch, drawn, policy.rows.device)
    with threads(learner.threads):
        data_digest = identify_data(access, policy, data)
        run = Run(learner, policy, loss, {"loss": loss.whole}, drawn=(drawn,), data=data_digest)
        run.finish(learner.progress)
    sets = comparison_components(data, access.setting.reference.shape)
    return policy, {**run.trace, "components": [sets] * len(run.trace["step"])}
