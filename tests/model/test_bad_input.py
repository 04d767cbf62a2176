"""Bad input: every refusal says what is wrong, where, and what was expected."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse import csr_array, vstack

from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.model import (
    MDP,
    Deviation,
    Discounted,
    Finite,
    JointPolicy,
    LinearMDP,
    MarkovGame,
    MomentProblem,
    SafetyProblem,
    TabularPolicy,
)
from mdpkit.model.policy import policy_table

NAN, INF = float("nan"), float("inf")
STAY = [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]
NOTHING = [[0, 0], [0, 0]]


def mdp(P=STAY, r=NOTHING, rho=None, horizon=None, **rest):
    return MDP(P, r, rho, horizon=horizon or Finite(2), **rest)


def changed(array, where, entry, kind=float):
    out = np.array(array, dtype=kind) if kind is float else objects(array)
    out[where] = entry
    return out


def rational(array, where, entry):
    return changed(array, where, objects(entry)[()], object)


def sparse(where=(0, 0), entry=1.0, shape=(4, 2)):
    dense = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    dense[where] = entry
    return scipy.sparse.csr_array(dense[: shape[0], : shape[1]])


def game(P=STAY, r=(NOTHING,), rho=None, horizon=None, actions=(2,)):
    return MarkovGame(P, r, rho, horizon=horizon or Finite(2), actions=actions)


IDENTITY = np.eye(2)
FEATURES = [[[1, 0]], [[0, 1]]]
TELLS = [[[[1, 0], [0, 1]]]]
SUCCESSORS = [[0, 1], [1, 1]]

LAWS = [
    (lambda: mdp(changed(STAY, (1, 0, 1), 0.98)), r"^P\[1, 0\] sums to 0\.98, not 1 \(off by 2\.0e-02\)$"),
    (lambda: mdp(changed(STAY, (1, 0, 1), 1 + 2e-9)), r"^P\[1, 0\] sums to 1\.000000002, not 1 \(off by 2\.0e-09\)$"),
    (lambda: mdp(rational(STAY, (1, 0, 1), "49/50")), r"^P\[1, 0\] sums to 49/50, not 1 \(off by 2\.0e-02\)$"),
    (
        lambda: mdp(rational(STAY, (1, 0, 1), Fraction(10**40 + 1, 10**40))),
        r"^P\[1, 0\] sums to 10+1/10+, not 1 \(off by 1\.0e-40\)$",
    ),
    (
        lambda: mdp([changed(STAY, (1, 0, 1), 1), changed(STAY, (0, 1, 1), 1)]),
        r"^P\[1, 0, 1\] sums to 2, not 1 \(off by 1\.0e\+00\)$",
    ),
    (lambda: mdp(np.zeros((2, 2, 2))), r"^P\[0, 0\] sums to 0, not 1"),
    (lambda: mdp(changed(STAY, (0, 1), [1.5, -0.5])), r"^P\[0, 1, 1\] is -0\.5; a probability is at least 0$"),
    (lambda: mdp(rational(STAY, (0, 1), ["3/2", "-1/2"])), r"^P\[0, 1, 1\] is -1/2; a probability is at least 0$"),
    (lambda: mdp(changed(STAY, (1, 1, 0), NAN)), r"^P\[1, 1, 0\] is nan; every entry must be finite$"),
    (lambda: mdp(changed(STAY, (1, 1, 0), INF)), r"^P\[1, 1, 0\] is inf; every entry must be finite$"),
    (lambda: mdp(changed(STAY, (1, 1), 1e308)), r"^P\[1, 1\] sums to inf, not 1 \(off by inf\)$"),
    (lambda: mdp(rho=[0.5, 0.4]), r"^rho sums to 0\.9, not 1 \(off by 1\.0e-01\)$"),
    (lambda: mdp(rho=objects(["1/2", "1/3"])), r"^rho sums to 5/6, not 1 \(off by 1\.7e-01\)$"),
    (lambda: mdp(rho=[1.5, -0.5]), r"^rho\[1\] is -0\.5; a probability is at least 0$"),
    (lambda: mdp(rho=[NAN, 1]), r"^rho\[0\] is nan; every entry must be finite$"),
    (lambda: mdp(rho=[0.5, 0.25, 0.25]), r"^rho has shape \(3,\); expected \(2,\), one entry a state$"),
    (lambda: mdp(rho=[[1, 0]]), r"^rho has shape \(1, 2\); expected rho\[s\]$"),
    (lambda: mdp(rho=1), r"^rho has shape \(\); expected rho\[s\]$"),
    (lambda: TabularPolicy([[1, 0], [0.5, 0.4]]), r"^table\[1\] sums to 0\.9, not 1"),
    (lambda: TabularPolicy(objects([[["1/2", "1/3"]]])), r"^table\[0, 0\] sums to 5/6, not 1"),
    (lambda: TabularPolicy([[2, -1]]), r"^table\[0, 1\] is -1\.0; a probability is at least 0$"),
    (lambda: JointPolicy([[0.5, 0.6]]), r"^table\[0\] sums to 1\.1, not 1"),
    (lambda: TabularPolicy(np.zeros((0, 2))), r"^table is empty: its shape is \(0, 2\)$"),
    (lambda: TabularPolicy(np.zeros((2, 0))), r"^table is empty: its shape is \(2, 0\)$"),
    (lambda: TabularPolicy([1, 0]), r"^table has shape \(2,\); expected table\[s,a\] or table\[t,s,a\]$"),
]

SHAPES = [
    (lambda: mdp(STAY[:1]), r"^P has shape \(1, 2, 2\); expected \(\.\.\., 2, 2, 2\) beside r of shape \(2, 2\)$"),
    (lambda: mdp(np.ones((2, 2, 1))), r"^P has shape \(2, 2, 1\); expected \(\.\.\., 2, 2, 2\)"),
    (lambda: mdp(np.eye(2)), r"^P has shape \(2, 2\); expected P\[s,a,n\] or P\[t,s,a,n\]$"),
    (lambda: mdp(r=[0, 0]), r"^r has shape \(2,\); expected r\[s,a\] or r\[t,s,a\]$"),
    (
        lambda: mdp(r=[[0, 0, 0], [0, 0, 0]]),
        r"^P has shape \(2, 2, 2\); expected \(\.\.\., 2, 3, 2\) beside r of shape \(2, 3\)$",
    ),
    (lambda: mdp(r=changed(NOTHING, (1, 0), NAN)), r"^r\[1, 0\] is nan; every entry must be finite$"),
    (lambda: mdp(r=changed(NOTHING, (0, 1), -INF)), r"^r\[0, 1\] is -inf; every entry must be finite$"),
    (
        lambda: mdp(r=[["a", "b"], ["c", "d"]]),
        r"^r holds <U1, not numbers; make rationals of text with mdpkit\.objects$",
    ),
    (lambda: mdp(r=[[1j, 0], [0, 0]]), r"^r holds complex128, not numbers$"),
    (
        lambda: mdp(np.zeros((0, 2, 0)), np.zeros((0, 2))),
        r"^r has shape \(0, 2\); expected at least one state and one action$",
    ),
    (
        lambda: mdp(np.zeros((2, 0, 2)), np.zeros((2, 0))),
        r"^r has shape \(2, 0\); expected at least one state and one action$",
    ),
    (lambda: mdp([STAY] * 3), r"^P has 3 steps \(shape \(3, 2, 2, 2\)\); the horizon has 2$"),
    (lambda: mdp(r=[NOTHING]), r"^r has 1 steps \(shape \(1, 2, 2\)\); the horizon has 2$"),
    (
        lambda: mdp([STAY] * 2, horizon=Discounted(0.5)),
        r"^P varies with time \(shape \(2, 2, 2, 2\)\); Discounted needs it stationary$",
    ),
    (
        lambda: mdp(r=[NOTHING] * 2, horizon=Discounted(0.5)),
        r"^r varies with time \(shape \(2, 2, 2\)\); Discounted needs it stationary$",
    ),
    (lambda: mdp(state_names=["x"]), r"^state_names has 1 entries, 1 of them different; expected 2 different$"),
    (lambda: mdp(action_names=["x", "x"]), r"^action_names has 2 entries, 1 of them different; expected 2 different$"),
]

HORIZONS = [
    *[
        (lambda H=H: Finite(H), rf"^the horizon H is {H!r}; expected an integer of at least 1$")
        for H in (0, -1, True, 2.0)
    ],
    (lambda: Finite(2.5), r"^the horizon H is 2\.5; expected an integer of at least 1$"),
    (lambda: Finite("3"), r"^the horizon H is '3'; expected an integer of at least 1$"),
    (lambda: Finite(None), r"^the horizon H is None; expected an integer of at least 1$"),
    (lambda: Discounted(1.0), r"^gamma is 1\.0; expected 0 <= gamma < 1$"),
    (lambda: Discounted(1), r"^gamma is 1; expected 0 <= gamma < 1$"),
    (lambda: Discounted("10/9"), r"^gamma is 10/9; expected 0 <= gamma < 1$"),
    (lambda: Discounted(-0.1), r"^gamma is -0\.1; expected 0 <= gamma < 1$"),
    (lambda: Discounted(Fraction(-1, 10)), r"^gamma is -1/10; expected 0 <= gamma < 1$"),
    (lambda: Discounted(NAN), r"^gamma is nan; expected 0 <= gamma < 1$"),
    (lambda: Discounted(INF), r"^gamma is inf; expected 0 <= gamma < 1$"),
    (lambda: Discounted("nine tenths"), r"^gamma is 'nine tenths'; expected a number in \[0, 1\)$"),
    (lambda: Discounted("1/0"), r"^gamma is '1/0'; expected a number in \[0, 1\)$"),
    (lambda: Discounted(None), r"^gamma is None; expected a number in \[0, 1\)$"),
    (lambda: Discounted(np.array([0.5, 0.6])), r"^gamma is array\(\[0\.5, 0\.6\]\); expected a number in \[0, 1\)$"),
    (lambda: mdp(horizon=7), r"^horizon is 7; expected Finite\(H\), Discounted\(gamma\), Average\(\) or Total\(\)$"),
    (lambda: game(horizon=7), r"^horizon is 7; expected Finite\(H\), Discounted\(gamma\), Average\(\) or Total\(\)$"),
]

MASKS = [
    (lambda: mdp(mask=[[1, 1], [1, 1]]), r"^mask has dtype int64 and shape \(2, 2\); expected bool of shape \(2, 2\)$"),
    (lambda: mdp(mask=[[True], [True]]), r"^mask has dtype bool and shape \(2, 1\); expected bool of shape \(2, 2\)$"),
    (lambda: mdp(mask=[True, False]), r"^mask has dtype bool and shape \(2,\); expected bool of shape \(2, 2\)$"),
    (lambda: mdp(mask=[[True, True], [False, False]]), r"^state 1 has no action: its row of mask is all False$"),
]

KINDS = [
    (
        lambda: mdp(objects(STAY), [[0.5, 0], [0, 0]]),
        r"^r holds floats while the rest is rational; write integers, Fractions or 'p/q'$",
    ),
    (lambda: mdp(np.array(STAY, float), objects(NOTHING)), r"^P holds floats while the rest is rational"),
    (lambda: mdp(objects(STAY), rho=[0.5, 0.5]), r"^rho holds floats while the rest is rational"),
    (
        lambda: mdp(objects(STAY), horizon=Discounted(0.5)),
        r"^gamma=0\.5 is a float while P is rational; write Discounted\('9/10'\)",
    ),
    (
        lambda: mdp(r=np.array([[Fraction(1, 2), 0.5], [0, 0]], dtype=object)),
        r"^r is not an array of rationals: 0\.5 is a float, not",
    ),
    (
        lambda: mdp(r=np.array([[Fraction(1, 2), None], [0, 0]], dtype=object)),
        r"^r is not an array of rationals: None is a NoneType",
    ),
    (
        lambda: mdp(r=np.array([["one", 0], [0, 0]], dtype=object)),
        r"^r is not an array of rationals: Invalid literal for Fraction: 'one'$",
    ),
    (
        lambda: mdp(r=np.array([["1/0", 0], [0, 0]], dtype=object)),
        r"^r is not an array of rationals: Fraction\(1, 0\)$",
    ),
    (
        lambda: mdp(sparse(), objects(NOTHING)),
        r"^P is sparse, so float64, while r or rho is rational; give a dense rational P or floats$",
    ),
    (lambda: game(objects(STAY), np.zeros((1, 2, 2))), r"^r holds floats while the rest is rational"),
    (lambda: game(np.array(STAY, float), objects([NOTHING])), r"^P holds floats while the rest is rational"),
    (
        lambda: MomentProblem(objects(IDENTITY.astype(int)), [0.5, 1], [0, 1]),
        r"^b holds floats while the rest is rational",
    ),
    (
        lambda: LinearMDP(objects(FEATURES), IDENTITY, [0, 0], horizon=Finite(1)),
        r"^mu holds floats while the rest is rational",
    ),
    (lambda: Deviation(0, objects(TELLS), after=[[[0.5, 0.5]]]), r"^after holds floats while the rest is rational"),
]

SPARSE = [
    (
        lambda: mdp(sparse(shape=(3, 2))),
        r"^P has shape \(3, 2\); expected \(4, 2\), row s\*A\+a, beside r of shape \(2, 2\)$",
    ),
    (lambda: mdp(sparse(shape=(4, 1))), r"^P has shape \(4, 1\); expected \(4, 2\)"),
    (lambda: mdp(sparse((2, 1), 0.75)), r"^P\[1, 0\] sums to 0\.75, not 1 \(off by 2\.5e-01\)$"),
    (lambda: mdp(sparse((2, 1), 0)), r"^P\[1, 0\] sums to 0, not 1 \(off by 1\.0e\+00\)$"),
    (lambda: mdp(sparse((2, 1), NAN)), r"^P\[1, 0, 1\] is nan; every entry must be finite$"),
    (lambda: mdp(sparse((1, 1), INF)), r"^P\[0, 1, 1\] is inf; every entry must be finite$"),
    (lambda: mdp(csr_array(changed(STAY, (1, 1), 1e308).reshape(4, 2))), r"^P\[1, 1\] sums to inf, not 1"),
    (lambda: mdp(sparse((3, 0), -1)), r"^P\[1, 1, 0\] is -1\.0; a probability is at least 0$"),
]

GAMES = [
    (lambda: game(actions=(2, 2)), r"^actions=\(2, 2\) make 4 joint actions; r of shape \(1, 2, 2\) has 2$"),
    (lambda: game(actions=(0,)), r"^actions=\(0,\) make 0 joint actions"),
    (lambda: game(actions=(-1, -2)), r"^actions=\(-1, -2\) make 2 joint actions"),
    (lambda: game(actions=()), r"^actions=\(\) make 1 joint actions"),
    (lambda: game(actions=(2.5,)), r"^actions=\(2\.5,\); expected one integer a player$"),
    (lambda: game(actions=2), r"^actions=2; expected one integer a player$"),
    (lambda: game(actions=(2, 1)), r"^r has rewards for 1 players \(shape \(1, 2, 2\)\); actions=\(2, 1\) has 2$"),
    (lambda: game(r=NOTHING), r"^r has shape \(2, 2\); expected r\[i,s,j\] or r\[t,i,s,j\]$"),
    (lambda: game(r=[[[0, NAN], [0, 0]]]), r"^r\[0, 0, 1\] is nan; every entry must be finite$"),
    (lambda: game(STAY[:1]), r"^P has shape \(1, 2, 2\); expected \(\.\.\., 2, 2, 2\)"),
    (lambda: game(changed(STAY, (1, 0, 1), 0.98)), r"^P\[1, 0\] sums to 0\.98, not 1"),
    (lambda: game([STAY] * 3), r"^P has 3 steps"),
    (lambda: game([STAY] * 2, horizon=Discounted(0.5)), r"^P varies with time"),
]

DEVIATIONS = [
    (lambda: Deviation(0, [[[[1, 0], [0, 0.5]]]]), r"^table\[0, 0, 1\] sums to 0\.5, not 1"),
    (lambda: Deviation(0, objects([[[["1/2", "1/3"], [0, 1]]]])), r"^table\[0, 0, 0\] sums to 5/6, not 1"),
    (lambda: Deviation(0, [[[[2, -1], [0, 1]]]]), r"^table\[0, 0, 0, 1\] is -1\.0; a probability is at least 0$"),
    (lambda: Deviation(0, TELLS[0]), r"^table has shape \(1, 2, 2\); expected table\[t,s,a,b\]$"),
    (
        lambda: Deviation(0, [[[[1, 0]]]]),
        r"^table has shape \(1, 1, 1, 2\); expected as many played as recommended actions$",
    ),
    *[
        (lambda i=i: Deviation(i, TELLS), rf"^player is {i!r}; expected an integer, counted from 0$")
        for i in (-1, True, None)
    ],
    (lambda: Deviation(0.5, TELLS), r"^player is 0\.5; expected an integer, counted from 0$"),
    (
        lambda: Deviation(0, TELLS, after=[[[1, 0, 0]]]),
        r"^after has shape \(1, 1, 3\); expected \(1, 1, 2\) beside table",
    ),
    (lambda: Deviation(0, TELLS, after=[[1, 0]]), r"^after has shape \(1, 2\); expected after\[t,s,b\]$"),
    (lambda: Deviation(0, TELLS, after=[[[0.5, 0.4]]]), r"^after\[0, 0\] sums to 0\.9, not 1"),
]

FAILURE = np.array([False, True])
SAFETY = [
    (lambda: SafetyProblem(FAILURE, [[0, 2], [1, 1]]), r"^successors\[0, 1\] is 2; states run from 0 to 1$"),
    (lambda: SafetyProblem(FAILURE, [[0, 1], [-1, 1]]), r"^successors\[1, 0\] is -1; states run from 0 to 1$"),
    (
        lambda: SafetyProblem(FAILURE, np.array(SUCCESSORS, float)),
        r"^successors has dtype float64 and shape \(2, 2\); expected integers",
    ),
    (
        lambda: SafetyProblem(FAILURE, [0, 1]),
        r"^successors has dtype int64 and shape \(2,\); expected integers \[s,a\]$",
    ),
    (
        lambda: SafetyProblem([0, 1], SUCCESSORS),
        r"^failure has dtype int64 and shape \(2,\); expected bool, one entry a state$",
    ),
    (
        lambda: SafetyProblem(FAILURE[None], SUCCESSORS),
        r"^failure has dtype bool and shape \(1, 2\); expected bool, one entry a state$",
    ),
    (
        lambda: SafetyProblem(FAILURE, [[0, 0]] * 3),
        r"^successors has shape \(3, 2\); expected 2 states, at least one, with actions$",
    ),
    (lambda: SafetyProblem(FAILURE, np.zeros((2, 0), int)), r"^successors has shape \(2, 0\); expected 2 states"),
    (
        lambda: SafetyProblem(FAILURE[:0], np.zeros((0, 1), int)),
        r"^successors has shape \(0, 1\); expected 0 states, at least one",
    ),
]

LAW = [[[1.0, 0]], [[0, 1]]]
SAFETY += [
    (lambda: SafetyProblem(FAILURE), r"^neither of successors and P are given; expected exactly one of them$"),
    (
        lambda: SafetyProblem(FAILURE, SUCCESSORS, LAW),
        r"^both of successors and P are given; expected exactly one of them$",
    ),
    (
        lambda: SafetyProblem(FAILURE, P=changed(LAW, (1, 0, 1), 0.98)),
        r"^P\[1, 0\] sums to 0\.98, not 1 \(off by 2\.0e-02\)$",
    ),
    (
        lambda: SafetyProblem(FAILURE, P=rational([[[1, 0]], [[0, 1]]], (1, 0, 1), "49/50")),
        r"^P\[1, 0\] sums to 49/50, not 1",
    ),
    (
        lambda: SafetyProblem(FAILURE, P=changed(LAW, (0, 0, 1), NAN)),
        r"^P\[0, 0, 1\] is nan; every entry must be finite$",
    ),
    (
        lambda: SafetyProblem(FAILURE, P=LAW[:1]),
        r"^P has shape \(1, 1, 2\); expected \(2, actions, 2\) beside failure of 2 states$",
    ),
]

MOMENTS = [
    (
        lambda: MomentProblem(IDENTITY, [1, 2, 3], [0.5, 0.5]),
        r"^b and weights have shapes \(3,\) and \(2,\); expected \(2,\) beside",
    ),
    (
        lambda: MomentProblem(IDENTITY, [1, 2], [1]),
        r"^b and weights have shapes \(2,\) and \(1,\); expected \(2,\) beside A",
    ),
    (lambda: MomentProblem([1, 0], [1], [1]), r"^A has shape \(2,\); expected A\[z,k\]$"),
    (lambda: MomentProblem(IDENTITY, [[1], [2]], [1, 0]), r"^b has shape \(2, 1\); expected b\[z\]$"),
    (lambda: MomentProblem(IDENTITY, [1, 2], [0.5, 0.6]), r"^weights sums to 1\.1, not 1"),
    (lambda: MomentProblem(IDENTITY, [1, 2], [1.5, -0.5]), r"^weights\[1\] is -0\.5; a probability is at least 0$"),
    (lambda: MomentProblem(IDENTITY, [1, NAN], [0.5, 0.5]), r"^b\[1\] is nan; every entry must be finite$"),
    (
        lambda: MomentProblem(changed(IDENTITY, (0, 1), INF), [1, 1], [0.5, 0.5]),
        r"^A\[0, 1\] is inf; every entry must be finite$",
    ),
    (lambda: MomentProblem(np.zeros((0, 0)), [], []), r"^weights is empty: its shape is \(0,\)$"),
]


def linear(features=FEATURES, mu=IDENTITY, theta=(0, 1), rho=None):
    return LinearMDP(features, mu, theta, rho, horizon=Finite(2))


LINEAR = [
    (lambda: linear(mu=[[1, 0], [0.25, 0.5]]), r"^P\[1, 0\] sums to 0\.75, not 1"),
    (lambda: linear(mu=objects([[1, 0], ["3/2", "-1/2"]])), r"^P\[1, 0, 1\] is -1/2; a probability is at least 0$"),
    (lambda: linear(mu=[[1, 0]]), r"^mu and theta have shapes \(1, 2\) and \(2,\); expected \(2, 2\) and \(2,\)$"),
    (
        lambda: linear(mu=[[1, 0, 0], [0, 1, 0]]),
        r"^mu and theta have shapes \(2, 3\) and \(2,\); expected \(2, 2\) and \(2,\)$",
    ),
    (lambda: linear(theta=[1]), r"^mu and theta have shapes \(2, 2\) and \(1,\); expected \(2, 2\) and \(2,\)$"),
    (lambda: linear(features=[[1, 0], [0, 1]]), r"^features has shape \(2, 2\); expected features\[s,a,k\]$"),
    (lambda: linear(theta=[NAN, 0]), r"^theta\[0\] is nan; every entry must be finite$"),
    (lambda: linear(rho=[0.5, 0.4]), r"^rho sums to 0\.9, not 1"),
]


def table(policy, **problem):
    return policy_table(mdp(**problem), policy)


UNIFORM = [[0.5, 0.5], [0.5, 0.5]]
POLICIES = [
    (lambda: table(TabularPolicy([[1, 0]])), r"^the policy has 1 states and 2 actions; the problem has 2 and 2$"),
    (
        lambda: table(TabularPolicy([[1, 0, 0]] * 2)),
        r"^the policy has 2 states and 3 actions; the problem has 2 and 2$",
    ),
    (
        lambda: table(JointPolicy([[1, 0, 0, 0]] * 2)),
        r"^the policy has 2 states and 4 actions; the problem has 2 and 2$",
    ),
    (lambda: table(TabularPolicy([UNIFORM] * 3)), r"^the policy has 3 steps; the problem has 2$"),
    (lambda: table(TabularPolicy([UNIFORM])), r"^the policy has 1 steps; the problem has 2$"),
    (
        lambda: table(TabularPolicy([UNIFORM] * 2), horizon=Discounted(0.5)),
        r"^the policy has 2 steps; the problem has no last step$",
    ),
    (
        lambda: table(TabularPolicy(objects([[1, 0]] * 2))),
        r"^the policy is rational and the problem float; convert one with \.to_exact\(\) or \.to_float\(\)$",
    ),
    (
        lambda: table(TabularPolicy(UNIFORM), P=objects(STAY)),
        r"^the policy is float and the problem rational; convert one",
    ),
    (
        lambda: table(TabularPolicy(UNIFORM), mask=[[True, True], [True, False]]),
        r"^the policy plays action 1 in state 1, where that action is missing$",
    ),
    (
        lambda: table(TabularPolicy([[[1, 0], [1, 0]], UNIFORM]), mask=[[True, False], [True, True]]),
        r"^the policy plays action 1 in state 0, where that action is missing$",
    ),
]

REFUSED = {
    f"{theme} {number}": case
    for theme, cases in (
        ("law", LAWS),
        ("shape", SHAPES),
        ("horizon", HORIZONS),
        ("mask", MASKS),
        ("kind", KINDS),
        ("sparse", SPARSE),
        ("game", GAMES),
        ("deviation", DEVIATIONS),
        ("safety", SAFETY),
        ("moments", MOMENTS),
        ("linear", LINEAR),
        ("policy", POLICIES),
    )
    for number, case in enumerate(cases)
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_the_refusal_says_what_where_and_what_was_expected(call, message):
    with pytest.raises(InvalidModel, match=message):
        call()


def test_the_same_calls_with_good_input_are_accepted():
    for call in (mdp, game, linear, lambda: mdp(sparse()), lambda: mdp(changed(STAY, (1, 0, 1), 1 + 5e-10))):
        call()
    Deviation(0, TELLS, after=[[[0.5, 0.5]]])
    SafetyProblem(FAILURE, SUCCESSORS)
    MomentProblem(IDENTITY, [1, 2], [0.5, 0.5])
    assert table(TabularPolicy([UNIFORM] * 2)).shape == (2, 2, 2)
    assert table(TabularPolicy([[1, 0], [1, 0]]), mask=[[True, False], [True, True]]).shape == (2, 2)
    assert Finite(1).H == 1
    assert Discounted(0).gamma == 0


S, A = 4, 2
DENSE = np.full((S, A, S), 1 / S)


@pytest.mark.parametrize(
    ("P", "r", "words"),
    [
        (
            DENSE,
            np.zeros((S, A, S)),
            r"r has shape \(4, 2, 4\), one entry for each next state; .* r = \(P \* r\)\.sum\(axis=-1\)",
        ),
        (csr_array(DENSE.reshape(S * A, S)), np.zeros((S, A, S)), r"r has shape .* next state; .* r = P\.multiply"),
        (
            DENSE,
            np.zeros((A, S)),
            r"r has shape \(2, 4\), which beside P reads r\[a,s\]; expected r\[s,a\], of shape \(4, 2\): r\.T",
        ),
        (csr_array(DENSE.reshape(S * A, S)), np.zeros((A, S)), r"r has shape \(2, 4\), which beside P reads r\[a,s\]"),
        (
            DENSE.transpose(1, 0, 2),
            np.zeros((S, A)),
            r"P has shape \(2, 4, 4\), which .* reads P\[a,s,n\]; .* P\.transpose\(1, 0, 2\)",
        ),
        (
            [csr_array(np.eye(S))] * A,
            np.zeros((S, A)),
            r"P is a list of 2 sparse matrices; expected one CSR matrix of shape \(S\*A, S\)",
        ),
    ],
)
def test_the_layouts_of_other_libraries_are_refused_with_the_line_that_converts_them(P, r, words):
    with pytest.raises(InvalidModel, match=words):
        MDP(P, r, horizon=Discounted(0.9))


def test_the_lines_in_the_refusals_convert():
    rng = np.random.default_rng(0)
    P, r = rng.dirichlet(np.ones(S), (S, A)), rng.random((S, A, S))
    expected = np.einsum("san,san->sa", P, r)
    np.testing.assert_allclose((P * r).sum(axis=-1), expected)
    rows = csr_array(P.reshape(S * A, S))
    np.testing.assert_allclose(rows.multiply(r.reshape(S * A, S)).sum(axis=1).reshape(S, A), expected)
    matrices = [csr_array(P[:, a]) for a in range(A)]
    np.testing.assert_array_equal(
        vstack(matrices).tocsr()[np.arange(S * A).reshape(A, S).T.ravel()].toarray(), rows.toarray()
    )


def test_a_reward_that_varies_with_time_is_not_taken_for_one_by_next_state():
    cube = np.full((2, 2, 2), 0.5)
    assert MDP(cube, cube, horizon=Finite(2)).r.shape == (2, 2, 2)
    with pytest.raises(InvalidModel, match="r has 2 steps"):
        MDP(cube, cube, horizon=Finite(3))


def test_a_sparse_law_of_a_game_has_its_shape_and_kind():
    P = csr_array(np.ones((2, 1)))
    with pytest.raises(InvalidModel, match=r"P has shape \(2, 1\); expected \(3, 1\), row s\*J\+j, beside r of shape"):
        MarkovGame(P, np.zeros((1, 1, 3)), horizon=Discounted(0.9), actions=(3,))
    with pytest.raises(InvalidModel, match="P is sparse, so float64, while r or rho is rational"):
        MarkovGame(P, objects([[[0, 1]]]), horizon=Finite(1), actions=(2,))
