"""Certificates of minimax winners, checked in exact arithmetic."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import nearest
from ..base.errors import CertificateRejected


@dataclass(frozen=True, eq=False)
class WinnerCertificate:
    """Certificate that a policy is a minimax winner at every prompt.

    Args: margin: rationals `[x,y,z]`, 2 P(y beats z) - 1. table: rationals `[x,y]`.

    The conditions are that margins are skew-symmetric, rows of the table are distributions, and no response has a
    positive margin against the policy. Skew symmetry makes the value of the game 0, so that the policy guarantees it.
    Source: adapted from von Neumann, 1928.

    >>> from mdpkit.base.arrays import objects
    >>> tie = objects([[[0, 0], [0, 0]]])
    >>> WinnerCertificate(tie, objects([["1/2", "1/2"]])).verify()
    """

    margin: np.ndarray
    table: np.ndarray

    def verify(self) -> None:
        """Check the conditions in rational arithmetic. Raises: CertificateRejected naming the first one that fails."""
        for x, (margin, law) in enumerate(zip(self.margin, self.table, strict=True)):
            if (margin + margin.T != 0).any():
                raise CertificateRejected(f"prompt {x}: the margins are not skew-symmetric")
            if (law < 0).any() or law.sum() != 1:
                raise CertificateRejected(f"prompt {x}: the policy is not a distribution")
            against = margin @ law
            if (against > 0).any():
                y = int(np.argmax(against > 0))
                raise CertificateRejected(
                    f"prompt {x}: response {y} beats the policy by a margin of {nearest(against[y]):.1e}; expected 0"
                )
