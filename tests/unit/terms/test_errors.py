"""`zoneproxy.terms.errors`: who is at fault, what to do, and the exit code that says so."""

from __future__ import annotations

import pytest

from zoneproxy.terms.errors import (
    ConfigError,
    PolicyError,
    Problem,
    TraceError,
    VerificationError,
    ZoneError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (TraceError("x"), 2),
        (PolicyError([]), 2),
        (VerificationError("x"), 1),
        (ZoneError("x"), 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_is_a_zone_error_with_its_exit_code(error: ZoneError, code: int) -> None:
    """Z22: no error ends a program with success, and a failed check is told from a wrong setting."""
    assert isinstance(error, ZoneError)
    assert error.exit_code == code


def test_an_error_bears_its_message_and_its_remedy() -> None:
    """The command line prints both."""
    error = ConfigError("`a.toml` has no `log`", hint="name the log's directory")
    assert str(error) == error.message == "`a.toml` has no `log`"
    assert error.hint == "name the log's directory"


def test_a_verification_error_keeps_its_own_copy_of_the_proof() -> None:
    """Z14: what a third party is to check does not change after the error was raised."""
    proof = {"root": "aa"}
    error = VerificationError("the root differs", where="checkpoint", proof=proof)
    proof["root"] = "bb"
    assert error.proof == {"root": "aa"}
    assert error.where == "checkpoint"
    assert VerificationError("x").proof == {}


def test_a_policys_mistakes_come_in_the_order_of_the_file() -> None:
    """An author sees all of them, the first one first."""
    late, early = Problem("p.yaml", 12, 1, "b", "x"), Problem("p.yaml", 3, 9, "a", "y")
    error = PolicyError([late, early])
    assert error.problems == [early, late]
    assert str(error) == "the policy has 2 problems, first at p.yaml:3:9"
    assert str(PolicyError([late])) == "the policy has 1 problem, first at p.yaml:12:1"
    assert str(PolicyError([])) == "the policy has 0 problems"
