"""Replay buffer whose rewards are recomputed when sampled."""

import torch
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples


class RelabellingBuffer(ReplayBuffer):
    """Replay buffer that mixes the learner's transitions with a fixed share of expert transitions.

    Args:
        reward: function of (observations, actions), tensors, to `[k]`: the current reward.
        relabel: whether the learner's rewards are recomputed by `reward` too, or are those stored.
        share: fraction of expert transitions in every batch.
        expert, draw: tensors (observations, actions, next observations, dones), and `draw(count)`, which returns row
            indices; required if share is positive.
    """

    def __init__(self, *args, reward, relabel, share=0.0, expert=None, draw=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.reward, self.relabel, self.share, self.expert, self.draw = reward, relabel, share, expert, draw

    def _get_samples(self, batch_inds, env=None):
        lent = round(self.share * len(batch_inds))
        own = super()._get_samples(batch_inds[lent:], env)
        if self.relabel:
            own = own._replace(rewards=self.reward(own.observations, own.actions)[:, None])
        if not lent:
            return own
        k = self.draw(lent)
        rows = [column[k] for column in self.expert]
        parts = zip(own[:5], (*rows, self.reward(rows[0], rows[1])[:, None]), strict=True)
        return ReplayBufferSamples(*(torch.cat(part) for part in parts))
