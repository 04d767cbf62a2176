"""The function `solve`, and the default method of each problem."""

from collections.abc import Iterable
from functools import singledispatch
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from ..base.errors import InvalidModel
from ..model.game import MarkovGame
from ..model.horizon import Average, Discounted, Finite, Total
from ..model.margin import MarginProblem
from ..model.mdp import MDP
from ..model.moments import MomentProblem
from ..model.preference import PreferenceProblem
from ..model.safety import SafetyProblem
from ..model.tokens import TokenProblem
from .avoid_margin import AvoidMargin
from .avoid_probability import AvoidProbability
from .avoid_tube import AvoidTube
from .backward_induction import BackwardInduction
from .cost import EXACT_SECONDS, LARGEST_FACTOR, exact_seconds, factor_entries, is_narrow
from .hoffman_karp import HoffmanKarp
from .interval_iteration import IntervalIteration
from .method import Method
from .modified_policy_iteration import ModifiedPolicyIteration
from .moment_game import MomentGame
from .multichain_policy_iteration import MultichainPolicyIteration
from .policy_iteration import PolicyIteration
from .proper_policy_iteration import ProperPolicyIteration
from .relative_value_iteration import RelativeValueIteration
from .shapley_iteration import ShapleyIteration
from .solution import Solution, Status
from .stage_equilibria import CorrelatedEquilibrium
from .tilting import Tilting
from .token_planning import TokenPlanning
from .zero_sum import is_zero_sum

if TYPE_CHECKING:
    from .solution import Avoidance, Minimiser, Optimum

SWEEPS, FEW_SWEEPS = 3000, 1000
"""Number of sweeps before policy iteration takes over, if its equations can be factorised; and for total reward."""

POLICIES = 40
"""Number of policies that policy iteration tries before sweeps take over, more where their equations are cheap."""


Problem: TypeAlias = MDP | MarkovGame | SafetyProblem | MarginProblem | MomentProblem | PreferenceProblem | TokenProblem
"""What `solve` takes without a method."""


@overload
def solve(
    problem: MDP | MarkovGame | MarginProblem | PreferenceProblem | TokenProblem,
    method: Method | None = None,
    *,
    tol: float = 1e-8,
    throw: Literal[True] = True,
) -> "Optimum": ...


@overload
def solve(
    problem: SafetyProblem, method: Method | None = None, *, tol: float = 1e-8, throw: Literal[True] = True
) -> "Avoidance": ...


@overload
def solve(
    problem: MomentProblem, method: Method | None = None, *, tol: float = 1e-8, throw: Literal[True] = True
) -> "Minimiser": ...


@overload
def solve(problem: Problem, method: Method | None = None, *, tol: float = 1e-8, throw: bool = True) -> Solution: ...


@overload
def solve(problem: Any, method: Method, *, tol: float = 1e-8, throw: bool = True) -> Solution: ...


def solve(problem: Any, method: Method | None = None, *, tol: float = 1e-8, throw: bool = True) -> Solution:
    """Solve a fully known problem.

    Args:
        problem: an MDP, a MarkovGame, a SafetyProblem, a MarginProblem, a MomentProblem, a PreferenceProblem or a
            TokenProblem.
        method: a `Method` such as `PolicyIteration()`; by default chosen by the problem's type.
        tol: largest width of the value bounds on floats (of `h` for moments).
        throw: False to return a Solution whatever its status.

    Rational problems are solved exactly, with zero width. The exception is an infinite-horizon problem for which this
    is predicted to take 10 seconds or more, by `solve.cost.exact_seconds`: it gets float bounds, unless
    `PolicyIteration()`, `MultichainPolicyIteration()` or `ProperPolicyIteration()` is given as the method. On floats
    the bounds hold for every problem whose numbers round to the given ones (relative 2^-53 per entry), with rows of P
    divided by their sums.

    A MarkovGame of two players whose rewards sum to exactly 0 is solved for optimal policies of both
    (`ShapleyIteration`; a discounted one is exact only if simple policies are optimal, see there), and the policy is
    their product. Its value is that of every correlated equilibrium. Any other game over a finite horizon is answered
    by the correlated equilibrium of highest total payoff at every stage (`CorrelatedEquilibrium`).

    Average problems may be multichain: the gain of each state is `gain[s]`, and `value` its mean under the initial
    distribution.

    Total problems, such as stochastic shortest paths, are solved over proper policies, which surely end in states where
    they collect no more reward. Where an end component has a positive gain the status is UNBOUNDED; where no policy is
    proper it is INFEASIBLE; the message names the states.

    Returns: a Solution with the optimal value, and a policy whose value lies within the same bounds. Its static type
        shows its parts: policy and value for an Optimum, policy and tube for an Avoidance, h and value for a Minimiser.
    Raises: NotSolved with the status message; TypeError if the method does not apply to the problem; InvalidModel if
        tol is not a number of at least 0.

    >>> from mdpkit.model import MDP, Discounted
    >>> from mdpkit.base.arrays import objects
    >>> solve(MDP(objects([[[1], [1]]]), objects([[1, 2]]), horizon=Discounted("1/2"))).value[0]
    Interval(4, exact)
    """
    if method is not None and (isinstance(method, type) or not isinstance(method, Method)):
        what = f"the class {method.__name__}" if isinstance(method, type) else repr(method)
        raise TypeError(
            f"{what} is not a method: expected an object with run(problem, tol, before), such as PolicyIteration()"
        )
    if not isinstance(tol, Real) or not tol >= 0:
        raise InvalidModel(f"tol is {tol!r}; expected a number of at least 0")
    answer = None
    for trial in usual(problem) if method is None else (method,):
        answer = trial.run(problem, tol, answer)
        if answer.status is not Status.CAPPED:
            break
    return answer.require(tol) if throw else answer


