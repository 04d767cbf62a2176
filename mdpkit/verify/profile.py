"""Budgets of a verification, in counts rather than time."""

from dataclasses import dataclass

from ..base.errors import InvalidClaim


@dataclass(frozen=True)
class Profile:
    """Budgets of one statement.

    Args:
        chunks: number of work units with independent seeds; the result does not depend on which process runs them.
        draws: exact instances per chunk, for breadth.
        evaluations: float evaluations per chunk, for the search.
        differential: number of instances run in both number kinds.
        demanded: minimum number of admitted instances; below it the outcome is VACUOUS.
    """

    name: str
    chunks: int
    draws: int
    evaluations: int
    differential: int = 20
    demanded: int = 50


PROFILES = {
    "quick": Profile("quick", chunks=1, draws=200, evaluations=24000),
    "full": Profile("full", chunks=16, draws=500, evaluations=100000),
}


def profile_named(name) -> Profile:
    if isinstance(name, Profile):
        return name
    if name not in PROFILES:
        raise InvalidClaim(f"profile {name!r}; expected one of {', '.join(PROFILES)}")
    return PROFILES[name]
