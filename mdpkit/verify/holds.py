"""Claims as pytest tests."""

import functools
import inspect
from collections.abc import Callable
from os import PathLike
from typing import Any

from .claim import Claim
from .verdict import Verdict
from .verification import verify


def holds(
    claim: Claim | str | PathLike[str], profile: str = "quick", *, seed: int = 0, on: Any = None
) -> Callable[[Callable[..., Any]], Callable[[], Any]]:
    """Turn a function into a pytest test that fails unless the claim is CERTIFIED or SURVIVED and every control bites.

    The function runs afterwards, with the Verdict as its argument if it takes one.

    >>> @holds("value_equivalence_is_not_regret_equivalence")
    ... def test_mine(verdict):
    ...     assert verdict.evidence == "exact"
    >>> test_mine()
    """

    def decorate(function):
        wants = bool(inspect.signature(function).parameters)

        @functools.wraps(function)
        def test():
            verdict: Verdict = verify(claim, profile, seed=seed, on=on)
            if not verdict.passed:
                raise AssertionError("\n".join(filter(None, (verdict.summary, verdict.explain()))))
            return function(verdict) if wants else function()

        # pytest infers fixtures from the signature; the test takes none
        test.__signature__ = inspect.Signature()
        del test.__wrapped__
        return test

    return decorate
