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
        enough: number of admitted draws after which a chunk draws no more; None for all of its draws.
        proposals: float instances per chunk, spread over all sizes.
        thorough: whether the further instances of enumerated statements are judged too.
        sizes: number of sizes that are searched.
        data: whether rows hold the data that a figure needs; it is computed when one is drawn otherwise.
    """

    name: str
    chunks: int
    draws: int
    evaluations: int
    differential: int = 20
    demanded: int = 20
    enough: int | None = None
    proposals: int = 0
    thorough: bool = False
    sizes: int = 6
    data: bool = True


PROFILES = {
    "glance": Profile("glance", 1, 50, 2000, differential=2, demanded=5, enough=5, proposals=48, sizes=2, data=False),
    "quick": Profile("quick", 1, 200, 24000, differential=10, enough=20, proposals=576),
    "full": Profile("full", 16, 500, 100000, demanded=500, proposals=4000, thorough=True),
}
ALL = 100
"""Number of claims up to which they are verified at the profile quick unless another is named."""


def profile_for(count: int) -> str:
    """The profile used for `count` claims where none is named: fixed by their number, never by a clock."""
    return "quick" if count <= ALL else "glance"


def profile_named(name) -> Profile:
    if isinstance(name, Profile):
        return name
    if name not in PROFILES:
        raise InvalidClaim(f"profile {name!r}; expected one of {', '.join(PROFILES)}")
    return PROFILES[name]
