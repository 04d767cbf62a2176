"""With noise on observations adaptive attacks of total size B leave a success of at least Phi(Phi^-1(p) - B/sigma).

Statement  A policy acts on observations with independent noise N(0, sigma^2), and succeeds with probability p. An
           attacker shifts every observation before its noise is drawn, by an amount that may depend on all earlier
           noisy observations; along every path the squared shifts sum to at most B^2. Then
               P(success) >= Phi(Phi^-1(p) - B / sigma),
           the bound for an attack that is fixed in advance, and one step attains it. Adaptive attacks are stronger all
           the same: if success is that the second observation lies on the side of 0 that the first one's sign
           determines, the best adaptive attack gains
               Phi(B) - 1/2 - 2 (Phi(B / sqrt 2) - 1/2)^2
           over the best fixed one (sigma = 1), 0.2061 at B = 21/20; and at B = 4, if success is x_2 < 2 or x_2 > -2 in
           alternate stripes of width 1/10 of the first observation x_1, more than 9/20.
Assumes    squared shifts sum to at most B^2 along every path; a shift is chosen before its noise.
Units      B and sigma in the unit of observations; probabilities.
Kind       exists (enumerated events and attacks); for all by proof
Source     adapted from Kumar, Levine and Feizi, 2022.
Proof      proofs/safety/smoothed_policies_withstand_adaptive_attacks.md
"""

from fractions import Fraction
from itertools import pairwise

import numpy as np
from scipy.special import ndtr

from ... import measure
from ...base.arrays import floats, nearest, objects, rational
from ...base.interval import stack
from ...base.lifting import enclose
from ...instances.instance import Instance
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- events that a tree of cells decides: at each step J cells between cuts, then success or failure at the leaves
def success(m, shifts, cuts=None):
    """P(success), for the noisy observation of node k shifted by `shifts[k]`; nodes are numbered level by level."""
    cuts = enclose(m.cuts if cuts is None else cuts)
    below = measure.normal_probability((cuts - shifts.reshape(-1, 1)) / enclose(m.noise))
    J = below.shape[-1] + 1
    cells = [below[:, 0], *(below[:, j] - below[:, j - 1] for j in range(1, J - 1)), 1 - below[:, -1]]
    value = enclose(m.leaves)
    for level in reversed(levels(m)):
        value = sum(cells[j][level] * value.reshape(-1, J)[:, j] for j in range(J))
    return value[0]


def levels(m):
    """The nodes of every step."""
    J, first, sizes = m.cuts.shape[1] + 1, 0, []
    while first < len(m.cuts):
        sizes.append(slice(first, first + J ** len(sizes)))
        first = sizes[-1].stop
    return sizes


def clean(m):
    """p, without an attack."""
    return success(m, enclose(m.shifts) * 0)


def certificate(m, share=1):
    """Phi(Phi^-1(p) - share B / sigma)"""
    B = measure.square_root(enclose(m.budget))
    return measure.normal_probability(measure.normal_quantile(clean(m)) - B * share / enclose(m.noise))


# ---- both sides
def check(m):
    return Bound(certificate(m), success(m, enclose(m.shifts), m.cuts_attacked))


def half_of_the_budget(m):
    return Bound(certificate(m, Fraction(1, 2)), check(m).sides[1])


def attains(m):
    left, right = check(m).sides
    return Equal({"success": (right, left)})


def fixed_attack(m):
    """Lowest success of the sign event, sigma = 1, under attacks that are fixed in advance."""
    s = measure.square_root(enclose(m.budget) / 2)
    return Fraction(1, 2) - (measure.normal_probability(s) - Fraction(1, 2)) ** 2 * 2


def best_fixed_attack(m):
    """As if it were as strong as the best adaptive one."""
    return Bound(fixed_attack(m), check(m).sides[1])


def gain(m, least=Fraction(2061, 10000)):
    """The gain of adaptivity, also over each of several fixed attacks."""
    adaptive = success(m, enclose(m.shifts))
    fixed = stack([success(m, enclose(each)) for each in m.fixed])
    return Bound(least, fixed_attack(m) - adaptive, fixed - adaptive)


def a_gain_of_2062(m):
    return gain(m, Fraction(2062, 10000))


def on_stripes(m, first, second):
    """P(success) if the second observation must be below c where the first is in an even stripe, above -c elsewhere."""
    ends = measure.normal_probability(enclose(m.stripes) - first)
    mass = stack([ends[0], *(b - a for a, b in pairwise(ends)), 1 - ends[-1]])
    even, c = mass[::2].sum(), enclose(m.c)
    below, above = (measure.normal_probability(c + sign * second) for sign in (-1, 1))
    return even * below + (1 - even) * above


