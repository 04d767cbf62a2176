"""Enclosed integrals of score errors along an Ornstein-Uhlenbeck process, for states that are points on a line.

Up to a factor the noised state is w = a x + z, z standard normal, and u = a^2 = e^-2t / (1 - e^-2t) is the
signal-to-noise ratio. Scores are affine in the posterior mean of x given w, and an integral over t of squared scores
is half the integral over u of squared posterior means. Both integrals are computed by rules for analytic functions
with explicit error bounds: proofs/lemmas/score_integrals.md.
"""

from functools import lru_cache
from typing import NamedTuple

from flint import arb, arb_mat, ctx

BITS = 80
TAIL = arb("6.5")
"""Standard deviations of noise that the trapezoidal rule covers."""
EXPONENT = 24
"""The trapezoidal rule's error is of the order of e^-EXPONENT."""
NODES = 9
"""Gauss-Legendre nodes of a panel."""
RHO = 4
"""Sum of the semi-axes, in units of the panel's half-length, of the ellipse in which the integrand is bounded."""


class Integrals(NamedTuple):
    """Balls.

    Attributes: costs: `[s]`, the integrated error of the score of q minus that of p at each state. divergence: the
        integrated squared distance between both scores under p.
    """

    costs: list
    divergence: arb


class Trapezoid(NamedTuple):
    """A trapezoidal rule.

    Attributes: nodes: multiples of the spacing. shares: densities at the nodes times the spacing.
        gain: (e^(2 pi b / spacing) - 1) / e^(b^2 / 2), b the half-width of the strip.
    """

    spacing: arb
    nodes: list
    shares: list
    gain: arb


@lru_cache(maxsize=256)
def integrals(x, p, q, snr) -> Integrals:
    """Integrals over all times with a signal-to-noise ratio of at most `snr`, for tuples of rationals x, p and q."""
    with ctx.workprec(BITS):
        return _Line(x, p, q).integrate(arb(snr).sqrt())


def log_ratios(x, p, q, snr) -> list:
    """Balls `[s]`: mean of log(P_t / Q_t), the ratio of the noised densities, at the noised state of each state."""
    with ctx.workprec(BITS):
        return _Line(x, p, q).log_ratios(arb(snr).sqrt())


def confusions(x, law, snr) -> list:
    """Balls `[s]`: sum over other points x' of sqrt(law[s'] / law[s]) e^(-snr (x - x')^2 / 8); None if law[s] = 0."""
    with ctx.workprec(BITS):
        roots = [arb(share).sqrt() for share in law]

        def overlap(s):
            others = [k for k in range(len(x)) if x[k] != x[s]]
            return sum((roots[k] * arb(-snr * (x[k] - x[s]) ** 2 / 8).exp() for k in others), arb(0)) / roots[s]

        return [overlap(s) if law[s] > 0 else None for s in range(len(x))]


