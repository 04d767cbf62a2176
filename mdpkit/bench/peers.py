"""Adapters of other packages, each the fastest of its methods whose values are meant to have an error of tol.

An adapter reads the arrays into the layout that its package takes before the clock starts; what is timed is the
package's own construction of a new model, and its solution. Nothing is kept between two calls.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from ..model.horizon import Discounted, Finite, Horizon, Total
from .instances import Model

LP_TOLERANCE = 1e-10
"""The smallest feasibility tolerance that HiGHS accepts."""


@dataclass(frozen=True)
class Peer:
    """One method of another package.

    Args:
        name: of the package and its method.
        package: the distribution that must be installed.
        horizon: the type of horizon that it solves.
        start: (model, tol) -> a function that builds the package's model, solves it and returns values `v[s]`.
        entries: largest number of probabilities that it is given.
        states: largest number of states that it is given.
    """

    name: str
    package: str
    horizon: type[Horizon]
    start: Callable[[Model, float], Callable[[], np.ndarray]]
    entries: int = 10**9
    states: int = 10**9

    @property
    def version(self) -> str | None:
        """Version of the package, None if it is not installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None

    def refuse(self, model: Model) -> str | None:
        """Why it is not given a model, or None if it is.

        Args:
            model: the model to solve.
        """
        if not isinstance(model.horizon, self.horizon):
            return "another criterion"
        return "too large for it" if model.entries > self.entries or self.states < model.S else None


def quantecon_by(method: str, **options) -> Callable[[Model, float], Callable[[], np.ndarray]]:
    """quantecon's DiscreteDP in its state-action form.

    Args:
        method: "modified_policy_iteration" or "policy_iteration".
        options: of `DiscreteDP.solve`.
    """

    def start(model, tol):
        from quantecon.markov import DiscreteDP

        s, a = np.divmod(np.arange(model.S * model.A), model.A)
        P = model.rows if sp.issparse(model.P) else model.P.reshape(-1, model.S)
        given = {"epsilon": tol, **options} if method != "policy_iteration" else options
        return lambda: DiscreteDP(model.r.ravel(), P, model.gamma, s, a).solve(method, **given).v

    return start


def mdpsolver(model: Model, tol: float) -> Callable[[], np.ndarray]:
    """Modified policy iteration of mdpsolver on one core, from nested lists.

    Args:
        model: the model to solve.
        tol: mdpsolver's tolerance.
    """
    import mdpsolver as package

    if sp.issparse(model.P):
        ends, weights, columns = (x.tolist() for x in (model.rows.indptr, model.rows.data, model.rows.indices))
        rows = [slice(*ends[k : k + 2]) for k in range(model.S * model.A)]
        each = [rows[s * model.A : (s + 1) * model.A] for s in range(model.S)]
        law = {
            "tranMatProbs": [[weights[row] for row in state] for state in each],
            "tranMatColumns": [[columns[row] for row in state] for state in each],
        }
    else:
        law = {"tranMatWithZeros": model.P.tolist()}
    rewards = model.r.tolist()

    def solve():
        fresh = package.model()
        fresh.mdp(discount=model.gamma, rewards=rewards, **law)
        fresh.solve(tolerance=tol, parallel=False)
        return np.array(fresh.getValueVector())

    return solve


def mdptoolbox_by(method: str) -> Callable[[Model, float], Callable[[], np.ndarray]]:
    """A class of mdptoolbox, from one matrix an action.

    Args:
        method: "PolicyIterationModified", "PolicyIteration" or "FiniteHorizon".
    """

    def start(model, tol):
        import mdptoolbox.mdp

        if sp.issparse(model.P):
            laws = [sp.csr_matrix(model.rows[a :: model.A]) for a in range(model.A)]
        else:
            laws = np.ascontiguousarray(model.P.swapaxes(0, 1))
        options = {
            "PolicyIterationModified": {"epsilon": tol},
            "PolicyIteration": {},
            "FiniteHorizon": {"N": getattr(model.horizon, "H", 0)},
        }[method]

        def solve():
            fresh = getattr(mdptoolbox.mdp, method)(laws, model.r, model.gamma, **options)
            fresh.run()
            return np.array(fresh.V)[:, 0] if method == "FiniteHorizon" else np.array(fresh.V)

        return solve

    return start


