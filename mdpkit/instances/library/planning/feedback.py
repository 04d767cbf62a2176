"""Linear feedback in linear-quadratic problems: where gradient domination is attained, and what it needs."""

from ....base.arrays import objects, rational
from ....model import LinearQuadratic
from ...catalogue import Exact, named_instance
from ...instance import Instance


@named_instance
def one_step_regulator(cheap: Exact = 1, dear: Exact = 1) -> Instance:
    """Two states that are controlled for one step only, gamma = 0: the cost is quadratic in the feedback.

    Gradient domination is an equality, with the constant 1/4, if both controls have the same price; its constant needs
    the cheaper one.

    Args:
        cheap: price of the first control, which the feedback uses.
        dear: price of the second control.

    Returns: `problem` (a LinearQuadratic), `feedback` (K), `start` (E x_0 x_0').
    Source: adapted from Fazel, Ge, Kakade and Mesbahi, 2018.

    >>> one_step_regulator().problem.gamma
    0
    """
    eye, R = [[1, 0], [0, 1]], [[rational(cheap), 0], [0, rational(dear)]]
    problem = LinearQuadratic.from_value(eye, eye, eye, R, 0)
    return Instance(problem=problem, feedback=objects([[1, "1/2"], [0, 0]]), start=objects([[2, 0], [0, 2]]))


@named_instance
def regulator(
    a: Exact = 1, b: Exact = "1/10", P: Exact = "1/4", R: Exact = 4, gamma: Exact = "99/100", closed: Exact = "1/2"
) -> Instance:
    """A state x and a control u that lead to ax + bu, at a feedback that makes it `closed` times x.

    By default control is so dear that the optimal feedback hardly moves the state, which is visited for long: gradient
    domination needs the moments under the optimal feedback.

    Args:
        a: growth of the state without control.
        b: effect of the control.
        P: the optimal cost is Px^2.
        R: price of the control.
        gamma: the discount.
        closed: the factor of a step under the feedback.

    Returns: `problem` (a LinearQuadratic), `feedback` (K), `start` (E x_0^2 = 1).
    Source: adapted from Fazel, Ge, Kakade and Mesbahi, 2018.

    >>> regulator().feedback
    array([[-5]], dtype=object)
    """
    a, b, closed = rational(a), rational(b), rational(closed)
    problem = LinearQuadratic.from_value([[a]], [[b]], [[rational(P)]], [[rational(R)]], rational(gamma))
    return Instance(problem=problem, feedback=objects([[(closed - a) / b]]), start=objects([[1]]))


@named_instance
def crossed_feedback(c: Exact = "21/10") -> Instance:
    """Two feedbacks that move one state into the other, both at moderate cost; their average is nearly unstable.

    Args: c: the factor by which the state moved is multiplied, below 2 / sqrt(gamma), where gamma = 9/10.

    Returns: `problem` (a LinearQuadratic), `feedback` and `other` (K), `start` (E x_0 x_0').
    Source: adapted from Fazel, Ge, Kakade and Mesbahi, 2018.

    >>> crossed_feedback().other
    array([[0, 0],
           [21/10, 0]], dtype=object)
    """
    c, eye = rational(c), [[1, 0], [0, 1]]
    problem = LinearQuadratic.from_value([[0, 0], [0, 0]], eye, eye, eye, "9/10")
    return Instance(
        problem=problem, feedback=objects([[0, c], [0, 0]]), other=objects([[0, 0], [c, 0]]), start=objects(eye)
    )