def gain_on_stripes(m, least=Fraction(9, 20)):
    B, c = enclose(m.B), enclose(m.c)
    adaptive = measure.normal_probability(c - B)
    h = enclose(m.stripes[1:2] - m.stripes[:1])[0]
    fixed = stack([on_stripes(m, enclose(d[:1])[0], enclose(d[1:])[0]) for d in m.fixed])
    average = (adaptive + measure.normal_probability(c + B)) / 2 - h / 5 - Fraction(1, 10**6)
    return Bound(least, average - adaptive, fixed - adaptive)


def a_gain_of_one_half(m):
    return gain_on_stripes(m, Fraction(1, 2))


# ---- events and attacks
def event(cuts, leaves, B, shifts, noise=1, cuts_attacked=None):
    """Cuts `[node,j]` and leaves in order; the attack's shifts, one for each node."""
    cuts, B = objects(cuts), rational(B)
    return Instance(
        cuts=cuts,
        leaves=objects(leaves),
        budget=objects(B * B),
        noise=objects(noise),
        shifts=objects(shifts),
        cuts_attacked=cuts if cuts_attacked is None else objects(cuts_attacked),
    )


def split(B, t):
    """Two sizes whose squares sum to B^2, rational."""
    return B * 2 * t / (1 + t * t), B * (1 - t * t) / (1 + t * t)


SPLITS = [rational(t) for t in ("0", "1/4", "29/70", "7/10", "1")]


def plan(cuts, leaves, B, noise):
    """An attack that is nearly the worst: at every node the best of several splits of what is left of B."""
    cuts, noise = floats(objects(cuts)), float(noise)
    J, n = cuts.shape[1] + 1, len(cuts)

    def worst(node, left):
        children = [J * node + 1 + j for j in range(J)]
        if node >= n:
            return leaves[node - n], {}
        last = children[0] >= n
        found = None
        for used, rest in [(left, left * 0)] if last else [split(left, t) for t in SPLITS]:
            below = [worst(child, rest) for child in children]
            for shift in (used, -used):
                ends = ndtr((cuts[node] - float(nearest(shift))) / noise)
                mass = np.diff(np.concatenate([[0], ends, [1]]))
                value = sum(p * each[0] for p, each in zip(mass, below, strict=True))
                if found is None or value < found[0]:
                    found = value, {node: shift} | {k: s for each in below for k, s in each[1].items()}
        return found

    shifts = worst(0, rational(B))[1]
    return [shifts[k] for k in range(n)]


def draw(seed, T, J, B, noise=1):
    """Random cuts and leaves; the last observation matters, as balls cannot decide whether a bound is attained."""
    rng, n = np.random.default_rng(seed), sum(J**t for t in range(T))
    cuts = np.sort(rng.integers(-12, 13, (n, J - 1)), axis=1)
    leaves = np.zeros(J**T, dtype=int)
    while (np.ptp(leaves.reshape(-1, J), axis=1) == 0).all():
        leaves = rng.integers(0, 2, J**T)
        leaves[0], leaves[-1] = 0, 1
    cuts = objects(cuts) / 8
    leaves = [int(leaf) for leaf in leaves]
    return event(cuts, leaves, B, plan(cuts, leaves, B, rational(noise)), noise)


def staircase(J, B):
    """Success if x_1 + x_2 > 0, with x_1 rounded to the middle of one of J cells; both are shifted alike."""
    cuts = [rational(2 * j - J) / 4 for j in range(1, J)]
    middles = [cuts[0] - rational("1/4"), *(cut + rational("1/4") for cut in cuts)]
    first, second = split(rational(B), rational("29/70"))
    leaves = [int(k % J == J - 1) for k in range(J * J)]
    return event([cuts] + [[-middle] * (J - 1) for middle in middles], leaves, B, [-first] + [-second] * J)


def sign(B, share=1, fixed=True):
    """Success if x_2 has the sign of x_1; the attack waits for x_1, and shifts x_2 to the other side."""
    B = rational(B)
    used = B * rational(share)
    m = event([[0]] * 3, [1, 0, 0, 1], B, [0, used, -used])
    pairs = [split(B, t) for t in SPLITS]
    return m.replace(fixed=objects([[a, -b, -b] for a, b in pairs])) if fixed else m


def stripes(B=4, c=2, width="1/10", reach=10):
    """Stripes of the first observation between -reach and reach."""
    width = rational(width)
    count = int(2 * reach / width)
    pairs = [split(rational(B), t) for t in SPLITS]
    return Instance(
        B=objects(B),
        c=objects(c),
        stripes=objects([width * k - reach for k in range(count + 1)]),
        fixed=objects([list(pair) for pair in pairs]),
    )


def shift_at_every_step(J, B):
    """Both observations of the staircase are shifted by B."""
    m = staircase(J, B)
    return m.replace(shifts=objects([-rational(B)] * len(m.shifts)))


