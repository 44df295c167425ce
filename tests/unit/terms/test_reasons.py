"""`zoneproxy.terms.reasons`: the closed table of refusals."""

from __future__ import annotations

import re

import pytest

from zoneproxy.passage import law
from zoneproxy.terms.reasons import POLICY_REASONS, REASONS, Reason, policy_code

SERVED_WHILE_BROKEN = {
    "trace-unavailable",
    "control-zone-stopped",
    "control-route-stopped",
    "binding-unavailable",
    "control-unreadable",
    "limit-zone-concurrency",
    "limit-zone-requests",
    "limit-zone-bytes",
}
COME_BACK = {"limit-tenant-concurrency", "limit-tenant-requests", "limit-tenant-bytes"}


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_each_reason_is_written_as_the_table_promises(reason: Reason) -> None:
    """A code is stable kebab-case; a text tells no secret, has no full stop, and offers a remedy."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", reason.code)
    assert reason.text[0].islower()
    assert not reason.text.endswith(".")
    assert reason.remedy or reason.code == "client-gone"


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_no_refusal_is_tried_again_by_an_sdk(reason: Reason) -> None:
    """Z22: a refusal is an error status, and a retried one only where the zone itself could not work."""
    assert 400 <= reason.status <= 599
    assert reason.status not in (408, 409, 425)
    assert (reason.status == 429) is (reason.code in COME_BACK)
    assert (reason.status == 503) is (reason.code in SERVED_WHILE_BROKEN)


def test_each_code_stands_once_under_its_own_name() -> None:
    """Statistics count by codes: no two reasons share one."""
    assert all(code == reason.code for code, reason in REASONS.items())
    denials = [word for word, (status, _) in POLICY_REASONS.items() if status != 200]
    assert {policy_code(word) for word in denials} <= REASONS.keys()


def test_what_allows_is_no_refusal() -> None:
    """A word with which a policy allows can't be told as a reason to refuse."""
    allowing = {word for word, (status, _) in POLICY_REASONS.items() if status == 200}
    assert "returned_original_route" in allowing
    assert not {policy_code(word) for word in allowing} & REASONS.keys()


def test_every_rail_speaks_a_word_of_the_table() -> None:
    """Z22: a rail never refuses with a code that the caller could not be told."""
    assert {
        *law._REQUEST_STATES.values(),
        *law._ANSWER_STATES.values(),
        *law._STOPS.values(),
        *law._LIMITS.values(),
    } <= REASONS.keys()


def test_a_word_is_written_as_a_code() -> None:
    """The policy's words and the wire's codes are one to one."""
    assert policy_code("domestic_data_mixed") == "policy-domestic-data-mixed"
    assert len({policy_code(word) for word in POLICY_REASONS}) == len(POLICY_REASONS)