@singledispatch
def usual(problem) -> Iterable[Method]:
    """The default methods, tried in turn until one is not CAPPED."""
    kinds = (
        "an MDP, a MarkovGame, a SafetyProblem, a MarginProblem, a MomentProblem, a PreferenceProblem or a TokenProblem"
    )
    raise TypeError(f"solve takes {kinds}; got {problem!r}")


@usual.register
def _(problem: SafetyProblem):
    return (AvoidTube(),) if problem.P is None else (AvoidProbability(),)


@usual.register
def _(problem: MarginProblem):
    return (AvoidMargin(),)


@usual.register
def _(problem: MomentProblem):
    return (MomentGame(),)


@usual.register
def _(problem: PreferenceProblem):
    return (Tilting(),)


@usual.register
def _(problem: TokenProblem):
    return (TokenPlanning(),)


@usual.register
def _(problem: MarkovGame):
    if not is_zero_sum(problem):
        return (CorrelatedEquilibrium(),)
    if isinstance(problem.horizon, Finite):
        return (ShapleyIteration(),)
    return (ShapleyIteration(sweeps=SWEEPS), HoffmanKarp())


@usual.register
def _(problem: MDP):
    return usual_for(problem.horizon, problem)


@singledispatch
def usual_for(horizon, problem) -> Iterable[Method]:
    """The default methods for a decision process, by its horizon."""
    raise TypeError(f"no method for the horizon {horizon!r}")


@usual_for.register
def _(horizon: Finite, problem):
    return (BackwardInduction(),)


@usual_for.register
def _(horizon: Discounted, problem):
    tried = PolicyIteration() if problem.exact else PolicyIteration(affordable_policies(problem))
    return direct_or_sweeps(problem, tried, ModifiedPolicyIteration)


@usual_for.register
def _(horizon: Average, problem):
    return direct_or_sweeps(problem, MultichainPolicyIteration(), RelativeValueIteration)


@usual_for.register
def _(horizon: Total, problem):
    return direct_or_sweeps(problem, ProperPolicyIteration(), IntervalIteration)


def direct_or_sweeps(problem, direct, sweeping):
    """Exact policy iteration if cheap, else sweeps; on floats some sweeps, policy iteration if cheap, and sweeps.

    On discounted floats in a narrow band policy iteration comes first. For total reward few sweeps do, and policy
    iteration follows whatever the size, since its equations are solved iteratively where factors would be large.
    """
    if problem.exact and exact_seconds(problem) < EXACT_SECONDS:
        yield direct
    elif problem.exact:
        yield sweeping()
    else:
        if isinstance(problem.horizon, Discounted) and is_narrow(problem):
            yield direct
        if isinstance(problem.horizon, Total):
            yield from (sweeping(sweeps=FEW_SWEEPS), direct, sweeping())
            return
        yield sweeping(sweeps=SWEEPS)
        if factor_entries(problem) <= LARGEST_FACTOR:
            yield direct
        yield sweeping()


def affordable_policies(problem) -> int:
    """How many policies of a discounted float problem are evaluated by a direct solve before sweeps take over.

    Improvement may go along a chain one state at a time: in a narrow band that is affordable, else it is not.
    """
    if not is_narrow(problem):
        return POLICIES
    return max(POLICIES, LARGEST_FACTOR // (problem.S * (problem.row_facts.half + 1) ** 2))