def linprog(model: Model, tol: float) -> Callable[[], np.ndarray]:
    """The linear program of the value, minimise sum_s V(s) with V(s) >= r(s,a) + gamma sum_n P(n) V(n), by scipy.

    Args:
        model: the model to solve.
        tol: unused, the program is solved as closely as HiGHS accepts.
    """
    from scipy.optimize import linprog as program

    excess, r = _excess(model), model.r.ravel()
    options = {"primal_feasibility_tolerance": LP_TOLERANCE, "dual_feasibility_tolerance": LP_TOLERANCE}

    def solve():
        found = program(np.ones(model.S), -excess, -r, bounds=(None, None), method="highs", options=options)
        return np.full(model.S, np.nan) if found.x is None else found.x

    return solve


def interior_point(model: Model, tol: float) -> Callable[[], np.ndarray]:
    """The same program by HiGHS's interior point method with crossover, called directly.

    Args:
        model: the model to solve.
        tol: unused, the program is solved as closely as HiGHS accepts.
    """
    import highspy

    excess, r = sp.csr_matrix(_excess(model)), model.r.ravel()

    def solve():
        problem = highspy.HighsLp()
        problem.num_col_, problem.num_row_ = model.S, r.size
        problem.col_cost_ = np.ones(model.S)
        problem.col_lower_, problem.col_upper_ = (
            np.full(model.S, -highspy.kHighsInf),
            np.full(model.S, highspy.kHighsInf),
        )
        problem.row_lower_, problem.row_upper_ = r, np.full(r.size, highspy.kHighsInf)
        problem.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        problem.a_matrix_.start_, problem.a_matrix_.index_ = excess.indptr, excess.indices
        problem.a_matrix_.value_ = excess.data
        solver = highspy.Highs()
        solver.silent()
        for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            solver.setOptionValue(name, LP_TOLERANCE)
        solver.setOptionValue("solver", "ipm")
        solver.setOptionValue("threads", 1)
        solver.passModel(problem)
        solver.run()
        return np.array(solver.getSolution().col_value)

    return solve


def _excess(model):
    """V(s) - gamma sum_n P(n) V(n) as a matrix of V, one row a state and action."""
    owner = sp.csr_matrix(np.ones((model.A, 1)))
    return sp.kron(sp.identity(model.S, format="csr"), owner, format="csr") - model.gamma * model.rows


def numpy_induction(model: Model, tol: float) -> Callable[[], np.ndarray]:
    """Backward induction as a product of matrix and vector a step.

    Args:
        model: the model to solve.
        tol: unused.
    """
    P = model.P.reshape(-1, model.S)

    def solve():
        V = np.zeros(model.S)
        for _ in range(model.horizon.H):
            V = (model.r + (P @ V).reshape(model.r.shape)).max(axis=1)
        return V

    return solve


def storm(model: Model, tol: float) -> Callable[[], np.ndarray]:
    """Storm's sound total reward at an absolute precision; its model is read from a file before the clock starts.

    Args:
        model: the model to solve, with rewards of at least 0, or of at most 0, which Storm minimises as costs.
        tol: Storm's precision.
    """
    import stormpy
    import stormpy.environments as environments

    from ..instances import save
    from ..model import MDP

    sign = -1 if model.r.max() <= 0 else 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.drn"
        save(MDP(model.P, sign * model.r, horizon=model.horizon), path)
        read = stormpy.build_model_from_drn[float](str(path))
    asked = stormpy.parse_properties(f'R{{"reward"}}{"max" if sign > 0 else "min"}=? [C]')[0]

    def solve():
        environment = environments.sound()
        settings = environment.solver().min_max()
        settings.precision, settings.relative_termination_criterion = stormpy.Rational(tol), False
        found = stormpy.model_checking(read, asked, environment=environment)
        return sign * np.array([found.get_value(s) for s in range(model.S)])

    return solve


PEERS = (
    Peer("quantecon MPI", "quantecon", Discounted, quantecon_by("modified_policy_iteration", max_iter=10**6)),
    Peer("quantecon PI", "quantecon", Discounted, quantecon_by("policy_iteration"), states=1000),
    Peer("mdpsolver MPI", "mdpsolver", Discounted, mdpsolver, entries=10**7),
    Peer("mdptoolbox MPI", "pymdptoolbox", Discounted, mdptoolbox_by("PolicyIterationModified"), states=1000),
    Peer("mdptoolbox PI", "pymdptoolbox", Discounted, mdptoolbox_by("PolicyIteration"), states=1000),
    Peer("mdptoolbox", "pymdptoolbox", Finite, mdptoolbox_by("FiniteHorizon")),
    Peer("scipy linprog", "scipy", Discounted, linprog, entries=30_000),
    Peer("HiGHS interior point", "highspy", Discounted, interior_point, entries=30_000),
    Peer("numpy", "numpy", Finite, numpy_induction),
    Peer("Storm", "stormpy", Total, storm, entries=10**6),
)
"""Every peer; packages that are not in the extra `bench` come with mdpkit."""