class _Line:
    """Two laws p and q on points, which are centred at the middle of their range of length 2 r."""

    def __init__(self, x, p, q):
        middle = (min(x) + max(x)) / 2
        self.x = [arb(point - middle) for point in x]
        self.r = arb((max(x) - min(x)) / 2)
        self.laws = arb_mat([[a, b, a * y, b * y] for a, b, y in zip(map(arb, p), map(arb, q), self.x, strict=True)])

    def integrate(self, top) -> Integrals:
        """Integral over a from 0 to `top` of a times the means at a."""
        costs, divergence, low = [arb(0)] * len(self.x), arb(0), arb(0)
        more = self.r > 0
        while more:
            # on the ellipse |Im a| <= (rho - 1/rho) half / 2; phases are at most 1 if that is 1 / (r (2 r a + TAIL))
            half = _exact(arb("0.4") / (self.r * (2 * self.r * (low + 1 / (2 * self.r)) + TAIL)))
            more = low + 2 * half < top
            high = low + 2 * half if more else top
            half, middle = (high - low) / 2, (high + low) / 2
            rule = self._trapezoid(high)
            for node, weight in _legendre(NODES):
                a = middle + half * node
                by_state, apart = self._means(a, rule)
                factor = half * weight * a
                costs = [total + factor * value for total, value in zip(costs, by_state, strict=True)]
                divergence += factor * apart
            error = _within(self._errors(low, high, rule))
            costs, divergence, low = [total + error for total in costs], divergence + error, high
        return Integrals(costs, divergence)

    def _means(self, a, rule):
        """Mean difference of squared errors at each state, and mean squared distance of posterior means, at one a."""
        rows = self._weights(a, rule)
        sums = rows * self.laws
        first, second, apart = [], [], arb(0)
        for k, share in enumerate(rule.shares):
            mass = sums[k, 0]
            mean, other = sums[k, 2] / mass, sums[k, 3] / sums[k, 1]
            moved = share * (other - mean)
            first.append(moved * (other + mean))
            second.append(moved)
            apart += moved * (other - mean) * mass
        totals = arb_mat([first, second]) * rows
        return [totals[0, s] - 2 * y * totals[1, s] for s, y in enumerate(self.x)], apart

    def _weights(self, a, rule):
        """Densities of w given the points, relative to the standard normal: e^(a x w - a^2 x^2 / 2) `[k,s]`."""
        row = [(a * y * rule.nodes[0] - (a * y) ** 2 / 2).exp() for y in self.x]
        steps, rows = [(a * y * rule.spacing).exp() for y in self.x], []
        for _ in rule.nodes:
            rows.append(row)
            row = [value * step for value, step in zip(row, steps, strict=True)]
        return arb_mat(rows)

    def _trapezoid(self, a):
        """The rule for a signal of at most a; phases in the strip |Im w| < b are at most 1."""
        b = _exact(1 / (a * self.r)) if 1 / (a * self.r) < 2 else arb(2)
        spacing = _exact(2 * arb.pi() * b / (EXPONENT + b**2 / 2))
        count = int(((a * self.r + TAIL) / spacing).upper().ceil().unique_fmpz())
        nodes = [k * spacing for k in range(-count, count + 1)]
        shares = [spacing * (-(w**2) / 2).exp() / (2 * arb.pi()).sqrt() for w in nodes]
        return Trapezoid(spacing, nodes, shares, ((2 * arb.pi() * b / spacing).exp() - 1) / (b**2 / 2).exp())

    def _errors(self, low, high, rule):
        """Bound on the error of a panel: trapezoidal rule and tail at real a, Gauss-Legendre rule in the ellipse."""
        half = (high - low) / 2
        size = 8 * self.r**2
        at_real = size * (2 / (arb(1).cos() ** 2 * rule.gain) + (TAIL / arb(2).sqrt()).erfc())
        depth = half * (RHO - arb(1) / RHO) / 2
        reach = high + half * ((RHO + arb(1) / RHO) / 2 - 1)
        phase = depth * self.r * (rule.nodes[-1] + reach * self.r)
        growth = ((depth * self.r) ** 2 / 2).exp()
        if not phase < arb("1.4"):
            raise ArithmeticError(f"the phase on a panel is {phase}; expected at most 1.4")
        in_ellipse = size * (growth / phase.cos()) ** 2 * growth * (1 + rule.spacing) * reach
        return half * (2 * high * at_real + 8 * in_ellipse / (arb(RHO) ** (2 * NODES - 1) * (RHO - 1)))

    def log_ratios(self, a) -> list:
        """Mean of log(P / Q) given each point, at one a."""
        if not self.r > 0:
            return [arb(0)] * len(self.x)
        rule = self._trapezoid(a)
        rows = self._weights(a, rule)
        sums = rows * self.laws
        logs = arb_mat([[share * (sums[k, 0] / sums[k, 1]).log() for k, share in enumerate(rule.shares)]])
        signal = a * self.r
        high = 5 * signal**2 / 2 + 3
        density = (-(TAIL**2) / 2).exp() / (2 * arb.pi()).sqrt()
        tail = high * (TAIL / arb(2).sqrt()).erfc() + 4 * signal * density
        error = _within(tail + 2 * (high + 2 * signal) / rule.gain)
        means = logs * rows
        return [means[0, s] + error for s in range(len(self.x))]


def _within(radius):
    """The ball around 0 with a given radius."""
    radius = radius.upper()
    return (-radius).union(radius)


def _exact(ball):
    """The midpoint of a ball: free choices of a rule are exact numbers."""
    return ball.mid()


@lru_cache(maxsize=2)
def _legendre(nodes):
    with ctx.workprec(BITS):
        return [arb.legendre_p_root(nodes, k, weight=True) for k in range(nodes)]
