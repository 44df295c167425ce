"""What the doctor says: one finding a check, each with an id that scripts can rely on, and its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What came of a check."""

    OK = "ok"
    ADVICE = "advice"
    FAULT = "fault"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        id: the check's stable name, kebab-case.
        state: `fault` where the zone is not safe or does not work as it stands, `advice` where it soon may
            not be, `unchecked` where it could not be told.
        what: what was found, with its place.
        remedy: what to do; empty where nothing is to be done.
    """

    id: str
    state: State
    what: str
    remedy: str = ""


def ok(check: str, what: str) -> Finding:
    """Make a finding of what is as it should be."""
    return Finding(check, State.OK, what)


def advice(check: str, what: str, remedy: str) -> Finding:
    """Make a finding of what should be mended."""
    return Finding(check, State.ADVICE, what, remedy)


def fault(check: str, what: str, remedy: str) -> Finding:
    """Make a finding of what must be mended."""
    return Finding(check, State.FAULT, what, remedy)


def unchecked(check: str, what: str, remedy: str = "") -> Finding:
    """Make a finding of what could not be told."""
    return Finding(check, State.UNCHECKED, what, remedy)
