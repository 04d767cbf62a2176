"""Exceptions."""


class MdpkitError(Exception):
    """Base class of all errors that mdpkit raises deliberately."""


class InvalidModel(MdpkitError, ValueError):
    """Invalid data for a record, or an invalid argument."""


class WrongArgument(InvalidModel, TypeError):
    """An argument of a measure has the wrong type; the message names it, what was given and what is expected."""


class MissingAccess(MdpkitError):
    """A learner requires a kind of access that is not granted or is used up; the message names both."""


class NotSolved(MdpkitError, RuntimeError):
    """A solver ended without a solution; the message is the status sentence."""


class NotFinite(MdpkitError, ArithmeticError):
    """A number is NaN, so it has no enclosure."""


class Undecided(MdpkitError):
    """A truth value was requested, but the two enclosures overlap."""


class ExactnessLost(MdpkitError, TypeError):
    """A float entered a computation on rationals; the message states where."""


class NotTraceable(MdpkitError, TypeError):
    """A computation cannot be differentiated: it branches on values, or calls a function without torch counterpart."""


class CertificateRejected(MdpkitError):
    """A certificate does not prove its statement."""


class InvalidClaim(MdpkitError, ValueError):
    """A claim, or the file that should define it, is malformed."""


class UnknownClaim(InvalidClaim):
    """No claim has this name; the message lists the nearest names."""


class ClaimBroken(MdpkitError):
    """A check raised an exception on an admitted instance, so it gives no verdict."""


class WorkerLost(MdpkitError, RuntimeError):
    """A worker process died, or a cluster cannot be used; the message states what is kept and what to do."""


class MissingPackage(MdpkitError, ImportError):
    """Software beside Python's packages is not installed; the message says how to install it."""
