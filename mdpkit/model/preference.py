"""Contextual preference problems."""

from dataclasses import KW_ONLY
from typing import ClassVar

import numpy as np

from ..base.arrays import bare, is_exact, like, nearest, rational
from ..base.errors import ExactnessLost, InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, at, distributions, numbers
from ..base.tolerance import ROW_SUM
from ..base.types import Array, FilledArray, OptionalArray, Scalar, record


@record(eq=False, repr=False)
class PreferenceProblem(Record):
    """Contextual preference problem with a KL penalty to a reference policy.

    J(pi) = E_x [ E_pi r - beta KL(pi(.|x) || reference(.|x)) ].

    Args:
        reference: `reference[x,y]`, the policy that fine-tuning starts from.
        reward: `reward[x,y]`; preferences follow Bradley-Terry, P(y beats z) = 1 / (1 + e^(r(z) - r(y))).
        weights: `weights[x,y]` = e^(r/beta) > 0, instead of `reward`. If they are rational, so are the optimal policy
            reference * weights / Z and all probabilities, and r = beta log weights is exact.
        win: general preference `win[x,y,z]` = P(y beats z), win[x,y,z] + win[x,z,y] = 1, instead of both.
        data: distribution `data[x,y]` of the two responses of a comparison; the reference if omitted.
        rho: distribution `rho[x]` of the prompts; uniform if omitted.
        beta: KL coefficient, above 0.

    Policies are TabularPolicy with `table[x,y]`.

    Raises: InvalidModel naming the entry, its value and what was expected.

    >>> from mdpkit.base.arrays import objects
    >>> PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))
    PreferenceProblem(X=1, Y=2, weights, beta=1, rational)
    """

    laws = ("reference", "data", "rho")
    axes: ClassVar = {**dict.fromkeys(("reference", "reward", "weights", "data"), "xy"), "win": "xyz", "rho": "x"}

    reference: Array
    _: KW_ONLY
    reward: OptionalArray = None
    weights: OptionalArray = None
    win: OptionalArray = None
    data: FilledArray = None
    rho: FilledArray = None
    beta: Scalar = 1

    def __post_init__(self) -> None:
        if proposing():
            return self._trust()
        given = [name for name in ("reward", "weights", "win") if getattr(self, name) is not None]
        if len(given) != 1:
            raise InvalidModel(
                f"preferences are given by {' and '.join(given) or 'nothing'}; expected one of reward, weights, win"
            )
        (kind,) = given
        exact = any_exact(self.reference, getattr(self, kind), self.data, self.rho)
        reference = numbers("reference", self.reference, exact, "xy")
        distributions("reference", reference, ROW_SUM)
        X, Y = reference.shape
        rho = numbers("rho", like([f"1/{X}"] * X, reference) if self.rho is None else self.rho, exact, "x")
        data = reference if self.data is None else numbers("data", self.data, exact, "xy")
        given = numbers(kind, getattr(self, kind), exact, "xyz" if kind == "win" else "xy")
        for name, array, shape in (("rho", rho, (X,)), ("data", data, (X, Y)), (kind, given, (X, Y, Y)[: given.ndim])):
            if array.shape != shape:
                raise InvalidModel(
                    f"{name} has shape {array.shape}; expected {shape} beside reference of shape {(X, Y)}"
                )
        distributions("rho", rho, ROW_SUM)
        distributions("data", data, ROW_SUM)
        _CHECKS[kind](given)
        self._set(reference=reference, rho=rho, data=data, beta=positive_number(self.beta, exact), **{kind: given})

    def _trust(self):
        values = {name: getattr(self, name) for name in ("reference", "reward", "weights", "win", "data", "rho")}
        values = {name: None if value is None else bare(value, float) for name, value in values.items()}
        if values["rho"] is None:
            values["rho"] = np.full(len(values["reference"]), 1 / len(values["reference"]))
        if values["data"] is None:
            values["data"] = values["reference"]
        self._set(**values, beta=bare_number(self.beta))

    @property
    def X(self) -> int:
        return self.reference.shape[0]

    @property
    def Y(self) -> int:
        return self.reference.shape[1]

    @property
    def support(self) -> np.ndarray:
        """`[x,y]`, True on the reference's support."""
        return self.reference != 0

    def sizes(self) -> dict:
        return {"X": self.X, "Y": self.Y}

    def __repr__(self):
        kind = next(name for name in ("reward", "weights", "win") if getattr(self, name) is not None)
        return f"PreferenceProblem(X={self.X}, Y={self.Y}, {kind}, beta={self.beta}, {'rational' if self.exact else 'float'})"


def response_table(problem, policy):
    """The policy's `table[x,y]`, checked against a preference problem.

    Raises: InvalidModel naming the shapes or the number kinds that differ.
    """
    table = policy.table
    if proposing():
        return table
    if table.shape != problem.reference.shape:
        raise InvalidModel(
            f"the policy has a table of shape {table.shape}; the problem has {problem.X} prompts and {problem.Y} responses"
        )
    if policy.exact != problem.exact:
        kinds = {True: "rational", False: "float"}
        raise InvalidModel(
            f"the policy is {kinds[policy.exact]} and the problem {kinds[problem.exact]}; convert one with .to_exact() or .to_float()"
        )
    return table


def positive_number(beta, exact):
    """The KL coefficient in a record's number kind.

    Raises: InvalidModel for a float beside rationals, and unless it is finite and above 0.
    """
    if isinstance(beta, np.ndarray) and beta.size == 1:
        beta = beta.item()
    if isinstance(beta, float | np.floating):
        if exact:
            raise InvalidModel(
                f"beta={beta} is a float while the rest is rational; write an integer, a Fraction or 'p/q'"
            )
        price = float(beta)
    else:
        try:
            price = rational(beta) if exact else nearest(rational(beta))
        except (ExactnessLost, ValueError, ZeroDivisionError) as error:
            raise InvalidModel(f"beta is {beta!r}; expected a number above 0") from error
    if not price > 0 or price == float("inf"):
        raise InvalidModel(f"beta is {price}; expected a number above 0")
    return price


def bare_number(beta):
    """The KL coefficient as a float, without a check."""
    if hasattr(beta, "run_kernel"):
        return beta
    beta = beta.item() if isinstance(beta, np.ndarray) else beta
    return float(beta) if isinstance(beta, float | np.floating) else nearest(rational(beta))


def _any_reward(array):
    """Every finite reward is valid."""


def _positive(array):
    _refuse("weights", array, np.asarray(array <= 0), "a weight e^(r/beta) is above 0")


def _chances(array):
    _refuse("win", array, np.asarray((array < 0) | (array > 1)), "a probability lies in [0, 1]")
    gap = abs(array + array.swapaxes(1, 2) - 1)
    off = np.asarray(gap > (0 if is_exact(array) else ROW_SUM))
    if off.any():
        x, y, z = (int(i) for i in np.argwhere(off)[0])
        total = array[x, y, z] + array[x, z, y]
        raise InvalidModel(
            f"{at('win', (x, y, z))} is {array[x, y, z]}; win[x,y,z] + win[x,z,y] is 1, but here {total}: expected the "
            "probability that y beats z, so that 2 win - 1 is skew-symmetric and win[x,y,y] is 1/2"
        )


def _refuse(name, array, wrong, words):
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise InvalidModel(f"{at(name, where)} is {array[where]}; {words}")


_CHECKS = {"reward": _any_reward, "weights": _positive, "win": _chances}
