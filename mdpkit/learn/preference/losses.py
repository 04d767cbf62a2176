"""Losses of preference fine-tuning, as functions of log-probabilities that any code can call.

`margin[k]` is log(pi(y|x) / reference(y|x)) - log(pi(z|x) / reference(z|x)) for the responses y and z of comparison k,
and `won[k]` is 1 if y was preferred, 0 if z was, or the probability of the former. All functions return one number per
comparison; means over many comparisons and their gradients are in `mdpkit.learn.preference.gradients`.

Papers and implementations differ in five definitions; the choices here, and where the others are found:

* Sum or mean over tokens. log pi of a sequence is the sum over its tokens, as in the papers. Older versions of the
  library TRL average it for IPO (`average_log_prob = loss_type == "ipo"`), which divides each log-ratio by the length
  of its response: pass the lengths to `pair_margin` for that.
* Label smoothing. A label that is wrong with probability s is won = 1 - s: `smooth_labels`. TRL's loss "sigmoid" with
  `label_smoothing` is dpo_loss(margin, smooth_labels(won, s), beta); its loss "robust" is a different one,
  (1 - s) dpo - s dpo' over 1 - 2s, unbiased and not bounded from below.
* Place of beta. DPO's beta multiplies the margin inside the logistic function; it is the objective's KL coefficient.
* IPO's target. With tau in place of beta the target is 1/(2 tau) for the preferred response (equation 17 of the paper;
  TRL calls tau beta).
* HyPO's penalty. The KL divergence from the reference is that of the policy, under its own responses:
  `reverse_kl_surrogate`. Averages of the same log-ratio over offline responses do not estimate it (claim
  `offline_kl_is_no_substitute_for_the_on_policy_kl`).

TRL's definitions were read in its code, the equation number in a comment there; the rest is from knowledge of the
papers.
"""

import numpy as np

from ...base.types import Number


def pair_margin(
    first: np.ndarray,
    second: np.ndarray,
    reference_first: np.ndarray,
    reference_second: np.ndarray,
    lengths: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Margins of the log-ratios of two responses, from log-probabilities summed over tokens.

    Args:
        first, second: log pi of the responses. reference_first, reference_second: their log-probabilities under the
            reference.
        lengths: numbers of tokens of the two responses; if given, each log-ratio is divided by its own.
    """
    y, z = first - reference_first, second - reference_second
    return y - z if lengths is None else y / lengths[0] - z / lengths[1]


def smooth_labels(won: np.ndarray, smoothing: float) -> np.ndarray:
    """Outcomes that are reversed with probability `smoothing`: (1 - s) won + s (1 - won).

    >>> smooth_labels(np.array([1.0, 0.0]), 0.25)
    array([0.75, 0.25])
    """
    return (1 - smoothing) * won + smoothing * (1 - won)


def logistic_loss(score_difference: np.ndarray, won: np.ndarray) -> np.ndarray:
    """Bradley-Terry negative log-likelihood -won log s(d) - (1 - won) log s(-d), s(d) = 1 / (1 + e^-d), in nats.

    >>> logistic_loss(np.array([0.0]), np.array([1.0])).round(6)
    array([0.693147])
    """
    return np.logaddexp(0.0, score_difference) - won * score_difference


def dpo_loss(margin: np.ndarray, won: np.ndarray, beta: float) -> np.ndarray:
    """Direct preference optimisation: the logistic loss of beta * margin.

    Source: Rafailov, Sharma, Mitchell, Manning, Ermon and Finn, 2023, equation 7.
    """
    return logistic_loss(beta * margin, won)


def ipo_loss(margin: np.ndarray, won: np.ndarray, tau: float) -> np.ndarray:
    """Identity preference optimisation: the mean of (margin - 1/(2 tau))^2 over the order of the two responses.

    Source: Azar, Rowland, Piot, Guo, Calandriello, Valko and Munos, 2024, equation 17.
    """
    target = 1 / (2 * tau)
    return won * (margin - target) ** 2 + (1 - won) * (margin + target) ** 2


def rebel_loss(margin: np.ndarray, reward_difference: np.ndarray, eta: float) -> np.ndarray:
    """REBEL: (margin / eta - reward difference)^2, where margin is relative to the policy that drew the responses.

    The authors' code minimises eta^2 times this.
    Source: Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024, equation 4.
    """
    return (margin / eta - reward_difference) ** 2


def reverse_kl_surrogate(log_ratio: np.ndarray, baseline: float = 0.0) -> np.ndarray:
    """Weights of grad log pi(y_k|x) whose mean over the policy's own responses is the gradient of KL(pi || reference).

    Args: log_ratio: log(pi(y_k|x) / reference(y_k|x)) of responses drawn from pi. baseline: any constant.
    """
    return log_ratio - baseline


def p3o_weights(
    first: np.ndarray, second: np.ndarray, reward_difference: np.ndarray, clip: Number, joint: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Pairwise proximal policy optimisation: weights of grad log pi(y|x) and grad log pi(z|x) in an ascent step.

    They depend on the rewards by r(y) - r(z) alone, so that r(x, y) + delta(x) gives the same step.

    Args:
        first, second: ratios pi / pi_old of the two responses, which were drawn from pi_old.
        clip: a response, or pair, whose ratio is further than this from 1 in the direction of its reward has weight 0.
        joint: whether the product of the ratios is the importance weight and is clipped, in place of each ratio.

    Source: adapted from Wu, Zhu, Zhang, Wen, Ramchandran and Jiao, 2023; their clipping may differ in form.
    """
    if joint:
        weight = ppo_weights(first * second, reward_difference, clip) / 2
        return weight, -weight
    return ppo_weights(first, reward_difference, clip) / 2, ppo_weights(second, -reward_difference, clip) / 2


def ppo_weights(ratio: np.ndarray, advantage: np.ndarray, clip: Number) -> np.ndarray:
    """Proximal policy optimisation: weights of grad log pi(y|x) in an ascent step of the clipped surrogate.

    The surrogate is min(ratio * A, clipped ratio * A), whose gradient is 0 where it is clipped.

    >>> ppo_weights(np.array([1.5, 1.5]), np.array([1.0, -1.0]), 0.2)
    array([ 0. , -1.5])

    Source: Schulman, Wolski, Dhariwal, Radford and Klimov, 2017.
    """
    clipped = np.asarray(((advantage > 0) & (ratio > 1 + clip)) | ((advantage < 0) & (ratio < 1 - clip)))
    return np.where(clipped, ratio * 0, ratio) * advantage
