"""How much closer looking one body may cost, counted in steps and never by the clock.

A step is one character of a place where an identifier may stand, read by one family of detectors; a
candidate that is validated costs `CANDIDATE` steps more. The passes that every text gets (decode,
structure, normalise, prefilter) are linear and bounded by the decoding budgets; only closer looks are
counted here, because only they can be provoked. What is left over when the steps are used up was not
looked into: that is a finding of its own, never a pass.

    >>> effort = Effort(10)
    >>> effort.spend(8), effort.spend(8), effort.spent_up
    (True, False, True)
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_STEPS = 1_500_000
CANDIDATE = 8


@dataclass(slots=True)
class Effort:
    """The steps that are left for one body, or for one look at a stream's window.

    Attributes:
        left: steps left; below zero once something was left out.
    """

    left: int = MOST_STEPS

    def spend(self, steps: int) -> bool:
        """Take steps; false where they are not there, and from then on."""
        if self.left >= 0:
            self.left -= steps
        return self.left >= 0

    @property
    def spent_up(self) -> bool:
        """True where something was left out."""
        return self.left < 0
