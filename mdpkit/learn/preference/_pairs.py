"""Terms of losses in margins, and helpers that the learners share."""

import numpy as np

from ...base.arrays import floats, is_exact, nearest
from ...base.errors import InvalidModel
from ...model.access import PreferenceSetting
from ...model.policy import TabularPolicy, inverse
from .._labels import drawing
from ..players.no_regret import expect_number, fraction
from .classes import Margins
from .losses import dpo_loss, ipo_loss


def preference_setting(access) -> PreferenceSetting:
    """The setting of an access to a preference problem.

    Raises: InvalidModel for any other access.
    """
    if not isinstance(access.setting, PreferenceSetting):
        raise InvalidModel("this learner compares responses; expected an access to a PreferenceProblem")
    return access.setting


def win_margins(access, table, opponents, rng):
    """E_{z ~ table} M(y, z) `[x,y]`, M = 2 P(y beats z) - 1; where preferences are sampled an estimate of it.

    Then each response is compared with the same responses z of its prompt, as many as `opponents`.
    """
    X, Y = table.shape
    if access.exact("preferences"):
        return np.stack([_exact_margins(access, x, law) for x, law in enumerate(table)])
    rng = drawing(rng, "fit")
    drawn = np.stack([inverse(table, rng.random(X)) for _ in range(opponents)])
    k, x, y = (index.reshape(-1) for index in np.indices((opponents, X, Y)))
    won = access.compare(x, y, drawn[k, x]).reshape(opponents, X, Y)
    return 2 * won.mean(axis=0) - 1


def _exact_margins(access, x, law):
    """E_{z ~ law} M(y, z) `[y]` at one prompt, so that no array has more than Y^2 entries."""
    Y = len(law)
    y, z = (index.reshape(-1) for index in np.indices((Y, Y)))
    chance = access.compare_law(np.full(Y * Y, x), y, z)
    if not (is_exact(chance) and is_exact(law)):
        chance, law = floats(chance), floats(law)
    return (2 * chance.reshape(Y, Y) - 1) @ law


def logistic(data, beta) -> Margins:
    """The loss of DPO over comparisons; beta=1: the Bradley-Terry likelihood of scores."""
    pairs, weight, won = _gather(data)

    def terms(margin):
        p = 1 / (1 + np.exp(-np.clip(beta * margin, -700, 700)))
        return dpo_loss(margin, won, beta), beta * (p - won), beta**2 * p * (1 - p)

    return Margins(*pairs, weight, terms, won)


def ipo_terms(data, tau) -> Margins:
    """The loss of IPO over comparisons."""
    pairs, weight, won = _gather(data)

    def terms(margin):
        return ipo_loss(margin, won, tau), 2 * margin - (2 * won - 1) / tau, 2 + 0 * margin

    return Margins(*pairs, weight, terms)


def _gather(data):
    """The different pairs (x, y, z) of different responses, their weights, of sum at most 1, and shares won.

    All losses are affine in `won`, and constant where a response is compared with itself.
    """
    weight, won, (x, y, z) = floats(data.weight), floats(data.won), (data.prompt, data.first, data.second)
    apart, total = y != z, weight.sum()
    x, y, z, weight, won = (column[apart] for column in (x, y, z, weight, won))
    low, high = np.minimum(y, z).astype(np.int64), np.maximum(y, z)
    won = np.where(y < z, won, 1 - won)
    Y = int(high.max(initial=0)) + 1
    key, mass, won = _tally((x.astype(np.int64) * Y + low) * Y + high, weight, weight * won)
    kept = mass > 0
    key, mass, won = key[kept], mass[kept], won[kept]
    return (key // (Y * Y), key // Y % Y, key % Y), mass / total, np.clip(won / mass, 0, 1)


def _tally(key, *columns):
    """The different keys, and the sum of each column over the rows of each key."""
    cells = int(key.max(initial=0)) + 1
    if cells > max(8 * len(key), 1000):
        key, place = np.unique(key, return_inverse=True)
        return key, *(np.bincount(place.reshape(-1), column, minlength=len(key)) for column in columns)
    return np.arange(cells), *(np.bincount(key, column, minlength=cells) for column in columns)


def regression(x, y, z, weight, target, eta) -> Margins:
    """The loss of REBEL: squared differences of margin / eta and `target[k]`."""

    def terms(margin):
        error = margin / eta - target
        return error**2, 2 * error / eta, 2 / eta**2 + 0 * margin

    return Margins(x, y, z, weight, terms)


def policy_of(base, h) -> TabularPolicy:
    """base * e^h / Z; rows without a finite h keep the base policy."""
    base = floats(base)
    whole = base.min() > 0
    highest = h.max(axis=-1, keepdims=True) if whole else np.where(base > 0, h, -np.inf).max(axis=-1, keepdims=True)
    finite = np.isfinite(highest)
    weights = h - np.where(finite, highest, 0)
    if not finite.all():
        weights[~finite[..., 0]] = 0
    np.exp(weights, out=weights)
    weights *= base
    weights /= weights.sum(axis=-1, keepdims=True)
    return TabularPolicy(weights)


def divergence(base, h):
    """KL(pi || base) `[x]` of pi = base * e^h / Z, and its gradient in h `[x,y]`."""
    pi = policy_of(base, h).table
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(pi > 0, np.log(pi / np.where(base > 0, base, 1)), 0.0)
    mean = (pi * ratio).sum(axis=-1)
    return mean, pi * (ratio - mean[:, None])


def expect_coverage(data, base) -> None:
    """Check that the reference gives positive probability to every response of a comparison.

    Raises: InvalidModel naming the first response that it does not.
    """
    for name in ("first", "second"):
        column = getattr(data, name)
        wrong = np.flatnonzero((np.asarray(base[data.prompt, column] == 0)) & np.asarray(data.weight > 0))
        if wrong.size:
            k = wrong[0]
            raise InvalidModel(
                f"comparison {k} shows response {column[k]} to prompt {data.prompt[k]}, which has probability 0 under the "
                "reference, so that no log-ratio is defined there"
            )


def coefficient(name, given, usual) -> float:
    """A positive coefficient as a float; `usual` if None.

    Raises: InvalidModel unless it is a positive number.
    """
    if given is None:
        return float(floats(np.asarray(usual)))
    expect_number(name, given)
    return nearest(fraction(given))
