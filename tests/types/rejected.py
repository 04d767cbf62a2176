"""User code that a type checker must reject: a comment on each line says with which errors. Nothing here is run."""

# ruff: noqa: B015, B018, SIM300

import numpy as np

import mdpkit
from mdpkit import MDP, Discounted, Finite, Interval, TabularPolicy, fit, grant, kl, regret, solve, tube, value, verify
from mdpkit.learn import Cloning
from mdpkit.solve import BackwardInduction, PolicyIteration, lstd


def measures(mdp: MDP, policy: TabularPolicy) -> None:
    value(1, 2)  # error: arg-type, arg-type
    value(mdp)  # error: call-arg
    value(mdp, policy, policy)  # error: call-arg
    value(mdp, policy=mdp)  # error: arg-type
    kl(policy, mdp)  # error: arg-type
    tube(mdp)  # error: arg-type
    regret(mdp, policy)  # error: arg-type
    mdpkit.measure.concentrability(mdp, policy, kind=2)  # error: arg-type
    lstd(mdp, policy, mdp, [1])  # error: arg-type
    value(mdp, policy).middle  # error: attr-defined


def solvers(mdp: MDP) -> None:
    solve(3)  # error: call-overload
    solve(mdp, PolicyIteration)  # error: call-overload
    solve(mdp, "policy iteration")  # error: call-overload
    solve(mdp, tolerance=0.1)  # error: call-overload, call-overload
    solve(mdp).tube.sum()  # error: union-attr
    solve(mdp, throw=False).policy.table  # error: union-attr
    BackwardInduction().run(3, 0.1)  # error: arg-type


def bounds(J: Interval) -> None:
    (J <= 1).every_yes()  # error: union-attr, union-attr
    J <= {1}  # error: operator
    J + None  # error: operator
    J.lower = np.zeros(1)  # error: misc
    np.sin(J)  # error: call-overload
    float(J <= 1)  # error: arg-type


def learning(mdp: MDP, rng: np.random.Generator) -> None:
    grant(3)  # error: arg-type
    grant(mdp, demonstrations=0.5)  # error: arg-type
    grant(mdp, rng=0)  # error: arg-type
    access = grant(mdp, episodes=1, rng=rng)
    fit(Cloning(), mdp, rng=rng)  # error: arg-type
    fit(Cloning, access, rng=rng)  # error: arg-type
    fit(Cloning(), access)  # error: call-arg
    fit(Cloning(), access, rng=0)  # error: arg-type
    fit(Cloning(), access, rng=rng).policy.law_at  # error: attr-defined


def records() -> None:
    MDP([[[1]]], [[1]])  # error: call-arg
    MDP([[[1]]], [[1]], horizon=3)  # error: arg-type
    MDP({}, [[1]], horizon=Finite(1))  # error: arg-type
    Finite(1.5)  # error: arg-type
    Discounted([1])  # error: arg-type
    TabularPolicy([[1]]).table = np.ones((1, 1))  # error: misc
    Cloning(smoothing=[1])  # error: arg-type
    mdpkit.deep.NoSuchLearner()  # error: attr-defined


def claims(mdp: MDP) -> None:
    verify(3)  # error: arg-type
    verify("performance_difference_lemma", seed="one")  # error: arg-type
    verify("performance_difference_lemma").result  # error: attr-defined
    mdpkit.claims.get(3)  # error: arg-type
    mdpkit.hunt("performance_difference_lemma", grid=["H"])  # error: arg-type
    mdpkit.instances.cliff("5")  # error: arg-type
    mdpkit.strategies.mdps(states=3)  # error: arg-type
    mdpkit.testing.check_solver(mdp)  # error: arg-type
    mdpkit.draw(mdp, step="first")  # error: arg-type
