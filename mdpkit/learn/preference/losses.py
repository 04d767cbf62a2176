"""Losses of preference fine-tuning, as functions of log-probabilities that any code can call.

`margin[k]` is log(pi(y|x) / reference(y|x)) - log(pi(z|x) / reference(z|x)) for the responses y and z of comparison k;
for a sequence of tokens log pi is the sum over its tokens, not their mean. `won[k]` is 1 if y was preferred, 0 if z
was, or the probability of the former. All functions return one number per comparison.
"""

import numpy as np


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

    Sequence log-probabilities are summed here; the implementation in the library TRL averages them over tokens instead,
    which rescales tau by the length of each response.
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
