"""Two responses of which the reference hardly ever gives the good one."""

from ....base.arrays import objects, rational
from ....model import PreferenceProblem
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


@named_instance
def rare_good_response(k: int = 3, reference: Exact | None = None, passive_first: bool = True) -> Instance:
    """A good response, which the reference gives with probability e^(-R/(2 beta)) = 2^-k, R its reward.

    Passive exploration does not find it in fewer than about e^(R/(2 beta)) rounds, although the optimal policy plays it
    with probability above 1 - 2^-k.

    Args:
        k: R/(2 beta) in units of log 2: the weight e^(R/beta) of the good response is 4^k.
        reference: probability of the good response under the reference; 2^-k if omitted.
        passive_first: whether the class begins with the reference, where ties go, or with the optimum.

    Returns: `problem`; `tables[k,x,y]`, a class of three policies: the reference, the optimum, and one between; `k`.
    Source: adapted from Xie, Foster, Krishnamurthy, Rosset, Awadallah and Rakhlin, 2025.

    >>> rare_good_response(2).tables[1]
    array([[3/19, 16/19]], dtype=object)
    """
    expect_integer("k", k, 1)
    small = rational(1) / 2**k if reference is None else rational(reference)
    problem = PreferenceProblem(objects([[1 - small, small]]), weights=objects([[1, 4**k]]))
    members = [objects([[(1 - small), small * weight]]) for weight in (1, 4**k, 2)]
    tables = [each / each.sum() for each in (members if passive_first else members[1:] + members[:1])]
    return Instance(problem=problem, tables=objects(tables), k=k)
