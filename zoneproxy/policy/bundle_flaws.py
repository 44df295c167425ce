"""What is wrong with a bundle: closed codes, told all at once.

ZB01  it is no bundle: its bytes are not those that `pack` makes, or it is too large
ZB02  a member that a bundle can't have, or one that it must have is not there
ZB03  the manifest can't be read, or says something else than the members
ZB04  the policy, its tests or its data have mistakes
ZB05  made for another version of the semantics
ZB06  signatures: broken, or too few by those who may sign this layer
ZB07  its revision is not above the highest one that was in force
ZB08  it is not in force now, by its own window
ZB09  a proof fails
ZB10  a test fails, or covers less than its file requires
ZB11  it does not fit what it is to stand beside: the other layer, or the zone
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from zoneproxy.terms.errors import Problem, VerificationError


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a bundle.

    Attributes:
        code: `ZB01` to `ZB11`.
        file: the bundle's name, for messages.
        message: what is wrong.
        hint: what to do about it, or empty.
    """

    code: str
    file: str
    message: str
    hint: str = ""


class BundleError(VerificationError):
    """A bundle that can't be used; every flaw that was found is here."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        self.flaws = tuple(flaws)
        first = self.flaws[0]
        more = f" (and {len(self.flaws) - 1} more)" if len(self.flaws) > 1 else ""
        super().__init__(f"`{first.file}`: {first.message}{more}", where=first.file, hint=first.hint)

    @property
    def details(self) -> list[dict[str, str]]:
        """Every flaw as JSON values."""
        return [asdict(flaw) for flaw in self.flaws]


def of_problems(file: str, problems: Sequence[Problem]) -> list[Flaw]:
    """Return the mistakes of a member as flaws of the bundle, each with its place in the member."""
    return [
        Flaw("ZB04", file, f"{one.file}:{one.line}:{one.column}: {one.code}: {one.message}", one.help)
        for one in problems
    ]
