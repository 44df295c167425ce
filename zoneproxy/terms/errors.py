"""Errors, by who is at fault.

A refusal is a value (`decision.Decision`); an exception means that the work could not be done.
Every error carries a remedy where one is known: the command line prints it after `hint:`.
"""

from __future__ import annotations

from dataclasses import dataclass


class ZoneError(Exception):
    """Base of every error that zoneproxy raises on purpose; never raised itself.

    Args:
        message: lower case, no full stop, the user's input in backticks.
        hint: what to do about it, or empty.
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(ZoneError):
    """The operator's configuration can't be used; nothing was started or changed."""

    exit_code = 2


class TraceError(ZoneError):
    """Durable state is unknown or unusable: the gate shuts for every flow and the process stops."""

    exit_code = 2


class StoreError(ZoneError):
    """The zone's memory of stored objects can't be read or written: what needs it is refused."""

    exit_code = 2


class ResolveError(ZoneError):
    """A registered name has no address that could be used: the call to it is refused."""


class VerificationError(ZoneError):
    """Something that was signed or hashed does not hold; carries what a third party can check.

    Args:
        message: what does not hold.
        where: the artefact and the place in it, for example `entry 17` or `tile/0/000.p/5`.
        proof: the facts that show it: names to values (hex hashes, sizes, whole notes).
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        proof: dict[str, str] | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.where = where
        self.proof = dict(proof or {})


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a file that a person wrote, at its exact place.

    `line` and `column` count from 1, `width` is the marked text's length in characters.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    help: str = ""
    width: int = 1
    path: str = ""


class PolicyError(ZoneError):
    """The policy's author made mistakes; all of them are here, in the order of the file."""

    exit_code = 2

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        count = len(self.problems)
        first = self.problems[0] if self.problems else None
        place = f", first at {first.file}:{first.line}:{first.column}" if first else ""
        noun = "problem" if count == 1 else "problems"
        super().__init__(
            f"the policy has {count} {noun}{place}",
            hint="run `zoneproxy policy check FILE` to see each with its remedy",
        )
