"""A proxy's gain carries over to the true reward up to its uncorrelated part and the chi-square of the occupancies.

Statement  Let u and d be the occupancies of a reference policy and of a policy pi, per step, and let G and G' be the
           gains E_d - E_u of the true reward R and of its proxy R'. With variances v, v' and covariance c under u,
               (v G' - c G)^2 <= (v v' - c^2) v chi2(d || u).
           Hence, if the correlation r = c / sqrt(v v') under u is positive,
               G / sqrt(v) >= (1/r) ( G' / sqrt(v') - sqrt((1 - r^2) chi2) ).
           Equality holds if d = u (1 + s e), where e = v (R' - E_u R') - c (R - E_u R) is the uncorrelated part.
           The law u (1 + s (R' - E_u R')), s > 0, a tilt towards the proxy, has the true gain s c, which is positive if
           c is. The chi-square is that of the occupancies. If the reference draws K binary actions fairly and pi plays
           one sequence of them, the chi-square of the laws of whole sequences is 2^K - 1, that of the occupancies per
           step, with prefixes as states, (2^(K+1) - 2 - K) / K, and that of each action 1.
Assumes    the reference's occupancy covers that of pi.
Units      rewards have their own units; chi2(d || u) = sum (d - u)^2 / u, over steps, states and actions.
Kind       for all; identity (the families)
Source     adapted from Laidlaw, Singhal and Dragan, 2025, theorem 5.1.
Proof      proofs/preference/chi_square_bounds_the_gain_of_a_correlated_proxy.md
"""

from ... import measure
from ...base.arrays import objects, rational
from ...ink.figures import bound
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import fill_support
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def occupancy(m, policy):
    """Occupancy per step, a law of (t, s, a)."""
    return measure.occupancy(m.mdp, policy) / m.mdp.horizon.H


def moments(m, law):
    """Variances of the true reward and of the proxy, and their covariance."""
    R, proxy = (reward - (law * reward).sum() for reward in (m.mdp.r, m.proxy))
    return (law * R * R).sum(), (law * proxy * proxy).sum(), (law * R * proxy).sum()


def gains(m):
    change = occupancy(m, m.policy) - occupancy(m, m.reference)
    return (change * m.mdp.r).sum(), (change * m.proxy).sum()


def chi_square(m):
    u = measure.occupancy(m.mdp, m.reference)
    return measure.concentrability(m.mdp, m.policy, u, kind="chi2") / m.mdp.horizon.H


def sides(m, of, spread):
    (v, w, c), (G, H) = of, gains(m)
    return Bound((v * H - c * G) ** 2, (v * w - c * c) * v * spread)


def check(m):
    return sides(m, moments(m, occupancy(m, m.reference)), chi_square(m))


# ---- wrong statements
def moments_under_the_policy(m):
    return sides(m, moments(m, occupancy(m, m.policy)), chi_square(m))


def kl_of_the_actions(m):
    """The mean divergence of the actions under d, at least that of the occupancies, in place of their chi-square."""
    spread = (occupancy(m, m.policy).sum(axis=-1) * measure.kl(m.policy, m.reference)).sum()
    return sides(m, moments(m, occupancy(m, m.reference)), spread)


def chi_square_of_the_actions(m):
    """The largest chi-square between the policies' actions at a state."""
    policy, reference = m.policy.table, m.reference.table
    spread = ((policy - reference) ** 2 / reference).sum(axis=-1).max()
    return sides(m, moments(m, occupancy(m, m.reference)), spread)


FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        r=Box("S", "A", lower=-1, upper=1),
        proxy=Box("S", "A", lower=-1, upper=1),
        reference=Simplex("S", to="A"),
        policy=Simplex("S", to="A"),
    ),
    sizes=dict(S=(1, 2), A=(2, 3), H=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(fill_support(x.P), x.r, horizon=Finite(x.sizes["H"])),
        proxy=lambda x: x.proxy,
        reference=lambda x: TabularPolicy(fill_support(x.reference)),
        policy=lambda x: TabularPolicy(x.policy),
    ),
)


