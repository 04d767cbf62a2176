"""How much work a verdict takes: counts, never seconds."""

from dataclasses import dataclass

from ..base.errors import InvalidClaim


@dataclass(frozen=True)
class Profile:
    """Budgets of one statement.

    Args:
        chunks: stretches of work with seeds of their own; the result does not depend on who runs them.
        draws: exact instances a chunk draws for breadth.
        evaluations: float evaluations of a chunk's search.
        differential: instances run in both number kinds.
        demanded: fewer admitted instances than this is VACUOUS.
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
