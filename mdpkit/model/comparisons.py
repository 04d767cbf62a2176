"""Comparisons of responses: the data of preference learning."""

from dataclasses import KW_ONLY

import numpy as np

from ..base.arrays import like
from ..base.errors import InvalidModel
from ..base.record import Record, any_exact, field_array, numbers
from ..base.types import Array, FilledArray, record

COLUMNS = ("prompt", "first", "second")


@record(eq=False, repr=False)
class Comparisons(Record):
    """Weighted comparisons of two responses to a prompt, of a sample or of a population distribution.

    Args:
        prompt, first, second: `[k]`, the prompt and the two responses of comparison k.
        won: `won[k]`, 1 if the first response was preferred, 0 if the second was; or the probability of the former.
        weight: `weight[k]` >= 0, of sum 1; uniform if omitted.

    Raises: InvalidModel for no rows, columns of different lengths, or entries outside their range.

    >>> Comparisons([0, 0], [0, 1], [1, 2], [1, 0])
    Comparisons(2 comparisons, 1 prompts)
    """

    prompt: Array
    first: Array
    second: Array
    won: Array
    _: KW_ONLY
    weight: FilledArray = None

    def __post_init__(self) -> None:
        columns = {name: np.asarray(field_array(name, getattr(self, name), "k")) for name in COLUMNS}
        for name, column in columns.items():
            if column.ndim != 1 or column.dtype.kind not in "iu" or (column < 0).any():
                raise InvalidModel(
                    f"{name} holds {column.dtype} of shape {column.shape}; expected nonnegative integers {name}[k]"
                )
        rows = len(columns["prompt"])
        if rows == 0:
            raise InvalidModel("there are no comparisons; expected at least one row")
        exact = any_exact(self.won, self.weight)
        won = numbers("won", self.won, exact, "k")
        even = np.repeat(like([f"1/{rows}"], won), rows)
        weight = even if self.weight is None else numbers("weight", self.weight, exact, "k")
        lengths = {name: len(column) for name, column in (*columns.items(), ("won", won), ("weight", weight))}
        if len(set(lengths.values())) > 1:
            raise InvalidModel(f"the columns of comparisons differ in length: {lengths}")
        for name, column, fits, words in (
            ("won", won, (won >= 0) & (won <= 1), "a probability, or 0 or 1"),
            ("weight", weight, weight >= 0, "a number of at least 0"),
        ):
            wrong = np.flatnonzero(~np.asarray(fits, dtype=bool))
            if wrong.size:
                raise InvalidModel(f"{name}[{wrong[0]}] is {column[wrong[0]]}; expected {words}")
        self._set(**columns, won=won, weight=weight)

    def __len__(self) -> int:
        return len(self.prompt)

    @property
    def exact(self) -> bool:
        """Whether probabilities and weights are rationals."""
        return self.won.dtype == object

    def check(self, X: int, Y: int) -> None:
        """Check that all rows fit a problem with X prompts and Y responses.

        Raises: InvalidModel naming the first row that does not.
        """
        for name, size in zip(COLUMNS, (X, Y, Y), strict=True):
            column = getattr(self, name)
            wrong = np.flatnonzero(column >= size)
            if wrong.size:
                raise InvalidModel(
                    f"{name}[{wrong[0]}] is {column[wrong[0]]}; expected an integer from 0 to {size - 1}"
                )

    def __repr__(self):
        return f"Comparisons({len(self)} comparisons, {len(set(self.prompt.tolist()))} prompts)"
