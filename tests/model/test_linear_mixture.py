"""Linear mixture models: their tabular process, and refusals."""

import numpy as np
import pytest

from mdpkit import Finite, LinearMixture, objects
from mdpkit.base.errors import InvalidModel

STAY, LEAVE = [[[1, 0]], [[0, 1]]], [[[0, 1]], [[0, 1]]]


def mixture(kernels=(STAY, LEAVE), theta=(1, 0), r=((0,), (1,))):
    return LinearMixture(kernels, theta, r, horizon=Finite(2))


def test_the_law_is_the_combination_of_the_kernels_which_may_be_signed():
    signed = mixture(objects([STAY, np.array(LEAVE) - STAY]), objects([1, "1/4"]))
    assert (signed.tabular().P == mixture(objects([STAY, LEAVE]), objects(["3/4", "1/4"])).tabular().P).all()
    assert signed.sizes() == {"K": 2, "S": 2, "A": 1}
    assert repr(signed) == "LinearMixture(S=2, A=1, K=2, Finite(H=2), rational)"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(theta=[0.5, 0.25]), r"^P\[0, 0\] sums to 0\.75, not 1"),
        (dict(theta=objects([2, -1])), r"^P\[0, 0, 1\] is -1; a probability is at least 0$"),
        (
            dict(theta=[1]),
            r"^theta and r have shapes \(1,\) and \(2, 1\) beside kernels of shape \(2, 2, 1, 2\); expected",
        ),
        (dict(kernels=[np.ones((2, 1, 3))]), r"kernels of shape \(1, 2, 1, 3\); expected theta\[k\], r\[s,a\]"),
        (dict(r=[[0.5], ["a"]]), r"^r holds <U\d+, not numbers"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    with pytest.raises(InvalidModel, match=words):
        mixture(**change)