# ---- one step: both families
def one_step(x, direction):
    """The reference u at the only state and u (1 + s direction), where the direction is at most 4, and s."""
    u, step = fill_support(x.reference), x.share / 4
    return u, u * (1 + direction(u, x.r, x.proxy) * step), step


def residual(u, R, proxy):
    R, proxy = R - (u * R).sum(), proxy - (u * proxy).sum()
    return proxy * (u * R * R).sum() - R * (u * R * proxy).sum()


def towards_the_proxy(u, R, proxy):
    return proxy - (u * proxy).sum()


def attains(m):
    left, right = check(m).sides
    return Equal({"sides": (left, right)})


def gains_truly(m):
    (_, w, c), (G, H) = moments(m, occupancy(m, m.reference)), gains(m)
    return Equal({"true": (G, c * m.step), "proxy": (H, w * m.step), "chi2": (chi_square(m), w * m.step**2)})


def twice_the_step(m):
    pairs = gains_truly(m).pairs
    return Equal({**pairs, "true": (pairs["true"][0], pairs["true"][1] * 2)})


def steps_of(direction):
    return Family(
        blocks=dict(
            P=Simplex("S", "A", to="S"),
            r=Box("S", "A", lower=-1, upper=1),
            proxy=Box("S", "A", lower=-1, upper=1),
            reference=Simplex("S", to="A"),
            share=Choice(of=("1/8", "1/2", 1)),
        ),
        sizes=dict(S=(1, 1), A=(2, 4)),
        models=dict(
            mdp=lambda x: MDP(x.P, x.r, horizon=Finite(1)),
            proxy=lambda x: x.proxy,
            reference=lambda x: TabularPolicy(one_step(x, direction)[0]),
            policy=lambda x: TabularPolicy(one_step(x, direction)[1]),
            step=lambda x: one_step(x, direction)[2],
        ),
    )


# ---- exact instances and controls
def responses(reference, policy, r, proxy):
    """One state, one step."""
    actions = len(r)
    mdp = MDP(objects([[[1]] * actions]), objects([r]), horizon=Finite(1))
    tables = dict(reference=TabularPolicy(objects([reference])), policy=TabularPolicy(objects([policy])))
    return Instance(mdp=mdp, proxy=objects([proxy]), **tables)


def lock(K, proxy=2):
    """K correct actions in a row reach the goal, which the proxy overrates; the reference guesses, the policy knows.

    States 0 to K-1 lead on, K is the goal, K+1 a dead end. The last step is at the goal.
    """
    S, P = K + 2, []
    for s in range(S):
        onward = s + 1 if s < K else s
        P.append([[int(n == onward) for n in range(S)], [int(n == (K + 1 if s < K else s)) for n in range(S)]])
    r = [[0, 0] for _ in range(S)]
    paid = [list(row) for row in r]
    r[0], paid[0] = [1, -1], [1, -1]
    r[K], paid[K] = [-1, -1], [proxy, proxy]
    rho = [int(s == 0) for s in range(S)]
    mdp = MDP(objects(P), objects(r), objects(rho), horizon=Finite(K + 1))
    half, known = [["1/2", "1/2"]] * S, [[1, 0]] * S
    tables = dict(reference=TabularPolicy(objects(half)), policy=TabularPolicy(objects(known)))
    return Instance(mdp=mdp, proxy=objects(paid), **tables)