def anticipate():
    """Success if the observation is more than 2/3 away from 0; one that is within 1 of that is brought back."""
    return event([["-2/3", "2/3"]], [1, 0, 1], 1, [0], cuts_attacked=[["-5/3", "5/3"]])


def one_step(c, B, noise):
    return event([[c]], [0, 1], B, [-rational(B)], noise)


def events():
    drawn = [draw(seed, 2, 2, B) for seed in range(6) for B in ("1/2", 2)]
    deeper = [draw(seed, 2, 3, 1, "1/2") for seed in range(3)] + [draw(seed, 3, 2, 1) for seed in range(3)]
    return [*drawn, *deeper, *(staircase(J, 1) for J in (4, 8, 12)), sign(1, "99/100", fixed=False)]


# ---- figure
def gains(m):
    B = measure.square_root(enclose(m.budget))
    return {
        "B": [B.mid],
        "fixed": [fixed_attack(m).mid],
        "adaptive": [success(m, enclose(m.shifts)).mid],
        "certificate": [certificate(m).mid],
    }


def figure(ax, rows):
    """Success of the sign event under the best fixed and the best adaptive attack, against the budget."""
    found = [row["data"] for row in rows if row["part"] == CURVE and not row.get("control")]
    B = [each["B"][0] for each in found]
    ax.plot(B, [each["fixed"][0] for each in found], "s-C2", markersize=3, label="best fixed attack")
    ax.plot(B, [each["adaptive"][0] for each in found], "o-C0", markersize=3, label="best adaptive attack")
    ax.plot(B, [each["certificate"][0] for each in found], "k--", label="bound")
    failing = {row["label"]: row["sides"] for row in rows if row.get("control")}
    for label, style, words in ((EVERY, "xC1", "$B$ at every step"), (LATE, "+C1", "after the noise")):
        ax.plot(1, failing[label][1], style, label=f"{words} (fails)")
    ax.set(xlabel=r"budget $B / \sigma$", ylabel="probability of success", ylim=(-0.02, 0.52))
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


# ---- assumptions and the claim
def within_budget(m):
    """The largest sum of squared shifts along a path is at most B^2."""
    spent, J = m.shifts * 0, m.cuts.shape[1] + 1
    for node in range(len(m.shifts)):
        before = spent[(node - 1) // J] if node else 0
        spent[node] = before + m.shifts[node] * m.shifts[node]
    return enclose(spent) <= enclose(m.budget)


TOTAL = Assumption("squared shifts sum to at most B^2 along every path", within_budget)
BEFORE = Assumption("a shift is chosen before its noise", lambda m: m.cuts_attacked == m.cuts)
ONE, GAIN, STRIPES, CURVE = "one step attains it", "the gain of adaptivity", "stripes", "the sign event"
EVERY, LATE = "the budget at every step", "shifts after the noise"
CLAIM = Claim(
    "smoothed_policies_withstand_adaptive_attacks",
    check,
    events,
    formula=r"P(\mathrm{success}) \ge \Phi\Big( \Phi^{-1}(p) - \frac{B}{\sigma} \Big)",
    papers=("kumar2022",),
    tags=("robustness", "smoothing", "adversaries"),
    assumes=(TOTAL, BEFORE),
    controls=(
        Control(EVERY, lambda: shift_at_every_step(8, 1), drops=TOTAL.name),
        Control(LATE, anticipate, drops=BEFORE.name),
        Control("half of the budget", lambda: staircase(8, 1), tightens=half_of_the_budget),
        Control(
            "the best fixed attack for the best one",
            lambda: sign(1, "99/100", fixed=False),
            tightens=best_fixed_attack,
        ),
        Control("a gain of 0.2062", lambda: sign("21/20"), tightens=a_gain_of_2062, part=GAIN),
        Control("a gain of one half", stripes, tightens=a_gain_of_one_half, part=STRIPES),
    ),
    also=(
        Part(
            ONE,
            lambda: [one_step(c, B, noise) for c in (-1, "1/2") for B in ("1/4", 2) for noise in (1, "1/2")],
            attains,
            assumes=(TOTAL, BEFORE),
        ),
        Part(GAIN, lambda: [sign("21/20")], gain, assumes=(TOTAL,)),
        Part(STRIPES, lambda: [stripes()], gain_on_stripes),
        Part(
            CURVE,
            lambda: [sign(rational(k) / 4, fixed=False) for k in range(9)],
            attains,
            assumes=(TOTAL, BEFORE),
            data=gains,
        ),
    ),
    thorough=lambda: [draw(seed, *sizes) for seed in range(10, 30) for sizes in ((2, 3, 1), (3, 2, 2), (4, 2, 1))],
    figure=figure,
)
