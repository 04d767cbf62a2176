"""Spectral radii: from the characteristic polynomial of rationals, from Gershgorin's discs on floats."""

import numpy as np
from flint import acb, acb_mat, arb_mat, ctx

from ..base.arrays import objects
from ..base.balls import balls
from ..base.interval import Interval
from ..base.mode import proposing
from .linear import matrix

BITS = 128


def spectral_radius(G: Interval) -> Interval:
    """The largest absolute value of an eigenvalue of a square matrix `[k,k]`.

    Rationals: roots of the irreducible factors of the characteristic polynomial; exact if a rational eigenvalue is the
    largest, else enclosed. Floats: with X near a matrix of eigenvectors, the eigenvalues of X^-1 G X, which are those
    of G, lie in Gershgorin's discs, one or more of them in each connected component; the bounds are wide for nearly
    defective matrices, and infinite if X is not proved invertible.
    Source: Horn and Johnson, 2012.

    >>> spectral_radius(Interval(objects([[0, 2], ["1/2", 0]])))
    Interval(1, exact)
    """
    if proposing() or not isinstance(G, Interval):
        return np.abs(np.linalg.eigvals(G)).max()
    return _by_roots(G.lower) if G.exact else _by_discs(G)


def _by_roots(G):
    rational, low, high = objects(0)[()], 0.0, 0.0
    with ctx.workprec(BITS):
        for factor, _ in matrix(G).charpoly().numer().factor()[1]:
            if factor.degree() == 1:
                rational = max(rational, abs(-objects(int(factor[0]))[()] / int(factor[1])))
                continue
            for root, _ in factor.complex_roots():
                size = abs(acb(root))
                low, high = max(low, _down(size)), max(high, _up(size))
    known = Interval(rational)
    if (known >= Interval(high, high, "enclosed")).all_yes():
        return known
    close = known.enclose()
    return Interval(max(low, float(close.lower)), max(high, float(close.upper)), "enclosed")


def _by_discs(G):
    k, middle = len(G), G.mid
    unknown = Interval(0.0, np.inf, "float")
    if not np.isfinite(G.width) or not np.isfinite(middle).all():
        return unknown
    vectors = np.linalg.eig(middle)[1]
    with ctx.workprec(BITS):
        X = acb_mat([[acb(float(x.real), float(x.imag)) for x in row] for row in vectors])
        try:
            like = X.solve(acb_mat(arb_mat(k, k, list(balls(G).ravel()))) * X)
        except ZeroDivisionError:
            return unknown
        radii = [sum((abs(like[i, j]) for j in range(k) if j != i), start=abs(acb(0))) for i in range(k)]
        lows = [max(0.0, _down(abs(like[i, i]) - radii[i])) for i in range(k)]
        highs = [_up(abs(like[i, i]) + radii[i]) for i in range(k)]
        if not np.isfinite(highs).all():
            return unknown
        met = np.array([[not (abs(like[i, i] - like[j, j]) > radii[i] + radii[j]) for j in range(k)] for i in range(k)])
    for through in range(k):
        met |= met[:, [through]] & met[[through]]
    least = max(min(lows[j] for j in range(k) if met[i, j]) for i in range(k))
    return Interval(least, max(highs), "float")


def _down(x):
    return float(np.nextafter(float(x.lower()), -np.inf))


def _up(x):
    return float(np.nextafter(float(x.upper()), np.inf))
