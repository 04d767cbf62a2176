"""Assertions with a message that do not depend on `assert`."""

import re


def expect(holds, message) -> None:
    """Raise AssertionError with the message unless a plain bool holds."""
    if not holds:
        raise AssertionError(message)


def expect_error(call, kinds, pattern="") -> BaseException:
    """Call a function, and return the error that it must raise.

    Args:
        call: function without arguments.
        kinds: the exception class, or a tuple of them, that is expected.
        pattern: regular expression that the error's message must match somewhere.

    Raises: AssertionError if nothing is raised or the message differs; errors of other classes propagate.
    """
    try:
        call()
    except kinds as error:
        expect(
            re.search(pattern, str(error)), f"the error is {str(error)!r}; expected a message that matches {pattern!r}"
        )
        return error
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    raise AssertionError(f"no error was raised; expected {' or '.join(kind.__name__ for kind in kinds)}")
