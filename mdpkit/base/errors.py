"""What can go wrong, each with a name that a caller can catch."""


class MdpkitError(Exception):
    """Base of every error that mdpkit raises on purpose."""


class InvalidModel(MdpkitError, ValueError):
    """A record was given data that describe no such object."""


class WrongArgument(InvalidModel, TypeError):
    """A measure was given an object of another type; the message names the argument, what was given and what is expected."""


class MissingAccess(MdpkitError):
    """A learner asked for what its access does not grant, or no longer grants; the message names both."""


class NotSolved(MdpkitError, RuntimeError):
    """A solver ended without an answer; the message is the status sentence."""


class NotFinite(MdpkitError, ArithmeticError):
    """A number is NaN, so nothing is known of it."""


class Undecided(MdpkitError):
    """Two enclosures overlap, and a yes or no was asked for."""


class ExactnessLost(MdpkitError, TypeError):
    """A float entered a computation on rationals; the message names where."""


class NotTraceable(MdpkitError, TypeError):
    """A computation cannot be followed for its derivative: it branches on values, or calls what has no counterpart."""


class CertificateRejected(MdpkitError):
    """A certificate does not prove what it says."""


class InvalidClaim(MdpkitError, ValueError):
    """A claim, or the file that should hold it, is not well formed."""


class UnknownClaim(InvalidClaim):
    """No claim has this name; the message gives the nearest ones."""


class ClaimBroken(MdpkitError):
    """A check raised on an admitted instance, so it says nothing."""