def sequence(K):
    """One of 2^K sequences of K actions; the reference draws all of them, the policy the first."""
    n = 2**K
    m = responses([f"1/{n}"] * n, [1] + [0] * (n - 1), [1] + [0] * (n - 1), [1] * (n // 2) + [0] * (n // 2))
    return m.replace(K=K)


def explodes(m):
    """Chi-square of the sequences, of the occupancies of a tree of prefixes, and of the action of each step."""
    pairs = {
        "sequences": (chi_square(m), 2**m.K - 1),
        "occupancies": (chi_square(prefixes(m.K)), rational(2 ** (m.K + 1) - 2 - m.K) / m.K),
    }
    for k in range(m.K):
        others = tuple(j for j in range(m.K) if j != k)
        policy, reference = (each.table.reshape((2,) * m.K).sum(axis=others) for each in (m.policy, m.reference))
        pairs[f"step {k}"] = (((policy - reference) ** 2 / reference).sum(), 1)
    return Equal(pairs)


def prefixes(K):
    """The same with one action at a step and the prefixes as states; the policy plays the first action throughout."""
    S = 2**K - 1
    P = [[[int(n == min(2 * s + 1 + a, S - 1)) for n in range(S)] for a in range(2)] for s in range(S)]
    rho, zero = [int(s == 0) for s in range(S)], [[0, 0]] * S
    mdp = MDP(objects(P), objects(zero), objects(rho), horizon=Finite(K))
    tables = dict(reference=[["1/2", "1/2"]] * S, policy=[[1, 0]] * S)
    return Instance(mdp=mdp, **{name: TabularPolicy(objects(table)) for name, table in tables.items()})


def without_the_prefixes(m):
    """The chi-square of the sequences for that of the occupancies."""
    pairs = explodes(m).pairs
    return Equal({**pairs, "occupancies": (pairs["occupancies"][0], pairs["sequences"][1])})


def two_atoms():
    """The policy draws a rare response at which the proxy is wrong."""
    return responses(("49/100", "49/100", "1/50"), ("1/4", "1/4", "1/2"), (1, -1, -1), (1, -1, 1))


def tilt_to_the_proxy():
    """A tilt towards a proxy that is positively correlated with the true reward."""
    m = responses(("1/4", "1/4", "1/2"), ("7/16", "3/16", "3/8"), (1, 1, 0), (1, 0, 0))
    return m.replace(step=rational(1))


def mislead_the_moments():
    """Under the policy the proxy seems better correlated with the true reward than under the reference."""
    return responses(("1/4", "3/8", "3/8"), ("1/10", "1/2", "2/5"), (0, 2, 0), (-2, 1, 0))


COVERED = Assumption(
    "the reference's occupancy covers that of the policy",
    lambda m: (occupancy(m, m.reference).lower > 0)[occupancy(m, m.policy).lower > 0].all(),
)


def reversed_roles(concentrability, problem, policy, mu=None, kind="sup"):
    """1/u in place of u in the weights: the second moment of the difference, without dividing by the reference."""
    change = measure.occupancy(problem, policy) - mu
    return (change * change * mu).sum()


ATTAINED, TILTED = "equality along the uncorrelated part", "a tilt towards the proxy"
SEQUENCES = "a sequence of actions"
CLAIM = Claim(
    "chi_square_bounds_the_gain_of_a_correlated_proxy",
    check,
    FAMILY,
    formula=r"(v\, G' - c\, G)^2 \le (v v' - c^2)\, v\; \chi^2(d \,\Vert\, u)",
    papers=("laidlaw2025",),
    tags=("reward-hacking", "concentrability"),
    assumes=(COVERED,),
    controls=(
        Control("moments under the policy", witness=mislead_the_moments, tightens=moments_under_the_policy),
        Control("KL in place of chi-square", witness=two_atoms, tightens=kl_of_the_actions),
        Control("chi-square of the actions", witness=lambda: lock(3), tightens=chi_square_of_the_actions),
        Control("not divided by the reference", two_atoms, sabotages=measure.concentrability, by=reversed_roles),
        Control("twice the true gain", witness=tilt_to_the_proxy, tightens=twice_the_step, at="true", part=TILTED),
        Control(
            "the occupancies like whole sequences",
            witness=lambda: sequence(3),
            tightens=without_the_prefixes,
            at="occupancies",
            part=SEQUENCES,
        ),
    ),
    also=(
        Part(ATTAINED, steps_of(residual), attains, assumes=(COVERED,)),
        Part(TILTED, steps_of(towards_the_proxy), gains_truly, assumes=(COVERED,)),
        Part(SEQUENCES, lambda: [sequence(K) for K in range(1, 6)], explodes),
    ),
    figure=bound,
    sides=("$(v G' - c G)^2$", r"$(v v' - c^2)\, v\, \chi^2$"),
)
